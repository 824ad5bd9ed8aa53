"""Checkpoints of a run: ``best.pth`` and ``last.pth``."""

from __future__ import annotations

import io
import json
import math
import pickle
import time
import zipfile
from pathlib import Path
from typing import Any, Iterable, Mapping, NamedTuple

import torch

from crslab_causal.base.artifacts import BEST_CHECKPOINT, LAST_CHECKPOINT
from crslab_causal.base.errors import UserError
from crslab_causal.base.files import replace_file
from crslab_causal.model.options import CausalKBRDOptions
from crslab_causal.registry import LANGUAGE_MODEL

RENAMED_KEYS = {'mend_rgcn': 'sparse_rgcn'}
"""Keys of the configuration that have another name now: old name, new name."""
KEYS_THAT_MAY_DIFFER = ('gpu', 'data_path', 'save_path', 'run_name', 'llm', 'recommender')
"""Keys that may differ between a checkpoint and the run that reads it. They do not change what the recommender
computes."""


KEYS_OF_DATA = ('dataset', 'data (fingerprint)', 'kg_edge_threshold', 'mention_order', 'entity_truncate')
"""Keys that a run must share with the recommender that it uses: which data are read, and how."""
RECOMMENDER_MODELS = ('CausalKBRD', LANGUAGE_MODEL)
"""Models whose runs have a recommender that another run can use."""


class Progress(NamedTuple):
    """The progress of a run."""

    epoch: int
    """Number of finished epochs."""
    best_epoch: int = -1
    best_metric: float = float('-inf')
    finished: bool = False
    seconds: float = 0.0
    """Time spent on training and validation."""


class Checkpoint(NamedTuple):
    """Content of a checkpoint file. It is loaded with ``weights_only``."""

    model: dict[str, Any]
    optimizer: dict | None
    scheduler: dict | None
    progress: Progress
    opt: dict


class Checkpoints:
    """``best.pth`` and ``last.pth`` of a stage of training.

    Args:
        folder: folder of the run.
        prefix: prefix of both file names.
        seconds: least time between two checkpoints; 0: they are written after every epoch.
    """

    def __init__(self, folder: Path, prefix: str = '', seconds: float = math.inf):
        self.best, self.last = folder / f'{prefix}{BEST_CHECKPOINT}', folder / f'{prefix}{LAST_CHECKPOINT}'
        self.seconds = seconds
        self._written, self._best_epoch = time.monotonic(), -1

    def save(self, checkpoint: Checkpoint, best: dict[str, Any]) -> None:
        """Write both checkpoints if ``seconds`` have passed since the last time.

        Args:
            checkpoint: state of the last epoch.
            best: weights of the best epoch so far.
        """
        if time.monotonic() - self._written < self.seconds:
            return
        # best first: a run killed between the two repeats the epochs since, and writes the same again
        if checkpoint.progress.best_epoch != self._best_epoch:
            save(self.best, checkpoint._replace(model=best))
            self._best_epoch = checkpoint.progress.best_epoch
        save(self.last, checkpoint)
        self._written = time.monotonic()

    def load_best(self, opt: dict, device: torch.device) -> dict[str, Any]:
        """Return the weights of the best epoch. Errors are those of :func:`load`."""
        return load(self.best, opt, device).model

    def load_last(self, opt: dict, device: torch.device) -> Checkpoint:
        """Return the checkpoint of the last epoch. Errors are those of :func:`load`."""
        return load(self.last, opt, device)

    def remove(self) -> None:
        """Remove both files, the last epoch first, so that a run that is killed meanwhile is not continued."""
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

    A larger number of epochs is allowed where the learning rate does not depend on it.

    Args:
        path: file of the checkpoint.
        opt: configuration and data of the run that reads it.
        device: device of the weights.

    Raises:
        UserError: there is none, it is broken, or it is of another model or configuration.
    """
    checkpoint = _read(path, device)
    saved, expected = _flat(checkpoint.opt), _flat(opt)
    _check_same(path, saved, expected, saved.keys() | expected.keys())
    return checkpoint


def check_options(path: Path, opt: dict) -> None:
    """Check that a checkpoint is of a run with this configuration, before its data are loaded.

    Raises:
        UserError: as of :func:`load`.
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
                f'train with {schedule}name=Constant or {schedule}training_steps to be able to go on'
            )
        raise UserError(
            f'{path}: the checkpoint is of another run: {difference}; use the same configuration, or another run_name'
        )


def _flat(options: Mapping[str, Any], prefix: str = '') -> dict[str, Any]:
    """Return options with dotted keys in the place of sections."""
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


def check_recommender(folder: str | Path) -> None:
    """Check that a folder has the weights of a recommender, before the data are loaded.

    Raises:
        UserError: the file does not exist, is broken, or is of another model.
    """
    path = find_recommender(folder)
    _check_recommender_model(path, _read(path, torch.device('cpu')).opt)


def load_recommender(path: Path, opt: dict, device: torch.device) -> dict[str, Any]:
    """Return the parameters of another run's recommender, on the same data and with the same options of the model.

    Raises:
        UserError: there is none, it is broken, or it is of other data or options.
    """
    return _read_recommender(path, opt, device, (*KEYS_OF_DATA, *CausalKBRDOptions.model_fields)).model


def load_expert(path: Path, opt: dict, device: torch.device) -> tuple[CausalKBRDOptions, dict[str, Any]]:
    """Return the options and the parameters of a recommender of another run on the same data.

    Args:
        path: file of the checkpoint.
        opt: configuration and data of the run that reads it.
        device: device of the parameters.

    Raises:
        UserError: there is none, it is broken, or it is of other data.
    """
    found = _read_recommender(path, opt, device, KEYS_OF_DATA)
    return CausalKBRDOptions.of(found.opt), found.model


def _read_recommender(path: Path, opt: dict, device: torch.device, keys: Iterable[str]) -> Checkpoint:
    """Read the checkpoint of a recommender, whose values of ``keys`` must be those of ``opt``."""
    checkpoint = _read(path, device)
    saved = checkpoint.opt
    _check_recommender_model(path, saved)
    for key in keys:
        if saved.get(key, _default(key)) != opt.get(key):
            raise UserError(
                f'recommender: {path} is of other data or options: {key} is {saved.get(key)!r} there and '
                f'{opt.get(key)!r} here; name a run that has the same'
            )
    return checkpoint


def _check_recommender_model(path: Path, saved: Mapping[str, Any]) -> None:
    if saved['model'] not in RECOMMENDER_MODELS:
        raise UserError(
            f'recommender: {path} is of a run of {saved["model"]}; name a run of {" or ".join(RECOMMENDER_MODELS)}'
        )


def _default(key: str) -> Any:
    """Return the default of an option, for checkpoints of versions that did not have the option yet."""
    field = CausalKBRDOptions.model_fields.get(key)
    return field and field.default


def _must_exist(path: Path) -> Path:
    if not path.is_file():
        raise UserError(f'{path} does not exist; train first with --save_system')
    return path


def _read(path: Path, device: torch.device) -> Checkpoint:
    _must_exist(path)
    try:
        with zipfile.ZipFile(path) as archive:  # torch.load does not look at the checksums
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
