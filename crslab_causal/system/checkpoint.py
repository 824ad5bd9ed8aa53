"""Write and read the checkpoints of a run, ``best.pth`` and ``last.pth``."""

from __future__ import annotations

import io
import json
import math
import pickle
import time
import zipfile
from pathlib import Path
from typing import Any, Iterable, Mapping, NamedTuple, Sequence

import torch

from crslab_causal.base.artifacts import BEST_CHECKPOINT, LAST_CHECKPOINT
from crslab_causal.base.errors import UserError
from crslab_causal.base.files import replace_file
from crslab_causal.model.options import CausalKBRDOptions
from crslab_causal.registry import LANGUAGE_MODEL, MODELS

RENAMED_KEYS = {'mend_rgcn': 'sparse_rgcn'}
"""Old name and new name of the keys of the configuration that were renamed."""
KEYS_THAT_MAY_DIFFER = ('gpu', 'data_path', 'save_path', 'run_name', 'llm', 'recommender')
"""Keys that may differ between a checkpoint and the run that reads it, because they do not change the recommender."""


KEYS_OF_DATA = ('dataset', 'data (fingerprint)', 'kg_edge_threshold', 'mention_order', 'entity_truncate')
"""Keys that a run must share with the recommender that it uses. They determine the data and how they are read."""
CAUSAL_KBRD_MODELS = ('CausalKBRD', LANGUAGE_MODEL)
"""Models whose checkpoints hold a CausalKBRD."""


class Progress(NamedTuple):
    """The progress of a training: its epoch, its best epoch, and whether it is finished."""

    epoch: int
    """Number of finished epochs."""
    best_epoch: int = -1
    best_metric: float = float('-inf')
    finished: bool = False
    seconds: float = 0.0
    """Seconds spent on training and validation."""


class Checkpoint(NamedTuple):
    """The content of a checkpoint file. It is loaded with ``weights_only``."""

    model: dict[str, Any]
    optimizer: dict | None
    scheduler: dict | None
    progress: Progress
    opt: dict


