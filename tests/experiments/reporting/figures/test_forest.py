"""Forest plots of differences with their intervals."""

import math

import pytest

from crslab_causal.experiments.reporting.figures.forest import (
    NOT_SIGNIFICANT,
    Comparison,
    axis_limits,
    draw_forest,
    is_significant,
)
from crslab_causal.experiments.reporting.figures.style import save

pytestmark = pytest.mark.filterwarnings('error::UserWarning', 'error::RuntimeWarning')  # Matplotlib's and NumPy's
ROWS = [
    Comparison('w/o causal', -4.67, -6.4, -3.09, group='OpenDialKG'),
    Comparison('mention order: all', -0.9, -1.7, 0.1, group='OpenDialKG'),
    Comparison('Z = |N| and item bias', 5.3, 4.3, 6.3, group='ReDial'),
    Comparison('one seed', 1.25, math.nan, math.nan, group='ReDial'),
    Comparison('not run', math.nan, math.nan, math.nan, group='ReDial'),
]


@pytest.mark.parametrize(
    'low, high, verdict, expected',
    [
        (0.1, 2, None, True),
        (-2, -0.1, None, True),
        (-1, 1, None, False),
        (0, 1, None, False),
        (0.1, 2, False, False),
        (-1, 2, True, True),
        (math.nan, math.nan, None, False),
    ],
)
def test_a_row_is_significant_by_its_test_or_else_by_its_interval(low, high, verdict, expected):
    assert is_significant(Comparison('a', 0.5, low, high, verdict)) is expected


def test_all_texts_can_be_read(read_figure):
    texts = read_figure(draw_forest(ROWS, 'difference in points', 'Against the full model'))
    assert {'OpenDialKG', 'ReDial', 'difference in points', 'Against the full model'} <= set(texts)
    assert {row.name for row in ROWS} <= set(texts)
    assert {'−4.67 [−6.40, −3.09]', '+5.30 [4.30, 6.30]', '+1.25', '–'} <= set(texts)
    assert {'significant gain', 'significant loss', 'not significant', 'no interval'} <= set(texts)
    assert texts.count('ReDial') == 1


def test_a_long_title_is_wrapped(read_figure):
    title = 'The rows of Table 3 on valid, recommendation on OpenDialKG, the setting of the paper'
    texts = read_figure(draw_forest(ROWS, 'difference in points', title))  # fails if one is cut off
    assert title in [text.replace('\n', ' ') for text in texts]


def points(figure):
    """Return marker, colour and filling of each row."""
    return [
        (line.get_marker(), line.get_color(), line.get_markerfacecolor())
        for line in figure.axes[0].get_lines()
        if line.get_linestyle() == 'None'
    ]


def test_results_of_the_tests_differ_in_shape_and_colour():
    (loss, even, gain, single) = points(draw_forest(ROWS, 'x'))
    assert len({loss[0], even[0], gain[0]}) == len({loss[1], even[1], gain[1]}) == 3
    assert single[0] == even[0] and single[2] == 'white' != even[2]


def test_rows_go_from_top_to_bottom_and_zero_is_visible():
    figure = draw_forest(ROWS, 'x')
    axes = figure.axes[0]
    heights = [line.get_ydata()[0] for line in axes.get_lines() if line.get_linestyle() == 'None']
    assert heights == sorted(heights) and axes.get_ylim()[0] > axes.get_ylim()[1]
    low, high = draw_forest(ROWS[2:3], 'x').axes[0].get_xlim()
    assert low < 0 < high


@pytest.mark.parametrize(
    'rows',
    [
        [],
        ROWS[:1],
        ROWS[-1:],
        [Comparison('control: ' + 'mentions left out at random, ' * 3, 1, 0.5, 2)],
        [Comparison(f'row {i}', i - 15, i - 20, i - 10) for i in range(30)],
        [Comparison('huge', 1e4, -1e5, 1e5)],
        [Comparison('none', 0, 0, 0)],
    ],
)
def test_edge_cases_can_be_drawn(rows, read_figure):
    texts = read_figure(draw_forest(rows, 'x'))
    assert ('no data' in texts) == (not any(math.isfinite(row.mean) for row in rows))


def test_equal_rows_give_equal_bytes(tmp_path):
    first, second = (save(draw_forest(ROWS, 'x'), tmp_path / name) for name in 'ab')
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_large_losses_do_not_squeeze_the_gains():
    small = [Comparison('a', 5.0, 4.0, 6.0, True), Comparison('b', -1.0, -2.0, 0.5, False)]
    assert axis_limits(small) == (-2.0, 6.0)
    rows = [*small, Comparison('c', -45.0, -50.0, -40.0, True)]
    assert axis_limits(rows) == (-7.5, 6.0)
    figure = draw_forest(rows, 'x')
    assert [marker for marker, _, _ in points(figure)] == ['^', 'o', '<']
    assert figure.axes[0].get_xlim()[0] > -9


def test_an_axis_without_gains_shows_the_typical_loss():
    rows = [Comparison(str(i), -float(i), -float(i), -float(i)) for i in (1, 2, 3, 90)]
    assert axis_limits(rows) == (-3.125, 0.0)
    assert axis_limits([Comparison('a', 0.0, 0.0, 0.0)]) == (-1.0, 1.0)


def test_the_legend_explains_a_grey_interval_beside_zero(read_figure):
    texts = read_figure(draw_forest([Comparison('a', 2.0, 1.0, 3.0, False)], 'x'))
    assert NOT_SIGNIFICANT in texts
