"""Read the YAML files of configurations, resolve their ``base:``, change single keys, and write them.

A file may name other files under ``base:`` and then contain only the differences::

    base: [causal_redial, base/data/opendialkg_graph]
    rec:
      epoch: 60

The meaning of the keys is checked later, by :class:`crslab_causal.config.Config`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from crslab_causal.base.errors import UserError

CONFIG_FOLDER = 'config'
"""Name of the folder that holds the configurations of a project."""

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = _PACKAGE / 'configurations'
PACKAGE_CONFIG = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent / CONFIG_FOLDER
"""Folder of the configurations of the package. It is inside an installed package, and beside the package in a checkout.
"""

_FLOAT_TAG = 'tag:yaml.org,2002:float'
_EXPONENT = re.compile(r'^[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+$'), list('-+.0123456789')
"""Pattern of numbers such as ``5e-3``, which YAML 1.1 takes for strings, and their possible first characters."""


# ---------------------------------------------------------------- reading


class _StrictLoader(getattr(yaml, 'CSafeLoader', yaml.SafeLoader)):
    """PyYAML's safe loader that reads ``5e-3`` as a number and refuses a key that occurs twice in a mapping.

    It uses PyYAML's parser in C, if that is installed, because it is several times faster.
    """

    def construct_document(self, node: yaml.Node) -> Any:
        _refuse_repeated_keys(node)
        return super().construct_document(node)


def _refuse_repeated_keys(node: yaml.Node) -> None:
    """Raise an error for a key that occurs twice in one mapping of a document."""
    if isinstance(node, yaml.SequenceNode):
        for part in node.value:
            _refuse_repeated_keys(part)
    elif isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            _refuse_repeated_keys(value)
            if not isinstance(key, yaml.ScalarNode) or key.tag == 'tag:yaml.org,2002:merge':
                continue
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f'the key {key.value} occurs twice', problem_mark=key.start_mark)
            seen.add(key.value)


_StrictLoader.add_implicit_resolver(_FLOAT_TAG, *_EXPONENT)


def _parse(text: str) -> Any:
    """Return the value of a YAML text, which may be changed. A text is parsed once; suites read the same files often.

    Raises:
        Exception: The text is not valid YAML. PyYAML raises ValueError, KeyError and others for impossible values.
    """
    return copy_value(_parse_once(text))


@lru_cache(maxsize=1024)
def _parse_once(text: str) -> Any:
    return yaml.load(text, _StrictLoader)


def copy_value(value: Any) -> Any:
    """Return a copy of a YAML value that shares no mapping and no list with it."""
    if isinstance(value, dict):
        return {key: copy_value(part) for key, part in value.items()}
    return [copy_value(part) for part in value] if isinstance(value, list) else value


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Return the mapping in a YAML file, without its bases.

    Raises:
        UserError: The file cannot be read, is not valid YAML, repeats a key, or holds no mapping.
    """
    try:
        content = _parse(Path(path).read_text('utf-8-sig'))
    except OSError as error:
        raise UserError(f'{path}: cannot be read ({error.strerror}); name a YAML file') from error
    except Exception as error:  # PyYAML raises ValueError, KeyError and others for impossible values, say 2020-13-45
        reason = ' '.join(str(error).replace(' in "<unicode string>"', '').split())
        raise UserError(f'{path}: not valid YAML ({reason})') from error
    if not isinstance(content, dict):
        raise UserError(f'{path}: contains no "key: value" lines')
    return content


def load_config_file(path: str | Path) -> dict[str, Any]:
    """Return the mapping in a YAML file, merged with the files that its ``base:`` names.

    A base is a file name, with or without ``.yaml``. It is looked up in the folder of the file, then in the folder
    ``config`` that contains the file, then among the configurations of the package. A later base overrides an earlier
    one, and the file overrides its bases.

    Raises:
        UserError: One of the files cannot be read, a base does not exist, or a file is a base of itself.
    """
    return _load(Path(path), ())


