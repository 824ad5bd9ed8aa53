"""The YAML files below config/: each is used and unlike the others, and CRSLab and plain YAML read it alike."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import tiny
from crslab_causal import register
from crslab_causal.config_files import dump_config, load_config_file, merge, read_yaml

CONFIG = tiny.ROOT / 'config'
FILES = sorted(CONFIG.rglob('*.yaml'))
BASES = sorted((CONFIG / 'base').rglob('*.yaml'))


def name_of(path: Path) -> str:
    return path.relative_to(CONFIG).with_suffix('').as_posix()


def bases(path: Path) -> list[str]:
    value = read_yaml(path).get('base', [])
    return [value] if isinstance(value, str) else value


def repeated(own: dict, inherited: dict) -> Iterator[str]:
    """Yield the keys of ``own`` that have the same value in ``inherited``."""
    for key, value in own.items():
        if isinstance(value, dict) and isinstance(inherited.get(key), dict):
            yield from repeated(value, inherited[key])
        elif key in inherited and value == inherited[key]:
            yield key


def strings(content: Any) -> Iterator[str]:
    """Yield the strings among the values of a file."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, (dict, list)):
        for value in content.values() if isinstance(content, dict) else content:
            yield from strings(value)


def test_no_two_configurations_are_equal():
    from crslab_causal.config import Config

    names: dict[str, str] = {}
    for path in tiny.CONFIGS:
        opt = {key: value for key, value in Config(path).opt.items() if key != 'run_name'}
        other = names.setdefault(json.dumps(opt, sort_keys=True), name_of(path))
        assert other == name_of(path), f'{other} and {name_of(path)} are the same configuration'


def test_every_configuration_is_used():
    """A file that no suite, test, benchmark, or page of the documentation names is one nobody finds or checks."""
    places = [
        'README.md',
        'Makefile',
        'docs/**/*.md',
        'examples/*',
        'benchmarks/*.py',
        'tests/**/*.py',
        'config/experiments/*.yaml',
        'config/sweeps/*.yaml',
    ]
    users = [path for place in places for path in tiny.ROOT.glob(place) if path.is_file() and path != Path(__file__)]
    text = '\n'.join(path.read_text('utf-8') for path in users)
    datasets = text.replace('{redial,opendialkg}', 'redial') + text.replace('{redial,opendialkg}', 'opendialkg')
    unused = [name for name in map(name_of, tiny.CONFIGS) if not re.search(rf'(?<!\w){name}(?!\w)', datasets)]
    assert not unused


def test_every_base_is_used_and_exists():
    named = {name for path in FILES for name in bases(path)}
    assert set(map(name_of, BASES)) <= named <= set(map(name_of, FILES))


@pytest.mark.parametrize('path', [path for path in FILES if bases(path)], ids=name_of)
def test_a_file_says_only_what_differs_from_its_bases(path):
    inherited: dict = {}
    for name in bases(path):
        inherited = merge(inherited, load_config_file(CONFIG / f'{name}.yaml'))
    own = {key: value for key, value in read_yaml(path).items() if key != 'base'}
    assert not list(repeated(own, inherited))


def test_the_front_door_is_complete_and_agrees_with_the_base_of_its_corpus():
    front = read_yaml(CONFIG / 'causal_redial.yaml')
    assert 'base' not in front and front['alpha'] == 2.0 and front['beta'] == 0.5
    assert read_yaml(CONFIG / 'base' / 'data' / 'redial.yaml').items() <= front.items()


@pytest.mark.parametrize('path', FILES, ids=name_of)
def test_every_file_opens_with_a_comment_and_plain_yaml_reads_its_numbers(path):
    text = path.read_text('utf-8')
    assert text.startswith('# ')
    content = yaml.safe_load(text)
    assert content == read_yaml(path)
    for value in strings(content):
        with pytest.raises(ValueError):
            float(value)


@pytest.mark.parametrize('path', tiny.CONFIGS, ids=name_of)
def test_crslabs_own_config_reads_the_resolved_values(path, workplace):
    register()
    from crslab.config import Config as CRSLabConfig

    opt = CRSLabConfig(str(path), '-1', False).opt
    assert (opt.pop('gpu'), opt.pop('model_name')) == ([-1], opt['model'])
    assert 'base' not in opt
    assert opt == load_config_file(path)


def test_crslab_reads_files_without_bases_as_before(tmp_path, workplace):
    register()
    register()
    from crslab.config import Config as CRSLabConfig

    path = tmp_path / 'own.yaml'
    path.write_text(
        'dataset: ReDial\ntokenize: {rec: nltk, conv: gpt2}\nrec_model: SASREC\nconv_model: GPT2\n'
        'rec:\n  optimizer:\n    lr: !!float 1e-3\n',
        'utf-8',
    )
    opt = CRSLabConfig(str(path), '-1').opt
    assert opt == yaml.safe_load(path.read_text('utf-8')) | {'gpu': [-1], 'model_name': 'SASREC_GPT2'}


@pytest.mark.parametrize('path', tiny.CONFIGS, ids=name_of)
def test_a_checked_configuration_of_the_repository_can_be_written_and_read(path, tmp_path):
    from crslab_causal.config import Config

    opt = {key: value for key, value in Config(path).opt.items() if key not in ('gpu', 'model_name')}
    (tmp_path / 'mine.yaml').write_text(dump_config(opt), 'utf-8')
    assert Config(tmp_path / 'mine.yaml').opt == Config(path).opt
