"""Measure the fit of the closed-form experts and of a pool, and how EASE grows with the catalogue.

    python benchmarks/closed_form.py --data-path path/to/data

The experts and the pool without text are fitted on ReDial. EASE is then solved for random conversations over growing
catalogues: exactly, and in the sparse form of :func:`sparse_ease`. The times are in ``benchmarks/closed_form.json``,
and the page ``benchmarks/RESULTS.md`` is written again. It takes about ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Callable

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from benchmarks.harness import peak, reset_peak  # noqa: E402
from benchmarks.results import CLOSED_FORM, read_measurements, results_page  # noqa: E402
from crslab_causal import register  # noqa: E402
from crslab_causal.base.provenance import cpu_name  # noqa: E402
from crslab_causal.config import Config  # noqa: E402
from crslab_causal.data.training_data import TrainingData  # noqa: E402
from crslab_causal.experiments.runner.dataset_cache import DatasetCache  # noqa: E402
from crslab_causal.model.experts.co_mentions import count_co_mentions  # noqa: E402
from crslab_causal.model.experts.ease import ease_coefficients  # noqa: E402
from crslab_causal.model.pool.fitting import fit_pool  # noqa: E402
from crslab_causal.quick_start import assemble  # noqa: E402

EXPERTS = ('popularity', 'repeat', 'one_hop', 'transition', 'transition_seeker', 'item_cosine', 'ease')
"""Configurations of the closed-form experts, without their prefix."""
WITHOUT_TEXT = (
    '[TargetPopularity, TransitionCounts, {model: TransitionCounts, seeker_weight: 0.5}, EASE, '
    '{model: EASE, history_base: 4.0}, OneHop, Repeat]'
)
EXACT_SIZES = (2_000, 4_000, 8_000, 16_000)
SPARSE_SIZES = (10_000, 100_000)
NEIGHBOURS = 100
"""Number of other entities whose coefficients the sparse form estimates for each entity."""
RIDGE = 150.0
MENTIONS = 6
"""Mentions of a random conversation."""


def sparse_ease(mentions: sparse.csr_matrix, ridge: float, n_neighbours: int) -> sparse.csc_matrix:
    """Return the coefficients of EASE, of which each column has only the entities that are mentioned most beside it.

    The column of an entity is the ridge regression of its mentions on those of its neighbours. With all other entities
    as neighbours it equals the exact column. It is a simple form of the approximation in Steck, "Markov Random Fields
    for Collaborative Filtering", NeurIPS 2019, https://arxiv.org/abs/1910.09645.

    Args:
        mentions: the matrix X of conversations × entities, with 0 and 1.
        ridge: the weight of the squared norm.
        n_neighbours: maximum number of neighbours of an entity.
    """
    columns = mentions.tocsc()
    gram = (mentions.T @ mentions).tocsc()
    rows, values, starts = [], [], [0]
    for entity in range(gram.shape[1]):
        own = slice(gram.indptr[entity], gram.indptr[entity + 1])
        others, counts = gram.indices[own], gram.data[own]
        others, counts = others[others != entity], counts[others != entity]
        if len(others) > n_neighbours:
            chosen = np.argpartition(-counts, n_neighbours)[:n_neighbours]
            others, counts = others[chosen], counts[chosen]
        part = columns[:, others]
        between = (part.T @ part).toarray()
        between.flat[:: len(others) + 1] += ridge
        rows.append(others)
        values.append(np.linalg.solve(between, counts))
        starts.append(starts[-1] + len(others))
    return sparse.csc_matrix((np.concatenate(values), np.concatenate(rows), starts), shape=gram.shape)


def random_mentions(n_entities: int, seed: int = 0) -> sparse.csr_matrix:
    """Return the mentions of five conversations for each entity. The popularity of the entities has a long tail."""
    generator = np.random.default_rng(seed)
    weights = 1 / (10 + np.arange(n_entities))
    n_conversations = 5 * n_entities
    drawn = generator.choice(n_entities, size=(n_conversations, MENTIONS), p=weights / weights.sum())
    near = (drawn[:, :1] + generator.integers(1, 50, size=drawn[:, 1:].shape)) % n_entities
    is_near = generator.random(near.shape) < 0.5  # half of the mentions depend on the first one
    drawn[:, 1:] = np.where(is_near, near, drawn[:, 1:])
    conversations = np.repeat(np.arange(n_conversations), MENTIONS)
    matrix = sparse.csr_matrix(
        (np.ones(drawn.size, dtype=np.float32), (conversations, drawn.ravel())), shape=(n_conversations, n_entities)
    )
    matrix.data[:] = 1
    return matrix


def measured(call: Callable[[], Any]) -> tuple[float, float, Any]:
    """Return the seconds and the peak MiB of a call, and its result."""
    before = reset_peak()
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, (peak() - before) / 2**20, result


def fits(data_path: Path) -> dict[str, float]:
    """Return the seconds to fit each expert, and the pool without text, on ReDial."""
    cache, found = DatasetCache(), {}
    with tempfile.TemporaryDirectory() as folder:
        settings = [f'data_path={data_path}', f'save_path={folder}']
        for name in EXPERTS:
            config = Config(f'baselines/redial_{name}', '-1', settings)
            system = assemble(config, cache.load(config))
            found[name], _, _ = measured(partial(system.adapter.module.fit, TrainingData.of(system.train_dataloader)))
        config = Config('pool_redial', '-1', [*settings, f'experts={WITHOUT_TEXT}'])
        system = assemble(config, cache.load(config))
        data, valid = map(TrainingData.of, (system.train_dataloader, system.valid_dataloader))
        found['pool'], _, _ = measured(partial(fit_pool, system.pool, data, valid, 2020))
    return found


def sparse_against_exact(data_path: Path) -> dict[str, Any]:
    """Return R@50 on valid of ReDial with the exact coefficients of EASE, and with the sparse ones."""
    with tempfile.TemporaryDirectory() as folder:
        config = Config('baselines/redial_ease', '-1', [f'data_path={data_path}', f'save_path={folder}'])
        system = assemble(config, DatasetCache().load(config))
        expert, data = system.adapter.module, TrainingData.of(system.train_dataloader)
        expert.fit(data)
        exact = system.stage.validate(report=False)
        conversations = list(data.conversations.values())
        entities, _ = count_co_mentions(conversations, expert.options.min_count)
        column = {entity: number for number, entity in enumerate(entities.tolist())}
        pairs = [(n, column[e]) for n, own in enumerate(conversations) for e in own if e in column]
        rows, columns = np.array(pairs).T
        mentions = sparse.csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)))
        found = sparse_ease(mentions, expert.options.ease_lambda, NEIGHBOURS).toarray()
        is_item = expert.index_of_entity[entities] >= 0
        coefficients: Tensor = torch.from_numpy(found).to(expert.coefficients)[:, is_item]
        expert.coefficients = coefficients.contiguous()
        return {'entities': len(column), 'exact': exact, 'sparse': system.stage.validate(report=False)}


def solve_exact(size: int) -> dict[str, float]:
    """Return the seconds and the peak MiB of the exact form for random conversations over ``size`` entities."""
    mentions = random_mentions(size)
    gram = torch.from_numpy((mentions.T @ mentions).toarray())
    seconds, mib, _ = measured(partial(ease_coefficients, gram, RIDGE))
    return {'seconds': seconds, 'mib': mib + gram.nbytes / 2**20}


def solve_sparse(size: int) -> dict[str, float]:
    """Return the seconds, the peak MiB and the MiB of the coefficients of the sparse form, see :func:`solve_exact`."""
    mentions = random_mentions(size)
    seconds, mib, found = measured(partial(sparse_ease, mentions, RIDGE, NEIGHBOURS))
    arrays = (found.data, found.indices, found.indptr)
    return {'seconds': seconds, 'mib': mib, 'coefficients_mib': sum(each.nbytes for each in arrays) / 2**20}


def in_new_process(solve: Callable[[int], dict[str, float]], size: int) -> dict[str, float]:
    """Return what a function measures in a process of its own, whose peak of the memory no earlier call has raised."""
    with ProcessPoolExecutor(1, multiprocessing.get_context('spawn')) as pool:
        return pool.submit(solve, size).result()


def main() -> None:
    """Measure, and write the record and the page."""
    parser = argparse.ArgumentParser(description='Measure closed-form experts.')
    parser.add_argument('--data-path', '--data_path', type=Path, required=True)
    arguments = parser.parse_args()
    from loguru import logger

    logger.remove()
    register()
    data_path = arguments.data_path.resolve()
    record: dict[str, Any] = {
        'cpu': cpu_name(),
        'python': platform.python_version(),
        'threads': torch.get_num_threads(),
        'neighbours': NEIGHBOURS,
        'fits': fits(data_path),
        'redial': sparse_against_exact(data_path),
        'exact': {size: in_new_process(solve_exact, size) for size in EXACT_SIZES},
        'sparse': {size: in_new_process(solve_sparse, size) for size in SPARSE_SIZES},
    }
    CLOSED_FORM.write_text(json.dumps(record, indent=1) + '\n', 'utf-8')
    CLOSED_FORM.with_name('RESULTS.md').write_text(results_page(read_measurements()), 'utf-8')


if __name__ == '__main__':
    main()
