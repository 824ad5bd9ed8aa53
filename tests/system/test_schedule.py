"""Learning rate: linear warm-up, then polynomial decay."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from crslab_causal.base.training_options import SchedulerOptions
from crslab_causal.system.schedule import build_scheduler, lr_multiplier


def rates(options, total_steps, updates, lr=0.1):
    """Learning rate that each update is made with."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=lr)
    options = {
        'name': 'TransformersPolynomialDecayLR',
        'warmup_steps': 0,
        'training_steps': None,
        'lr_end': 0.0,
        'power': 1.0,
        **options,
    }
    scheduler = build_scheduler(optimizer, SchedulerOptions(**options), total_steps)
    taken = []
    for _ in range(updates):
        before = parameter.item()
        parameter.grad = torch.ones(1)
        optimizer.step()
        scheduler.step()
        taken.append(before - parameter.item())
    return taken


def test_result_equals_a_computation_by_hand():
    # warm-up of 4 steps to lr = 1; then from 1 to 0.2 within 8 - 4 = 4 steps, 0.8 / 4 = 0.2 each
    factors = [lr_multiplier(step, 1.0, 4, 8, 0.2, 1.0) for step in range(11)]
    assert factors == pytest.approx([0.25, 0.5, 0.75, 1, 1, 0.8, 0.6, 0.4, 0.2, 0.2, 0.2])


def test_power_of_the_decay_equals_a_computation_by_hand():
    # no warm-up, 4 steps, lr 2, end 1: (1 + (2 - 1) * (remaining share)^2) / 2
    factors = [lr_multiplier(step, 2.0, 0, 4, 1.0, 2.0) for step in range(5)]
    # shares 1, 3/4, 1/2, 1/4: squares 1, 0.5625, 0.25, 0.0625
    assert factors == pytest.approx([1, 0.78125, 0.625, 0.53125, 0.5])


@given(st.integers(2, 100))
def test_the_first_step_of_a_warm_up_is_a_fraction_never_full(warmup):
    first = lr_multiplier(0, 0.1, warmup, 1000, 0.0, 1.0)
    assert first == pytest.approx(1 / warmup) and first < 1


@limits(deadline=None)
@given(st.floats(1e-5, 10), st.floats(0, 1), st.integers(0, 20), st.integers(1, 40), st.floats(0.3, 3))
def test_learning_rate_rises_in_the_warm_up_and_then_decays(lr, end_share, warmup, decay_steps, power):
    steps = warmup + decay_steps
    factors = [lr_multiplier(step, lr, warmup, steps, lr * end_share, power) for step in range(steps + 3)]

    assert all(a < b for a, b in itertools.pairwise(factors[:warmup]))
    assert factors[warmup] == pytest.approx(1)
    assert all(a >= b - 1e-12 for a, b in zip(factors[warmup:], factors[warmup + 1 :]))
    assert factors[steps:] == pytest.approx([end_share] * 3)
    if warmup:
        assert factors[warmup - 1] == 1


def test_updates_are_made_with_these_rates():
    # lr 0.1: warm-up 0.05, 0.1; then 4 steps from 0.1 to 0.02, 0.02 each
    taken = rates({'warmup_steps': 2, 'lr_end': 0.02}, total_steps=6, updates=8)
    assert taken == pytest.approx([0.05, 0.1, 0.1, 0.08, 0.06, 0.04, 0.02, 0.02], abs=1e-6)


def test_training_steps_go_before_the_length_of_the_training():
    taken = rates({'training_steps': 2}, total_steps=1000, updates=4)
    assert taken == pytest.approx([0.1, 0.05, 0, 0], abs=1e-6)


def test_a_warm_up_longer_than_the_training_is_finished_all_the_same():
    taken = rates({'warmup_steps': 4, 'training_steps': 2, 'lr_end': 0.01}, total_steps=2, updates=6)
    assert taken == pytest.approx([0.025, 0.05, 0.075, 0.1, 0.1, 0.01], abs=1e-6)


def test_an_end_above_the_rate_does_not_raise_it():
    assert rates({'lr_end': 5.0}, total_steps=3, updates=5) == pytest.approx([0.1] * 5)


@pytest.mark.parametrize('warmup, expected', [(0, [0.1] * 4), (1, [0.1] * 4), (3, [0.1 / 3, 0.2 / 3, 0.1, 0.1])])
def test_constant_has_a_warm_up_and_no_decay(warmup, expected):
    taken = rates({'name': 'Constant', 'warmup_steps': warmup}, total_steps=2, updates=4)
    assert taken == pytest.approx(expected)


def test_run_restored_in_the_middle_ends_like_an_uninterrupted_one():
    options = {
        'name': 'TransformersPolynomialDecayLR',
        'warmup_steps': 2,
        'training_steps': 6,
        'lr_end': 0.02,
        'power': 1.0,
    }

    def build():
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
        return optimizer, build_scheduler(optimizer, SchedulerOptions(**options), 6)

    def advance(optimizer, scheduler, n):
        for _ in range(n):
            optimizer.step()
            scheduler.step()

    optimizer, scheduler = build()
    advance(optimizer, scheduler, 3)
    other_optimizer, other = build()
    other_optimizer.load_state_dict(optimizer.state_dict())
    other.load_state_dict(scheduler.state_dict())
    advance(other_optimizer, other, 1)
    assert other_optimizer.param_groups[0]['lr'] == pytest.approx(0.06)  # update 5 of the case above