def file_of_key(path: Path, key: Sequence[str]) -> Path:
    """Return the file that gives a key its value: ``path``, or one of its bases.

    Args:
        path: A configuration that :func:`load_config_file` can read.
        key: The names of the sections and of the key. It may be followed by the index of an entry.

    Returns:
        The file; ``path`` if no file has the key.
    """
    return _file_of_key(path, key) or path


def _file_of_key(path: Path, key: Sequence[str]) -> Path | None:
    content = read_yaml(path)
    names = _pop_bases(content, path)
    value: Any = content
    for name in key:
        if not isinstance(value, dict):
            break
        if name not in value:
            of_bases = (_file_of_key(_find_base(base, path), key) for base in reversed(names))
            return next((file for file in of_bases if file is not None), None)
        value = value[name]
    return path


def _pop_bases(content: dict[str, Any], path: Path) -> list[str]:
    value = content.pop('base', [])
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise UserError(f'{path}: base: {value!r} is not a name; write the name of a YAML file, or a list of names')
    return names


def _load(path: Path, descendants: tuple[Path, ...]) -> dict[str, Any]:
    content = read_yaml(path)
    names = _pop_bases(content, path)
    family = (*descendants, path.resolve())
    merged: dict[str, Any] = {}
    for name in names:
        base = _find_base(name, path)
        if base.resolve() in family:
            cycle = (*family[family.index(base.resolve()) :], base)
            raise UserError(
                f'{path}: base: {name} makes a cycle ({" -> ".join(file.name for file in cycle)}); '
                'remove one of these bases'
            )
        merged = merge(merged, _load(base, family))
    return merge(merged, content)


