"""The report on the answers of a language model: counts, reasons for missing answers, and lines below the table."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, Iterator, Mapping, Sequence

from crslab_causal.evaluator.report import RESPONSE_SCORES
from crslab_causal.llm.client.result import MAX_UNANSWERED, UNANSWERED
from crslab_causal.llm.llm_result import LLMResult

MAX_REASONS = 3
"""Maximum number of reasons for missing answers that a report lists."""


def summarize(results: Sequence[LLMResult], n_ranked: int | None) -> dict[str, Any]:
    """Return the totals over the answers of a split, as the section ``llm`` of ``llm_results.json``.

    They are numbers of samples by status, of repairs, of titles and of tokens, the mean confidence in the first item,
    and the cost. Tokens and cost count equal requests once, because only one of them is paid for. The samples of a turn
    with several labels have equal requests.

    Args:
        results: result of each sample.
        n_ranked: number of requested entries of a ranking, see :attr:`.LLMOptions.ranked`.
    """
    n_titles = sum(len(result.titles) for result in results)
    paid = list({tuple(result.cache_keys): result for result in results}.values())
    costs = [result.cost_usd for result in paid]
    reasons = Counter((result.status, result.detail) for result in results if result.status in (*UNANSWERED, 'refusal'))
    ranked = [result for result in results if not result.titles]
    return {
        'samples': len(results),
        'statuses': dict(Counter(result.status for result in results)),
        'unanswered': sum(result.status in UNANSWERED for result in results),
        'reasons': [
            {'status': status, 'detail': detail, 'samples': n}
            for (status, detail), n in reasons.most_common(MAX_REASONS)
        ],
        'places_requested': sum(min(n_ranked or len(r.candidates), len(r.candidates)) for r in ranked),
        'places_written': sum(min(result.written, n_ranked or len(result.candidates)) for result in ranked),
        'repairs': {
            name: sum(getattr(result.repairs, name) for result in results)
            for name in ('unknown', 'duplicate', 'missing')
        },
        'first_confidence': _mean([result.confidence[0] for result in results if result.confidence]),
        'titles': n_titles,
        'titles_not_matched': sum(result.unmatched for result in results) / n_titles if n_titles else None,
        'titles_of_examples': sum(result.copied for result in results) / n_titles if n_titles else None,
        'input_tokens': sum(result.input_tokens for result in paid),
        'output_tokens': sum(result.output_tokens for result in paid),
        'cost_usd': None if None in costs else sum(costs),
    }


def failure(summary: Mapping[str, Any]) -> str | None:
    """Return the reason why a run has failed in one line; None if enough samples are answered.

    Args:
        summary: section ``llm`` of ``llm_results.json``.
    """
    if summary['unanswered'] <= MAX_UNANSWERED * summary['samples']:
        return None
    return f'{_unanswered(summary)}: {_reasons(summary)}'


def summary_lines(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines below the table of results: numbers of answers, repairs and titles, and the cost.

    Args:
        summary: section ``llm`` of ``llm_results.json``.
    """
    recall = summary['candidate_recall']
    prompt = summary['prompt'] or 'none, the backend uses no prompt'
    order = 'shuffled' if summary['shuffled'] else 'in the order of the recommender'
    shown = 'no candidates shown' if recall is None else f'candidates {order}'
    if recall is not None and not summary['anchored']:
        shown += ', the prompt does not say so'
    yield f'Answers by: {summary["backend"]}; prompt: {prompt}; oracle: {summary["oracle"]}; {shown}.'
    if recall is not None:
        yield f'Labels among the candidates, the upper bound of recall after re-ranking: {100 * recall:.2f} %.'
    yield 'Answers: ' + ', '.join(f'{name} {n}' for name, n in summary['statuses'].items()) + '.'
    if summary['unanswered']:
        kept = "they keep the recommender's order and get a template response"
        if summary['unanswered'] == summary['samples']:
            kept = 'so there is no row of the model'
        yield f'Unanswered: {_unanswered(summary)}; {kept}.'
    if summary['reasons']:
        yield f'Reasons: {_reasons(summary)}.'
    if recall is not None and summary['prompt']:
        yield (
            f'Places of the rankings: {summary["places_requested"]} requested, {summary["places_written"]} written by '
            "the model; all others have the recommender's order."
        )
    if summary['first_confidence'] is not None:
        yield (
            f'Rankings aggregated from {summary["permutations"]} random orders; on average '
            f'{100 * summary["first_confidence"]:.1f} % of the orders have the first item first.'
        )
    yield 'Repairs: ' + ', '.join(f'{name} {n}' for name, n in summary['repairs'].items()) + '.'
    if summary['titles_not_matched'] is not None:
        yield (
            f'Titles written: {summary["titles"]}, of which {100 * summary["titles_not_matched"]:.2f} % are not in '
            'the catalogue.'
            + (
                f' {100 * summary["titles_of_examples"]:.2f} % are also in the examples of the prompt.'
                if summary['examples']
                else ''
            )
        )
    if 'usage' in summary:
        yield _spent(summary)
    if summary['unanswered'] < summary['samples']:
        scores = {name: summary['generation'][name] for name in RESPONSE_SCORES}
        yield (
            'Responses: '
            + ', '.join(f'{name} {"-" if math.isnan(score) else f"{score:.4f}"}' for name, score in scores.items())
            + '.'
        )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _unanswered(summary: Mapping[str, Any]) -> str:
    share = summary['unanswered'] / max(1, summary['samples'])
    return f'{summary["unanswered"]} of {summary["samples"]} samples ({100 * share:.1f} %) have no usable answer'


def _reasons(summary: Mapping[str, Any]) -> str:
    return '; '.join(
        f'{reason["status"]} {reason["samples"]} times' + (f' ({reason["detail"]})' if reason['detail'] else '')
        for reason in summary['reasons']
    )


def _spent(summary: Mapping[str, Any]) -> str:
    usage, budget = summary['usage'], summary['budget']
    left = {name: budget[f'left_{name}'] for name in ('calls', 'tokens', 'usd')}
    return (
        f'Spent by this run: {usage["calls"]} calls, {usage["input_tokens"] + usage["output_tokens"]} tokens, '
        f'{usage["cost_usd"]:.4f} USD; left of the budget: '
        + ', '.join(f'{name} {"unlimited" if value is None else value}' for name, value in left.items())
        + '.'
    )
