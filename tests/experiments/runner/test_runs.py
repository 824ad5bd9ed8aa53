"""Runs: which are the same, what is kept, and that a pool of processes gives what ``run_crslab.py`` gives."""

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
import tiny

from crslab_causal.base.errors import UserError
from crslab_causal.experiments.runner.execution import Failure, execute, run_all, start_worker
from crslab_causal.experiments.runner.runs import folder_of, key_of, missing_data, result_of, unfinished
from crslab_causal.quick_start import run_crslab


@pytest.fixture
def runs(write_suite, table):
    """Runs of one table; keywords are those of the table."""
    return lambda seeds=(1,), **options: [
        run for row in write_suite([table(**options)], seeds=seeds).tables[0].rows for run in row.runs]


def test_what_the_result_depends_on_is_in_the_key(runs, place):
    def keys(*changes):
        return [key_of(run, place) for run in runs(rows=[{'title': str(change), 'set': change} for change in changes])]

    same = keys({}, {'alpha': 2}, {'alpha': 2.0}, {'data_path': '/elsewhere'}, {'run_name': 'other'}, {'seed': 9})
    other = keys({'alpha': 1}, {'rec.epoch': 3}, {'rec.optimizer.lr': 0.1}, {'kg_edge_threshold': None}, {'cutoffs': [1, 3, 5]},
                 {'model': 'Repeat'})
    assert len(set(same)) == 1
    assert len({same[0], *other}) == 7


def test_other_data_are_another_run(runs, place):
    (run,) = runs(rows=[{'title': 'a'}])
    before = key_of(run, place)
    path = place.data_path / 'redial' / 'nltk' / 'train_data.json'
    path.write_text(path.read_text('utf-8').replace('love', 'like'), 'utf-8')
    from crslab_causal.experiments.runner import runs as module
    module._data_digest.cache_clear()
    changed = key_of(run, place)
    assert changed != before
    (path.parent / 'notes.txt').write_text('mine', 'utf-8')
    (path.parent / 'old').mkdir()
    module._data_digest.cache_clear()
    assert key_of(run, place) == changed
    (path.parent / 'movie_titles.json').write_text('{}', 'utf-8')
    module._data_digest.cache_clear()
    assert key_of(run, place) != changed


def test_runs_of_another_computation_do_not_count(runs, place, monkeypatch):
    from crslab_causal.experiments.runner import runs as module
    (run,) = runs(rows=[{'title': 'a'}])
    before = key_of(run, place)
    monkeypatch.setattr(module, 'COMPUTATION', module.COMPUTATION + 1)
    assert key_of(run, place) != before


def test_a_run_gives_what_the_run_script_gives(runs, place, workplace, tmp_path):
    (run,) = runs(rows=[{'title': 'a', 'set': {'alpha': 1.0}}])
    assert unfinished([run, run], place) == [run]
    execute(run, place)
    found = result_of(run, place)

    run_crslab(str(run.config_file), settings=['alpha=1.0', 'seed=1', f'data_path={place.data_path}',
                                               f'save_path={tmp_path / "other"}'])
    (path,) = (tmp_path / 'other').glob('*/*/results.json')
    assert found['splits'] == json.loads(path.read_text('utf-8'))['splits']
    assert unfinished([run], place) == []
    for split in ('valid', 'test'):
        name = f'ranks_{split}.jsonl'
        assert (folder_of(run, place) / name).read_text('utf-8') == path.with_name(name).read_text('utf-8')


def killed_after(epochs, run, place, monkeypatch):
    """Executes a run for so many epochs, of which each leaves a checkpoint."""
    from crslab_causal.experiments.runner import execution
    from crslab_causal.system import checkpoint
    save, left = checkpoint.save, iter(range(epochs - 1))

    def save_and_die(path, content):
        save(path, content)
        if path.name.endswith('last.pth') and next(left, None) is None:
            raise KeyboardInterrupt
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(checkpoint, 'save', save_and_die)
        patch.setattr(execution, 'CHECKPOINT_SECONDS', 0)
        execute(run, place)
    assert result_of(run, place) is None


LONG = {'rec.epoch': 6, 'rec.early_stop': False, 'rec.optimizer.lr': 0.05, 'embedding_dropout': 0.3}
WRITER = {'model': 'Seq2Seq', 'token_emb_dim': 8, 'conv.epoch': 3, 'rec.epoch': 2}


@pytest.mark.parametrize('options, kind, epochs', [(LONG, 'recommendation', 3), (WRITER, 'generation', 1),
                                                   (WRITER, 'generation', 4)])
