"""Commands, code and names in the documentation exist."""

from __future__ import annotations

import ast
import importlib
import re
from itertools import pairwise
from pathlib import Path

import pytest
from doc_pages import DOCS, PAGES, code_blocks, commands, page_name

import tiny
from crslab_causal.command_line.main import COMMANDS, main
from crslab_causal.config import Config
from crslab_causal.config_files import find_config
from crslab_causal.prepare.manifest import Manifest
from crslab_causal.registry import DATASETS, MODELS

FLAG = re.compile(r'(?<![\w-])--[a-z][\w-]*')
CALLS = [(page, call) for page in PAGES for call in commands(page)]


def value_after(call: list[str], *flags: str) -> list[str]:
    """Return the words that follow one of these flags."""
    return [word for flag, word in pairwise(call) if flag in flags]


def test_the_pages_show_many_commands():
    assert len(CALLS) > 25


@pytest.mark.parametrize('page, call', CALLS, ids=lambda value: ' '.join(value) if isinstance(value, list) else '')
def test_every_command_exists_and_its_configuration_is_valid(page: Path, call: list[str]):
    command = call[0]
    assert command in COMMANDS
    for name in value_after(call, '-c', '--config'):
        settings = value_after(call, '--set')
        if 'alhpa=1' not in settings:  # the mistake of the page about mistakes
            Config(find_config(name), settings=settings)
    if command == 'prepare':
        assert call[1] in [entry.folder for entry in DATASETS.values() if not entry.generated] + ['NAME']


@pytest.mark.parametrize('page', [page for page in PAGES if code_blocks(page, 'python')], ids=page_name)
def test_python_blocks_import_names_that_exist(page: Path):
    for block in code_blocks(page, 'python'):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom):
                module = importlib.import_module(str(node.module))
                assert all(hasattr(module, alias.name) for alias in node.names)


@pytest.mark.parametrize('page', PAGES, ids=page_name)
def test_links_have_a_text_that_is_visible_without_sphinx(page: Path):
    assert '[](' not in page.read_text('utf-8')


def help_texts(capsys) -> str:
    """Return the help of every command and of their subcommands."""
    calls = [[command] for command in COMMANDS]
    calls += [['prepare', name] for name in ('redial', 'opendialkg', 'inspired', 'own')]
    calls += [['human', name] for name in ('contexts', 'make', 'judge', 'read', 'votes')] + [['config', 'show']]
    calls += [['compare', name] for name in ('valid', 'links')]
    for call in calls:
        with pytest.raises(SystemExit):
            main([*call, '--help'])
    return capsys.readouterr().out


def test_every_flag_on_a_page_is_in_a_help_text(capsys):
    text = '\n'.join(page.read_text('utf-8') for page in PAGES)
    words = {flag for call in re.findall(r'(?:crslab-causal|run_crslab\.py) .*', text) for flag in FLAG.findall(call)}
    flags = words | set(re.findall(r'`(--[a-z][\w-]*)', text))
    assert len(flags) > 20
    assert flags <= set(FLAG.findall(help_texts(capsys)))


def test_the_recommender_of_a_language_model_may_be_what_the_page_says():
    page = ' '.join((DOCS / 'language_model.md').read_text('utf-8').split())
    assert 'accepts a saved run of `CausalKBRD`, `CausalLLM`, `Pool` or a single [expert]' in page
    allowed = {name for name, entry in MODELS.items() if entry.gives_candidates}
    assert allowed == {'CausalLLM', 'Pool', *(name for name, entry in MODELS.items() if entry.is_expert)}


def test_the_tables_of_models_and_datasets_are_complete():
    baselines = (DOCS / 'baselines.md').read_text('utf-8')
    for name in MODELS:
        assert f'`{name}`' in baselines or name in ('CausalKBRD', 'CausalLLM')
    data = (DOCS / 'data.md').read_text('utf-8')
    for entry in DATASETS.values():
        assert f'| `{entry.name}` | `{entry.folder}/nltk` |' in data


def test_the_page_about_data_has_the_licences_and_the_splits_of_the_manifest():
    page = (DOCS / 'data.md').read_text('utf-8')
    manifest = Manifest.read()
    for entry in DATASETS.values():
        if entry.folder not in manifest.datasets:
            continue
        known = manifest.datasets[entry.folder]
        (line,) = [line for line in page.splitlines() if line.startswith(f'| `{entry.name}` | `{entry.folder}/nltk` |')]
        assert line.endswith(f'| {known.licence} |')
        for source, each in known.sources.items():
            for split, counts in each.splits.items():
                option = {'redial': f'`--source {source}`', 'opendialkg': f'`--split {split}`', 'inspired': ''}
                sizes = ' | '.join(f'{counts[name]:,}' for name in ('train', 'valid', 'test'))
                cells = f'| `{entry.name}` | {option[entry.folder]} | {sizes} |'.replace('|  |', '| |')
                assert cells in page


def test_the_page_about_experiments_lists_every_option_that_changes_what_is_written():
    page = (DOCS / 'experiments.md').read_text('utf-8')
    for flag in ('--results', '--work', '--data-path', '--readme', '--extend', '--replace', '--threads', '--jobs'):
        assert re.search(rf'^\| (?:`[^|]*, )?`{flag}\b', page, flags=re.MULTILINE), flag


def test_every_command_has_a_row_on_its_page():
    page = (DOCS / 'command_line.md').read_text('utf-8')
    assert all(re.search(rf'^\| `{name}[` ]', page, flags=re.MULTILINE) for name in COMMANDS)


def test_configurations_and_suites_that_pages_name_exist():
    text = '\n'.join(page.read_text('utf-8') for page in PAGES)
    named = set(re.findall(r'`config/((?:experiments|sweeps|baselines)[/\w]*)', text))
    named |= {
        f'experiments/{suite}' for suite in re.findall(r'^\| `(\w+)` \| [^|]*\| (?:Table|Figure)', text, re.MULTILINE)
    }
    assert len(named) > 5
    for name in named:
        path = tiny.ROOT / 'config' / name.rstrip('/')
        assert path.is_dir() or path.with_suffix('.yaml').is_file(), name
