"""The command from end to end, on a tiny corpus."""

import os
import re
import shutil
import signal
import subprocess
import sys

import pytest
import yaml

import tiny
from crslab_causal.experiments import RESUME_HINT
from crslab_causal.experiments.__main__ import main
from crslab_causal.experiments.analysis.previous_results import PreviousReport
from crslab_causal.experiments.analysis.record import read_record
from crslab_causal.experiments.command import execute_missing, runs_to_do
from crslab_causal.experiments.runner import execution

TABLE = {
    'name': 'main',
    'title': 'Main',
    'config': 'small',
    'metrics': ['recall@1', 'recall@3'],
    'reference': 'base',
    'rows': [
        {'title': 'base', 'id': 'base'},
        {'title': 'counts', 'set': {'model': 'TransitionCounts'}, 'deterministic': True},
        {'title': 'llm', 'set': {'alpha': 9.0}, 'needs': 'llm'},
    ],
    'readme': True,
}
SWEEP = {
    'name': 'weights',
    'title': 'Weights',
    'config': 'small',
    'metrics': ['recall@3'],
    'groups': ['all'],
    'sweep': {'key': 'alpha', 'label': 'alpha', 'values': [0.0, 2.0], 'default': 2.0},
}
SUITE = {
    'title': 'Small',
    'about': 'Few runs.',
    'seeds': [1, 2],
    'tables': [TABLE, SWEEP],
    'figures': [
        {'name': 'shift', 'panels': [{'title': 'ReDial', 'table': 'main', 'with_': 'base', 'without': 'base'}]}
    ],
}


@pytest.fixture
def project(workplace, redial):
    """An empty project with one suite; the value is the flags of every call."""
    (workplace / 'config' / 'experiments').mkdir(parents=True)
    tiny.write_yaml(workplace / 'config' / 'small.yaml')
    (workplace / 'config' / 'experiments' / 'small.yaml').write_text(yaml.safe_dump(SUITE), 'utf-8')
    return ['--data_path', str(redial), '--jobs', '1']


def test_the_report_is_written_and_a_second_call_runs_nothing(project, workplace, capsys):
    (workplace / 'README.md').write_text('# Mine\n<!-- main -->\nold\n<!-- /main -->\nend\n', 'utf-8')
    assert main([*project, '--readme', 'README.md']) == 0
    out = capsys.readouterr().out
    assert out.startswith('5 runs, 0 of them finished, 5 to do')  # base and alpha = 2.0 are the same
    written = {path.name for path in (workplace / 'results').iterdir()}
    figures = {
        f'{name}.{suffix}'
        for name in ('main', 'weights', 'shift_one_model', 'shift_two_models')
        for suffix in ('pdf', 'png')
    }
    assert written == {'small.json', 'small.md', 'small.tex'} | figures

    table = (workplace / 'results' / 'small.md').read_text('utf-8')
    readme = (workplace / 'README.md').read_text('utf-8')
    shown = re.search(r'<!-- main -->\n\n(.*)\n\n<!-- /main -->', readme, re.DOTALL)[1]
    assert shown in table and 'llm (needs an LLM)' in shown and readme.endswith('end\n')
    record = read_record(workplace / 'results' / 'small.json')
    assert [len(row.runs) for row in record.tables[0].rows] == [2, 1, 0]
    assert [figure.name for figure in record.figures] == ['shift_one_model', 'shift_two_models']

    before = {path.name: path.read_bytes() for path in (workplace / 'results').iterdir()}
    assert main(project) == 0
    assert capsys.readouterr().out.startswith('5 runs, 5 of them finished, 0 to do')
    assert {path.name: path.read_bytes() for path in (workplace / 'results').iterdir()} == before


def test_extend_keeps_the_results_and_runs_only_what_the_figures_lack(project, workplace, capsys):
    assert main(project) == 0
    results = workplace / 'results'
    whole = {path.name: path.read_bytes() for path in results.iterdir()}
    record = read_record(results / 'small.json')

    def states(*flags):
        capsys.readouterr()
        assert main([*project, *flags, '--list']) == 0
        return [line.split('\t')[3] for line in capsys.readouterr().out.splitlines()]

    elsewhere = ['--work', 'elsewhere', '--extend']
    assert set(states(*elsewhere)) == {'in the previous report', 'needs an LLM'}
    (results / 'small.json').write_text(record.model_copy(update={'figures': []}).to_json(), 'utf-8')
    for name in ('shift_one_model.png', 'shift_two_models.png'):
        (results / name).unlink()
    # the first seed of the row of the figure; the row alpha = 2 of the second table is the same run
    assert states(*elsewhere) == ['to do'] + ['in the previous report'] * 2 + ['needs an LLM'] * 2 + [
        'in the previous report'
    ] * 2 + ['to do'] + ['in the previous report']
    assert main([*project, *elsewhere]) == 0
    assert capsys.readouterr().out.startswith('1 runs, 0 of them finished, 1 to do')
    assert {path.name: path.read_bytes() for path in results.iterdir()} == whole


