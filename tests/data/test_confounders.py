"""Strata of the confounder: the keys they depend on, their edges, and P(C)."""

import copy
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from crslab_causal.base.errors import UserError
from crslab_causal.data.confounders import ADJUSTMENTS, UNKNOWN_STRATUM, Confounder, quantile_edges

ITEMS = [10, 11, 12, 13, 14]
GENRES = [('Comedy',), ('Comedy', 'Drama'), ('Horror',), (), ('Horror', 'Drama')]
SIDE_DATA = {'item_entity_ids': ITEMS, 'item_genres': GENRES}
PERSON = 3
CONTEXT = {'season': 'winter', 'mood': 'tired', 'companions': 'alone'}
KINDS = ADJUSTMENTS[1:]


def sample(item, mentions=(), turn=1, context=CONTEXT, conv_id='c'):
    return {
        'item': item,
        'conv_id': conv_id,
        'turn': turn,
        'context_mentions': list(mentions),
        'context_items': [m for m in mentions if m in ITEMS],
        'scm': {'context': context},
    }


samples = st.lists(
    st.builds(
        sample,
        st.sampled_from(ITEMS),
        st.lists(st.sampled_from([*ITEMS, PERSON]), max_size=4),
        st.integers(1, 9),
        st.fixed_dictionaries(
            {'season': st.sampled_from(['winter', 'spring']), 'mood': st.just('tired'), 'companions': st.just('alone')}
        ),
        st.sampled_from('abcdef'),
    ),
    min_size=1,
    max_size=25,
)


@limits(deadline=None, max_examples=30)
@given(train=samples, kind=st.sampled_from(KINDS), n_strata=st.integers(1, 6), seed=st.integers(0, 3))
def test_the_prior_is_the_share_of_training_samples_and_no_stratum_is_empty(train, kind, n_strata, seed):
    confounder = Confounder.fit(kind, train, SIDE_DATA, n_strata, seed)
    counts = Counter(confounder.stratum(s) for s in train)

    assert sorted(counts) == list(range(len(confounder.names)))
    assert confounder.prior.tolist() == pytest.approx([counts[i] / len(train) for i in range(len(counts))])
    if kind != 'context':
        assert len(counts) <= n_strata + (kind != 'turn')


@limits(deadline=None, max_examples=30)
@given(train=samples, other=samples, kind=st.sampled_from(KINDS))
def test_strata_do_not_depend_on_the_label(train, other, kind):
    confounder = Confounder.fit(kind, train, SIDE_DATA)
    for s in other:
        assert len({confounder.stratum({**s, 'item': item}) for item in (*ITEMS, 999)}) == 1
        assert confounder.stratum({k: v for k, v in s.items() if k != 'item'}) == confounder.stratum(s)


@limits(deadline=None, max_examples=30)
@given(train=samples, kind=st.sampled_from(KINDS))
def test_equal_samples_give_equal_strata(train, kind):
    first, second = (Confounder.fit(kind, copy.deepcopy(train), SIDE_DATA, seed=5) for _ in range(2))

    assert first.names == second.names and first.prior.tolist() == second.prior.tolist()
    assert list(map(first.stratum, train)) == list(map(second.stratum, train))


@given(values=st.lists(st.integers(0, 6), min_size=1, max_size=40), n_bins=st.integers(1, 7))
def test_bin_edges_are_values_and_no_bin_is_empty(values, n_bins):
    edges = quantile_edges(values, n_bins)
    bins = np.searchsorted(edges, values)

    assert set(edges) <= set(values) and len(edges) < n_bins
    assert sorted(set(bins)) == list(range(len(edges) + 1))
    for edge in edges:  # some quantile falls on each edge
        share = np.mean(np.array(values) <= edge)
        below = np.mean(np.array(values) < edge)
        assert any(below - 1e-9 <= i / n_bins <= share + 1e-9 for i in range(1, n_bins))


def test_popularity_equals_a_computation_by_hand():
    # labels: 10 four times, 11 once, 12 once; means of log(1 + count): log 5, log 2, their mean
    train = [
        sample(10, [11]),
        sample(10, [10]),
        sample(10, [10, 11, PERSON, 10]),
        sample(10, [PERSON]),
        sample(11, [12]),
        sample(12, [13]),
    ]
    confounder = Confounder.fit('popularity', train, SIDE_DATA, n_strata=2)

    # values: log 2, log 5, (log 5 + log 2) / 2, -, log 2, 0: the median of five is log 2
    assert [confounder.stratum(s) for s in train] == [1, 2, 2, 0, 1, 1]
    assert confounder.prior.tolist() == pytest.approx([1 / 6, 3 / 6, 2 / 6])
    assert confounder.names == ('no item', 'popularity at most 0.6931', 'popularity above 0.6931')


