"""Read a configuration, check it, and hold its validated options."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping, get_args, get_origin

from pydantic import ValidationError

from crslab_causal.base.devices import select_gpus
from crslab_causal.base.errors import UserError
from crslab_causal.base.options import Options, describe_mistake, expectation
from crslab_causal.config_files import Setting, apply_setting, copy_value, file_of_key, find_config, load_config_file
from crslab_causal.evaluator.metrics import check_metric
from crslab_causal.registry import DATASETS, LANGUAGE_MODEL, MODELS, NOT_SUPPORTED, DatasetEntry, ModelEntry, find_model
from crslab_causal.run_options import RunOptions

if TYPE_CHECKING:
    from crslab.config import Config as CRSLabConfig

KEYS_OF_PLACE = ('seed', 'data_path', 'save_path', 'run_name')
"""Keys that set the seed and the folders of a run. They do not change which run it is."""


@dataclass(frozen=True)
class Flags:
    """Command line flags that are not keys of the configuration.

    The scores of the recommender do not depend on them.
    """

    save_system: bool = False
    """Whether checkpoints are written after every epoch (CRSLab's flag ``-ss``)."""
    checkpoint_seconds: float = float('inf')
    """Minimum time between two checkpoints if ``save_system`` is off. These checkpoints are removed at the end of the
    run."""
    write_responses: bool = True
    """Whether a model with a decoder is also trained to write responses."""


class Config:
    """A checked configuration with all defaults filled in.

    The validated options are kept: ``run``, ``model`` and ``dataset`` hold them with their types, and models, datasets
    and systems read these. To CRSLab's functions the object behaves like CRSLab's own ``Config``: ``config['rec']``,
    ``config.get('rec')`` and ``config.opt``, a plain dict of the same values.

    Args:
        config_file: YAML file, or the name of one, see :func:`.find_config`. It may have a key ``base``.
        gpu: as CRSLab's flag ``-g``: ``'-1'`` for the CPU, ``'auto'``, or numbers of GPUs, separated by commas.
        settings: overrides: texts ``rec.epoch=3`` whose values are YAML, or a mapping ``{'rec.epoch': 3}``.
        flags: command line flags that are not keys of the configuration.
        content: what :func:`.load_config_file` returns for the file, if the caller has read it; it is not changed.

    Raises:
        UserError: an unreadable file, an unknown key, a wrong type or value, or a GPU that is not there.
    """

    def __init__(
        self,
        config_file: str | Path,
        gpu: str = '-1',
        settings: Iterable[Setting] | Mapping[str, Any] = (),
        flags: Flags | None = None,
        content: dict[str, Any] | None = None,
    ):
        settings = list(settings.items()) if isinstance(settings, Mapping) else list(settings)
        file = find_config(config_file) if content is None else Path(config_file)
        raw = load_config_file(file) if content is None else copy_value(content)
        for setting in settings:
            apply_setting(raw, setting)
        stem, of_recommender = Path(config_file).stem, [each for each in settings if not _is_of_language_model(each)]
        self.recommender_run_name = raw.get('run_name') or _run_name(stem, of_recommender)
        """Name of a run with the same recommender: the name of this run without the options of the language model."""
        gpus = select_gpus(gpu)
        try:
            self._fill(raw, _run_name(stem, settings), gpus, flags)
        except UserError as error:
            raise _in_file(error, file, settings) from error

    @classmethod
    def from_crslab(cls, config: CRSLabConfig) -> Config:
        """Return the configuration that CRSLab's own ``Config`` has read.

        Raises:
            UserError: see the constructor.
        """
        raw = {key: value for key, value in config.opt.items() if key not in ('gpu', 'model_name')}
        adopted = cls.__new__(cls)
        adopted.recommender_run_name = raw.get('run_name') or 'crslab'
        adopted._fill(raw, 'crslab', config.opt['gpu'], None)
        return adopted

    def _fill(self, raw: dict, run_name: str, gpu: list[int], flags: Flags | None) -> None:
        self.model_entry = _find_entry(raw)
        raw = {**raw, 'model': self.model_entry.name}
        self.dataset_entry: DatasetEntry = DATASETS[raw['dataset']]
        classes = self._option_classes()
        _refuse_unknown_keys(raw, classes)
        self.ignored: list[str] = [key for key in raw if not any(key in options.model_fields for options in classes)]
        """Keys of the file that neither the model nor the dataset reads."""
        raw = {**raw, 'run_name': raw.get('run_name') or run_name}
        for key in ('data_path', 'save_path'):
            if isinstance(raw.get(key), str):
                raw[key] = os.path.expanduser(raw[key])
        self.run, self.model, self.dataset = (
            validate(options, {key: raw[key] for key in options.model_fields if key in raw}) for options in classes
        )
        check_metric(self.run.rec.metric, self.run.cutoffs)
        if getattr(self.model, 'adjustment', None) == 'context' and not self.dataset_entry.knows_confounder:
            known = ', '.join(name for name, entry in DATASETS.items() if entry.knows_confounder)
            raise UserError(  # report this before the corpus is loaded
                'adjustment: context is the true confounder of the generated corpus, and needs '
                f'dataset: {known}; write popularity, turn, genre, random or none'
            )
        tokenizers = self.dataset_entry.tokenizers
        if tokenizers and self.run.tokenize not in tokenizers:
            raise UserError(
                f'tokenize: {self.run.tokenize!r} does not exist for dataset {self.run.dataset}; '
                f'choose one of {", ".join(tokenizers)}'
            )
        if self.run.model == LANGUAGE_MODEL and self.run.tokenize != 'nltk':
            raise UserError(
                f'tokenize: {self.run.tokenize}: a language model reads words, and these are word pieces; write nltk'
            )
        self.gpu = gpu
        self.flags = flags or Flags()

    def _option_classes(self) -> tuple[type[RunOptions], type[Options], type[Options]]:
        return RunOptions, self.model_entry.load_options(), self.dataset_entry.load_options()

    @property
    def sections(self) -> tuple[Options, ...]:
        """The validated options: of the run, of the model, of the dataset."""
        return self.run, self.model, self.dataset

    @cached_property
    def opt(self) -> dict[str, Any]:
        """The options in CRSLab's form: a dict with sections ``rec`` and ``conv``, ``gpu`` and ``model_name``."""
        options = {key: value for section in self.sections for key, value in section.model_dump().items()}
        return {**options, 'model_name': self.model_entry.system_name, 'gpu': self.gpu}

    def __getitem__(self, key: str) -> Any:
        return self.opt.get(key)  # like CRSLab, return None for a missing key

    def __contains__(self, key: object) -> bool:
        return key in self.opt

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a key, or ``default`` if it does not exist."""
        return self.opt.get(key, default)

    def changed(self) -> dict[str, Any]:
        """Return the options that differ from their default, without the :data:`KEYS_OF_PLACE`."""
        changed: dict[str, Any] = {}
        for section in self.sections:
            changed |= section.model_dump(exclude_defaults=True, exclude=set(KEYS_OF_PLACE))
        return changed

    def report(self) -> None:
        """Log the dataset, the model and the options of the run, as CRSLab does. Warn about keys that are not read."""
        from loguru import logger  # now, because its import takes longer than reading a configuration

        logger.info(f'[Dataset: {self.run.dataset} tokenized in {self.run.tokenize}]')
        logger.info(f'[Model: {self.run.model}]')
        logger.info('[Config]\n' + json.dumps(self.opt, indent=4))
        if self.ignored:
            logger.warning(
                f'[Config] model {self.run.model} on dataset {self.run.dataset} does not read: '
                f'{", ".join(self.ignored)}'
            )


def validate(options: type[Options], values: Mapping[str, Any]) -> Any:
    """Return ``options`` with these values.

    Raises:
        UserError: the first mistake among the values, in one line.
    """
    try:
        return options(**values)
    except ValidationError as error:
        # report an unknown key first, because it is often the misspelling of a missing one
        first = min(error.errors(), key=lambda mistake: mistake['type'] != 'extra_forbidden')
        key = '.'.join(map(str, _written(first['loc'], values)))
        if first['type'] == 'extra_forbidden':
            section = _section_at(options, first['loc'][:-1])
            word, sections = str(first['loc'][-1]), first['loc'][:-1]
            prefix = '.'.join(map(str, sections)) if all(isinstance(part, str) for part in sections) else ''
            raise UserError(f'{key}: no such key{_suggest_key(word, section.model_fields, prefix)}') from error
        if first['type'] == 'model_type':
            keys = ', '.join(_section_at(options, first['loc']).model_fields)
            raise UserError(
                f'{key}: this is a section, but its value is {first["input"]!r}; '
                f'set one of its keys, such as {key}.KEY=...: {keys}'
            ) from error
        if first['type'] == 'missing':
            raise UserError(f'{key}: is missing; add it to the configuration') from error
        advice = '; correct this value' if expectation(first) else ''  # checks of this package say what to do
        raise UserError((f'{key}: ' if key else '') + describe_mistake(first) + advice) from error


def _written(location: Iterable[str | int], values: Any) -> Iterator[str | int]:
    """Yield the keys and indices of a location that a user has written.

    Pydantic adds the name of the type that it has tried where a value may have one of several types.
    """
    for part in location:
        if isinstance(values, Mapping):
            yield part
            values = values.get(part)
        elif isinstance(values, list) and isinstance(part, int):
            yield part
            values = values[part] if part < len(values) else None


def _in_file(error: UserError, file: Path, settings: Iterable[Setting]) -> UserError:
    """Return a mistake with the file that the value comes from. A key that a setting changes comes from no file.

    Args:
        error: a mistake whose message begins with the key.
        file: the file that was read.
        settings: overrides of single keys.
    """
    key = str(error).partition(':')[0].split('.')
    changed = [(setting if isinstance(setting, str) else setting[0]).partition('=')[0] for setting in settings]
    if any(key[: len(names)] == names[: len(key)] for names in (name.split('.') for name in changed)):
        return error
    return type(error)(f'{file_of_key(file, key)}: {error}')


def _find_entry(raw: Mapping[str, Any]) -> ModelEntry:
    """Return the model's entry; the dataset must have one, too."""
    dataset, model = raw.get('dataset'), raw.get('model')
    entry = find_model(model) if isinstance(model, str) else None
    if entry is None:
        raise UserError(_unknown('model', model, MODELS))
    if not isinstance(dataset, str) or dataset not in DATASETS:
        raise UserError(_unknown('dataset', dataset, DATASETS))
    return entry


def _unknown(key: str, value: Any, known: Iterable[str]) -> str:
    if value is None:
        return f'{key}: is missing; choose one of {", ".join(known)}'
    reason = NOT_SUPPORTED[key].get(value) if isinstance(value, str) else None
    if reason is not None:
        return f'{key}: CRSLab has {value}, but it is not supported here: {reason}; choose one of {", ".join(known)}'
    return f'{key}: {value!r} does not exist{_suggest(str(value), known)}; choose one of {", ".join(known)}'


def _refuse_unknown_keys(raw: Mapping[str, Any], classes: Iterable[type[Options]]) -> None:
    """Refuse keys that no model and no dataset reads. Keys of other models are allowed, see ``Config.ignored``."""
    read = {key for options in classes for key in options.model_fields}
    unread = [key for key in raw if key not in read]
    if unread:  # import the options of all other models only if they are needed
        others = {key for entry in (*MODELS.values(), *DATASETS.values()) for key in entry.load_options().model_fields}
        for key in unread:
            if key not in others:
                raise UserError(f'{key}: no such key{_suggest_key(str(key), read | others)}')


def _run_name(stem: str, settings: Iterable[Setting]) -> str:
    """Return the configuration's name with the changed keys, without the keys that set the seed and the folders."""
    unnamed = (*KEYS_OF_PLACE, 'model', 'dataset')
    changes: dict[str, str] = {}
    for setting in settings:
        text = '='.join(map(str, setting)) if isinstance(setting, tuple) else setting
        changes[text.partition('=')[0]] = text  # the last value of a key counts
    name = re.sub(r'[^\w.,=+-]', '_', ','.join([stem, *(text for key, text in changes.items() if key not in unnamed)]))
    if len(name) > 100:  # file systems allow names of 255 bytes
        name = f'{name[:90]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}'
    return name


def _is_of_language_model(setting: Setting) -> bool:
    key = setting[0] if isinstance(setting, tuple) else setting.partition('=')[0]
    return key.partition('.')[0] == 'llm'


def _section_at(options: type[Options], path: Iterable[str | int]) -> type[Options]:
    """Return the class of options at ``path``.

    For a mapping or list such as ``llm.prices`` it is the class of the values.
    """
    kind: Any = options
    for part in path:
        kind = kind.model_fields[part].annotation if _is_section(kind) else get_args(kind)[-1]
        if get_origin(kind) is UnionType:  # a section or None
            kind = next(filter(_is_section, get_args(kind)))
    return kind


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Options)


def _suggest(word: str, known: Iterable[str]) -> str:
    match = difflib.get_close_matches(word.lower(), [name.lower() for name in known], n=1, cutoff=0.5)
    return next((f'; did you mean {name}?' for name in known if match and name.lower() == match[0]), '')


def _suggest_key(word: str, section: Iterable[str], prefix: str = '') -> str:
    """Suggest a key of this name in another section, else one of the section ``prefix`` that looks alike."""
    elsewhere = (key for key in _dotted_keys(RunOptions) if key.rpartition('.')[2] == word)
    there = next((f'; did you mean {key}?' for key in elsewhere), '')
    suggestion = there or _suggest(word, section) or '; remove it'
    return suggestion if there or not prefix else suggestion.replace('did you mean ', f'did you mean {prefix}.')


def _dotted_keys(options: type[Options], prefix: str = '') -> Iterator[str]:
    """Yield all keys of a class of options and of its sections."""
    for key, field in options.model_fields.items():
        yield prefix + key
        if _is_section(field.annotation):
            yield from _dotted_keys(field.annotation, f'{prefix}{key}.')