class Checkpoints:
    """The checkpoints ``best.pth`` and ``last.pth`` of a stage of training.

    Args:
        folder: folder of the run.
        prefix: prefix of both file names.
        seconds: minimum time between two checkpoints; 0: they are written after every epoch.
    """

    def __init__(self, folder: Path, prefix: str = '', seconds: float = math.inf):
        self.best, self.last = folder / f'{prefix}{BEST_CHECKPOINT}', folder / f'{prefix}{LAST_CHECKPOINT}'
        self.seconds = seconds
        self._written = time.monotonic()
        self._saved_best: int | None = None
        """Epoch whose weights ``best.pth`` has; None: this object has neither written nor read the file."""

    def save(self, checkpoint: Checkpoint, best: dict[str, Any]) -> None:
        """Write ``best.pth`` and ``last.pth``, if the last ones were written at least ``seconds`` ago.

        Args:
            checkpoint: state of the last epoch.
            best: weights of the best epoch so far.
        """
        if time.monotonic() - self._written < self.seconds:
            return
        # best.pth is written first: a run that is killed in between repeats the last epochs and writes it again
        if checkpoint.progress.best_epoch != self._saved_best:
            save(self.best, checkpoint._replace(model=best))
            self._saved_best = checkpoint.progress.best_epoch
        save(self.last, checkpoint)
        self._written = time.monotonic()

    def load_best(self, opt: dict, device: torch.device) -> dict[str, Any]:
        """Return the weights of the best epoch. The errors are those of :func:`load`."""
        best = load(self.best, opt, device)
        self._saved_best = best.progress.best_epoch
        return best.model

    def load_last(self, opt: dict, device: torch.device) -> Checkpoint:
        """Return the checkpoint of the last epoch. The errors are those of :func:`load`."""
        return load(self.last, opt, device)

    def remove(self) -> None:
        """Remove both files.

        The checkpoint of the last epoch is removed first. If the process is killed in between, the run is not
        continued.
        """
        self.last.unlink(missing_ok=True)
        self.best.unlink(missing_ok=True)


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint in one step."""
    content = {
        **checkpoint._asdict(),
        'progress': checkpoint.progress._asdict(),
        'opt': json.dumps(checkpoint.opt),
        'seed': checkpoint.opt['seed'],
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    replace_file(path, buffer.getbuffer())


def load(path: Path, opt: dict, device: torch.device) -> Checkpoint:
    """Read a checkpoint of a run with the same configuration.

    The number of epochs may be larger than in the checkpoint if the learning rate does not depend on it.

    Args:
        path: file of the checkpoint.
        opt: configuration and data of the run that reads it.
        device: device of the weights.

    Raises:
        UserError: the file does not exist, is broken, or belongs to another model or configuration.
    """
    checkpoint = _read(path, device)
    saved, expected = _flat(checkpoint.opt), _flat(opt)
    _check_same(path, saved, expected, saved.keys() | expected.keys())
    return checkpoint


def check_options(path: Path, opt: dict) -> None:
    """Check that a checkpoint is of a run with this configuration, before its data are loaded.

    Raises:
        UserError: see :func:`load`.
    """
    expected = _flat(opt)
    _check_same(path, _flat(_read(path, torch.device('cpu')).opt), expected, expected.keys())


def _check_same(path: Path, saved: Mapping[str, Any], expected: Mapping[str, Any], keys: Iterable[str]) -> None:
    for key in ('model', 'dataset', *sorted(keys)):
        if key.partition('.')[0] in KEYS_THAT_MAY_DIFFER or saved.get(key) == expected.get(key):
            continue
        if key not in saved:
            raise UserError(f'{path}: the checkpoint is of another version, without the key {key}; train again')
        difference = f'{key} is {saved[key]!r} there and {expected.get(key)!r} here'
        if key in ('rec.epoch', 'conv.epoch') and key in expected and saved[key] < expected[key]:
            schedule = key.replace('epoch', 'lr_scheduler.')
            if expected[f'{schedule}name'] == 'Constant' or expected[f'{schedule}training_steps'] is not None:
                continue
            raise UserError(
                f'{path}: {difference}, and the decay of the learning rate depends on it; train again, or '
                f'train with {schedule}name=Constant or {schedule}training_steps to be able to continue'
            )
        raise UserError(
            f'{path}: the checkpoint is of another run: {difference}; use the same configuration, or another run_name'
        )


def _flat(options: Mapping[str, Any], prefix: str = '') -> dict[str, Any]:
    """Return options as a flat dict, with dots between the names of sections and keys."""
    flat: dict[str, Any] = {}
    for key, value in options.items():
        flat |= _flat(value, f'{prefix}{key}.') if isinstance(value, dict) and value else {f'{prefix}{key}': value}
    return flat


def find_recommender(folder: str | Path) -> Path:
    """Return the file with the weights of a run's best epoch.

    Raises:
        UserError: the file does not exist.
    """
    return _must_exist(Path(folder) / BEST_CHECKPOINT)


def load_recommender(path: Path, opt: dict, device: torch.device) -> Checkpoint:
    """Return the checkpoint of another run's recommender on the same data.

    A CausalKBRD must have the same options as ``opt``. Another model keeps the options of its own run.

    Raises:
        UserError: the checkpoint does not exist or is broken, its data or options are others, or its model cannot give
            candidates.
    """
    allowed = [name for name, entry in MODELS.items() if entry.gives_candidates]
    found = _read_recommender(path, opt, device, KEYS_OF_DATA, allowed)
    if found.opt['model'] in CAUSAL_KBRD_MODELS:
        _check_keys(path, found, opt, CausalKBRDOptions.model_fields)
    return found


def load_expert(path: Path, opt: dict, device: torch.device) -> tuple[CausalKBRDOptions, dict[str, Any]]:
    """Return the options and the parameters of another run's recommender, which has the same data.

    Args:
        path: file of the checkpoint.
        opt: configuration and data of the run that reads it.
        device: device of the parameters.

    Raises:
        UserError: the file does not exist, is broken, or belongs to other data.
    """
    found = _read_recommender(path, opt, device, KEYS_OF_DATA, CAUSAL_KBRD_MODELS)
    return CausalKBRDOptions.of(found.opt), found.model


def _read_recommender(
    path: Path, opt: dict, device: torch.device, keys: Iterable[str], models: Sequence[str]
) -> Checkpoint:
    """Read the checkpoint of a recommender.

    Its model must be one of ``models``, and its options ``keys`` must have the same values as in ``opt``.
    """
    checkpoint = _read(path, device)
    if checkpoint.opt['model'] not in models:
        *others, last = models
        raise UserError(
            f'recommender: {path} is of a run of {checkpoint.opt["model"]}; name a run of {", ".join(others)} or {last}'
        )
    _check_keys(path, checkpoint, opt, keys)
    return checkpoint


def _check_keys(path: Path, checkpoint: Checkpoint, opt: dict, keys: Iterable[str]) -> None:
    for key in keys:
        saved = checkpoint.opt.get(key, _default(key))
        if saved != opt.get(key):
            raise UserError(
                f'recommender: {path} is of other data or options: {key} is {saved!r} there and {opt.get(key)!r} here; '
                'name a run that has the same'
            )


def _default(key: str) -> Any:
    """Return the default of an option. It counts as the value in older checkpoints, which lack the option."""
    field = CausalKBRDOptions.model_fields.get(key)
    return field and field.default


def _must_exist(path: Path) -> Path:
    if not path.is_file():
        raise UserError(f'{path} does not exist; train first with --save-system')
    return path


def _read(path: Path, device: torch.device) -> Checkpoint:
    _must_exist(path)
    try:
        with zipfile.ZipFile(path) as archive:  # torch.load does not check the checksums
            if archive.testzip():
                raise ValueError('wrong checksum')
        content = torch.load(path, map_location=device, weights_only=True)
        saved = {RENAMED_KEYS.get(key, key): value for key, value in json.loads(content.pop('opt')).items()}
        content.pop('seed')
        return Checkpoint(opt=saved, **{**content, 'progress': Progress(**content['progress'])})
    except (
        RuntimeError,
        pickle.UnpicklingError,
        zipfile.BadZipFile,
        EOFError,
        KeyError,
        TypeError,
        ValueError,
    ) as error:
        raise UserError(
            f'{path}: no checkpoint of crslab_causal, or a broken one; remove it and train again'
        ) from error
