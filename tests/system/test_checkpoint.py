"""The checkpoints of a stage: which file is written when."""

import torch

from crslab_causal.system.checkpoint import Checkpoint, Checkpoints, Progress

OPT = {'model': 'CausalKBRD', 'dataset': 'ReDial', 'seed': 1}


def save(checkpoints, epoch, best_epoch):
    content = Checkpoint({'w': torch.tensor(float(epoch))}, None, None, Progress(epoch + 1, best_epoch), OPT)
    checkpoints.save(content, {'w': torch.tensor(float(best_epoch))})


def test_a_continued_run_writes_the_best_weights_only_if_they_are_new(tmp_path):
    device = torch.device('cpu')
    save(Checkpoints(tmp_path, seconds=0), epoch=0, best_epoch=0)
    continued = Checkpoints(tmp_path, seconds=0)
    assert continued.load_last(OPT, device).progress.best_epoch == 0
    assert continued.load_best(OPT, device) == {'w': 0}
    file = continued.best.stat().st_ino
    save(continued, epoch=1, best_epoch=0)
    assert continued.best.stat().st_ino == file
    assert continued.load_last(OPT, device).progress.epoch == 2
    save(continued, epoch=2, best_epoch=2)
    assert continued.load_best(OPT, device) == {'w': 2}
    save(continued, epoch=3, best_epoch=2)
    assert continued.load_best(OPT, device) == {'w': 2}
