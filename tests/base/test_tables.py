"""Tables in Markdown."""

import pytest

from crslab_causal.base.tables import escape_cell, markdown_table


def test_the_first_columns_are_aligned_to_the_left_and_the_others_to_the_right():
    assert markdown_table(['model', 'R@1', 'R@10'], [['a', '1', '2'], ['b', '', '4']]) == (
        '| model | R@1 | R@10 |\n|---|---:|---:|\n| a | 1 | 2 |\n| b |  | 4 |'
    )
    assert markdown_table(['rank', 'value'], [], left=0) == '| rank | value |\n|---:|---:|'
    assert markdown_table(['a', 'b', 'c'], [], left=2).splitlines()[1] == '|---|---|---:|'


def test_a_row_with_a_missing_cell_is_refused():
    with pytest.raises(ValueError, match='a row has 1 cells, but the table has 2 columns'):
        markdown_table(['a', 'b'], [['1', '2'], ['3']])


def test_an_escaped_cell_is_one_line_without_a_bare_bar():
    assert escape_cell('P(Y | do(X))\n and  more') == 'P(Y \\| do(X)) and more'
