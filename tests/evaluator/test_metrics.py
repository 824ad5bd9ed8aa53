"""The table of ranking metrics, and the names of scores that are made from it."""

import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.metrics import label_ranking_average_precision_score, ndcg_score, top_k_accuracy_score

from crslab_causal.base.errors import UserError
from crslab_causal.evaluator import metrics
from crslab_causal.evaluator.metrics import (
    GROUPS,
    RANKING_METRIC_PATTERN,
    RANKING_METRICS,
    RankingMetric,
    check_metric,
    cutoff_scores,
    metric_title,
    parse_score_name,
    per_sample_metric,
)
from crslab_causal.evaluator.ranking import expected_ranks
from crslab_causal.evaluator.report import markdown_table

CUTOFFS = (1, 5, 10, 40)
N_SAMPLE, N_ITEM = 200, 40


def test_values_of_single_samples_equal_a_computation_by_hand():
    rank = np.array([1.0, 3.0, 3.5, np.inf])
    assert per_sample_metric(rank, 'recall@3').tolist() == [1, 1, 0, 0]
    assert per_sample_metric(rank, 'ndcg@3').tolist() == [1, 1 / 2, 0, 0]
    assert per_sample_metric(rank, 'mrr@3').tolist() == pytest.approx([1, 1 / 3, 0, 0])


@pytest.mark.parametrize('name', ['precision@3', 'Recall@3', ''])
def test_an_unknown_metric_is_an_error(name):
    with pytest.raises(KeyError):
        per_sample_metric(np.ones(1), name)
    with pytest.raises(KeyError):
        metric_title(name)


def test_titles_and_patterns_cover_every_metric():
    assert [metric_title(f'{name}@10') for name in RANKING_METRICS] == ['R@10', 'NDCG@10', 'MRR@10']
    assert all(re.fullmatch(RANKING_METRIC_PATTERN, f'{name}@10') for name in RANKING_METRICS)
    assert not any(
        re.fullmatch(RANKING_METRIC_PATTERN, name) for name in ('recall', 'recall@', 'new_recall@10', 'hit@1')
    )


@pytest.mark.parametrize(
    'name, parts',
    [
        ('recall', ('all', 'recall', None)),
        ('mrr@1', ('all', 'mrr', 1)),
        ('new_ndcg@10', ('new', 'ndcg', 10)),
        ('new_unseen_recall', ('new_unseen', 'recall', None)),
    ],
)
def test_names_of_scores_have_a_group_a_metric_and_a_cutoff(name, parts):
    check_metric(name, [1, 10])
    assert parse_score_name(name) == parts and parts[0] in GROUPS


@pytest.mark.parametrize('name', ['recall@7', 'hit', 'old_recall', 'new_', 'recall@', 'all_recall', 'recall@10 '])
def test_the_error_for_an_unknown_score_lists_the_metrics_and_cutoffs(name):
    with pytest.raises(UserError, match=r'write recall, ndcg or mrr, @ one of the cutoffs \[1, 10\]') as error:
        check_metric(name, (1, 10))
    assert str(error.value).startswith(f'rec.metric: {name!r}') and '\n' not in str(error.value)


def test_one_entry_in_the_table_adds_a_metric_to_scores_and_tables(monkeypatch):
    precision = RankingMetric('precision', 'P', '1 / K if rank <= K, else 0', lambda rank, k: (rank <= k) / k)
    monkeypatch.setitem(metrics.RANKING_METRICS, 'precision', precision)
    scores = cutoff_scores(np.array([2.0, 9.0]), [5])
    assert scores['precision@5'] == 1 / 2 / 5
    table = markdown_table({'test': {'samples': 2, 'all': scores}}).splitlines()
    assert table[0].endswith('| P@5 |') and table[2].endswith('| 10.00 |')


def test_metrics_do_not_need_torch():
    """Reports and configurations read the table; importing PyTorch takes seconds."""
    code = 'import sys, crslab_causal.evaluator.metrics; sys.exit("torch" in sys.modules)'
    assert subprocess.run([sys.executable, '-c', code]).returncode == 0


# ---------------------------------------------------------------- compared with libraries, on scores without ties


@pytest.fixture(scope='module')
def untied():
    """Scores without ties, labels, and the metrics of this package."""
    random = np.random.default_rng(7)
    scores = random.permuted(np.tile(np.arange(N_ITEM, dtype=float), (N_SAMPLE, 1)), axis=1)
    label = random.integers(N_ITEM, size=N_SAMPLE)
    rank = expected_ranks(torch.from_numpy(scores), torch.from_numpy(label), torch.full((N_SAMPLE, 1), -1)).rank
    return scores, label, cutoff_scores(rank.numpy(), CUTOFFS)


def test_metrics_equal_those_of_scikit_learn(untied):
    scores, label, ours = untied
    relevant = np.eye(N_ITEM)[label]
    for k in CUTOFFS:
        assert ours[f'recall@{k}'] == pytest.approx(
            1 if k == N_ITEM else top_k_accuracy_score(label, scores, k=k, labels=range(N_ITEM))
        )
        assert ours[f'ndcg@{k}'] == pytest.approx(ndcg_score(relevant, scores, k=k))
    # its reciprocal rank has no cutoff
    assert ours[f'mrr@{N_ITEM}'] == pytest.approx(label_ranking_average_precision_score(relevant, scores))


def test_metrics_equal_those_of_ir_measures(untied):
    ir_measures = pytest.importorskip('ir_measures', reason='ir_measures is not installed')
    scores, label, ours = untied
    relevant = [ir_measures.Qrel(str(q), str(item), 1) for q, item in enumerate(label)]
    run = [
        ir_measures.ScoredDoc(str(q), str(item), score)
        for q, row in enumerate(scores)
        for item, score in enumerate(row)
    ]
    measures = {'recall': ir_measures.R, 'ndcg': ir_measures.nDCG, 'mrr': ir_measures.RR}
    assert measures.keys() == RANKING_METRICS.keys()
    theirs = ir_measures.calc_aggregate([measure @ k for measure in measures.values() for k in CUTOFFS], relevant, run)
    for name, measure in measures.items():
        for k in CUTOFFS:
            assert ours[f'{name}@{k}'] == pytest.approx(theirs[measure @ k]), (name, k)
