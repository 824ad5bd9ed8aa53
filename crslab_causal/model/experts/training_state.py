"""The state of a training on disk, from which a killed training continues."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import time
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterator

import torch
from loguru import logger
from torch import nn

from crslab_causal.base import distributed
from crslab_causal.base.files import replace_file
from crslab_causal.base.locks import hold_lock
from crslab_causal.base.restarts import warn_of_restart
from crslab_causal.data.training_data import TrainingData

FORMAT = 2
"""Version of the files, and of what a training computes. Increase it when either changes."""


@dataclass
class TrainingState:
    """The state of the training of an expert, and the file that stores it.

    While the training runs, the file contains the network and the state of the optimizer, together three times the size
    of the network. After the training it contains the network alone.
    """

    path: Path | None
    """File; None: nothing is written."""
    network: dict[str, Any] = field(default_factory=dict)
    """Parameters and buffers; empty before the first checkpoint."""
    optimizer: dict[str, Any] = field(default_factory=dict)
    epoch: int = 0
    """Number of finished epochs."""
    update: int = 0
    """Number of updates of the epoch that is not finished."""
    history: list[float] = field(default_factory=list)
    """Measurements after each epoch."""
    finished: bool = False
    _written: float = field(default_factory=time.monotonic)

    @classmethod
    @contextmanager
    def of(cls, folder: Path | None, name: str, identity: list[Any]) -> Iterator[TrainingState]:
        """Read the state of the training with this identity, and keep other processes from the same training.

        If no file has the state, it is that of a new training. If another process runs this training, wait for it.

        Args:
            folder: folder of all trainings; None: nothing is read or written.
            name: first part of the file's name.
            identity: everything that the result depends on, as JSON.
        """
        if folder is None:
            yield cls(None)
            return
        digest = hashlib.sha256(json.dumps([FORMAT, torch.__version__, *identity]).encode()).hexdigest()[:16]
        path = folder / f'{name}_{digest}.pth'
        if not distributed.is_first():  # the first process has the lock for all
            yield cls._read(path)
            return
        waits = f'[{name}: another run trains the same expert; waiting for it]'
        with hold_lock(path.with_suffix('.lock'), lambda: logger.info(waits)):
            yield cls._read(path)

    @classmethod
    def _read(cls, path: Path) -> TrainingState:
        try:
            content = torch.load(path, map_location='cpu', weights_only=True)
            return cls(path, **content)
        except FileNotFoundError:
            return cls(path)
        except (OSError, RuntimeError, EOFError, TypeError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
            if distributed.is_first():
                warn_of_restart(path, error)
            return cls(path)  # a damaged file costs time, and no result

    def save_if_due(self, seconds: float, network: nn.Module, optimizer: torch.optim.Optimizer) -> bool:
        """Write the state if the last call that wrote it was ``seconds`` ago. Return whether it was written."""
        is_due = time.monotonic() - self._written >= seconds
        if is_due:
            self.save(network, optimizer)
            self._written = time.monotonic()
        return is_due

    def save(self, network: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """Write the state of a training that still runs: the network and the optimizer."""
        self._write(network.state_dict(), optimizer.state_dict(), finished=False)

    def finish(self, network: nn.Module) -> None:
        """Mark the training as finished, and write its network without the optimizer."""
        self.finished = True
        self._write(network.state_dict(), {}, finished=True)

    def _write(self, network: dict[str, Any], optimizer: dict[str, Any], finished: bool) -> None:
        if self.path is None or not distributed.is_first():
            return
        buffer = io.BytesIO()
        torch.save(
            {
                'network': network,
                'optimizer': optimizer,
                'epoch': self.epoch,
                'update': self.update,
                'history': self.history,
                'finished': finished,
            },
            buffer,
        )
        replace_file(self.path, buffer.getvalue())


def data_digest(data: TrainingData) -> str:
    """Return a hash of conversations: what was said, mentioned and recommended, and by whom."""
    digest = hashlib.sha256()
    for turn in data.turns:
        digest.update(
            repr((turn['conv_id'], turn['turn'], turn['role'], turn['items'], turn['context_mentions'])).encode()
        )
    for sample in data.samples:
        digest.update(repr((sample['conv_id'], sample['turn'], sample['item'], sample['context_entities'])).encode())
        digest.update(repr((sample['context_mentions'], sample['context_mention_roles'])).encode())
        digest.update(repr((sample.get('has_text'), sample.get('context_text'))).encode('utf-8', 'surrogatepass'))
    return digest.hexdigest()
