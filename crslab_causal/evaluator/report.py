"""Result files: JSON for programs and Markdown for people."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping, Sequence

from crslab_causal.base.files import replace_file
from crslab_causal.base.provenance import provenance
from crslab_causal.data.data_files import data_line
from crslab_causal.evaluator.dialogue import DIALOGUES, REWARD, SUCCESS_RATE
from crslab_causal.evaluator.metrics import GROUPS, PRIMARY_METRIC, metric_title

RESPONSE_SCORES = ('dist-2', 'dist-3', 'dist-4', 'bleu-2', 'bleu-4', 'names_recommended', 'names_other_item')
"""Scores of :class:`.GenerationMetrics` in tables. Result files contain all of its scores."""


def _percent(value: float) -> str:
    return '-' if math.isnan(value) else f'{100 * value:.2f}'


def _head(columns: Sequence[str], n_text: int) -> list[str]:
    """Return the first two lines of a Markdown table whose first ``n_text`` columns are text and the others numbers."""
    return ['| ' + ' | '.join(columns) + ' |', '|' + '---|' * n_text + '---:|' * (len(columns) - n_text)]


def _row(cells: Iterable[str]) -> str:
    return '| ' + ' | '.join(cells) + ' |'


def markdown_table(splits: Mapping[str, dict[str, Any]]) -> str:
    """Return the scores of one or more splits as a Markdown table in percent, with remarks below it.

    Args:
        splits: result of :meth:`.CausalEvaluator.scores` for each split.
    """
    first = next(iter(splits.values()))
    names = [
        name for name in first['all'] if not name.endswith('@1') or name.startswith(f'{PRIMARY_METRIC}@')
    ]  # all metrics are equal at K = 1
    lines = _head(['split', 'labels', *map(metric_title, names)], 2)
    for split, scores in splits.items():
        for group, title in GROUPS.items():
            if group in scores:
                lines.append(_row([split, title, *(_percent(scores[group][name]) for name in names)]))
    for split, scores in splits.items():
        if DIALOGUES in scores:
            lines += ['', f'{split}: {dialogue_line(scores[DIALOGUES])}']
        if 'repeat_share' in scores:
            others = {name: scores[name] for name in ('repeat_share', 'copy_rate@1')}
            others |= {name: value for name, value in scores.items() if name.startswith('coverage@')}
            lines += [
                '',
                f'{split}: {scores["samples"]} samples, in percent: '
                + ', '.join(f'{name.replace("_", " ")} {_percent(value)}' for name, value in others.items())
                + '.',
            ]
        for name, values in scores.items():
            if name.endswith('_by_decile') and name != 'samples_by_decile':
                lines.append(
                    f'{name.replace("_", " ")} of item popularity (rare to popular): '
                    + ' / '.join(_percent(value) for value in values)
                    + '; labels: '
                    + ' / '.join(map(str, scores['samples_by_decile']))
                    + '.'
                )
    return '\n'.join(lines)


def dialogue_line(groups: Mapping[str, Mapping[str, float]]) -> str:
    """Return the sentence of a table about Success Rate and Reward-per-Dialogue-Length.

    Args:
        groups: result of :func:`.scores_of_groups`.
    """
    scores = '; '.join(
        f'{GROUPS[group]}: success rate {_percent(values[SUCCESS_RATE])} %, '
        f'reward per dialogue length {values[REWARD]:.4f}'
        for group, values in groups.items()
    )
    return f"{groups['all']['conversations']} conversations with the seeker's answers. {scores}."


def generation_table(splits: Mapping[str, dict[str, Any]]) -> str:
    """Return perplexity and scores of the responses of one or more splits as a Markdown table.

    Args:
        splits: for each split the result of :meth:`.GenerationMetrics.scores`, and ``perplexity``.
    """
    names = ['responses', 'perplexity', *RESPONSE_SCORES]
    lines = _head(['split', *(name.replace('_', ' ') for name in names)], 1)
    for split, scores in splits.items():
        lines.append(
            _row(
                [
                    split,
                    str(scores['responses']),
                    f'{scores["perplexity"]:.2f}',
                    *('-' if math.isnan(scores[name]) else f'{scores[name]:.4f}' for name in RESPONSE_SCORES),
                ]
            )
        )
    return '\n'.join(lines)


def save_results(
    folder: Path,
    header: dict[str, Any],
    splits: Mapping[str, dict[str, Any]],
    title: str,
    name: str = 'results',
    remarks: Sequence[str] = (),
    table: Callable[[Mapping[str, dict[str, Any]]], str] = markdown_table,
) -> None:
    """Write the results of a run as JSON and as Markdown.

    Args:
        folder: folder of the run.
        header: configuration, seed and course of the training, for the JSON file. Its key ``data`` holds the digest of
            each dataset, which is also written below the table.
        splits: scores of each split.
        title: heading of the Markdown file.
        name: name of the files, without extension.
        remarks: paragraphs below the table.
        table: function that returns the scores as a Markdown table.
    """
    result = header | provenance() | {'splits': dict(splits)}
    named = [line] if (line := data_line(header.get('data', {}))) else []
    replace_file(folder / f'{name}.json', json.dumps(_nan_to_none(result), indent=2) + '\n')
    replace_file(folder / f'{name}.md', '\n\n'.join([f'# {title}', table(splits), *remarks, *named]) + '\n')


def save_records(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """Write objects to a JSON Lines file, one object on each line."""
    replace_file(path, ''.join(json.dumps(_nan_to_none(record), ensure_ascii=False) + '\n' for record in records))


def _nan_to_none(value: Any) -> Any:
    """Return a value in which None replaces NaN and infinity, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _nan_to_none(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_nan_to_none(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
