"""Sweeps: the search, its continuation after a stop, and that the test split is never scored."""

import json

import pytest
import yaml

import tiny
from crslab_causal.base.errors import UserError
from crslab_causal.experiments.runner.dataset_cache import DatasetCache
from crslab_causal.experiments.runner.paths import RunPaths
from crslab_causal.experiments.sweep import Search, main, read_search, score
from crslab_causal.system.evaluation import RecEvaluation

SWEEP = {
    'config': 'small',
    'trials': 4,
    'seeds': [1],
    'space': {
        'alpha': {'low': 0.0, 'high': 4.0},
        'rgcn_aggr': ['add', 'mean'],
        'kg_emb_dim': {'low': 4, 'high': 8, 'step': 2},
        'rec.optimizer.lr': {'low': 1e-3, 'high': 1e-1, 'log': True},
    },
}


@pytest.fixture
def project(workplace, redial):
    """An empty project with one configuration; the value is a function that writes a sweep over it."""
    (workplace / 'config').mkdir()
    tiny.write_yaml(workplace / 'config' / 'small.yaml')

    def write(**changes):
        path = workplace / 'mine.yaml'
        path.write_text(yaml.safe_dump({**SWEEP, **changes}), 'utf-8')
        return path

    return write


def test_no_split_but_valid_is_scored(project, workplace, redial, monkeypatch):
    scored = []
    evaluate = RecEvaluation.evaluate
    monkeypatch.setattr(
        RecEvaluation,
        'evaluate',
        lambda self, split, *more, **keywords: scored.append(split) or evaluate(self, split, *more, **keywords),
    )
    value = score(
        workplace / 'config' / 'small.yaml',
        ['seed=1', 'rec.epoch=3'],
        RunPaths(redial, workplace / 'work'),
        DatasetCache(),
    )
    assert scored == ['valid'] * 3 and 0 <= value <= 1
    assert not list((workplace / 'work').rglob('ranks_*'))


def test_the_score_includes_the_transition_counts_of_a_mixture(project, workplace, redial, monkeypatch):
    valid = []
    evaluate = RecEvaluation.evaluate

    def kept(self, split, *more, **keywords):
        assert split == 'valid'
        valid.append(evaluate(self, split, *more, **keywords))
        return valid[-1]

    monkeypatch.setattr(RecEvaluation, 'evaluate', kept)
    value = score(
        workplace / 'config' / 'small.yaml',
        ['seed=1', 'rec.epoch=3', 'counts_weight=null', 'rec.metric=mrr@3'],
        RunPaths(redial, workplace / 'work'),
        DatasetCache(),
    )
    assert len(valid) == 3 + 10 + 1 and value == valid[-1]['all']['mrr@3']  # epochs, weights, and the score


def test_a_search_can_be_repeated_and_continued(project, workplace, redial):
    paths = RunPaths(redial, workplace / 'work')

    def trials(name, *numbers):
        for n in numbers:
            search = Search(name, read_search(project(trials=n)), paths)
            search.run()
        return [(trial.params, trial.value) for trial in search.study().trials]

    whole = trials('a', 4)
    assert len(whole) == 4 and trials('b', 4) == whole
    parts = trials('c', 2, 4, 4)
    assert len(parts) == 4 and parts[:2] == whole[:2]
    assert len({json.dumps(params) for params, _ in parts}) == 4  # the second half does not repeat the first
    for params, _ in whole:
        assert (
            0 <= params['alpha'] <= 4
            and params['kg_emb_dim'] in (4, 6, 8)
            and 1e-3 <= params['rec.optimizer.lr'] <= 0.1
        )


def test_the_command_writes_the_best_trials_first_and_refuses_another_sweep_of_that_name(
    project, workplace, redial, capsys
):
    flags = ['--data_path', str(redial), '--jobs', '1']
    assert main([str(project()), '--data_path', 'nowhere']) == 2 and 'name the data' in capsys.readouterr().err
    assert main([str(project(trials=3)), *flags]) == 0
    record = json.loads((workplace / 'results' / 'sweep_mine.json').read_text('utf-8'))
    values = [trial['value'] for trial in record['trials']]
    assert len(values) == 3 and values == sorted(values, reverse=True) and record['metric'] == 'recall'
    page = (workplace / 'results' / 'sweep_mine.md').read_text('utf-8')
    best = yaml.safe_load(page.partition('```yaml')[2].partition('```')[0])
    assert best == record['trials'][0]['values']

    assert main([str(project(space={'alpha': {'low': 0.0, 'high': 1.0}})), *flags]) == 2
    assert 'contains trials of another sweep, configuration or data' in capsys.readouterr().err
    tiny.write_yaml(workplace / 'config' / 'small.yaml', rec={'epoch': 3})
    assert main([str(project()), *flags]) == 2
    assert 'contains trials of another sweep, configuration or data' in capsys.readouterr().err


@pytest.mark.parametrize(
    'changes, message',
    [
        ({'space': {}}, 'space'),
        ({'space': {'alhpa': [1.0]}}, r'alhpa: no such key; did you mean alpha\?'),
        ({'space': {'alpha': [-1.0]}}, 'alpha: must be at least 0'),
        ({'space': {'alpha': []}}, 'space.alpha: an empty list'),
        ({'space': {'alpha': {'low': 0.0, 'high': 1.0, 'step': -1.0}}}, 'step must be above 0'),
        ({'space': {'alpha': {'low': 1.0, 'high': 1.0}}}, 'low must be below high'),
        ({'space': {'alpha': {'low': 0.0, 'high': 1.0, 'log': True}}}, 'with log, low must be above 0'),
        ({'config': 'none'}, 'none.yaml: cannot be read'),
        ({'trails': 3}, r'trails: no such key; did you mean trials\?'),
    ],
)
def test_a_mistake_is_reported_in_one_line_before_anything_runs(project, changes, message):
    with pytest.raises(UserError, match=message) as error:
        read_search(project(**changes))
    assert '\n' not in str(error.value) and 'mine.yaml' in str(error.value)


@pytest.mark.parametrize('name', ['demo', 'opendialkg', 'redial'])
def test_the_sweeps_of_the_repository_can_be_read(name):
    assert read_search(tiny.ROOT / 'config' / 'sweeps' / f'{name}.yaml', tiny.ROOT / 'config').space
