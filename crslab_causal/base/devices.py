"""The GPUs that a process may use."""

from __future__ import annotations

import os
import re

from crslab_causal.base.errors import UserError


def select_gpus(gpu: str) -> list[int]:
    """Make only the GPUs of CRSLab's flag ``-g`` visible, as CRSLab does.

    CRSLab keeps the original numbers of the GPUs (system/base.py:59). This fails for a single GPU that is not the
    first. Here the visible GPUs are numbered from 0.

    Args:
        gpu: ``'-1'`` for the CPU; ``'auto'`` for the first GPU, or the CPU if there is none; else numbers of GPUs,
            separated by commas. Each process of ``torchrun`` takes one.

    Returns:
        The value for ``opt['gpu']``: ``[-1]`` for the CPU, otherwise the new numbers of the GPUs, such as ``[0, 1]``.

    Raises:
        UserError: the text has another form, or the GPU does not exist.
    """
    if gpu == 'auto':
        import torch

        gpu = (
            ','.join(map(str, range(int(os.environ.get('LOCAL_WORLD_SIZE', 1))))) if torch.cuda.is_available() else '-1'
        )
    if not re.fullmatch(r'-1|\d+(,\d+)*', gpu):
        raise UserError(f'--gpu {gpu}: write -1 for the CPU, auto, or numbers of GPUs, for example 0 or 0,1')
    if gpu == '-1':
        os.environ['CUDA_VISIBLE_DEVICES'] = gpu
        return [-1]
    import torch  # imported late, so that mistakes are reported before this slow import

    from crslab_causal.base import distributed

    if distributed.count() > 1:
        gpu = distributed.local_gpu(gpu.split(','))
    requested = len(gpu.split(','))
    os.environ['CUDA_VISIBLE_DEVICES'] = gpu
    available = torch.cuda.device_count()
    if available < requested:
        found = f'{available or "no"} GPU{"" if available == 1 else "s"}'
        raise UserError(
            f'--gpu {gpu}: PyTorch {torch.__version__} finds {found} here; '
            'use --gpu -1 for the CPU, or install a CUDA build of PyTorch'
        )
    return list(range(requested))
