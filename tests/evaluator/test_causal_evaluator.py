"""The evaluator ``causal``: adding scores or CRSLab's lists, reading scores, and reports."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from crslab_causal.evaluator.causal import CausalEvaluator

N_ITEM, N_SAMPLE = 30, 40


def samples(seed=0, ties=False):
    """Return scores, labels, contexts, repeats and scores after an intervention; three labels are not items."""
    random = np.random.default_rng(seed)
    scores, intervened = random.normal(size=(2, N_SAMPLE, N_ITEM))
    if ties:
        scores = scores.round()
    label = random.integers(N_ITEM, size=N_SAMPLE)
    seen = np.full((N_SAMPLE, 5), -1)
    for row in seen:
        n = random.integers(6)
        row[:n] = random.permutation(N_ITEM)[:n]
    seen[::4, 0] = label[::4]  # a quarter of the labels and some more are repeats
    for row in seen:
        row[1:][row[1:] == row[0]] = -1  # distinct
    label[[5, 6, 7]] = -1
    repeat = (seen == label[:, None]).any(1) & (label >= 0)
    return [torch.as_tensor(array) for array in (scores, label, seen, repeat, intervened)]


def make_evaluator(*columns, cutoffs=(1, 10, 20), batch=N_SAMPLE, log_dir=None, **options):
    """Return an evaluator with the samples of ``columns``, added in batches."""
    evaluator = CausalEvaluator(**options)
    evaluator.configure(cutoffs, np.arange(N_ITEM) % 7, log_dir)
    feed(evaluator, columns, batch)
    return evaluator


def feed(evaluator, columns, batch=N_SAMPLE):
    for start in range(0, len(columns[0]) if columns else 0, batch):
        evaluator.rec_evaluate_scores(*(column[start : start + batch] for column in columns))


@pytest.mark.parametrize('batch', [1, 7, 39])
def test_the_batch_size_does_not_change_the_scores(batch):
    columns = samples(ties=True)
    at_once, in_parts = make_evaluator(*columns), make_evaluator(*columns, batch=batch)

    first, second = at_once.scores(), in_parts.scores()
    assert first['samples'] == second['samples'] == N_SAMPLE
    for group in ('all', 'new', 'new_unseen'):
        assert first[group] == pytest.approx(second[group])
    assert first['recall@20_by_decile'] == pytest.approx(second['recall@20_by_decile'], nan_ok=True)
    for name in ('rank', 'rank_unseen', 'rank_intervened', 'copy', 'repeat', 'label'):
        np.testing.assert_array_equal(at_once.column(name), in_parts.column(name))


@limits(deadline=None, max_examples=10)
@given(st.integers(0, 1000), st.booleans())
def test_scores_equal_those_of_a_loop(seed, ties):
    scores, label, seen, repeat, intervened = columns = samples(seed, ties)
    evaluator = make_evaluator(*columns)

    def recall_at_10(rows, hidden):
        hits = 0.0
        for i in rows:
            y = int(label[i])
            if y < 0:
                continue
            left = [j for j in range(N_ITEM) if j == y or not (hidden and j in seen[i].tolist())]
            above = sum(float(scores[i, j]) > float(scores[i, y]) for j in left)
            level = sum(float(scores[i, j]) == float(scores[i, y]) for j in left)
            hits += 1 + above + (level - 1) / 2 <= 10
        return hits / len(rows)

    new = [i for i in range(N_SAMPLE) if not repeat[i]]
    assert 0 < len(new) < N_SAMPLE
    assert evaluator.metric('recall@10') == pytest.approx(recall_at_10(range(N_SAMPLE), False))
    assert evaluator.metric('new_recall@10') == pytest.approx(recall_at_10(new, False))
    assert evaluator.metric('new_unseen_recall@10') == pytest.approx(recall_at_10(new, True))
    assert evaluator.scores()['repeat_share'] == pytest.approx(1 - len(new) / N_SAMPLE)


def test_ranks_and_scores_equal_a_computation_by_hand():
    evaluator = CausalEvaluator()
    evaluator.configure([1, 2], np.array([0, 0, 0, 0]), None)
    evaluator.rec_evaluate_scores(
        torch.tensor([[4.0, 3, 2, 1], [4, 3, 2, 1], [1, 1, 0, 0]]),
        torch.tensor([0, 2, 0]),
        torch.tensor([[0, -1], [0, 1], [1, -1]]),
        torch.tensor([True, False, False]),
        torch.tensor([[1.0, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4]]),
    )

    assert evaluator.column('rank').tolist() == [1.0, 3.0, 1.5]
    assert evaluator.column('rank_unseen').tolist() == [1.0, 1.0, 1.0]
    assert evaluator.column('rank_intervened').tolist() == [4.0, 2.0, 4.0]
    p, q = np.exp([4.0, 3, 2, 1]), np.exp([1.0, 2, 3, 4])
    p, q = p / p.sum(), q / q.sum()
    assert evaluator.column('kl')[0] == pytest.approx((q * np.log(q / p)).sum(), rel=1e-5)
    scores = evaluator.scores()
    assert scores['all']['recall@1'] == pytest.approx(1 / 3)  # rank 1.5 is not within the first
    assert scores['all']['recall@2'] == pytest.approx(2 / 3)
    assert scores['all']['mrr@2'] == pytest.approx((1 / 1 + 1 / 1.5) / 3)
    assert scores['new']['recall@2'] == 1 / 2  # ranks 3 and 1.5
    assert scores['new_unseen']['recall@1'] == 1.0
    assert scores['repeat_share'] == pytest.approx(1 / 3)
    assert scores['copy_rate@1'] == pytest.approx((1 + 1 + 1 / 2) / 3)  # item 1 is one of two at the top
    assert scores['coverage@2'] == 2 / 4  # items 0 and 1


def test_a_model_without_intervention_has_no_ranks_after_intervention():
    scores, label, seen, repeat, _ = samples()
    evaluator = make_evaluator(scores, label, seen, repeat)
    assert np.isnan(evaluator.column('rank_intervened')).all() and np.isnan(evaluator.column('kl')).all()


# ---------------------------------------------------------------- CRSLab's call


def test_a_label_that_is_not_in_a_short_list_counts_as_a_miss():
    evaluator = CausalEvaluator(cutoffs=(1, 10))
    evaluator.rec_evaluate([3, 1, 2], 1)  # second
    evaluator.rec_evaluate([3, 1, 2], 7)  # not there
    evaluator.rec_evaluate([7], 7)  # first
    evaluator.rec_evaluate([], 7)

    scores = evaluator.scores()
    assert scores['samples'] == 4
    assert scores['all']['recall@1'] == 1 / 4
    assert scores['all']['recall@10'] == 2 / 4
    assert scores['all']['mrr@10'] == pytest.approx((1 / 2 + 1) / 4)
    assert scores['all']['ndcg@10'] == pytest.approx((1 / math.log2(3) + 1) / 4)
    assert evaluator.metric('recall@10') == 2 / 4


def test_lists_and_scores_give_equal_results_without_ties():
    columns = scores, label, seen, repeat, _ = samples()
    listed = CausalEvaluator(cutoffs=(1, 10, 20))
    for row, y in zip(scores, label.tolist()):
        listed.rec_evaluate(row.argsort(descending=True)[:20].tolist(), y)

    assert listed.scores()['all'] == pytest.approx(make_evaluator(*columns).scores()['all'])


# ---------------------------------------------------------------- reading


def test_metric_returns_a_score_with_the_largest_cutoff_by_default():
    evaluator = make_evaluator(*samples())
    scores = evaluator.scores()

    assert evaluator.metric('recall@10') == scores['all']['recall@10']
    assert evaluator.metric('mrr') == scores['all']['mrr@20']
    assert evaluator.metric('new_ndcg') == scores['new']['ndcg@20']
    assert evaluator.metric('new_unseen_recall@1') == scores['new_unseen']['recall@1']


@pytest.mark.parametrize('name', ['precision', 'recall@7', 'old_recall@10', 'recall@', ''])
def test_a_metric_that_does_not_exist_is_an_error(name):
    with pytest.raises(KeyError):
        make_evaluator(*samples()).metric(name)


def test_scores_of_new_labels_need_contexts():
    evaluator = CausalEvaluator(cutoffs=(1, 10))
    evaluator.rec_evaluate([1, 2], 1)
    with pytest.raises(KeyError):
        evaluator.metric('new_recall@10')


def test_scores_of_new_labels_are_nan_if_all_labels_are_repeats():
    scores, label, seen, repeat, intervened = samples()
    result = make_evaluator(scores, label, seen, torch.ones_like(repeat), intervened).scores()

    assert set(result) >= {'all', 'new', 'new_unseen'}
    assert all(math.isnan(score) for group in ('new', 'new_unseen') for score in result[group].values())
    assert result['repeat_share'] == 1 and not math.isnan(result['all']['recall@10'])


def test_scores_are_nan_without_samples():
    result = make_evaluator().scores()
    assert result['samples'] == 0 and math.isnan(result['all']['recall@10'])


@limits(deadline=None, max_examples=10)
@given(st.integers(0, 1000))
def test_hits_of_the_deciles_add_up_to_all_hits(seed):
    evaluator = make_evaluator(*samples(seed))
    result = evaluator.scores()
    recall, size = result['recall@20_by_decile'], result['samples_by_decile']

    assert len(recall) == len(size) == 10
    assert sum(size) == N_SAMPLE - 3  # three labels are no items, so they belong to no decile
    hits = sum(r * n for r, n in zip(recall, size) if n)
    assert hits == pytest.approx(result['all']['recall@20'] * N_SAMPLE)
    assert all(math.isnan(r) for r, n in zip(recall, size) if not n)


def test_deciles_follow_the_counts_of_the_training_labels():
    evaluator = CausalEvaluator()
    evaluator.configure([1], np.arange(10)[::-1], None)  # item 0 is the most popular of ten
    scores = torch.eye(10)[[0, 0, 9, 3]]
    label, seen, repeat = torch.tensor([0, 1, 9, 4]), torch.full((4, 1), -1), torch.zeros(4, dtype=torch.bool)
    evaluator.rec_evaluate_scores(scores, label, seen, repeat)

    result = evaluator.scores()
    # item i is in decile 10 - i: labels 9, 4, 1, 0 in 1, 6, 9, 10; those of items 9 and 0 are hits
    assert result['samples_by_decile'] == [1, 0, 0, 0, 0, 1, 0, 0, 1, 1]
    assert [result['recall@1_by_decile'][d - 1] for d in (1, 6, 9, 10)] == [1, 0, 0, 1]


def test_a_reset_removes_all_samples():
    evaluator = make_evaluator(*samples(seed=1))
    evaluator.reset_metrics()
    assert evaluator.scores()['samples'] == 0

    few = [column[:1] for column in samples(seed=2)]  # its first 20 items are not all that were shown before
    feed(evaluator, few)
    np.testing.assert_equal(evaluator.scores(), make_evaluator(*few).scores())
    assert evaluator.scores()['coverage@20'] == 20 / N_ITEM


def test_coverage_counts_the_items_of_all_batches():
    scores = torch.eye(N_ITEM)[[3, 3, 8, 9]]
    label, seen, repeat = torch.zeros(4, dtype=torch.long), torch.full((4, 1), -1), torch.zeros(4, dtype=torch.bool)
    assert make_evaluator(scores, label, seen, repeat, cutoffs=[1], batch=1).scores()['coverage@1'] == 3 / N_ITEM


def test_scores_are_sorted_by_cutoff():
    result = make_evaluator(*samples(), cutoffs=[20, 1]).scores()
    assert list(result['all']) == ['recall@1', 'ndcg@1', 'mrr@1', 'recall@20', 'ndcg@20', 'mrr@20']
    assert 'coverage@20' in result


# ---------------------------------------------------------------- report


def test_tensorboard_files_with_losses_and_scores_are_in_the_configured_folder(tmp_path, monkeypatch):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from crslab_causal.crslab_compat import AverageMetric

    monkeypatch.chdir(tmp_path)
    evaluator = make_evaluator(*samples(), log_dir=tmp_path / 'events', tensorboard=True)
    evaluator.optim_metrics.add('rec_loss', AverageMetric(3.0, 2))  # two samples with a mean of 1.5
    evaluator.report(epoch=4, mode='valid')

    (file,) = (tmp_path / 'events').iterdir()
    assert [path.name for path in tmp_path.iterdir()] == ['events']
    events = EventAccumulator(str(file)).Reload()
    (event,) = events.Scalars('valid/new/recall@10')
    assert event.step == 4 and event.value == pytest.approx(evaluator.metric('new_recall@10'))
    assert events.Scalars('valid/rec_loss')[0].value == 1.5
    evaluator.writer.close()


def test_without_tensorboard_a_report_writes_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_evaluator(*samples(), log_dir=tmp_path / 'events').report(epoch=0, mode='test')
    assert not list(tmp_path.iterdir())


def test_a_report_logs_recall_of_all_and_of_new_labels():
    from loguru import logger

    lines = []
    sink = logger.add(lambda message: lines.append(message.record['message']))
    try:
        evaluator = make_evaluator(*samples())
        evaluator.report(epoch=3, mode='valid')
    finally:
        logger.remove(sink)

    assert lines[0].startswith('[valid, epoch 3] ALL: ')
    assert f'recall@10 {100 * evaluator.metric("recall@10"):.2f}' in lines[0]
    assert f'recall@10 {100 * evaluator.metric("new_recall@10"):.2f}' in lines[1]
