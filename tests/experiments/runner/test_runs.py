"""Runs: their keys, what they leave on disk, and their execution in one process and in a pool."""

import json
import multiprocessing
import os
import platform
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from loguru import logger

import tiny
from crslab_causal.base.errors import UserError
from crslab_causal.experiments.analysis.scorers import EXTRA_SCORERS
from crslab_causal.experiments.runner import run_store
from crslab_causal.experiments.runner.execution import Failure, run_all, start_worker, worker_context
from crslab_causal.experiments.runner.run_store import RunStore
from crslab_causal.quick_start import run_crslab


@pytest.fixture
def runs(write_suite, table):
    """Runs of one table; keywords are those of the table."""
    return lambda seeds=(1,), **options: [
        run for row in write_suite([table(**options)], seeds=seeds).tables[0].rows for run in row.runs
    ]


def test_the_key_depends_on_the_options_that_change_the_result_and_on_no_others(runs, store):
    def keys(*changes):
        return [store.key(run) for run in runs(rows=[{'title': str(change), 'set': change} for change in changes])]

    same = keys({}, {'alpha': 2}, {'alpha': 2.0}, {'data_path': '/elsewhere'}, {'run_name': 'other'}, {'seed': 9})
    other = keys(
        {'alpha': 1},
        {'rec.epoch': 3},
        {'rec.optimizer.lr': 0.1},
        {'kg_edge_threshold': None},
        {'cutoffs': [1, 3, 5]},
        {'model': 'Repeat'},
    )
    assert len(set(same)) == 1
    assert len({same[0], *other}) == 7


def test_the_key_depends_on_the_data_files_that_a_run_reads(runs, paths):
    (run,) = runs(rows=[{'title': 'a'}])

    def key():
        return RunStore(paths).key(run)  # a store remembers the digest of the data

    before = key()
    path = paths.data_path / 'redial' / 'nltk' / 'train_data.json'
    path.write_text(path.read_text('utf-8').replace('love', 'like'), 'utf-8')
    changed = key()
    assert changed != before
    (path.parent / 'notes.txt').write_text('mine', 'utf-8')
    (path.parent / 'old').mkdir()
    assert key() == changed
    (path.parent / 'movie_titles.json').write_text('{}', 'utf-8')
    assert key() != changed


def test_a_new_version_of_the_results_changes_all_keys(runs, store, monkeypatch):
    (run,) = runs(rows=[{'title': 'a'}])
    before = store.key(run)
    monkeypatch.setattr(run_store, 'RESULT_VERSION', run_store.RESULT_VERSION + 1)
    assert store.key(run) != before


def test_a_run_has_the_results_of_run_crslab(runs, store, execute, workplace, tmp_path):
    (run,) = runs(rows=[{'title': 'a', 'set': {'alpha': 1.0}}])
    assert store.unfinished([run, run]) == [run]
    execute(run)

    run_crslab(
        str(run.config_file),
        settings=['alpha=1.0', 'seed=1', f'data_path={store.paths.data_path}', f'save_path={tmp_path / "other"}'],
    )
    (path,) = (tmp_path / 'other').glob('*/*/results.json')
    assert store.result(run)['splits'] == json.loads(path.read_text('utf-8'))['splits']
    assert store.unfinished([run]) == []
    for split in ('valid', 'test'):
        name = f'ranks_{split}.jsonl'
        assert (store.folder(run) / name).read_text('utf-8') == path.with_name(name).read_text('utf-8')


@pytest.fixture
def kill_after(store, execute, monkeypatch):
    """Execute a run, and kill it after some epochs, each of which writes a checkpoint."""
    from crslab_causal.system import checkpoint

    def kill_after(epochs, run):
        save, remaining = checkpoint.save, iter(range(epochs - 1))

        def save_and_die(path, content):
            save(path, content)
            if path.name.endswith('last.pth') and next(remaining, None) is None:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(checkpoint, 'save', save_and_die)
            patch.setattr(run_store, 'CHECKPOINT_SECONDS', 0)
            execute(run)
        assert not store.is_finished(run)

    return kill_after


