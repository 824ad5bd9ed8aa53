"""Figure 4: its numbers and labels, and that it can be drawn from any record."""

import re

import numpy as np
import pytest

from crslab_causal.experiments.analysis.figure4 import PanelSamples, histogram_record, kl_record
from crslab_causal.experiments.analysis.record import FigureRecord, PanelRecord
from crslab_causal.experiments.analysis.shifts import largest_fall
from crslab_causal.experiments.reporting.figures.rank_shift import LABELS, draw_rank_shift
from crslab_causal.experiments.reporting.figures.style import save

pytestmark = pytest.mark.filterwarnings('error::UserWarning', 'error::RuntimeWarning')  # Matplotlib's and NumPy's
NAN, INF = np.nan, np.inf


def figure(*panels, reading='one_model'):
    """Return the record of a figure from the title and the samples of each panel."""
    reach = max((largest_fall(samples.rank_without, samples.rank_with) for _, samples in panels), default=0)
    return FigureRecord(
        name='shift',
        reading=reading,
        panels=[
            PanelRecord(
                title=title, split='valid', runs=[], histogram=histogram_record(samples, reach), kl=kl_record(samples)
            )
            for title, samples in panels
        ],
    )


def draw_samples(n=400, seed=0, kl=True):
    """Return ranks with the features of real ones: many low ranks, and falls through the whole catalogue."""
    rng = np.random.default_rng(seed)
    before = np.ceil(rng.lognormal(2.5, 1.5, n))
    after = np.maximum(1, np.ceil(before * rng.lognormal(0.5, 1.5, n)))
    after[::5] = 3462.5
    return PanelSamples(before, after, rng.exponential(2, n) if kl else np.full(n, NAN), np.arange(n) // 3)


@pytest.mark.parametrize('wide', [False, True])
@pytest.mark.parametrize('reading', LABELS)
def test_all_texts_can_be_read(read_figure, wide, reading):
    record = figure(('ReDial', draw_samples()), ('OpenDialKG', draw_samples(4000, 1)), reading=reading)
    texts = read_figure(draw_rank_shift(record, wide))
    labels = LABELS[reading]
    assert {'(a) ReDial', '(b) OpenDialKG', '(c) ReDial', '(c) OpenDialKG'} <= panels(texts)
    assert {labels.shift, labels.kl} <= set(texts)


def panels(texts):
    """Return the letters and datasets of the titles."""
    return {text.split(':')[0] for text in texts if text.startswith('(')}


def test_the_numbers_of_samples_are_shown(read_figure):
    before = [1, 1, 2, 7, 7, 30, 51, 900, NAN, 2]
    after = [1, 4, 1, 7, 2, 33, 1, 1, 1, INF]
    drawn = draw_rank_shift(figure(('demo', panel(before, after, np.arange(10)))))
    texts = read_figure(drawn)

    # columns of 5 ranks: above 1, 1, 0 ...; unchanged 1, 1, 0 ...; below 2, 0, 0, 0, 0, 1 ...
    per_column = np.array([text.get_text() for text in drawn.axes[0].texts], int).reshape(10, 3)
    np.testing.assert_array_equal(per_column.T, [[1, 1] + [0] * 8, [1, 1] + [0] * 8, [2, 0, 0, 0, 0, 1] + [0] * 4])
    assert 'rank without intervention\n7 samples; 2 more beyond rank 50, 1 without a rank' in texts
    assert 'original rank\n2 ▲, 3 ▼, 2 unchanged' in texts
    assert '(a) demo: 2 labels rise, 3 fall' in texts


def test_the_title_counts_the_ranges_in_which_falling_labels_have_the_higher_divergence(read_figure):
    before, after = [1, 2, 11, 12, 21], [3, 1, 13, 10, 22]
    texts = read_figure(draw_rank_shift(figure(('demo', panel(before, after, [0.9, 0.1, 0.2, 0.3, 0.4])))))
    assert '(b) demo: higher for ▼ in 1 of 2 ranges' in [text.replace('\n', ' ') for text in texts]


def test_without_divergences_there_is_no_panel_c(read_figure):
    samples = draw_samples(kl=False)
    texts = read_figure(draw_rank_shift(figure(('ReDial', samples), ('ReDial', samples))))
    assert '(b) ReDial' in panels(texts) and '(c) ReDial' not in panels(texts)
    assert LABELS['one_model'].kl not in texts


def test_divergences_of_one_dataset_only(read_figure):
    record = figure(('ReDial', draw_samples(kl=False)), ('OpenDialKG', draw_samples()))
    texts = read_figure(draw_rank_shift(record, wide=True))
    assert '(c) OpenDialKG' in panels(texts) and '(c) ReDial' not in panels(texts)


def panel(before, after, kl):
    """Return samples that are of one conversation each."""
    return PanelSamples(*(np.array(column, float) for column in (before, after, kl)), np.arange(len(before)))


# samples, and the numbers that the figure shows: in the map, beyond rank 50, without a rank, rising and falling
EDGE_CASES = {
    'no sample': (panel([], [], []), (0, 0, 0, 0, 0)),
    'one sample': (panel([3], [8], [0.5]), (1, 0, 0, 0, 1)),
    'one that rises': (panel([3], [1], [0.5]), (1, 0, 0, 1, 0)),
    'nothing shifts': (panel([1, 2], [1, 2], [0, 0]), (2, 0, 0, 0, 0)),
    'all beyond rank 50': (panel([51, 900, INF], [1, 2, 3], [1, 1, 1]), (0, 3, 0, 0, 0)),
    'no ranks': (panel([NAN, NAN], [NAN, 2], [1, 1]), (0, 0, 2, 0, 0)),
    'no rank with the intervention': (panel([1, 2, 3], [NAN, NAN, NAN], [NAN, NAN, NAN]), (0, 0, 3, 0, 0)),
    'all leave the list': (panel([1, 2, 3], [INF, INF, INF], [1, 2, 3]), (3, 0, 0, 0, 3)),
    'falls through a huge catalogue': (panel([1, 2], [1e7, 3], [1, 2]), (2, 0, 0, 0, 2)),
    'divergences that are not numbers': (panel([1, 2, 3], [2, 3, 4], [INF, NAN, 1]), (3, 0, 0, 0, 3)),
}


def shown_counts(axes):
    """Return the numbers in the title and below a map, in the order of those of ``EDGE_CASES``."""
    rise, fall = re.search(r'(\d+) labels rise, (\d+) fall', axes.get_title(loc='left').replace('\n', ' ')).groups()
    below = axes.get_xlabel()
    inside, beyond = re.search(r'(\d+) samples; (\d+) more beyond rank 50', below).groups()
    missing = re.search(r'(\d+) without a rank', below)
    return tuple(map(int, (inside, beyond, missing[1] if missing else 0, rise, fall)))


@pytest.mark.parametrize('case', EDGE_CASES)
def test_edge_cases_are_counted_and_can_be_drawn(case, read_figure):
    samples, counts = EDGE_CASES[case]
    drawn = draw_rank_shift(figure((case, samples)))
    read_figure(drawn)
    assert shown_counts(drawn.axes[0]) == counts


def test_edge_cases_are_counted_and_can_be_drawn_side_by_side(read_figure):
    cases = ('no sample', 'all leave the list')
    drawn = draw_rank_shift(figure(*((case, EDGE_CASES[case][0]) for case in cases)), wide=True)
    read_figure(drawn)
    assert [shown_counts(axes) for axes in drawn.axes[:2]] == [EDGE_CASES[case][1] for case in cases]


def test_a_figure_without_panels_says_so(read_figure):
    assert 'no data' in read_figure(draw_rank_shift(figure()))


def test_equal_records_give_equal_bytes(tmp_path):
    record = figure(('ReDial', draw_samples(kl=False)))
    first, second = (save(draw_rank_shift(record), tmp_path / name) for name in 'ab')
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
