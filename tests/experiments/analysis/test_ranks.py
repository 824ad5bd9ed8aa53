"""Reading the ranks of a run, and aligning those of two runs."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from crslab_causal.base.errors import UserError
from crslab_causal.evaluator.causal import CausalEvaluator
from crslab_causal.evaluator.metrics import per_sample_metric
from crslab_causal.evaluator.rank_line import RankLine
from crslab_causal.evaluator.report import save_records
from crslab_causal.experiments.analysis.ranks import LabelRanks, align, read_ranks


def record(conversation='c1', turn=3, label=7, **more):
    return {
        'conversation': conversation,
        'turn': turn,
        'label': label,
        'label_name': 'Ran',
        'rank': 2.5,
        'rank_unseen': 2.0,
        'rank_intervened': 8.0,
        'kl': 0.25,
        'repeat': False,
        'history': 4,
    } | more


def columns(keys, rank, source='a'):
    """Return ranks of samples with these keys (conversation, turn, label)."""
    n = len(keys)
    conversation, turn, label = zip(*keys) if keys else ((), (), ())
    rank = np.array(rank, float)
    return LabelRanks(
        np.array(conversation, str),
        np.array(turn, int),
        np.array(label, int),
        rank,
        rank,
        rank,
        rank,
        np.zeros(n, bool),
        np.zeros(n, int),
        source,
    )


def test_lines_of_the_evaluator_are_read(tmp_path):
    path = tmp_path / 'ranks_valid.jsonl'
    save_records(path, [record(), record('c2', repeat=True, rank=float('inf'), kl=float('nan'))])
    ranks = read_ranks(path)

    assert ranks.conversation.tolist() == ['c1', 'c2'] and ranks.label.tolist() == [7, 7]
    assert ranks.repeat.tolist() == [False, True] and ranks.repeat.dtype == bool
    np.testing.assert_array_equal(ranks.rank, [2.5, np.inf])
    np.testing.assert_array_equal(ranks.kl, [0.25, np.nan])
    assert ranks.take(ranks.repeat).conversation.tolist() == ['c2']
    assert ranks.take(ranks.repeat).source == str(path)


@pytest.mark.parametrize('metric', ['recall@10', 'ndcg@10', 'mrr@10'])
def test_a_label_that_is_not_ranked_scores_0(tmp_path, metric):
    path = tmp_path / 'ranks_valid.jsonl'
    save_records(path, [record(rank=1.0, rank_unseen=1.0), record('c2', rank=float('inf'), rank_unseen=float('inf'))])
    ranks = read_ranks(path)
    assert per_sample_metric(ranks.rank, metric).tolist() == [1.0, 0.0]
    assert per_sample_metric(ranks.rank_unseen, metric).tolist() == [1.0, 0.0]
    assert np.isnan(ranks.kl).sum() == 0


def test_the_schema_has_the_fields_that_the_evaluator_writes():
    evaluator = CausalEvaluator()
    one = torch.tensor([1])
    evaluator.rec_evaluate_scores(torch.rand(1, 3), one, one[:, None], one > 0, intervened=torch.rand(1, 3))
    sample = {'conv_id': 'c1', 'turn': 3, 'item': 7, 'context_entities': [7, 8]}
    (line,) = evaluator.records([sample], {7: 'Ran'})
    assert RankLine(**line).model_dump() == line


def test_files_of_older_releases_lack_some_columns(tmp_path):
    path = tmp_path / 'ranks_test.jsonl'
    old = record()
    del old['kl'], old['rank_unseen']
    path.write_text(json.dumps(old) + '\n')
    assert np.isnan(read_ranks(path).kl).all() and np.isnan(read_ranks(path).rank_unseen).all()


def test_file_without_samples_is_reported(tmp_path):
    (tmp_path / 'empty.jsonl').write_text('')
    ranks = read_ranks(tmp_path / 'empty.jsonl')
    assert len(ranks.rank) == len(ranks.conversation) == 0
    assert len(align(ranks, ranks).rank) == 0


@pytest.mark.parametrize(
    'line, message',
    [
        ('{', 'line 2'),
        ('{"turn": 1}', 'line 2: conversation'),
        ('', 'line 2'),
        (json.dumps(record(rank='high')), 'line 2: rank'),
    ],
)
def test_a_malformed_line_is_named(tmp_path, line, message):
    path = tmp_path / 'ranks.jsonl'
    path.write_text(json.dumps(record()) + f'\n{line}\n')
    with pytest.raises(UserError, match=message) as caught:
        read_ranks(path)
    assert str(path) in str(caught.value) and '\n' not in str(caught.value)


@pytest.mark.parametrize('content', [None, b'\xff\xfe'])
def test_an_unreadable_file_is_reported(tmp_path, content):
    if content:
        (tmp_path / 'ranks.jsonl').write_bytes(content)
    with pytest.raises(UserError, match='cannot be read'):
        read_ranks(tmp_path / 'ranks.jsonl')


KEYS = st.lists(st.tuples(st.sampled_from(['1', '10', 'a']), st.integers(0, 2), st.integers(0, 2)), max_size=12)


@limits(deadline=None)
@given(KEYS, st.randoms(use_true_random=False))
def test_samples_are_aligned_by_conversation_turn_and_label(keys, random):
    first = columns(keys, range(len(keys)))
    order = list(range(len(keys)))
    random.shuffle(order)
    second = columns([keys[i] for i in order], [100 + i for i in range(len(order))], 'b')
    aligned = align(first, second)

    assert len(aligned.rank) == len(keys)
    for i, key in enumerate(keys):  # of equal keys, the n-th of one run goes with the n-th of the other
        occurrence = keys[:i].count(key)
        alike = [rank for rank, j in zip(second.rank, order) if keys[j] == key]
        assert aligned.rank[i] == alike[occurrence]


@pytest.mark.parametrize(
    'keys, holder',
    [
        ([('1', 1, 5)], 'a.jsonl'),
        ([('1', 1, 5), ('1', 1, 6), ('1', 1, 5)], 'b.jsonl'),
        ([('1', 1, 5), ('2', 1, 6)], 'a.jsonl'),
        ([], 'a.jsonl'),
    ],
)
def test_runs_on_different_samples_are_refused(keys, holder):
    first = columns([('1', 1, 5), ('1', 1, 6)], [1, 2], 'a.jsonl')
    with pytest.raises(UserError, match='not of the same samples') as caught:
        align(first, columns(keys, range(len(keys)), 'b.jsonl'))
    assert f'in {holder}; compare' in str(caught.value)
