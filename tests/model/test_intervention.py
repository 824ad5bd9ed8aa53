"""The intervention M on one mention (Eq 5), and which mention it meets."""

import pytest
import torch

from crslab_causal.model.intervention import INTERVENTIONS, POSITIONS, Intervention
from crslab_causal.model.options import SHIPPED_INTERVENTIONS


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def test_intervention_zero_gives_the_zero_vector():
    h = torch.randn(5, 7)
    assert torch.equal(Intervention('zero', 7)(h), torch.zeros(5, 7))


def test_bernoulli_keeps_or_zeroes_each_dimension_with_equal_chance():
    h = torch.randn(200, 100)
    after = Intervention('bernoulli', 100)(h)

    kept = after == h
    assert (kept | (after == 0)).all()
    # 20,000 coins: standard deviation of the share 0.5 / sqrt(20000) = 0.0035; of a row's 0.05
    assert kept.float().mean().item() == pytest.approx(0.5, abs=0.02)
    assert kept.float().mean(0).sub(0.5).abs().max() < 0.2  # every dimension
    assert kept.float().mean(1).sub(0.5).abs().max() < 0.3  # every sample, so they are drawn apart


def test_bernoulli_draws_new_values_at_every_call():
    h = torch.ones(1, 100)
    bernoulli = Intervention('bernoulli', 100)
    assert not torch.equal(bernoulli(h), bernoulli(h))


def test_learned_gate_equals_a_computation_by_hand():
    learned = Intervention('learned', 2)
    with torch.no_grad():
        learned.gate.weight.copy_(torch.tensor([[1.0, 0.0], [1.0, -1.0]]))
        learned.gate.bias.copy_(torch.tensor([0.0, 1.0]))
    # W h + b = (2, 2 - 1 + 1) = (2, 2), sigmoid(2) = 0.880797; times h = (2, 1)
    after = learned(torch.tensor([[2.0, 1.0]]))
    torch.testing.assert_close(after, torch.tensor([[1.761594, 0.880797]]))


def test_learned_gate_scales_h_by_a_factor_between_0_and_1_and_is_trained():
    h = torch.randn(50, 6, requires_grad=True)
    learned = Intervention('learned', 6)
    after = learned(h)

    share = after / h
    assert ((share > 0) & (share < 1)).all()
    after.square().sum().backward()
    assert learned.gate.weight.grad.abs().min() > 0 and learned.gate.bias.grad.abs().min() > 0
    assert h.grad.abs().sum() > 0


@pytest.mark.parametrize('kind', sorted(set(INTERVENTIONS) - {'learned'}))
def test_experts_without_parameters_learn_nothing(kind):
    assert not list(Intervention(kind, 6).parameters())


def test_noise_is_as_large_as_the_vector_on_the_average():
    h = torch.randn(2000, 64) * torch.logspace(-3, 3, 2000)[:, None]  # sizes over six decades
    noise = Intervention('noise', 64)(h) - h

    # |noise|^2 / |h|^2 = chi^2_64 / 64: mean 1, and for 2,000 of them a standard error of
    # sqrt(2 / 64 / 2000) = 0.004; for a single one sqrt(2 / 64) = 0.18
    ratio = noise.square().sum(1) / h.square().sum(1)
    assert ratio.mean().item() == pytest.approx(1, abs=0.02)
    assert ratio.min() > 0.2 and ratio.max() < 2.2
    unit = noise / h.norm(dim=1, keepdim=True) * 8  # 8 = sqrt(64): a standard normal for each dimension
    assert unit.mean().item() == pytest.approx(0, abs=0.02)
    assert unit.mean(0).abs().max() < 0.12  # 1 / sqrt(2000) = 0.022 for each dimension


def test_noise_keeps_the_zero_vector():
    assert torch.equal(Intervention('noise', 4)(torch.zeros(3, 4)), torch.zeros(3, 4))


def test_position_last_is_the_last_mention():
    chosen = Intervention('zero', 4).choose(torch.tensor([1, 2, 7, 0]))
    assert chosen.tolist() == [0, 1, 6, 0]


def test_position_random_is_uniform_over_the_history():
    chosen = Intervention('zero', 4, 'random').choose(torch.full((20_000,), 5))

    count = torch.bincount(chosen)
    # 20,000 / 5 = 4,000 each, standard deviation sqrt(20000 * 0.2 * 0.8) = 57
    assert len(count) == 5 and (count - 4000).abs().max() < 285


def test_position_random_stays_inside_the_history():
    lengths = torch.arange(0, 40).repeat(100)
    chosen = Intervention('zero', 4, 'random').choose(lengths)

    assert (chosen >= 0).all() and (chosen < lengths.clamp(min=1)).all()
    assert (chosen[lengths <= 1] == 0).all()


@pytest.mark.parametrize('arguments', [('dropout', 4), ('zero', 4, 'first')])
def test_unknown_name_is_refused_with_the_known_names(arguments):
    with pytest.raises(ValueError) as error:
        Intervention(*arguments)
    assert all(name in str(error.value) for name in (INTERVENTIONS if arguments[0] == 'dropout' else POSITIONS))


def test_every_intervention_that_is_accepted_without_a_look_exists():
    assert set(SHIPPED_INTERVENTIONS) <= set(INTERVENTIONS)