LONG = {'rec.epoch': 6, 'rec.early_stop': False, 'rec.optimizer.lr': 0.05, 'embedding_dropout': 0.3}
WRITER = {'model': 'Seq2Seq', 'token_emb_dim': 8, 'conv.epoch': 3, 'rec.epoch': 2}


@pytest.mark.parametrize(
    'options, kind, epochs', [(LONG, 'recommendation', 3), (WRITER, 'generation', 1), (WRITER, 'generation', 4)]
)
def test_killed_run_continues_after_its_last_epoch_and_ends_like_an_uninterrupted_one(
    runs, paths, store, execute, kill_after, tmp_path, options, kind, epochs
):
    (run,) = runs(rows=[{'title': 'a', 'set': options}])
    run = run._replace(kind=kind)
    kill_after(epochs, run)
    execute(run)
    uninterrupted = RunStore(paths._replace(work=tmp_path / 'whole'))
    execute(run, uninterrupted)

    folders = [each.folder(run) for each in (store, uninterrupted)]
    trained = [
        re.findall(r'\[((?:Conversation e|E)poch \d+):', (folder / 'run.log').read_text('utf-8')) for folder in folders
    ]
    assert trained[0] == trained[1] and len(trained[0]) > 4
    for name in ('results.json', 'generation_results.json'):
        if (folders[0] / name).is_file():
            one, other = (json.loads((folder / name).read_text('utf-8')) for folder in folders)
            assert {**one, 'training_seconds': 0, 'config': 0} == {**other, 'training_seconds': 0, 'config': 0}
    assert not list(paths.work.glob('*/*/*.pth'))
    assert [path.name for path in folders[0].parent.iterdir()] == [folders[0].name]


def test_a_run_with_an_unusable_checkpoint_starts_again_and_keeps_the_old_folder(runs, store, execute, kill_after):
    (run,) = runs(rows=[{'title': 'a', 'set': LONG}])
    kill_after(2, run)
    folder = store.folder(run)
    (folder / 'last.pth').write_bytes(b'of another release')
    lines = []
    sink = logger.add(lines.append, level='WARNING', format='{message}')
    execute(run)
    logger.remove(sink)
    (line,) = [line for line in lines if 'last.pth' in line]
    assert line.startswith(f'[{folder / "last.pth"}: cannot be used, so the training starts from the beginning (')
    assert store.result(run)['epochs'] == 6
    assert (folder.with_name(f'{folder.name}.1') / 'best.pth').is_file()


def test_a_worker_prints_that_a_training_starts_again():
    code = """
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from crslab_causal.base.restarts import warn_of_restart
from crslab_causal.experiments.runner.execution import start_worker, worker_context
with ProcessPoolExecutor(1, worker_context(), start_worker, (1,)) as pool:
    pool.submit(warn_of_restart, Path('last.pth'), ValueError('odd')).result()
"""
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=120)
    assert done.stderr == ('[last.pth: cannot be used, so the training starts from the beginning (ValueError: odd)]\n')


def test_weights_are_kept_only_where_they_are_needed(runs, store, execute):
    kept, other = runs(rows=[{'title': 'a'}, {'title': 'b', 'set': {'alpha': 0}}])
    execute(kept._replace(save=True))
    execute(other)
    assert store.has_weights(kept) and not store.has_weights(other)


@pytest.mark.parametrize('key', ['574782863161', '12e456789012', 'true'])
def test_a_key_that_looks_like_a_number_is_used_as_text(runs, store, execute, monkeypatch, key):
    monkeypatch.setattr(RunStore, 'key', lambda self, run: key)
    (run,) = runs(rows=[{'title': 'a', 'set': {'model': 'Repeat'}}])
    execute(run)
    assert store.folder(run).name == f'{key}_seed1' and store.is_finished(run)


