"""Runs of CausalKBRD with transition counts: the weight, checkpoints, a list, a conversation."""

import json
from types import SimpleNamespace

import pytest
import torch
from loguru import logger

from crslab_causal.data.histories import pad_histories
from crslab_causal.system.mixture import choose_weight

OPEN = 'counts_weight=null'


def on_valid(result):
    """What the weight is chosen by."""
    recall = result['splits']['valid']['all']
    return recall['recall@1'] + recall['recall@10']


def test_the_weight_is_the_best_on_valid_and_training_is_as_without(run):
    chosen, folder = run(OPEN)
    assert f'counts_weight, chosen on valid: {chosen["counts_weight"]}' in (folder / 'run.log').read_text('utf-8')
    assert not (folder / 'best.pth').exists()

    without, _ = run('counts_weight=0', 'run_name=without')
    assert without['best_epoch'] == chosen['best_epoch'] and on_valid(chosen) >= on_valid(without)
    fixed, _ = run('counts_weight=0.9', 'run_name=fixed')
    assert 'counts_weight' not in without and fixed['counts_weight'] == 0.9


@pytest.mark.parametrize('recalls, best', [([1, 3, 2, 3], 0.2), ([5, 5, 5, 5], 0.0), ([0, 1, 2, 3], 0.6)])
def test_the_first_of_the_best_weights_is_chosen(recalls, best):
    model = SimpleNamespace(mixing=torch.tensor(0.0), mixture_key='mixing', mixture_weights=(0.0, 0.2, 0.4, 0.6))
    by_weight = dict(zip(model.mixture_weights, recalls))
    scores = {'recall@1': 0.25, 'recall@5': 100, 'recall@10': -0.25}
    assert (
        choose_weight(model, lambda: scores | {'recall@10': by_weight[round(float(model.mixing), 6)]}, [5, 10, 1])
        == best
    )
    assert float(model.mixing) == pytest.approx(best)


def test_a_saved_run_answers_as_it_was_scored(run, load):
    result, folder = run(OPEN, flags=['-ss'])
    system = load(OPEN)
    model = system.adapter.module
    assert float(model.counts_weight) == pytest.approx(result['counts_weight'])
    assert model.counts.item_count.sum() == len(system.train_dataloader)

    history = [system.item_ids[3], system.item_ids[5]]
    listed = system.recommender().recommend(history, k=5)
    scores = model.item_logits(pad_histories([history]), intervene=False).observed[0]
    assert scores.exp().sum().item() == pytest.approx(1, abs=1e-4)
    scores[[3, 5]] = -torch.inf
    assert [found.entity for found in listed] == [system.item_ids[i] for i in scores.topk(5).indices]
    with system.conversation() as conversation:
        assert list(conversation.respond(f'I loved {system.catalogue.names[history[0]]}.'))
        assert conversation.result.ranking

    restored, _ = run(OPEN, flags=['-rs'])
    assert restored['splits'] == result['splits'] and restored['counts_weight'] == result['counts_weight']


def test_killed_run_reports_it_and_ends_like_an_uninterrupted_one_when_restored(run, load, kill):
    unbroken, _ = run(OPEN, 'run_name=unbroken')
    kill(OPEN, 'run_name=killed')

    said = []
    sink = logger.add(said.append, level='WARNING')
    system = load(OPEN, 'run_name=killed')
    logger.remove(sink)
    histories = pad_histories([system.item_ids[:2]])
    p, found = (system.adapter.module.item_logits(histories, False, mixed=mixed).observed for mixed in (False, True))
    assert torch.equal(p, found) and 'its counts_weight has not been chosen' in said[0]

    restored, _ = run(OPEN, 'run_name=killed', flags=['-rs'])
    assert restored['splits'] == unbroken['splits'] and restored['counts_weight'] == unbroken['counts_weight']


def test_the_language_half_takes_its_candidates_from_the_mixture(run):
    result, folder = run(OPEN, flags=['-ss'])
    # other cutoffs would choose another weight
    _, behind = run(
        OPEN, 'model=CausalLLM', f'recommender={folder}', 'run_name=behind', 'cutoffs=[2, 10]', 'rec.metric=recall@10'
    )
    taken = json.loads((behind / 'results.json').read_text('utf-8'))
    assert taken['counts_weight'] == result['counts_weight']
    said = json.loads((behind / 'llm_results.json').read_text('utf-8'))['splits']['test, recommender']['all']
    for found in (taken['splits']['test']['all'], said):
        assert found['recall@10'] == result['splits']['test']['all']['recall@10']


def test_mixture_uses_the_adjusted_distribution_if_there_are_strata(run, load):
    settings = (OPEN, 'adjustment=turn')
    result, _ = run(*settings, flags=['-ss'])
    model = load(*settings).adapter.module
    histories = pad_histories([[int(model.item_entity_ids[2])]])
    with torch.no_grad():
        p = model.item_logits(histories, intervene=False, mixed=False).observed.exp()
        both = model.item_logits(histories, intervene=False).observed.exp()
    weight = result['counts_weight']
    torch.testing.assert_close(both, (1 - weight) * p + weight * model.counts.history_scores(histories))


@pytest.mark.parametrize('setting', ['counts_weight=1', 'counts_weight=-0.1', 'counts_weight=often'])
def test_impossible_weights_are_reported_in_one_line(refused, setting):
    assert refused(setting).startswith('counts_weight')
