"""Curves of a metric over a setting."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from crslab_causal.experiments.reporting.figures.curves import Panel, Series, draw_curves
from crslab_causal.experiments.reporting.figures.style import save

pytestmark = pytest.mark.filterwarnings('error::UserWarning', 'error::RuntimeWarning')  # Matplotlib's and NumPy's
ALPHA = Series('valid', [0, 0.5, 1, 2, 4], [41, 41.5, 42, 42.2, 40], [0.5, 0.4, 0.6, 0.5, 0.9])
MODE = Series('valid', ['zero', 'noise', 'learned'], [41, 40, 41.5], [0.5, 0.4, None])


def drawn(figure, name):
    """Return x and y of the line of a series, in each panel that has it."""
    return [
        handle.get_xydata()
        for axes in figure.axes
        for handle, label in zip(*axes.get_legend_handles_labels())
        if label == name and hasattr(handle, 'get_xydata')
    ]


@pytest.mark.parametrize('wide', [False, True])
def test_a_figure_with_two_panels_has_one_legend(read_figure, wide):
    names = ['paper, as it is', 'w/o causal', 'adjusted for popularity', 'adjusted for the true context']
    strength = [0, 0.25, 0.5, 0.75, 1]
    recall = [Series(n, strength, [40 + i - 9 * x for x in strength], [1] * 5) for i, n in enumerate(names)]
    distance = [Series(n, strength, [i / 9 + x for x in strength], [0.1] * 5) for i, n in enumerate(names)]
    panels = [Panel('Recall@50 in %', recall), Panel('distance to P(Y | do(X))', distance)]
    texts = read_figure(draw_curves(panels, 'strength of confounding', wide=wide))
    assert {
        *names,
        'Recall@50 in %',
        'distance to P(Y | do(X))',
        'strength of confounding',
        '95 % interval over seeds',
    } <= set(texts)
    assert all(texts.count(name) == 1 for name in names)  # one legend for both


def test_numeric_settings_are_placed_to_scale_in_any_order():
    shuffled = Series('test', [4, 0, 2], [1.0, None, 3.0], [0.1, None, None])
    figure = draw_curves([Panel('y', [ALPHA, shuffled])], 'α')
    (valid,), (test,) = drawn(figure, 'valid'), drawn(figure, 'test')
    np.testing.assert_array_equal(valid, np.transpose([ALPHA.x, ALPHA.mean]))
    np.testing.assert_array_equal(test, [[0, math.nan], [2, 3], [4, 1]])


def test_many_series_are_drawn_a_little_apart():
    series = [ALPHA._replace(name=f'{i}') for i in range(6)]
    figure = draw_curves([Panel('y', series)], 'α')
    x = np.stack([drawn(figure, s.name)[0][:, 0] for s in series])
    assert len(np.unique(x)) == x.size and (np.diff(x, axis=0) > 0).all()
    np.testing.assert_allclose(x.mean(0), ALPHA.x, atol=1e-12)
    assert np.ptp(x, axis=0).max() < 0.5 / 2  # less than half of the distance to the next setting


def test_settings_that_are_names_are_placed_side_by_side(read_figure):
    other = MODE._replace(name='test', x=['noise', 'zero', 'other'])
    figure = draw_curves([Panel('y', [MODE, other])], 'M', marked='zero')
    (valid,), (test,) = drawn(figure, 'valid'), drawn(figure, 'test')
    np.testing.assert_array_equal(valid[:, 0].round(), [0, 1, 2])
    np.testing.assert_array_equal(test[:, 0].round(), [0, 1, 3])
    assert not set(valid[:, 0]) & set(test[:, 0])
    texts = read_figure(figure)
    assert {'zero', 'noise', 'learned', 'other', "paper's setting", 'one seed'} <= set(texts)


def test_a_series_has_one_style_in_all_panels():
    other = ALPHA._replace(name='test')
    figure = draw_curves([Panel('y', [ALPHA, other]), Panel('z', [other])], 'α')
    looks = [
        {
            label: handle.get_color()
            for handle, label in zip(*axes.get_legend_handles_labels())
            if label in ('valid', 'test')
        }
        for axes in figure.axes
    ]
    assert looks[1]['test'] == looks[0]['test'] != looks[0]['valid']


def test_the_legend_explains_only_what_is_drawn(read_figure):
    texts = read_figure(draw_curves([Panel('y', [ALPHA])], 'α', marked=3))
    assert 'one seed' not in texts and "paper's setting" not in texts and '95 % interval over seeds' in texts
    texts = read_figure(draw_curves([Panel('y', [ALPHA._replace(half_width=[None] * 5)])], 'α', marked=2))
    assert 'one seed' in texts and "paper's setting" in texts and '95 % interval over seeds' not in texts


@pytest.mark.parametrize(
    'panels',
    [
        [],
        [Panel('y', [])],
        [Panel('y', [Series('a', [], [], [])])],
        [Panel('y', [Series('a', [1], [math.nan], [None])]), Panel('z', [ALPHA])],
        [Panel('y', [Series('a', ['x'], [None], [None])])],
    ],
)
@pytest.mark.parametrize('marked', [1, 'x', None])
def test_panels_without_data_say_so(panels, marked, read_figure):
    assert 'no data' in read_figure(draw_curves(panels, 'x', marked=marked))


def test_the_legend_fits_many_series_with_long_names(read_figure):
    series = [ALPHA._replace(name=f'{i}: adjusted for the popularity of the item that was mentioned') for i in range(9)]
    assert len([t for t in read_figure(draw_curves([Panel('y', series)], 'α')) if 'adjusted' in t]) == 9


def test_settings_are_names_if_one_of_them_is_not_a_number(read_figure):
    texts = read_figure(draw_curves([Panel('y', [Series('a', [1, 'all', False], [1, 2, 3], [1, 2, 3])])], 'x'))
    assert {'1', 'all', 'False'} <= set(texts)


def test_references_are_grey_and_in_the_legend(read_figure):
    known = Series('the true P(Y | X)', [0, 4], [40, 41], [None, None])
    figure = draw_curves([Panel('y', [ALPHA], references=[known]), Panel('z', [], references=[known])], 'α')
    assert [line.tolist() for line in drawn(figure, known.name)] == [[[0, 40], [4, 41]]] * 2
    texts = read_figure(figure)
    assert texts.count(known.name) == 1 and 'no data' not in texts and 'one seed' not in texts


def test_a_series_with_columns_of_different_lengths_is_refused():
    with pytest.raises(ValueError, match='2 settings, 1 means'):
        draw_curves([Panel('y', [Series('a', [1, 2], [1], [1])])], 'x')


POINT = st.tuples(
    st.floats(0, 100),
    st.one_of(st.none(), st.floats(-1e3, 1e3), st.just(math.nan)),
    st.one_of(st.none(), st.floats(0, 1e3)),
)


@limits(deadline=None, max_examples=8)
@given(st.lists(st.lists(POINT, max_size=4), max_size=3))
def test_any_points_are_drawn_where_they_are(lists):
    series = [Series(f'{i}', *(zip(*points) if points else ((), (), ()))) for i, points in enumerate(lists)]
    figure = draw_curves([Panel('y', series)], 'x')
    figure.canvas.draw()
    for one in series:
        (line,) = drawn(figure, one.name)
        points = sorted(zip(one.x, one.mean), key=lambda point: point[0])
        np.testing.assert_array_equal(line, np.array(points, float).reshape(-1, 2))
    is_empty = not any(mean is not None and math.isfinite(mean) for one in series for mean in one.mean)
    assert any(text.get_text() == 'no data' for text in figure.axes[0].texts) == is_empty


def test_equal_series_give_equal_bytes(tmp_path):
    first, second = (save(draw_curves([Panel('y', [MODE])], 'M', marked='zero'), tmp_path / name) for name in 'ab')
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
