"""Ranks that a run has written, and those of two runs side by side."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from crslab_causal.base.errors import UserError
from crslab_causal.evaluator.report import save_records
from crslab_causal.experiments.analysis.ranks import Ranks, pair, read_ranks


def record(conversation='c1', turn=3, label=7, **more):
    return {'conversation': conversation, 'turn': turn, 'label': label, 'label_name': 'Ran', 'rank': 2.5,
            'rank_unseen': 2.0, 'rank_intervened': 8.0, 'kl': 0.25, 'repeat': False, 'history': 4} | more


def columns(keys, rank, source='a'):
    """Ranks of samples with these keys (conversation, turn, label)."""
    n = len(keys)
    conversation, turn, label = zip(*keys) if keys else ((), (), ())
    rank = np.array(rank, float)
    return Ranks(np.array(conversation, str), np.array(turn, int), np.array(label, int), rank, rank, rank, rank,
                 np.zeros(n, bool), np.zeros(n, int), source)


def test_reads_what_the_system_saves(tmp_path):
    path = tmp_path / 'ranks_valid.jsonl'
    save_records(path, [record(), record('c2', repeat=True, rank=float('inf'), kl=float('nan'))])
    ranks = read_ranks(path)

    assert ranks.conversation.tolist() == ['c1', 'c2'] and ranks.label.tolist() == [7, 7]
    assert ranks.repeat.tolist() == [False, True] and ranks.repeat.dtype == bool
    np.testing.assert_array_equal(ranks.rank, [2.5, np.nan])
    np.testing.assert_array_equal(ranks.kl, [0.25, np.nan])
    assert ranks.take(ranks.repeat).conversation.tolist() == ['c2']
    assert ranks.take(ranks.repeat).source == str(path)


def test_files_from_before_the_kl_was_written(tmp_path):
    path = tmp_path / 'ranks_test.jsonl'
    old = record()
    del old['kl'], old['rank_unseen']
    path.write_text(json.dumps(old) + '\n')
    assert np.isnan(read_ranks(path).kl).all() and np.isnan(read_ranks(path).rank_unseen).all()


def test_no_samples(tmp_path):
    (tmp_path / 'empty.jsonl').write_text('')
    ranks = read_ranks(tmp_path / 'empty.jsonl')
    assert len(ranks.rank) == len(ranks.conversation) == 0
    assert [len(side.rank) for side in pair(ranks, ranks)] == [0, 0]


@pytest.mark.parametrize('line, said', [('{', 'line 2'), ('{"turn": 1}', 'line 2: conversation'), ('', 'line 2'),
                                        (json.dumps(record(rank='high')), 'line 2: rank')])
def test_a_line_that_is_no_record(tmp_path, line, said):
    path = tmp_path / 'ranks.jsonl'
    path.write_text(json.dumps(record()) + f'\n{line}\n')
    with pytest.raises(UserError, match=said) as caught:
        read_ranks(path)
    assert str(path) in str(caught.value) and '\n' not in str(caught.value)


@pytest.mark.parametrize('content', [None, b'\xff\xfe'])
def test_a_file_that_cannot_be_read(tmp_path, content):
    if content:
        (tmp_path / 'ranks.jsonl').write_bytes(content)
    with pytest.raises(UserError, match='cannot be read'):
        read_ranks(tmp_path / 'ranks.jsonl')


KEYS = st.lists(st.tuples(st.sampled_from(['1', '10', 'a']), st.integers(0, 2), st.integers(0, 2)), max_size=12)


@limits(deadline=None)
@given(KEYS, st.randoms(use_true_random=False))
def test_pairs_sample_by_sample(keys, random):
    first = columns(keys, range(len(keys)))
    order = list(range(len(keys)))
    random.shuffle(order)
    second = columns([keys[i] for i in order], [100 + i for i in range(len(order))], 'b')
    a, b = pair(first, second)

    assert a.rank.tolist() == list(range(len(keys)))
    for i, key in enumerate(keys):  # the n-th of equal keys with the n-th
        occurrence = keys[:i].count(key)
        alike = [rank for rank, j in zip(second.rank, order) if keys[j] == key]
        assert b.rank[i] == alike[occurrence]


@pytest.mark.parametrize('keys, holder', [
    ([('1', 1, 5)], 'a.jsonl'), ([('1', 1, 5), ('1', 1, 6), ('1', 1, 5)], 'b.jsonl'),
    ([('1', 1, 5), ('2', 1, 6)], 'a.jsonl'), ([], 'a.jsonl')])
def test_not_the_same_samples(keys, holder):
    first = columns([('1', 1, 5), ('1', 1, 6)], [1, 2], 'a.jsonl')
    with pytest.raises(UserError, match='not of the same samples') as caught:
        pair(first, columns(keys, range(len(keys)), 'b.jsonl'))
    assert f'in {holder}; compare' in str(caught.value)