def test_equal_runs_of_two_tables_become_one_that_does_what_both_need(runs, store, execute):
    (run,) = runs(rows=[{'title': 'a'}])
    (merged,) = store.unfinished([run, run._replace(save=True), run._replace(kind='generation')])
    assert merged.save and merged.kind == 'generation'
    execute(run._replace(save=True))
    (merged,) = store.unfinished([run._replace(save=True), run._replace(kind='generation')])
    assert merged.save  # the run for the second table must not delete the weights that the first one needs


def test_responses_are_written_only_for_a_table_of_responses(runs, store, execute):
    (run,) = runs(rows=[{'title': 'a', 'set': WRITER}])
    execute(run)
    recommended = store.result(run)
    assert recommended is not None and not list(store.folder(run).glob('*responses*'))
    with_responses = run._replace(kind='generation')
    assert store.unfinished([run, with_responses]) == [with_responses]
    execute(with_responses)
    assert store.result(with_responses)['responses']['splits'] and store.result(run)['splits'] == recommended['splits']


def test_a_pool_executes_all_runs_and_reports_the_failed_ones(runs, store):
    todo = runs(
        rows=[
            {'title': 'a'},
            {'title': 'b', 'set': {'model': 'Repeat'}},
            {'title': 'bad', 'set': {'rec.optimizer.lr': 1e38}},
        ]
    )
    outcomes = dict(run_all(todo, store, EXTRA_SCORERS, 2))
    assert set(outcomes) == set(todo)
    failed = [run for run, outcome in outcomes.items() if isinstance(outcome, Failure)]
    assert [run.settings for run in failed] == [('rec.optimizer.lr=1e+38', 'seed=1')]
    assert 'diverged' in outcomes[failed[0]].reason
    assert [run for run in todo if not store.is_finished(run)] == failed


def test_an_unexpected_error_is_reported_in_one_line_and_the_other_runs_continue(runs, store):
    good, bad = runs(rows=[{'title': 'a', 'set': {'model': 'Repeat'}}, {'title': 'b'}])
    store.paths.work.mkdir()
    (store.paths.work / 'ReDial_CausalKBRD').write_text('a file instead of a folder', 'utf-8')
    outcomes = dict(run_all([good, bad], store, EXTRA_SCORERS, 1))
    assert isinstance(outcomes[good], float)
    reason = outcomes[bad].reason
    assert reason.startswith(('FileExistsError: ', 'NotADirectoryError: ')) and '\n' not in reason
    assert 'Traceback' in Path(reason.rpartition('(more in ')[2].rstrip(')')).read_text('utf-8')


def test_closing_the_generator_terminates_the_running_workers(runs, store):
    quick, long = runs(
        rows=[
            {'title': 'a', 'set': {'model': 'Repeat'}},
            {'title': 'b', 'set': {'rec.epoch': 100000, 'rec.early_stop': False}},
        ]
    )
    before = set(multiprocessing.active_children())
    outcomes = run_all([quick, long], store, EXTRA_SCORERS, 2)
    assert next(outcomes)[0] == quick
    assert set(multiprocessing.active_children()) - before
    outcomes.close()
    # the pool's thread may have reaped a process whose object does not know it yet
    wait_until(lambda: not set(multiprocessing.active_children()) - before, seconds=30)
    assert list(run_all([quick], store, EXTRA_SCORERS, 1))  # the lock of the folder is released