def test_extend_keeps_the_recorded_seeds_beyond_the_limit_of_new_ones(project, workplace, capsys):
    assert main(project) == 0
    record = workplace / 'results' / 'small.json'
    whole = record.read_bytes()
    assert main([*project, '--work', 'elsewhere', '--extend', '--seeds', '1']) == 0
    assert record.read_bytes() == whole
    assert main([*project, '--seeds', '1']) == 0  # without --extend the report is of one seed
    assert [len(row.runs) for row in read_record(record).tables[0].rows] == [1, 1, 0]


def listen_to_ctrl_c():
    """Accept SIGINT, which processes ignore if a shell has started them, or these tests, in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_prints_how_to_resume_and_nothing_else(project, workplace):
    command = [sys.executable, '-m', 'crslab_causal.experiments', *project]
    environment = {**os.environ, 'PYTHONPATH': str(tiny.ROOT)}
    with subprocess.Popen(
        command,
        cwd=workplace,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=listen_to_ctrl_c,
    ) as process:
        assert process.stdout.readline().startswith('5 runs, 0 of them finished')
        assert process.stdout.readline().startswith('[1/5]')
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read() == f'{RESUME_HINT}\n'
    assert main(project) == 0


def test_first_seeds_come_first_and_runs_on_one_dataset_follow_each_other(write_suite, table, store, tmp_path):
    tiny.write_yaml(tmp_path / 'config' / 'other.yaml', dataset='OpenDialKG', model='Repeat', cutoffs=[1, 3])
    rows = [
        {'title': 'a', 'id': 'a'},
        {'title': 'b', 'config': 'other'},
        {'title': 'c', 'set': {'alpha': 0}},
        {'title': 'd', 'set': {'model': 'CausalLLM', 'llm.mode': 'offline'}, 'recommender': 'a', 'seeds': 1},
        {'title': 'e', 'set': {'model': 'CausalLLM'}, 'recommender': 'a', 'needs': 'llm'},
    ]
    suite = write_suite([table(rows=rows), table(name='more', rows=[{'title': 'f', 'config': 'other'}])])
    todo = store.unfinished(runs_to_do([suite], store, PreviousReport()))
    assert [(run.config_file.stem, run.seed, run.recommender is not None) for run in todo] == [
        ('other', 1, False),
        ('small', 1, False),
        ('small', 1, False),
        ('small', 1, True),
        ('other', 2, False),
        ('small', 2, False),
        ('small', 2, False),
    ]


def test_runs_whose_recommender_uses_another_one_come_last(write_suite, table, store, tmp_path, monkeypatch, capsys):
    rows = [
        {'title': 'c', 'set': {'model': 'CausalLLM', 'llm.mode': 'offline'}, 'recommender': 'pool', 'seeds': 1},
        {'title': 'b', 'id': 'pool', 'config': 'pool', 'recommender': 'expert', 'hidden': True, 'seeds': 1},
        {'title': 'a', 'id': 'expert', 'hidden': True, 'seeds': 1},
    ]
    tiny.write_yaml(tmp_path / 'config' / 'pool.yaml', dataset='ReDial', model='Pool', cutoffs=[1, 3])
    todo = runs_to_do([write_suite([table(rows=rows)])], store, PreviousReport())
    waves = []
    monkeypatch.setattr(execution, 'run_all', lambda runs, *_: waves.append(runs) or iter(()))
    execute_missing(todo, store, jobs=1)
    assert [[run.config['model'] for run in wave] for wave in waves] == [['CausalKBRD'], ['Pool'], ['CausalLLM']]
    assert '3 runs, 0 of them finished, 3 to do' in capsys.readouterr().out


def test_list_and_report_run_nothing(project, workplace, capsys):
    assert main([*project, '--list']) == 0
    states = [line.split('\t')[3] for line in capsys.readouterr().out.splitlines()]
    assert states == ['to do'] * 3 + ['needs an LLM'] * 2 + ['to do'] * 4
    assert main([*project, '--report']) == 0
    assert 'small: no run is finished' in capsys.readouterr().err
    assert not (workplace / 'results').exists()


def test_missing_data_are_reported_and_the_command_fails(project, capsys):
    assert main(['--data_path', 'nowhere', '--jobs', '1']) == 1
    captured = capsys.readouterr()
    assert 'run `crslab-causal prepare redial`, or name the data with --data-path' in captured.err
    assert captured.err.startswith('left out: ReDial:')
    assert captured.out.startswith('0 runs')
    assert main(['--data_path', 'nowhere', '--list']) == 0
    assert {line.split('\t')[3] for line in capsys.readouterr().out.splitlines()} == {'lacks data', 'needs an LLM'}


def test_a_failed_run_is_noted_and_the_other_runs_continue(project, workplace, capsys):
    suite = {
        **SUITE,
        'figures': [],
        'seeds': [1],
        'tables': [
            {
                **TABLE,
                'readme': False,
                'rows': [*TABLE['rows'][:2], {'title': 'bad', 'set': {'rec.optimizer.lr': 1e38}}],
            }
        ],
    }
    (workplace / 'config' / 'experiments' / 'small.yaml').write_text(yaml.safe_dump(suite), 'utf-8')
    assert main(project) == 1
    assert 'bad (failed: training of rec diverged' in (workplace / 'results' / 'small.md').read_text('utf-8')
    assert 'failed: training of rec diverged' in capsys.readouterr().out


def test_a_record_is_not_replaced_if_its_runs_are_elsewhere(project, workplace, capsys):
    assert main([*project, '--seeds', '1']) == 0
    before = {path.name: path.read_bytes() for path in (workplace / 'results').iterdir()}
    elsewhere = [*project, '--seeds', '1', '--work', 'elsewhere']
    capsys.readouterr()
    for more in ([], ['--report']):
        assert main([*elsewhere, *more]) == 2
        captured = capsys.readouterr()
        assert captured.out == '' and re.search('would replace them; .*--results.*--extend.*--replace', captured.err)
    assert not (workplace / 'elsewhere').exists()
    assert {path.name: path.read_bytes() for path in (workplace / 'results').iterdir()} == before
    assert main([*elsewhere, '--results', 'mine']) == 0
    assert (workplace / 'mine' / 'small.json').is_file()
    (workplace / 'results' / 'small.md').write_text('old', 'utf-8')
    assert main([*elsewhere, '--replace']) == 0
    assert (workplace / 'results' / 'small.md').read_bytes() == before['small.md']


def test_extend_refuses_a_record_on_other_data(project, workplace, redial, tmp_path, capsys):
    assert main([*project, '--seeds', '1']) == 0
    before = (workplace / 'results' / 'small.json').read_bytes()
    other = tmp_path / 'other'
    shutil.copytree(redial, other)
    path = other / 'redial' / 'nltk' / 'test_data.json'
    path.write_text(path.read_text('utf-8') + '\n', 'utf-8')
    capsys.readouterr()
    flags = ['--data_path', str(other), '--jobs', '1', '--extend', '--seeds', '1']
    assert main(flags) == 2
    assert 'has results that were computed on other ReDial data than those in' in capsys.readouterr().err
    assert (workplace / 'results' / 'small.json').read_bytes() == before
    assert main([*flags, '--replace']) == 0
    assert (workplace / 'results' / 'small.json').read_bytes() != before


@pytest.mark.parametrize(
    'flags, message',
    [
        (['none'], 'none: no such suite; choose among small'),
        (['--seeds', '0'], '--seeds 0: must be at least 1'),
        (['--jobs', '0'], '--jobs and --threads must be at least 1'),
        (['--readme', 'missing.md'], '--readme missing.md: no such file'),
        (['small', '--report'], None),
    ],
)
def test_a_mistake_is_reported_in_one_line(project, flags, message, capsys):
    status = main([*project, *flags])
    error = capsys.readouterr().err
    assert (status, error) == (2, f'error: {message}\n') if message else 'no run is finished' in error


def test_outside_the_repository_the_command_says_where_to_start_it(workplace, capsys):
    assert main([]) == 2
    assert 'start the command in the root of the repository' in capsys.readouterr().err
