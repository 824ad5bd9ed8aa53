"""The scores of one row on three splits stand beside each other, as the records have them."""

from __future__ import annotations

import numpy as np
import pytest

import tiny
from crslab_causal.base.errors import UserError
from crslab_causal.experiments.reporting.splits import METRICS, PAGE, PLACES, main, read_tables, splits_page

RESULTS = tiny.ROOT / 'results'


def cells(page: str) -> dict[str, list[str]]:
    """Return the cells of each row of a table by its first cell."""
    lines = [[cell.strip() for cell in line.strip('|').split('|')] for line in page.splitlines() if line[:1] == '|']
    return {first: others for first, *others in lines}


def test_a_cell_is_the_mean_over_the_seeds_of_the_record():
    tables = read_tables(RESULTS)
    page = cells(splits_page(tables))
    assert len(page['ReDial']) == sum(map(len, METRICS.values())) * len(PLACES)
    row = "Transition counts, with the seeker's items"
    for column, title in enumerate(PLACES):
        scores = next(r for r in tables[title].rows if r.title == row).scores['all']['recall@10']
        assert page[row][column] == f'{100 * np.mean(scores):.1f}'


def test_the_committed_table_agrees_with_the_records():
    """A cell may be empty in the file and not in the records, if a run was scored later; it may not differ."""
    committed, now = (cells(text) for text in ((RESULTS / PAGE).read_text('utf-8'), splits_page(read_tables(RESULTS))))
    assert committed.keys() == now.keys()
    assert all(old in ('', new) for row in committed for old, new in zip(committed[row], now[row], strict=True))


def test_the_latest_conversations_are_nearer_to_the_official_test_than_valid_is():
    """The sentence of ``docs/results/late.md``."""
    tables = read_tables(RESULTS).values()
    for row in ('Transition counts', "Transition counts, with the seeker's items", 'Item cosine', 'EASE'):
        valid, late, official = (
            100 * np.mean(next(r for r in table.rows if r.title == row).scores['all']['recall@50']) for table in tables
        )
        assert 7 <= valid - official <= 9.5 and 0 <= late - official <= 2


def test_a_row_that_a_record_lacks_has_an_empty_cell():
    tables = read_tables(RESULTS)
    official = tables['official test'].model_copy(update={'rows': []})
    for title, row in cells(splits_page({**tables, 'official test': official})).items():
        if title not in ('ReDial', '---'):
            assert row[2::3] == [''] * 3 and all(row[0::3] + row[1::3])


def test_a_missing_record_is_reported_in_one_line(tmp_path, capsys):
    with pytest.raises(UserError, match='pool.json: does not exist; run `crslab-causal experiments pool` first'):
        read_tables(tmp_path)
    assert main(['--results', str(tmp_path)]) == 2
    assert capsys.readouterr().err.count('\n') == 1
