"""Reading and checking a configuration."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from pathlib import Path
from types import UnionType
from typing import Any, Iterable, Iterator, get_args, get_origin

import torch
import yaml
from loguru import logger
from pydantic import ValidationError

from crslab_causal.base import distributed
from crslab_causal.data.confounders import CONTEXT_UNKNOWN
from crslab_causal.base.errors import UserError
from crslab_causal.crslab_compat import CRSLabConfig, show_gpus
from crslab_causal.evaluator.metrics import check_metric
from crslab_causal.run_options import DATASET_OPTIONS, MODEL_ALIASES, MODEL_OPTIONS, Options, RunOptions

SYSTEM_NAME = 'Causal'
"""Name of this package's dataloader and system in CRSLab's tables, whatever the model."""

LANGUAGE_MODEL = 'CausalLLM'
"""Name of the model, the dataloader and the system with a language model behind the recommender."""


OWN_SYSTEMS = (LANGUAGE_MODEL, 'Seq2Seq', 'TransformerSeq2Seq')
"""Models with a system of their own, of the model's name."""


class _Loader(yaml.SafeLoader):
    """YAML 1.1 reads ``5e-3`` as a string; this one reads it as the number it is. A key must not stand twice."""

    def compose_mapping_node(self, anchor):
        node = super().compose_mapping_node(anchor)
        keys = [key.value for key, _ in node.value]
        for key, _ in node.value:
            if key.value != '<<' and keys.count(key.value) > 1:
                raise yaml.MarkedYAMLError(problem=f'the key {key.value} stands twice', problem_mark=node.start_mark)
        return node


_Loader.add_implicit_resolver('tag:yaml.org,2002:float', re.compile(r'^[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+$'),
                              list('-+.0123456789'))


class Config(CRSLabConfig):
    """A checked configuration, with all defaults filled in, that CRSLab's own functions accept.

    Args:
        config_file: YAML file.
        gpu: as CRSLab's flag ``-g``: ``'-1'`` for the CPU, else numbers of GPUs, separated by commas.
        settings: ``key=value`` overrides, dotted for sections (``rec.epoch=3``), values in YAML.

    Raises:
        UserError: unreadable file, unknown key, wrong type or value, or a GPU that is not there.
    """

    def __init__(self, config_file: str | Path, gpu: str = '-1', settings: Iterable[str] = ()):
        raw = self.load_yaml_configs(config_file)
        for setting in settings:
            _override(raw, setting)
        self._fill(raw, _run_name(Path(config_file).stem, settings), _gpus(gpu))

    @classmethod
    def from_crslab(cls, config: CRSLabConfig) -> Config:
        """A configuration that CRSLab's own ``Config`` has read."""
        raw = {key: value for key, value in config.opt.items() if key not in ('gpu', 'model_name')}
        adopted = cls.__new__(cls)
        adopted._fill(raw, 'crslab', config.opt['gpu'])
        return adopted

    def _fill(self, raw: dict, run_name: str, gpu: list[int]) -> None:
        if isinstance(raw.get('model'), str):
            raw = raw | {'model': MODEL_ALIASES.get(raw['model'], raw['model'])}
        self.ignored: list[str] = []
        self.opt = self._check(raw)
        self.opt['run_name'] = self.opt['run_name'] or run_name
        self.opt['model_name'] = raw['model'] if raw['model'] in OWN_SYSTEMS else SYSTEM_NAME
        self.opt['gpu'] = gpu

    @staticmethod
    def load_yaml_configs(filename: str | Path) -> dict:
        """The mapping in a YAML file."""
        try:
            with open(filename, encoding='utf-8') as file:
                content = yaml.load(file, _Loader)
        except OSError as error:
            raise UserError(f'{filename}: cannot be read ({error.strerror}); name a YAML file') from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise UserError(f'{filename}: not valid YAML ({" ".join(str(error).split())})') from error
        if not isinstance(content, dict):
            raise UserError(f'{filename}: holds no "key: value" lines')
        return content

    def _check(self, raw: dict) -> dict:
        model, dataset = raw.get('model'), raw.get('dataset')
        for key, value, known in (('model', model, MODEL_OPTIONS), ('dataset', dataset, DATASET_OPTIONS)):
            if not isinstance(value, str) or value not in known:
                raise UserError(f'{key}: {value!r} does not exist{_nearest(str(value), known)}; '
                                f'choose one of {", ".join(known)}')
        read = _classes(raw)
        fields = {key for options in read for key in options.model_fields}
        others = {key for options in (*MODEL_OPTIONS.values(), *DATASET_OPTIONS.values())
                  for key in options.model_fields}
        for key in raw:
            if key not in fields and key not in others:
                raise UserError(f'{key}: no such key{_nearest_key(str(key), fields | others)}')
        self.ignored = [key for key in raw if key not in fields]
        opt: dict[str, Any] = {}
        for options in read:
            opt |= validate(options, {key: raw[key] for key in options.model_fields if key in raw}).model_dump()
        check_metric(opt['rec']['metric'], opt['cutoffs'])
        if opt.get('adjustment') == 'context' and dataset != 'CausalDemo':
            raise UserError(CONTEXT_UNKNOWN)  # now, and not when the corpus has been loaded
        return opt

    def changed(self) -> dict:
        """The options that are not at their default, but for those that say where things lie, and the seed."""
        elsewhere = ('seed', 'data_path', 'save_path', 'run_name')
        changed: dict[str, Any] = {}
        for options in _classes(self.opt):
            own = options(**{key: self.opt[key] for key in options.model_fields if key not in elsewhere})
            changed |= own.model_dump(exclude_defaults=True)
        return changed

    def report(self) -> None:
        """Logs what is run, as CRSLab does."""
        logger.info(f"[Dataset: {self['dataset']} tokenized in {self['tokenize']}]")
        logger.info(f"[Model: {self['model']}]")
        logger.info('[Config]\n' + json.dumps(self.opt, indent=4))
        if self.ignored:
            logger.warning(f"[Config] model {self['model']} on dataset {self['dataset']} does not read: "
                           f"{', '.join(self.ignored)}")