def wait_until(condition, seconds):
    """Wait until a condition holds; fail after so many seconds, which is far more than it takes."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f'not true after {seconds} s'
        time.sleep(0.02)


def page_faults_of_large_tensors():
    import resource

    import torch

    def used():
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

    torch.ones(16 << 20).sum()
    before = used()
    for _ in range(5):
        torch.ones(16 << 20).sum()
    return used() - before


@pytest.mark.skipif(platform.libc_ver()[0] != 'glibc', reason='asks glibc')
def test_a_worker_keeps_the_memory_of_large_tensors():
    with ProcessPoolExecutor(1, worker_context(), start_worker, (1,)) as pool:
        faults = pool.submit(page_faults_of_large_tensors).result()
    assert faults < 1000  # each of the five tensors has 16,384 pages


def test_a_damaged_result_is_reported(runs, store, execute):
    (run,) = runs(rows=[{'title': 'a', 'set': {'model': 'Repeat'}}])
    execute(run)
    path = store.folder(run) / 'results.json'
    path.write_text(path.read_text('utf-8')[:200], 'utf-8')
    with pytest.raises(UserError, match='results.json: damaged; remove it to repeat the run'):
        store.result(run)


def test_two_commands_cannot_share_a_folder(runs, store):
    first = run_all(runs(rows=[{'title': 'a'}]), store, EXTRA_SCORERS, 1)
    next(first)
    second = run_all(runs(rows=[{'title': 'a'}]), store, EXTRA_SCORERS, 1)
    with pytest.raises(UserError, match='another command uses it for its runs'):
        next(second)
    assert list(first) == []


def test_missing_data_files_are_named(runs, store, tmp_path):
    (run,) = runs(rows=[{'title': 'a'}])
    assert store.missing_data(run) is None
    without_data = RunStore(store.paths._replace(data_path=tmp_path / 'nowhere'))
    assert 'lacks train_data.json' in without_data.missing_data(run)


def children_of(pid):
    """Return the worker processes that a process has started."""
    started = [
        int(child) for task in Path(f'/proc/{pid}/task').iterdir() for child in (task / 'children').read_text().split()
    ]
    return {child for child in started if 'spawn_main' in Path(f'/proc/{child}/cmdline').read_text()}


def alive(pid):
    """Return whether a process runs; a zombie does not."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] not in 'ZX'
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != 'linux', reason='reads /proc')
def test_a_killed_command_leaves_no_process_and_keeps_its_finished_runs(tmp_path, redial):
    """The command is killed while runs train. The same command then executes only the others."""
    (tmp_path / 'config' / 'experiments').mkdir(parents=True)
    tiny.write_yaml(tmp_path / 'config' / 'small.yaml', rec={'epoch': 60, 'batch_size': 3, 'early_stop': False})
    suite = {
        'title': 'Small',
        'seeds': [1, 2, 3],
        'tables': [
            {
                'name': 'main',
                'title': 'Main',
                'config': 'small',
                'metrics': ['recall@1'],
                'rows': [{'title': 'a'}, {'title': 'quick', 'set': {'rec.epoch': 1}}],
            }
        ],
    }
    (tmp_path / 'config' / 'experiments' / 'small.yaml').write_text(json.dumps(suite), 'utf-8')
    command = [
        sys.executable,
        '-m',
        'crslab_causal.experiments',
        '--data_path',
        str(redial),
        '--work',
        str(tmp_path / 'work'),
        '--jobs',
        '2',
    ]
    environment = {**os.environ, 'PYTHONPATH': str(tiny.ROOT), 'OMP_NUM_THREADS': '1'}

    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith('6 runs, 0 of them finished, 6 to do')
    process.stdout.readline()  # the first run has ended
    children = children_of(process.pid)
    assert len(children) == 2
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until(lambda: not any(alive(pid) for pid in children), seconds=60)

    done = len(list((tmp_path / 'work').glob('*/*/results.json')))
    assert done >= 1
    second = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert second.returncode == 0, second.stderr
    assert second.stdout.startswith(f'6 runs, {done} of them finished, {6 - done} to do')
    assert len(list((tmp_path / 'work').glob('*/*/results.json'))) == 6
    assert (tmp_path / 'results' / 'small.md').is_file()
