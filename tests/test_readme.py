"""The README's numbers are the output of the committed command."""

import importlib.util
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def benchmark():
    spec = importlib.util.spec_from_file_location('recommendation', ROOT / 'benchmarks' / 'recommendation.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tables_are_what_the_recorded_runs_say():
    record = json.loads((ROOT / 'benchmarks' / 'recommendation.json').read_text('utf-8'))
    readme = (ROOT / 'README.md').read_text('utf-8')

    block = readme.partition('<!-- recommendation -->')[2].partition('<!-- /recommendation -->')[0]
    assert block.strip() == benchmark().tables(record)


def test_every_row_has_a_configuration():
    for dataset in ('redial', 'opendialkg'):
        for row in benchmark().rows(dataset):
            assert (ROOT / 'config' / f'{row.config}.yaml').is_file(), row.config


def test_every_file_the_readme_names_exists():
    import re
    readme = (ROOT / 'README.md').read_text('utf-8')
    named = re.findall(r'`((?:crslab_causal|config|benchmarks)/[\w./*-]*|run_crslab\.py|requirements\.txt)`', readme)

    assert len(named) > 8
    for name in named:
        assert list(ROOT.glob(name.rstrip('/'))), name