def _classes(raw: dict) -> tuple[type[Options], ...]:
    """What a configuration of this model and dataset reads."""
    return RunOptions, MODEL_OPTIONS[raw['model']], DATASET_OPTIONS[raw['dataset']]


def _run_name(stem: str, settings: Iterable[str]) -> str:
    """The configuration's name and what was changed in it, but for the keys that say where or by which seed."""
    elsewhere = ('seed', 'run_name', 'save_path', 'data_path', 'model', 'dataset')
    changes = [s for s in settings if s.partition('=')[0] not in elsewhere]
    name = re.sub(r'[^\w.,=+-]', '_', ','.join([stem, *changes]))
    if len(name) > 100:  # file systems end at 255 bytes
        name = f'{name[:90]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}'
    return name


def _override(raw: dict, setting: str) -> None:
    key, separator, value = setting.partition('=')
    if not separator or not key:
        raise UserError(f'--set {setting}: write --set key=value, for example --set rec.epoch=3')
    *sections, last = key.split('.')
    target = raw
    for section in sections:
        target = target.setdefault(section, {})
        if not isinstance(target, dict):
            raise UserError(f'--set {setting}: {section} is no section')
    try:
        target[last] = yaml.load(value, _Loader)
    except yaml.YAMLError as error:
        raise UserError(f'--set {setting}: the value is not valid YAML') from error


def validate(options: type[Options], values: dict) -> Options:
    """The options that ``values`` say.

    Raises:
        UserError: the first mistake among them, in one line.
    """
    try:
        return options(**values)
    except ValidationError as error:
        # a key that does not exist first: it is often why another one is missing
        first = min(error.errors(), key=lambda found: found['type'] != 'extra_forbidden')
        key = '.'.join(str(part) for part in first['loc'])
        if first['type'] == 'extra_forbidden':
            section = _section(options, first['loc'][:-1])
            raise UserError(f"{key}: no such key{_nearest_key(str(first['loc'][-1]), section.model_fields)}") from error
        if first['type'] == 'missing':
            raise UserError(f'{key}: is missing') from error
        raise UserError(f"{key}: {first['msg']}, but it is {first['input']!r}") from error


def _section(options: type[Options], path: Iterable[str | int]) -> type[Options]:
    """The class of options at ``path``; in a mapping or list such as ``llm.prices`` that of its values."""
    kind: Any = options
    for part in path:
        kind = kind.model_fields[part].annotation if _is_section(kind) else get_args(kind)[-1]
        if get_origin(kind) is UnionType:  # a section or None
            kind = next(filter(_is_section, get_args(kind)))
    return kind


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Options)


def _nearest(word: str, known: Iterable[str]) -> str:
    match = difflib.get_close_matches(word.lower(), [name.lower() for name in known], n=1, cutoff=0.5)
    return next((f'; did you mean {name}?' for name in known if match and name.lower() == match[0]), '')


def _nearest_key(word: str, section: Iterable[str]) -> str:
    """A key of the same section that looks alike, else one of that name in another section."""
    return _nearest(word, section) or next((f'; did you mean {key}?' for key in _dotted(RunOptions)
                                            if key.rpartition('.')[2] == word), '')


def _dotted(options: type[Options], prefix: str = '') -> Iterator[str]:
    """All keys of a class of options and its sections."""
    for key, field in options.model_fields.items():
        yield prefix + key
        if isinstance(field.annotation, type) and issubclass(field.annotation, Options):
            yield from _dotted(field.annotation, f'{prefix}{key}.')


def _gpus(gpu: str) -> list[int]:
    """CRSLab's value of ``opt['gpu']``: ``[-1]`` for the CPU."""
    if not re.fullmatch(r'-1|\d+(,\d+)*', gpu):
        raise UserError(f'--gpu {gpu}: write -1 for the CPU, or numbers of GPUs, for example 0 or 0,1')
    if gpu != '-1' and distributed.count() > 1:
        gpu = distributed.local_gpu(gpu.split(','))
    wanted, available = len(gpu.split(',')), show_gpus(gpu)
    if gpu == '-1':
        return [-1]
    if available < wanted:
        raise UserError(f'--gpu {gpu}: PyTorch {torch.__version__} can use {available} of these GPUs; '
                        'use --gpu -1 for the CPU, or install a CUDA build of PyTorch')
    return list(range(wanted))