def merge(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of ``under`` with the keys of ``over``. Mappings are merged; lists and scalars are replaced."""
    merged = dict(under)
    for key, value in over.items():
        if isinstance(value, dict):
            section = merged.get(key)
            value = merge(section if isinstance(section, dict) else {}, value)
        merged[key] = value
    return merged


Setting = str | tuple[str, Any]
"""An override of one key: ``'rec.epoch=3'`` with the value in YAML, or ``('rec.epoch', 3)`` with the value itself."""


def apply_setting(raw: dict[str, Any], setting: Setting) -> None:
    """Change one key of a configuration in place, as the flag ``--set`` does.

    Args:
        raw: The configuration.
        setting: The key, with dots between sections, and its value.

    Raises:
        UserError: The setting has no ``=``, names a key inside a value that is not a section, or has a value that is
            not valid YAML.
    """
    if isinstance(setting, tuple):
        key, value = setting
        setting = f'{key}={value}'
    else:
        key, separator, text = setting.partition('=')
        if not separator or not key:
            raise UserError(f'--set {setting}: write --set key=value, for example --set rec.epoch=3')
        try:
            value = _parse(text)
        except Exception as error:  # as in read_yaml
            raise UserError(f'--set {setting}: the value is not valid YAML') from error
        if _has_comment(text, value):
            raise UserError(
                f'--set {setting}: what follows # is a comment in YAML; put the value into quotes, for example '
                f'--set \'{key}="..."\''
            )
    *sections, last = key.split('.')
    target = raw
    for section in sections:
        target = target.setdefault(section, {})
        if not isinstance(target, dict):
            raise UserError(f'--set {setting}: {section} is not a section')
    target[last] = value


def _has_comment(text: str, value: Any) -> bool:
    """Return whether a YAML text ends in a comment, so that its value is that of the text before."""
    mark = re.search(r'(^|\s)#', text)
    if mark is None:
        return False
    try:
        return bool(_parse(text[: mark.start()]) == value)
    except Exception:  # as in read_yaml: the mark is inside quotes
        return False


# ---------------------------------------------------------------- finding


def find_config(name: str | Path) -> Path:
    """Return the file of a configuration that a user names.

    Args:
        name: A path, or a path below ``./config`` or below the configurations of the package; ``.yaml`` is optional.

    Raises:
        UserError: No such file exists.
    """
    if not str(name).strip():
        raise UserError('the name of the configuration is empty; write one that `crslab-causal list configs` shows')
    folders = (Path(CONFIG_FOLDER), PACKAGE_CONFIG)
    found = _first_file(name, (Path(), *folders))
    if found is None:
        raise UserError(
            f'{name}: cannot be read (no such file here, in {CONFIG_FOLDER}/ or in the package)'
            f'{_nearest(str(name), folders) or "; `crslab-causal list configs` shows all"}'
        )
    return found


def _find_base(name: str, path: Path) -> Path:
    parents = chain(path.parents, path.absolute().parents)  # relative parents come first, so that messages are short
    root = next((folder for folder in parents if folder.name == CONFIG_FOLDER), PACKAGE_CONFIG)
    found = _first_file(name, (path.parent, root, PACKAGE_CONFIG))
    if found is None:
        raise UserError(
            f'{path}: base: {name} does not exist beside this file, in {CONFIG_FOLDER}/ or in the package'
            f'{_nearest(name, (root, PACKAGE_CONFIG))}'
        )
    return found


def _first_file(name: str | Path, folders: Iterable[Path]) -> Path | None:
    candidates = (folder / f'{name}{ending}' for folder in folders for ending in ('', '.yaml'))
    return next((path for path in candidates if path.is_file()), None)


def _nearest(name: str, folders: Iterable[Path]) -> str:
    known = [
        file.relative_to(folder).with_suffix('').as_posix() for folder in folders for file in folder.rglob('*.yaml')
    ]
    match = difflib.get_close_matches(name.removesuffix('.yaml'), known, n=1)
    return f'; did you mean {match[0]}?' if match else ''


# ---------------------------------------------------------------- writing


class _PlainDumper(yaml.SafeDumper):
    """PyYAML's safe dumper without aliases. It writes short lists as ``[1, 10]`` and ``5e-3`` as ``0.005``."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_float(dumper: _PlainDumper, value: float) -> yaml.Node:
    if not 1e-12 <= abs(value) < 1e16:  # zero, infinity, NaN, and numbers with too many digits
        return yaml.SafeDumper.represent_float(dumper, value)
    text = f'{Decimal(repr(value)):f}'
    return dumper.represent_scalar(_FLOAT_TAG, text if '.' in text else f'{text}.0')


def _represent_str(dumper: _PlainDumper, text: str) -> yaml.Node:
    # PyYAML writes some line breaks of Unicode, such as U+0085, in a form that it reads back as a space
    return dumper.represent_scalar('tag:yaml.org,2002:str', text, style=None if text.isprintable() else '"')


def _represent_list(dumper: _PlainDumper, values: list[Any] | tuple[Any, ...]) -> yaml.Node:
    flow = not any(isinstance(value, (dict, list, tuple)) for value in values)
    return dumper.represent_sequence('tag:yaml.org,2002:seq', values, flow_style=flow)


_PlainDumper.add_representer(float, _represent_float)
_PlainDumper.add_representer(str, _represent_str)
_PlainDumper.add_representer(list, _represent_list)
_PlainDumper.add_representer(tuple, _represent_list)
_PlainDumper.add_implicit_resolver(_FLOAT_TAG, *_EXPONENT)  # makes PyYAML quote the string '5e-3'


def dump_config(mapping: dict[str, Any]) -> str:
    """Return a configuration as YAML text. Any reader of YAML 1.1 gets the same values back."""
    text: str = yaml.dump(
        mapping, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=120
    )
    return text


# ---------------------------------------------------------------- CRSLab


def patch_crslab_config(config_class: Any) -> None:
    """Make CRSLab's own ``Config`` resolve ``base:``.

    config/config.py:90 ``load_yaml_configs`` reads one file only. Files without ``base:`` keep their values, except
    that ``5e-3`` becomes a number. A second call changes nothing.

    Args:
        config_class: ``crslab.config.Config``.
    """
    config_class.load_yaml_configs = staticmethod(load_config_file)
