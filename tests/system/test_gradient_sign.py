"""A negative loss: CRSLab's ``loss.backward(loss.clone().detach())`` would reverse its gradient."""

import types
from pathlib import Path

import pytest
import torch

from crslab_causal.base.training_options import OptimizerOptions, RecTrainingOptions
from crslab_causal.crslab_compat import BaseSystem
from crslab_causal.system.adapters import ModelAdapter
from crslab_causal.system.checkpoint import Checkpoints
from crslab_causal.system.trainer import BatchLoss, Stage, Trainer


class LinearStage(Stage[int]):
    """Trains one parameter by the loss ``parameter - 5``, whose gradient is 1 everywhere; a batch is its size."""

    name, loss_name = 'rec', 'rec_loss'
    options = RecTrainingOptions(optimizer=OptimizerOptions(name='SGD', lr=0.1))

    def __init__(self, parameter):
        self.parameter = parameter

    def n_update(self):
        return 1

    def batches(self, epoch):
        return [4]

    def size(self, batch):
        return batch

    def loss(self, batch, group_size):
        loss = self.parameter.sum() - 5.0
        return BatchLoss(loss * (batch / group_size), batch, {'rec_loss': loss})

    def validate(self, epoch):
        return 0.0

    def report(self, epoch, means):
        pass

    def summary(self, epoch, metric):
        return ''


@pytest.mark.parametrize('sizes', [[4], [4, 4, 4, 1]])
def test_the_parameter_falls_where_the_loss_is_negative(sizes, tmp_path):
    model = torch.nn.ParameterList([torch.nn.Parameter(torch.zeros(1))])
    adapter = ModelAdapter(model, None, torch.empty(0), None)
    trainer = Trainer(LinearStage(model[0]), adapter, 0, torch.device('cpu'), Checkpoints(Path(tmp_path)), {})
    trainer.update(sizes)

    assert model[0].item() == pytest.approx(-0.1)  # whatever the group: lr times a gradient of 1


def test_crslabs_own_step_rises():
    """The defect that this package's step answers. If a release of CRSLab repairs it, the workaround can go."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=0.1)
    system = types.SimpleNamespace(_zero_grad=optimizer.zero_grad, _update_params=optimizer.step, update_freq=1)
    BaseSystem.backward(system, parameter.sum() - 5.0)

    assert parameter.item() == pytest.approx(0.5)
