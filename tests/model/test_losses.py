"""Eqs 7 and 8."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from crslab_causal.model.losses import causal_loss, kl_term

logits = st.lists(st.floats(-8, 8), min_size=4, max_size=4)


def softmax(values):
    total = math.fsum(math.exp(v) for v in values)
    return [math.exp(v) / total for v in values]


def cosine_with_one_hot(p, label):
    return p[label] / math.sqrt(math.fsum(x * x for x in p))


def loss_of_the_paper(logits, intervened, label, alpha, beta):
    """Compute Eq 8 as the paper writes it."""
    p, p_bar, one_hot = logits.softmax(-1), intervened.softmax(-1), F.one_hot(label, logits.shape[1])
    cross_entropy = -(one_hot * p.log()).sum(-1)
    causal = F.cosine_similarity(p_bar, one_hot) - F.cosine_similarity(p, one_hot)  # Eq 7
    kl = (p_bar * (p_bar.log() - p.log())).sum(-1)
    return (cross_entropy + alpha * causal + beta * kl).mean()


def test_result_equals_a_computation_by_hand():
    # p = (3/4, 1/4), p_bar = (1/2, 1/2), label 0
    p, p_bar = torch.tensor([[3.0, 1.0]]).log(), torch.tensor([[1.0, 1.0]]).log()
    loss = causal_loss(p, p_bar, torch.tensor([0]), alpha=2.0, beta=0.5)

    cross_entropy = -math.log(3 / 4)
    causal = 1 / math.sqrt(2) - 3 / math.sqrt(10)  # cos = p_0 / ||p||
    kl = 0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25)
    assert loss.cross_entropy.item() == pytest.approx(cross_entropy)
    assert loss.causal.item() == pytest.approx(causal)
    assert loss.kl.item() == pytest.approx(kl)
    assert loss.total.item() == pytest.approx(cross_entropy + 2 * causal + 0.5 * kl, rel=1e-5)


@settings(deadline=None)
@given(logits, logits, st.integers(0, 3), st.floats(0.1, 3), st.floats(0.1, 3))
def test_equals_the_formulas(observed, intervened, label, alpha, beta):
    p, p_bar = softmax(observed), softmax(intervened)
    causal = cosine_with_one_hot(p_bar, label) - cosine_with_one_hot(p, label)
    kl = math.fsum(b * math.log(b / a) for a, b in zip(p, p_bar))

    loss = causal_loss(torch.tensor([observed]), torch.tensor([intervened]), torch.tensor([label]), alpha, beta)
    assert loss.causal.item() == pytest.approx(causal, abs=1e-4)
    assert loss.kl.item() == pytest.approx(kl, abs=1e-4)
    assert loss.total.item() == pytest.approx(-math.log(p[label]) + alpha * causal + beta * kl, abs=1e-3)
    assert -1 < loss.causal.item() < 1 and loss.kl.item() > -1e-6


def test_extreme_logits_stay_finite():
    observed = torch.tensor([[1000.0, -1000.0, 0.0]], requires_grad=True)
    intervened = torch.tensor([[-1000.0, 1000.0, 0.0]], requires_grad=True)
    loss = causal_loss(observed, intervened, torch.tensor([0]), 2.0, 0.5)
    loss.total.backward()

    assert torch.isfinite(torch.stack(loss)).all()
    assert observed.grad.isfinite().all() and intervened.grad.isfinite().all()
    assert loss.causal.item() == pytest.approx(-1.0)


def test_causal_terms_are_zero_without_an_intervention():
    observed = torch.randn(5, 7)
    label = torch.arange(5)

    assert abs(causal_loss(observed, observed, label, 2.0, 0.5).causal) < 1e-7
    assert kl_term(observed, observed).abs().max() < 1e-6


def test_without_causal_the_intervened_logits_are_not_read():
    observed, label = torch.randn(5, 7), torch.arange(5)
    loss = causal_loss(observed, None, label, alpha=0.0, beta=0.0)

    assert loss.total.item() == F.cross_entropy(observed, label).item()
    assert loss.causal.item() == loss.kl.item() == 0.0


def test_gradients_are_those_of_the_formula():
    generator = torch.Generator().manual_seed(3)
    observed, intervened = (
        torch.randn(4, 6, dtype=torch.double, generator=generator, requires_grad=True) for _ in range(2)
    )
    label = torch.tensor([0, 1, 2, 5])

    assert torch.autograd.gradcheck(lambda a, b: causal_loss(a, b, label, 2.0, 0.5).total, (observed, intervened))


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 150),
    st.integers(1, 9),
    st.sampled_from([0.0, 0.7, 2.0]),
    st.sampled_from([0.3, 1.5]),
    st.floats(0.1, 12),
    st.integers(0, 2**31),
)
def test_closed_form_equals_autograd_of_the_terms(batch, n_item, alpha, beta, size, seed):
    generator = torch.Generator().manual_seed(seed)
    observed, intervened = (
        size * torch.randn(batch, n_item, dtype=torch.double, generator=generator) for _ in range(2)
    )
    label = torch.randint(n_item, (batch,), generator=generator)
    gradients, totals = [], []
    for total_of in (
        lambda a, b: causal_loss(a, b, label, alpha, beta).total,
        lambda a, b: loss_of_the_paper(a, b, label, alpha, beta),
    ):
        leaves = [tensor.clone().requires_grad_() for tensor in (observed, intervened)]
        total = total_of(*leaves)
        (3 * total).backward()
        totals.append(total.item())
        gradients.append([leaf.grad for leaf in leaves])

    assert totals[0] == pytest.approx(totals[1], rel=1e-9, abs=1e-9)
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-7, atol=1e-10)


def negative_case():
    """The label is nearly certain before the intervention, and nearly impossible after it."""
    observed = torch.tensor([[4.0, 0.0, 0.0]], requires_grad=True)
    intervened = torch.tensor([[-1.0, 0.0, 0.0]], requires_grad=True)
    return observed, intervened, torch.tensor([0])


def test_a_negative_loss_still_goes_down():
    observed, intervened, label = negative_case()
    before = causal_loss(observed, intervened, label, 2.0, 0.1).total
    before.backward()
    assert before.item() < 0

    with torch.no_grad():
        after = causal_loss(observed - 0.05 * observed.grad, intervened - 0.05 * intervened.grad, label, 2.0, 0.1).total
    assert after.item() < before.item()
