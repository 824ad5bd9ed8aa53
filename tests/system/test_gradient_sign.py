"""A negative loss: CRSLab's ``loss.backward(loss.clone().detach())`` would turn its gradient round."""

import types
from contextlib import nullcontext

import pytest
import torch

from crslab_causal.crslab_compat import BaseSystem
from crslab_causal.system.running_means import Averages
from crslab_causal.system.causal import CausalSystem


class Loss:
    """Drives one parameter with the loss ``parameter - 5``, of gradient 1 everywhere."""

    def __init__(self, parameter):
        self.parameter = parameter

    def loss(self, batch):
        return {'rec_loss': self.parameter.sum() - 5.0}

    def group(self):
        return nullcontext()

    def accumulating(self, last):
        return nullcontext()


def system_around(parameter):
    optimizer = torch.optim.SGD([parameter], lr=0.1)
    return types.SimpleNamespace(
        driver=Loss(parameter), optimizer=optimizer, device='cpu', stage={'gradient_clip': None},
        scheduler=torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0),
        averages=Averages(), norm_wanted=False)


def batch(n):
    return types.SimpleNamespace(n_own=n, n_sample=n, to=lambda device: batch(n))


@pytest.mark.parametrize('sizes', [[4], [4, 4, 4, 1]])
def test_the_parameter_goes_down_where_the_loss_is_negative(sizes):
    parameter = torch.nn.Parameter(torch.zeros(1))
    CausalSystem.step(system_around(parameter), [batch(n) for n in sizes], 'rec', 'train')

    assert parameter.item() == pytest.approx(-0.1)  # whatever the group: lr times a gradient of 1


def test_crslabs_own_step_goes_up():
    """The defect that this package's step answers; if CRSLab mends it, the workaround can go."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=0.1)
    host = types.SimpleNamespace(_zero_grad=optimizer.zero_grad, _update_params=optimizer.step, update_freq=1)
    BaseSystem.backward(host, parameter.sum() - 5.0)

    assert parameter.item() == pytest.approx(0.5)
