"""Figure 4: what it says, and that it can be drawn of whatever a run leaves behind."""

import numpy as np
import pytest

from crslab_causal.experiments.reporting.figures.rank_shift import ONE_MODEL, TWO_MODELS, Samples, draw_rank_shift
from crslab_causal.experiments.reporting.figures.style import save

pytestmark = pytest.mark.filterwarnings('error::UserWarning', 'error::RuntimeWarning')  # Matplotlib's and NumPy's
NAN, INF = np.nan, np.inf


def samples(n=400, seed=0, title='ReDial', kl=True):
    """Ranks as an intervention leaves them: many of the first, falls through the whole catalogue."""
    rng = np.random.default_rng(seed)
    before = np.ceil(rng.lognormal(2.5, 1.5, n))
    after = np.maximum(1, np.ceil(before * rng.lognormal(0.5, 1.5, n)))
    after[::5] = 3462.5
    return Samples(title, before, after, rng.exponential(2, n) if kl else None, np.arange(n) // 3)


@pytest.mark.parametrize('wide', [False, True])
@pytest.mark.parametrize('reading', [ONE_MODEL, TWO_MODELS])
def test_it_can_be_read(read_figure, wide, reading):
    texts = read_figure(draw_rank_shift([samples(), samples(4000, 1, 'OpenDialKG')], reading, wide))
    assert {'(a) ReDial', '(b) OpenDialKG', '(c) ReDial', '(c) OpenDialKG', reading.shift, reading.kl} <= set(texts)


def test_it_counts(read_figure):
    before = [1, 1, 2, 7, 7, 30, 51, 900, NAN, 2]
    after = [1, 4, 1, 7, 2, 33, 1, 1, 1, INF]
    figure = draw_rank_shift([Samples('demo', np.array(before), np.array(after), np.arange(10.0))])
    texts = read_figure(figure)

    # columns of 5 ranks: above 1, 1, 0 ...; unchanged 1, 1, 0 ...; below 2, 0, 0, 0, 0, 1 ...
    per_column = np.array([text.get_text() for text in figure.axes[0].texts], int).reshape(10, 3)
    np.testing.assert_array_equal(per_column.T, [[1, 1] + [0] * 8, [1, 1] + [0] * 8, [2, 0, 0, 0, 0, 1] + [0] * 4])
    assert 'rank without intervention\n7 samples; 2 more beyond rank 50, 1 without a rank' in texts
    assert 'original rank\n2 ▲, 3 ▼, 2 unchanged' in texts


def test_without_divergences_there_is_no_panel_c(read_figure):
    for panel in (samples(kl=False), samples()._replace(kl=np.full(400, NAN))):
        texts = read_figure(draw_rank_shift([panel, panel]))
        assert '(b) ReDial' in texts and '(c) ReDial' not in texts and ONE_MODEL.kl not in texts


def test_divergences_of_one_dataset_only(read_figure):
    texts = read_figure(draw_rank_shift([samples(kl=False), samples(title='OpenDialKG')], wide=True))
    assert '(c) OpenDialKG' in texts and '(c) ReDial' not in texts


def panel(*columns):
    return Samples('edge', *(np.array(column, float) for column in columns))


EDGE_CASES = {
    'no sample': panel([], [], []),
    'one sample': panel([3], [8], [0.5]),
    'one that rises': panel([3], [1], [0.5]),
    'nothing shifts': panel([1, 2], [1, 2], [0, 0]),
    'all beyond rank 50': panel([51, 900, INF], [1, 2, 3], [1, 1, 1]),
    'no ranks': panel([NAN, NAN], [NAN, 2], [1, 1]),
    'no rank with the intervention': panel([1, 2, 3], [NAN, NAN, NAN], [NAN, NAN, NAN]),
    'all leave the list': panel([1, 2, 3], [INF, INF, INF], [1, 2, 3]),
    'falls through a huge catalogue': panel([1, 2], [1e7, 3], [1, 2]),
    'divergences that are no numbers': panel([1, 2, 3], [2, 3, 4], [INF, NAN, 1]),
}


@pytest.mark.parametrize('case', EDGE_CASES)
def test_edge_cases(case, read_figure):
    read_figure(draw_rank_shift([EDGE_CASES[case]]))


def test_edge_cases_beside_one_another(read_figure):
    read_figure(draw_rank_shift([EDGE_CASES['no sample'], EDGE_CASES['all leave the list']], wide=True))


def test_no_dataset(read_figure):
    assert 'no data' in read_figure(draw_rank_shift([]))


def test_the_same_bytes(tmp_path):
    first, second = (save(draw_rank_shift([samples(kl=False)]), tmp_path / name) for name in 'ab')
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
