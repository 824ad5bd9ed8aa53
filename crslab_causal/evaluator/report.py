"""Results as a person and as a program read them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Callable, Iterable, Mapping, Sequence

from crslab_causal.base.files import replace_file
from crslab_causal.base.provenance import provenance
from crslab_causal.evaluator.metrics import GROUPS, PRIMARY_METRIC, metric_title

RESPONSE_SCORES = ('dist-2', 'dist-3', 'dist-4', 'bleu-2', 'bleu-4', 'names_recommended', 'names_other_item')
"""Of :class:`.GenerationMetrics`, those that a table shows; the files have all of them."""


def _cell(value: float) -> str:
    return '-' if math.isnan(value) else f'{100 * value:.2f}'


def markdown_table(splits: Mapping[str, dict]) -> str:
    """The scores of :meth:`.CausalEvaluator.scores` of one or more splits, in percent."""
    first = next(iter(splits.values()))
    names = [name for name in first['all'] if not name.endswith('@1')
             or name.startswith(f'{PRIMARY_METRIC}@')]  # all metrics are equal at K = 1
    lines = ['| split | labels | ' + ' | '.join(map(metric_title, names)) + ' |',
             '|---|---|' + '---:|' * len(names)]
    for split, scores in splits.items():
        for group, title in GROUPS.items():
            if group in scores:
                lines.append(f'| {split} | {title} | ' + ' | '.join(_cell(scores[group][n]) for n in names) + ' |')
    for split, scores in splits.items():
        if 'repeat_share' in scores:
            rest = {name: scores[name] for name in ('repeat_share', 'copy_rate@1')}
            rest |= {name: value for name, value in scores.items() if name.startswith('coverage@')}
            lines += ['', f'{split}: {scores["samples"]} samples, in percent: '
                      + ', '.join(f'{name.replace("_", " ")} {_cell(value)}' for name, value in rest.items()) + '.']
        for name, values in scores.items():
            if name.endswith('_by_decile') and name != 'samples_by_decile':
                lines.append(f'{name.replace("_", " ")} of item popularity (rare to popular): '
                             + ' / '.join(_cell(v) for v in values) + '; labels: '
                             + ' / '.join(map(str, scores['samples_by_decile'])) + '.')
    return '\n'.join(lines)


def generation_table(splits: Mapping[str, dict]) -> str:
    """Perplexity and the scores of :meth:`.GenerationMetrics.scores` of one or more splits; shares from 0 to 1."""
    names = ['responses', 'perplexity', *RESPONSE_SCORES]
    lines = ['| split | ' + ' | '.join(name.replace('_', ' ') for name in names) + ' |', '|---|' + '---:|' * len(names)]
    for split, scores in splits.items():
        cells = [str(scores['responses']), f"{scores['perplexity']:.2f}",
                 *('-' if math.isnan(scores[name]) else f'{scores[name]:.4f}' for name in RESPONSE_SCORES)]
        lines.append(f'| {split} | ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines)


def save_results(folder: Path, header: dict, splits: Mapping[str, dict], title: str, name: str = 'results',
                 remarks: Sequence[str] = (), table: Callable[[Mapping[str, dict]], str] = markdown_table) -> None:
    """Writes ``results.json`` and ``results.md``.

    Args:
        folder: folder of the run.
        header: configuration, seed, course of the training.
        splits: scores of each split.
        title: heading of the table.
        name: of the files, without ending.
        remarks: paragraphs below the table.
        table: from the scores to the table.
    """
    result = header | provenance() | {'splits': dict(splits)}
    replace_file(folder / f'{name}.json', json.dumps(_no_nan(result), indent=2) + '\n')
    replace_file(folder / f'{name}.md', '\n\n'.join([f'# {title}', table(splits), *remarks]) + '\n')


def save_records(path: Path, records: Iterable[dict]) -> None:
    """One line of JSON for each sample."""
    replace_file(path, ''.join(json.dumps(_no_nan(record), ensure_ascii=False) + '\n' for record in records))


def _no_nan(value):
    """JSON has no NaN; it becomes null."""
    if isinstance(value, dict):
        return {key: _no_nan(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_no_nan(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
