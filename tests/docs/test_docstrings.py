"""The docstrings of the package are there, and they are plain English."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest
from doc_pages import PAGES, page_name

import crslab_causal
import tiny
from crslab_causal.base.options import Options
from crslab_causal.experiments.human.form import FormOptions
from crslab_causal.experiments.suite.suite_options import SuiteOptions
from crslab_causal.experiments.sweep import SearchOptions
from crslab_causal.registry import DATASETS, MODELS
from crslab_causal.run_options import RunOptions

PLAIN_WORDS = {
    'afresh': 'again',
    'anew': 'again',
    'at hand': 'available',
    'goes on': 'continues',
    'going on': 'running, or continues',
    'in company': 'together with',
    'mend': 'repair, fix',
    'mended': 'repaired, fixed',
    'namesake': 'an entity with the same name',
    'namesakes': 'entities with the same name',
    'otherwise than': 'unlike',
    'set aside': 'reserve',
    'so long as': 'while',
    'spelt': 'spelled',
    'told': 'asked, or passed to',
    'turned down': 'rejected, negated',
    'what is there': 'name it',
    'whoever': 'name the person or program',
    'who comes to talk': 'in the chat',
}
"""Words and phrases that readers had to read twice, and what to write instead."""
FORBIDDEN = re.compile(rf'\b(?:{"|".join(map(re.escape, PLAIN_WORDS))})\b', re.IGNORECASE)
FRAGMENT = re.compile(r'(?:Of|By|As|Below|From|Where|What|Whoever) [^?]*$')
"""A first line that continues the name of its object instead of being a sentence or a noun phrase about it."""

SOURCES = sorted(Path(crslab_causal.__file__).parent.rglob('*.py'))


def modules() -> Iterator[ModuleType]:
    for info in pkgutil.walk_packages(crslab_causal.__path__, 'crslab_causal.'):
        if not info.name.endswith('__main__'):
            yield importlib.import_module(info.name)


def docstrings(path: Path) -> Iterator[tuple[str, str]]:
    """Yield name and docstring of the module, its classes and functions, and the attributes that have one."""
    tree = ast.parse(path.read_text('utf-8'))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            text = ast.get_docstring(node)
            if text:
                yield getattr(node, 'name', path.stem), text
        if isinstance(node, (ast.Module, ast.ClassDef)):
            for line, following in pairwise(node.body):
                if isinstance(line, (ast.Assign, ast.AnnAssign)) and isinstance(following, ast.Expr):
                    value = following.value
                    if isinstance(value, ast.Constant) and isinstance(value.value, str):
                        yield ast.unparse(line).partition(' =')[0].partition(':')[0], value.value


def test_everything_public_has_a_docstring_of_its_own_or_of_its_base_class():
    missing = []
    for module in modules():
        for name, thing in vars(module).items():
            if name.startswith('_') or getattr(thing, '__module__', None) != module.__name__:
                continue
            if inspect.isfunction(thing) or inspect.isclass(thing):
                members = vars(thing) if inspect.isclass(thing) else {}
                methods = [
                    method
                    for method, value in members.items()
                    if not method.startswith('_')
                    and (inspect.isfunction(value) or isinstance(value, (property, classmethod, staticmethod)))
                ]
                missing += [f'{module.__name__}.{name}'] * (not thing.__doc__)
                missing += [f'{module.__name__}.{name}.{m}' for m in methods if not inspect.getdoc(getattr(thing, m))]
    assert missing == []


@pytest.mark.parametrize(
    ('text', 'is_plain'),
    [('Return the genres.', True), ('Of each item.', False), ('What is known.', False), ('As fast as GRU.', False)],
)
def test_a_fragment_is_recognised(text, is_plain):
    assert (FRAGMENT.match(text) is None) == is_plain


def test_no_docstring_is_a_fragment_that_continues_its_name():
    found = [
        f'{path.name} {name}: {text.splitlines()[0]}'
        for path in SOURCES
        for name, text in docstrings(path)
        if FRAGMENT.match(text.strip().splitlines()[0])
    ]
    assert found == []


def test_docstrings_and_pages_have_no_word_that_readers_stumble_over():
    texts = {f'{path.name} {name}': text for path in SOURCES for name, text in docstrings(path)}
    texts |= {page_name(page): page.read_text('utf-8') for page in [*PAGES, tiny.ROOT / 'CHANGELOG.md']}
    found = [
        f'{name}: {word[0]!r}, write: {PLAIN_WORDS[word[0].lower()]}'
        for name, text in texts.items()
        for word in FORBIDDEN.finditer(text)
    ]
    assert found == []


def option_classes(options: type[Options]) -> Iterator[type[Options]]:
    """Yield a class of options and those of its sections."""
    yield options
    for field in options.model_fields.values():
        pending = [field.annotation]
        while pending:
            kind = pending.pop()
            pending += get_args(kind)
            if isinstance(kind, type) and issubclass(kind, Options):
                yield from option_classes(kind)


def described_keys(options: type[Options]) -> set[str]:
    """Return the keys with a docstring, own or inherited."""
    keys = set()
    for cls in options.__mro__:
        if cls.__module__.startswith('crslab_causal'):
            source = Path(inspect.getfile(cls))
            body = next(
                n
                for n in ast.walk(ast.parse(source.read_text('utf-8')))
                if isinstance(n, ast.ClassDef) and n.name == cls.__name__
            ).body
            for line, following in pairwise(body):
                if isinstance(line, ast.AnnAssign) and isinstance(following, ast.Expr):
                    keys.add(ast.unparse(line.target))
    return keys


def test_every_key_of_a_configuration_has_a_description():
    entries = [entry.load_options() for entry in (*MODELS.values(), *DATASETS.values())]
    classes = {
        cls
        for options in (RunOptions, SuiteOptions, SearchOptions, FormOptions, *entries)
        for cls in option_classes(options)
    }
    missing = {cls.__name__: sorted(cls.model_fields.keys() - described_keys(cls)) for cls in classes}
    assert len(classes) > 25
    assert {name: keys for name, keys in missing.items() if keys} == {}
