"""The README's numbers are the output of the committed command."""

import json
from pathlib import Path

from benchmarks import recommendation, results

ROOT = Path(__file__).resolve().parents[1]


def block(name):
    readme = (ROOT / 'README.md').read_text('utf-8')
    return readme.partition(f'<!-- {name} -->')[2].partition(f'<!-- /{name} -->')[0].strip()


def test_tables_are_what_the_recorded_runs_say():
    record = json.loads((ROOT / 'benchmarks' / 'recommendation.json').read_text('utf-8'))
    assert block('recommendation') == recommendation.tables(record)


def test_speeds_are_what_the_recorded_measurements_say():
    record = json.loads((ROOT / 'benchmarks' / 'speed.json').read_text('utf-8'))
    assert block('speed') == results.readme_block(record)
    assert (ROOT / 'benchmarks' / 'RESULTS.md').read_text('utf-8') == results.results_page(record)


def test_every_row_has_a_configuration():
    for dataset in ('redial', 'opendialkg'):
        for row in recommendation.rows(dataset):
            assert (ROOT / 'config' / f'{row.config}.yaml').is_file(), row.config


def test_every_file_the_readme_names_exists():
    import re
    readme = (ROOT / 'README.md').read_text('utf-8')
    named = re.findall(r'`((?:crslab_causal|config|benchmarks)/[\w./*-]*|run_crslab\.py|requirements\.txt)`', readme)

    assert len(named) > 8
    for name in named:
        assert list(ROOT.glob(name.rstrip('/'))), name