def test_a_killed_run_goes_on_after_its_last_epoch_and_ends_as_an_unbroken_one(
        runs, place, tmp_path, monkeypatch, options, kind, epochs):
    (run,) = runs(rows=[{'title': 'a', 'set': options}])
    run = run._replace(kind=kind)
    killed_after(epochs, run, place, monkeypatch)
    execute(run, place)
    folder = folder_of(run, place)
    whole = place._replace(work=tmp_path / 'whole')
    execute(run, whole)

    log, unbroken = ((folder_of(run, where) / 'run.log').read_text('utf-8') for where in (place, whole))
    trained = re.compile(r'\[((?:Conversation e|E)poch \d+):')
    assert trained.findall(log) == trained.findall(unbroken) and len(trained.findall(log)) > 4
    for name in ('results.json', 'generation_results.json'):
        if (folder / name).is_file():
            one, other = (json.loads((folder_of(run, where) / name).read_text('utf-8')) for where in (place, whole))
            assert {**one, 'training_seconds': 0, 'config': 0} == {**other, 'training_seconds': 0, 'config': 0}
    assert not list(place.work.glob('*/*/*.pth')) and [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_checkpoint_that_does_not_fit_is_left_aside(runs, place, monkeypatch):
    (run,) = runs(rows=[{'title': 'a', 'set': LONG}])
    killed_after(2, run, place, monkeypatch)
    (folder_of(run, place) / 'last.pth').write_bytes(b'of another release')
    execute(run, place)
    assert result_of(run, place)['epochs'] == 6
    assert (folder_of(run, place).with_name(folder_of(run, place).name + '.1') / 'best.pth').is_file()


def test_weights_stay_where_a_figure_wants_them(runs, place):
    (run,) = runs(rows=[{'title': 'a'}])
    execute(run._replace(save=True), place)
    assert (folder_of(run, place) / 'best.pth').is_file()


@pytest.mark.parametrize('key', ['574782863161', '12e456789012', 'true'])
def test_a_key_that_looks_like_a_number_is_a_name(runs, place, monkeypatch, key):
    from crslab_causal.experiments.runner import runs as module
    monkeypatch.setattr(module, 'key_of', lambda run, place: key)
    (run,) = runs(rows=[{'title': 'a', 'set': {'model': 'Repeat'}}])
    execute(run, place)
    assert folder_of(run, place).name == f'{key}_seed1' and result_of(run, place) is not None


def test_equal_runs_of_two_tables_are_one_that_saves_what_either_wants(runs, place):
    (run,) = runs(rows=[{'title': 'a'}])
    (merged,) = unfinished([run, run._replace(save=True), run._replace(kind='generation')], place)
    assert merged.save and merged.kind == 'generation'
    execute(run._replace(save=True), place)
    (merged,) = unfinished([run._replace(save=True), run._replace(kind='generation')], place)
    assert merged.save  # finished for the one table, and not to be lost when it is run again for the other


def test_responses_are_written_only_for_a_table_of_them(runs, place):
    (run,) = runs(rows=[{'title': 'a', 'set': WRITER}])
    execute(run, place)
    recommended = result_of(run, place)
    assert recommended is not None and not list(folder_of(run, place).glob('*responses*'))
    wanted = run._replace(kind='generation')
    assert unfinished([run, wanted], place) == [wanted]
    execute(wanted, place)
    assert result_of(wanted, place)['responses']['splits'] and result_of(run, place)['splits'] == recommended['splits']


def test_a_pool_runs_all_and_says_which_failed(runs, place):
    wanted = runs(rows=[{'title': 'a'}, {'title': 'b', 'set': {'model': 'Repeat'}},
                        {'title': 'bad', 'set': {'rec.optimizer.lr': 1e38}}])
    ended = dict(run_all(wanted, place, 2))
    assert set(ended) == set(wanted)
    failed = [run for run, end in ended.items() if isinstance(end, Failure)]
    assert [run.settings for run in failed] == [('rec.optimizer.lr=1e+38', 'seed=1')]
    assert 'diverged' in ended[failed[0]].reason
    assert [run for run in wanted if result_of(run, place) is None] == failed


def test_an_error_that_nobody_expected_is_one_line_and_the_others_go_on(runs, place):
    wanted = runs(rows=[{'title': 'a', 'set': {'model': 'Repeat'}}, {'title': 'b'}])
    place.work.mkdir()
    (place.work / 'ReDial_CausalKBRD').write_text('in the way of a folder', 'utf-8')
    ended = dict(run_all(wanted, place, 1))
    reason = ended[wanted[1]].reason
    assert isinstance(ended[wanted[0]], float) and 'FileExistsError' in reason or 'NotADirectoryError' in reason
    assert '\n' not in reason
    assert 'Traceback' in Path(reason.rpartition('(more in ')[2].rstrip(')')).read_text('utf-8')


def test_who_stops_asking_ends_what_goes_on(runs, place):
    quick, long = runs(rows=[{'title': 'a', 'set': {'model': 'Repeat'}},
                             {'title': 'b', 'set': {'rec.epoch': 100000, 'rec.early_stop': False}}])
    before = set(multiprocessing.active_children())
    ends = run_all([quick, long], place, 2)
    assert next(ends)[0] == quick
    assert set(multiprocessing.active_children()) - before
    ends.close()
    deadline = time.monotonic() + 5  # the pool's own thread may have reaped a process, and not yet have noted it
    while set(multiprocessing.active_children()) - before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not set(multiprocessing.active_children()) - before
    assert list(run_all([quick], place, 1))  # and the folder is free


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
def test_a_worker_does_not_give_back_the_memory_of_large_tensors():
    with ProcessPoolExecutor(1, multiprocessing.get_context('spawn'), start_worker, (1,)) as pool:
        faults = pool.submit(page_faults_of_large_tensors).result()
    assert faults < 1000  # of 16,384 pages each


def test_a_damaged_result_is_named(runs, place):
    (run,) = runs(rows=[{'title': 'a', 'set': {'model': 'Repeat'}}])
    execute(run, place)
    path = folder_of(run, place) / 'results.json'
    path.write_text(path.read_text('utf-8')[:200], 'utf-8')
    with pytest.raises(UserError, match='results.json: damaged; remove it, and the run is repeated'):
        result_of(run, place)


def test_two_commands_do_not_share_a_folder(runs, place):
    first = run_all(runs(rows=[{'title': 'a'}]), place, 1)
    next(first)
    second = run_all(runs(rows=[{'title': 'a'}]), place, 1)
    with pytest.raises(UserError, match='another command is running experiments there'):
        next(second)
    assert list(first) == []


def test_missing_data_are_named(runs, place, tmp_path):
    (run,) = runs(rows=[{'title': 'a'}])
    assert missing_data(run, place) is None
    assert 'lacks train_data.json' in missing_data(run, place._replace(data_path=tmp_path / 'nowhere'))


def children_of(pid):
    """Processes that a process has started."""
    started = [int(child) for task in Path(f'/proc/{pid}/task').iterdir()
               for child in (task / 'children').read_text().split()]
    return {child for child in started if 'spawn_main' in Path(f'/proc/{child}/cmdline').read_text()}


def alive(pid):
    """Whether a process runs; a dead one that nobody has asked about does not."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] not in 'ZX'
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != 'linux', reason='looks at processes')
def test_a_killed_command_leaves_no_process_and_keeps_what_is_finished(tmp_path, redial):
    """kill -9 while runs are going on; the same command then runs the others only, and leaves nothing half-written."""
    (tmp_path / 'config' / 'experiments').mkdir(parents=True)
    tiny.write_yaml(tmp_path / 'config' / 'small.yaml', rec={'epoch': 60, 'batch_size': 3, 'early_stop': False})
    suite = {'title': 'Small', 'seeds': [1, 2, 3], 'tables': [
        {'name': 'main', 'title': 'Main', 'config': 'small', 'metrics': ['recall@1'],
         'rows': [{'title': 'a'}, {'title': 'quick', 'set': {'rec.epoch': 1}}]}]}
    (tmp_path / 'config' / 'experiments' / 'small.yaml').write_text(json.dumps(suite), 'utf-8')
    command = [sys.executable, '-m', 'crslab_causal.experiments', '--data_path', str(redial), '--work',
               str(tmp_path / 'work'), '--jobs', '2']
    environment = {**os.environ, 'PYTHONPATH': str(tiny.ROOT), 'OMP_NUM_THREADS': '1'}

    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith('6 runs, 0 of them finished, 6 to do')
    process.stdout.readline()  # the first one has ended
    children = children_of(process.pid)
    assert len(children) == 2
    process.send_signal(signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 20
    while any(alive(pid) for pid in children) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(alive(pid) for pid in children)

    done = len(list((tmp_path / 'work').glob('*/*/results.json')))
    assert done >= 1
    second = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert second.returncode == 0, second.stderr
    assert second.stdout.startswith(f'6 runs, {done} of them finished, {6 - done} to do')
    assert len(list((tmp_path / 'work').glob('*/*/results.json'))) == 6
    assert (tmp_path / 'results' / 'small.md').is_file()
