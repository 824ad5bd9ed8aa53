"""The backdoor sum of CausalKBRD: by hand, against a loop, and what it leaves alone."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from crslab_causal.data.histories import pad_histories
from crslab_causal.model.causal_kbrd import CausalKBRD, backdoor_adjustment

ITEMS = [2, 3, 0]
VOCAB = {'pad': 0, 'start': 1, 'end': 2, 'vocab_size': 10, 'n_entity': 9}
SIDE_DATA = {
    'item_entity_ids': ITEMS,
    'mentioned_entity_ids': [7, 8],
    'entity_kg': {'edge': [(1, 2, 0), (2, 1, 0), (7, 3, 1), (3, 7, 1), (8, 2, 0)], 'n_relation': 2},
}
PRIOR = [0.5, 0.3, 0.2]
HISTORIES = [[7, 8, 2], [3], []]


def build(prior=None, start=False, **options) -> CausalKBRD:
    side_data = SIDE_DATA if prior is None else SIDE_DATA | {'confounder': SimpleNamespace(prior=np.array(prior))}
    torch.manual_seed(0)
    model = CausalKBRD({'kg_emb_dim': 4, 'gpu': [-1], **options}, torch.device('cpu'), VOCAB, side_data)
    if not start:
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.normal_()
    return model


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


@pytest.mark.parametrize('item_bias', [False, True])
@pytest.mark.parametrize('intervene', [False, True])
def test_scores_are_the_sum_over_strata_in_a_loop(item_bias, intervene):
    model = build(PRIOR, item_bias=item_bias).double()
    h = model.entity_embedding().detach().numpy()
    shift = model.stratum_shift.detach().numpy()
    bias = model.item_bias.detach().numpy() if item_bias else np.zeros(3)
    rows = [*ITEMS, 7, 8]

    logits = model.item_logits(pad_histories(HISTORIES), intervene)
    assert (logits.intervened is not None) == intervene
    for which, masked in zip(logits, (False, True)):
        for i, history in enumerate(HISTORIES if which is not None else []):
            weights = 1.5 ** np.arange(len(history)) / (1.5 ** np.arange(len(history))).sum()
            if masked:
                weights[-1:] = 0
            user = sum((w * h[rows.index(e)] for w, e in zip(weights, history)), np.zeros(4))
            expected = sum(p * softmax((user + v) @ h[:3].T + bias) for p, v in zip(PRIOR, shift))
            np.testing.assert_allclose(which[i].exp().detach().numpy(), expected, rtol=1e-5)


def test_backdoor_sum_equals_a_computation_by_hand():
    # two items, strata that prefer one and the other 3 to 1, P(C) of 1/4 and 3/4: 1/4 * 3/4 + 3/4 * 1/4 = 3/8
    shift = torch.tensor([[3.0, 1.0], [1.0, 3.0]]).log()
    adjusted = backdoor_adjustment(torch.zeros(1, 2), shift, torch.tensor([0.25, 0.75]).log())
    assert adjusted.exp().tolist()[0] == pytest.approx([3 / 8, 5 / 8])


@limits(deadline=None, max_examples=60)
@given(scale=st.sampled_from([1.0, 30.0, 1000.0]), n_strata=st.integers(1, 6), seed=st.integers(0, 99))
def test_the_sum_stays_finite_and_adds_up_to_one(scale, n_strata, seed):
    generator = torch.Generator().manual_seed(seed)
    logits, shift = (scale * torch.randn(n, 7, generator=generator) for n in (4, n_strata))
    log_prior = torch.randn(n_strata, generator=generator).log_softmax(0)
    adjusted = backdoor_adjustment(logits, shift, log_prior)

    assert adjusted.isfinite().all()
    assert adjusted.logsumexp(-1).tolist() == pytest.approx([0] * 4, abs=1e-4)
    exact = torch.logsumexp(
        torch.log_softmax(logits.double()[:, None] + shift.double(), -1) + log_prior.double()[:, None], 1
    )
    torch.testing.assert_close(adjusted.double(), exact, rtol=1e-4, atol=1e-4 * scale)


def test_a_stratum_conditions_and_adds_its_vector_before_and_after_the_intervention():
    model = build(PRIOR)
    plain = build()
    plain.load_state_dict(
        {name: value for name, value in model.state_dict().items() if name not in ('stratum_shift', 'log_prior')}
    )
    conditional = model.item_logits(pad_histories(HISTORIES), stratum=torch.tensor([2, 0, 1]))
    gain = model.stratum_shift[[2, 0, 1]] @ model.entity_embedding()[:3].T

    for given_c, base in zip(conditional, plain.item_logits(pad_histories(HISTORIES))):
        torch.testing.assert_close(given_c, base + gain)


def test_training_reads_the_samples_own_stratum_and_evaluation_none():
    model, item = build(PRIOR, alpha=0.0, beta=0.0), torch.tensor([3, 0, 2])
    batch = {'context_entities': HISTORIES, 'item': item, 'stratum': torch.tensor([1, 1, 2])}
    loss, _ = model(batch, 'train', 'rec')
    conditional = model.item_logits(pad_histories(HISTORIES), False, batch['stratum']).observed
    assert loss.item() == pytest.approx(torch.nn.functional.cross_entropy(conditional, torch.tensor([1, 2, 0])).item())

    loss.backward()
    assert model.stratum_shift.grad[0].tolist() == [0] * 4 and model.stratum_shift.grad[1:].abs().min() > 0
    del batch['stratum']
    loss, scores = model(batch, 'test', 'rec')
    torch.testing.assert_close(scores[:, ITEMS], model.item_logits(pad_histories(HISTORIES)).observed)
    assert loss.item() != pytest.approx(0)


def test_strata_start_equal_and_are_trained():
    model, plain = build(PRIOR, start=True), build(start=True)
    for name, value in plain.state_dict().items():
        assert torch.equal(value, model.state_dict()[name]), name  # not a number was drawn for the strata
    expected = torch.log_softmax(plain.item_logits(pad_histories(HISTORIES)).observed, -1)
    torch.testing.assert_close(model.item_logits(pad_histories(HISTORIES)).observed, expected)

    loss, _ = model(
        {'context_entities': HISTORIES, 'item': torch.tensor([3, 0, 2]), 'stratum': torch.tensor([0, 1, 2])},
        'train',
        'rec',
    )
    loss.backward()
    assert model.stratum_shift.grad.abs().sum(1).min() > 0


def test_one_stratum_gives_the_model_without_adjustment():
    one, none = build([1.0]), build()

    assert one.state_dict().keys() == none.state_dict().keys()
    batch = {'context_entities': HISTORIES, 'item': torch.tensor([3, 0, 2])}
    for mode in ('train', 'test'):
        assert one(batch, mode, 'rec')[0].item() == none(batch, mode, 'rec')[0].item()
    assert torch.equal(one(batch, 'test', 'rec')[1], none(batch, 'test', 'rec')[1])


def test_strata_that_agree_change_no_list():
    model = build(PRIOR)
    with torch.no_grad():
        model.stratum_shift.zero_()
    plain = build()
    plain.load_state_dict(
        {name: value for name, value in model.state_dict().items() if name not in ('stratum_shift', 'log_prior')}
    )
    for adjusted, logits in zip(
        model.item_logits(pad_histories(HISTORIES)), plain.item_logits(pad_histories(HISTORIES))
    ):
        torch.testing.assert_close(adjusted, torch.log_softmax(logits, -1))
