"""The table about rounding keeps rows that are not measured again, and shows what its record says."""

import json

from benchmarks import rounding
from page_blocks import read_block


def test_new_rows_replace_earlier_ones_and_the_order_is_that_of_the_settings():
    one, two, narrow = rounding.SETTINGS
    assert list(rounding.merged({narrow: 1, two: 2}, {two: 3, one: 4}).items()) == [(one, 4), (two, 3), (narrow, 1)]


def test_a_record_of_another_cpu_is_not_kept(monkeypatch):
    assert rounding.merged({}, {}) == {}
    monkeypatch.setattr(rounding, 'cpu_name', lambda: 'another CPU')
    assert rounding.earlier_runs() == {}


def test_the_committed_record_has_the_scores_of_the_committed_results():
    assert json.loads(rounding.RECORD.read_text('utf-8'))['records'] == rounding.seeds_of_results()


def test_the_committed_table_is_that_of_the_record():
    record = json.loads(rounding.RECORD.read_text('utf-8'))
    assert read_block(rounding.PAGE, rounding.BLOCK) == rounding.page(record)