def test_turns_equal_a_merge_by_hand():
    train = [sample(10, turn=turn) for turn in (1, 1, 1, 1, 3, 3, 5, 7)]
    confounder = Confounder.fit('turn', train, SIDE_DATA, n_strata=4)

    assert confounder.names == ('turn at most 1', 'turn above 1, at most 3', 'turn above 3')
    assert confounder.prior.tolist() == [0.5, 0.25, 0.25]
    assert confounder.stratum(sample(10, turn=2)) == 1 and confounder.stratum(sample(10, turn=50)) == 2


def test_similar_genre_mixes_are_in_one_cluster():
    train = [sample(11, m) for m in ([10], [10, 11], [11], [12], [12, 14], [14, 13], [13], [PERSON])]
    confounder = Confounder.fit('genre', train, SIDE_DATA, n_strata=2)
    strata = [confounder.stratum(s) for s in train]

    assert len(set(strata[:3])) == len(set(strata[3:6])) == 1 and strata[6:] == [0, 0]
    assert len({strata[0], strata[3], 0}) == 3
    names = {confounder.names[strata[0]], confounder.names[strata[3]]}
    assert names == {'Comedy 75 %, Drama 25 %', 'Horror 75 %, Drama 25 %'}


def test_random_strata_are_uniform_and_independent_of_turn_and_item():
    train = [
        sample(item, [item], turn, conv_id=f'c{number}') for number in range(600) for turn, item in enumerate(ITEMS)
    ]
    confounder = Confounder.fit('random', train, SIDE_DATA, 4, seed=1)
    drawn = np.array([confounder.stratum(s) for s in train])

    assert confounder.prior == pytest.approx([0.25] * 4, abs=0.03)
    for key in ('turn', 'item'):
        values = np.array([s[key] for s in train])
        for value in set(values):
            assert np.bincount(drawn[values == value]) / 600 == pytest.approx(confounder.prior, abs=0.07)
    assert [Confounder.fit('random', train, SIDE_DATA, 4, seed=2).stratum(s) for s in train] != drawn.tolist()


def test_context_strata_are_the_true_contexts():
    other = CONTEXT | {'mood': 'restless'}
    confounder = Confounder.fit('context', [sample(10), sample(10, context=other), sample(11, [12])], SIDE_DATA)

    assert confounder.names == ('winter, tired, alone', 'winter, restless, alone')
    assert confounder.prior.tolist() == pytest.approx([2 / 3, 1 / 3])


def test_a_stratum_without_training_samples_is_unknown():
    confounder = Confounder.fit('popularity', [sample(10, [10]), sample(11, [11])], SIDE_DATA)
    assert confounder.stratum(sample(10, [])) == UNKNOWN_STRATUM


def test_samples_with_a_label_outside_the_catalogue_are_ignored():
    train = [sample(10, turn=1), sample(999, turn=2), sample(999, turn=3)]
    assert Confounder.fit('turn', train, SIDE_DATA).names == ('any turn',)


@pytest.mark.parametrize(
    'kind, side_data, drop, line',
    [
        ('genre', {'item_entity_ids': ITEMS, 'item_genres': [()] * 5}, (), 'needs the genres of the items'),
        ('genre', {'item_entity_ids': ITEMS}, (), 'needs the genres of the items'),
        ('context', SIDE_DATA, ('scm',), 'needs dataset: CausalDemo'),
        ('turn', {'item_entity_ids': [1]}, (), 'none of them has an item as its label'),
    ],
)
def test_missing_data_are_an_error_of_one_line(kind, side_data, drop, line):
    train = [{key: value for key, value in sample(10, [10]).items() if key not in drop}]
    with pytest.raises(UserError, match=f'^adjustment: .*{line}') as error:
        Confounder.fit(kind, train, side_data)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('name, shares', [('ReDial', 6), ('OpenDialKG', 6)])
def test_real_data_have_strata_of_every_kind_except_context(name, shares, load_real, make_config):
    from crslab_causal.config import Config
    from crslab_causal.crslab_compat import get_dataloader

    dataset = load_real(name)
    loader = get_dataloader(
        Config(make_config(content={'dataset': name, 'model': 'CausalKBRD'})), dataset.train_data, dataset.vocab
    )
    for kind in ('popularity', 'turn', 'genre', 'random'):
        confounder = Confounder.fit(kind, loader.samples, dataset.side_data)
        assert 3 <= len(confounder.names) <= shares and confounder.prior.sum() == pytest.approx(1)
        assert confounder.prior.min() > 0.005
