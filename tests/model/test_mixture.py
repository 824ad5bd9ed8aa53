"""CausalKBRD mixed with transition counts: against plain Python, and what the mixture leaves alone."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from crslab_causal.data.histories import PAD, pad_histories, remove_mention
from crslab_causal.model.mixture import log_mixture
from crslab_causal.model.transition import TransitionCounts
from tests.model.test_causal_kbrd import ITEMS, SIDE_DATA, VOCAB, build, reference

HISTORIES = [[7, 8, 2], [3], []]
SAMPLES = [([7, 2], 3), ([7, 8], 2), ([3], 2), ([8, 3, 2], 0), ([], 3), ([7], 3)]


def mixed(weight=0.3, **options):
    """A model that has counted :data:`SAMPLES`, not in training."""
    model = build(counts_weight=weight, **options).eval()
    if model.counts is not None:
        count(model.counts)
    return model


def count(counts):
    counts.count(
        pad_histories([history for history, _ in SAMPLES]), torch.tensor([ITEMS.index(item) for _, item in SAMPLES])
    )


def counted(history):
    """The scores of the counts alone for one history."""
    counts = TransitionCounts({}, torch.device('cpu'), VOCAB, SIDE_DATA)
    count(counts)
    return counts.history_scores(pad_histories([history]))[0]


@given(st.lists(st.floats(-30, 0), min_size=1, max_size=5), st.floats(0, 1, width=32), st.data())
def test_a_mixture_is_that_of_the_probabilities(first, weight, data):
    second = data.draw(st.lists(st.floats(-30, 0) | st.just(-math.inf), min_size=len(first), max_size=len(first)))
    found = log_mixture(torch.tensor(first), torch.tensor(second), torch.tensor(weight))
    expected = [(1 - weight) * math.exp(a) + weight * math.exp(b) for a, b in zip(first, second)]
    assert found.exp().tolist() == pytest.approx(expected, rel=1e-4, abs=1e-30)


@limits(deadline=None)
@given(st.lists(st.lists(st.integers(0, 5), max_size=4), min_size=1, max_size=4), st.data())
def test_mention_is_removed_from_each_history(histories, data):
    position = [data.draw(st.integers(0, max(0, len(history) - 1))) for history in histories]
    padded = pad_histories(histories)
    found = remove_mention(padded, torch.tensor(position))
    assert found.shape == padded.shape
    for row, history, i in zip(found.tolist(), histories, position):
        rest = history[:i] + history[i + 1 :]
        assert row == rest + [PAD] * (len(row) - len(rest))


@pytest.mark.parametrize('options', [{}, {'item_bias': True}, {'alpha': 0.0, 'beta': 0.0}])
@pytest.mark.parametrize('weight', [0.3, 0.9])
def test_scores_are_the_weighted_sum_of_recommender_and_counts(weight, options):
    model = mixed(weight, **options)
    bias = model.item_bias.detach().numpy() if model.item_bias is not None else [0, 0, 0]
    observed, intervened = model.item_logits(pad_histories(HISTORIES))

    for i, history in enumerate(HISTORIES):
        p, p_bar = (torch.as_tensor(x, dtype=torch.float) for x in reference(model, history, 1.5, bias))
        for found, own, q in ((observed, p, counted(history)), (intervened, p_bar, counted(history[:-1]))):
            assert q.sum().item() == pytest.approx(1)  # so that the mixture is a distribution
            torch.testing.assert_close(found[i].exp(), (1 - weight) * own + weight * q, rtol=1e-4, atol=1e-6)
    _, scores = model({'context_entities': HISTORIES, 'item': torch.tensor([3, 0, 2])}, 'test', 'rec')
    torch.testing.assert_close(scores[:, ITEMS], observed)


def test_a_random_mention_is_left_out_of_both():
    plain, model = (mixed(weight, intervention_position='random') for weight in (0.0, 0.5))
    met = set()
    for seed in range(12):
        p_bar, found = (
            torch.softmax(each.item_logits(pad_histories([[7, 8, 2]])).intervened[0], -1)
            for each in (plain, model)
            if torch.manual_seed(seed)
        )
        q = 2 * found - p_bar
        (left,) = [i for i in range(3) if torch.allclose(q, counted([[8, 2], [7, 2], [7, 8]][i]), atol=1e-4)]
        met.add(left)
    assert met == {0, 1, 2}


def test_without_any_mention_counts_are_popularity():
    model = mixed(0.5, intervention_position='all')
    intervened = model.item_logits(pad_histories(HISTORIES)).intervened.exp()
    torch.testing.assert_close(intervened, ((1 / 3 + counted([])) / 2).expand(3, -1))  # M = 0: p is uniform


@pytest.mark.parametrize('weight', [0.3, None])
def test_training_does_not_see_the_counts(weight):
    plain, model = mixed(0.0).train(), mixed(weight).train()
    batch = {'context_entities': HISTORIES, 'item': torch.tensor([3, 0, 2])}
    losses = [each(batch, 'train', 'rec')[0] for each in (plain, model)]
    assert losses[0].item() == losses[1].item()
    for loss in losses:
        loss.backward()
    for (name, one), other in zip(plain.named_parameters(), model.parameters(), strict=True):
        assert torch.equal(one.grad, other.grad), name


def test_a_weight_of_zero_builds_no_counts_and_an_open_one_mixes_nothing_in():
    plain, open_ = mixed(0.0), mixed(None)
    assert plain.counts is None and not [name for name in plain.state_dict() if name.startswith('counts')]
    assert open_.counts_weight.isnan()
    histories = pad_histories(HISTORIES)
    for one, other in zip(plain.item_logits(histories), open_.item_logits(histories)):
        assert torch.equal(one, other)
    open_.counts_weight.fill_(0.9)
    assert not torch.allclose(plain.item_logits(histories).observed, open_.item_logits(histories).observed)


def test_a_checkpoint_holds_counts_and_weight():
    model, other = mixed(0.4), build(counts_weight=None).eval()
    other.load_state_dict(model.state_dict())
    histories = pad_histories(HISTORIES)
    for one, found in zip(model.item_logits(histories), other.item_logits(histories)):
        torch.testing.assert_close(found, one)
