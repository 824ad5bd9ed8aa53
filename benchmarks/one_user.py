"""Measure the list of a saved pool for one user, and write it into ``benchmarks/RESULTS.md``.

    crslab-causal run -c pool_redial --data-path path/to/data --save-system
    python benchmarks/one_user.py --data-path path/to/data

Histories and texts are those of valid. A number is added to each text, so that no vector of a text is known. The time
is that of the process on one core, user and system, so that a busy machine hardly changes it. The raw times are in
``benchmarks/one_user.json``.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from pathlib import Path
from typing import Callable

import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from benchmarks.results import ONE_USER, read_measurements, results_page  # noqa: E402
from crslab_causal.base.provenance import cpu_name  # noqa: E402
from crslab_causal.quick_start import load_system  # noqa: E402

LENGTH = 50
"""Length of the list."""


def cpu_seconds(function: Callable[[int], object], repeats: int) -> list[float]:
    """Return the CPU seconds of each of some calls, after five that fill caches."""
    for number in range(5):
        function(number)
    seconds = []
    for number in range(5, repeats + 5):
        start = time.process_time()
        function(number)
        seconds.append(time.process_time() - start)
    return seconds


def main() -> None:
    """Measure lists without and with text, and what explains them."""
    parser = argparse.ArgumentParser(description='Measure the list of a saved pool for one user.')
    parser.add_argument('--config', default='pool_redial', help='configuration of the saved run')
    parser.add_argument('--data-path', '--data_path', type=Path, required=True)
    parser.add_argument('--save-path', '--save_path', type=Path, default=Path('save'), help='folder of the runs')
    parser.add_argument('--repeats', type=int, default=300)
    arguments = parser.parse_args()
    from loguru import logger

    logger.remove()
    torch.set_num_threads(1)
    settings = [f'data_path={arguments.data_path}', f'save_path={arguments.save_path}']
    system = load_system(arguments.config, settings=settings)
    recommender = system.recommender()
    contexts = [
        (sample['context_entities'], sample['context_text'])
        for sample in system.valid_dataloader.samples
        if sample['has_text'] and sample['context_entities'] and sample['context_text'][-1][1]
    ]
    if not contexts:
        raise SystemExit('no context of valid has text')

    def context(number: int) -> tuple[list[int], list[tuple[str, str]]]:
        history, turns = contexts[number % len(contexts)]
        *earlier, (role, text) = turns
        return history, [*earlier, (role, f'{text} {number}')]

    def without_text(number: int) -> None:
        recommender.recommend(context(number)[0], LENGTH)

    def with_text(number: int) -> None:
        history, turns = context(number)
        recommender.recommend(history, LENGTH, turns=turns)

    def explained(number: int) -> None:
        history, turns = context(number)
        (first, *_) = recommender.recommend(history, LENGTH, turns=turns)
        recommender.contributions(history, first.entity, turns)

    experts = [system.pool.channels[i] for i in system.pool.active_channels().tolist()]
    has_text = any(name.startswith('Text') for name in experts)
    cases = {f'{LENGTH} items, without text': without_text}
    if has_text:
        cases[f'{LENGTH} items, with a text that was not read before'] = with_text  # these texts are then known
    cases[f'{LENGTH} items, with a text that was read before, and what explains the first item'] = explained
    record = {
        'cpu': cpu_name(),
        'python': platform.python_version(),
        'config': arguments.config,
        'experts': experts,
        'seconds': {title: cpu_seconds(case, arguments.repeats) for title, case in cases.items()},
    }
    ONE_USER.write_text(json.dumps(record, indent=1, ensure_ascii=False) + '\n', 'utf-8')
    ONE_USER.with_name('RESULTS.md').write_text(results_page(read_measurements()), 'utf-8')


if __name__ == '__main__':
    main()
