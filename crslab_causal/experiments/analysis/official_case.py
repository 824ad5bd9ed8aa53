"""The paper's own example (Table 7): one turn of the official test, and the list of every system with saved weights.

The turn is only shown. No choice depends on it, and the log has a line that says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from crslab_causal.base.errors import UserError
from crslab_causal.experiments.analysis.answers import build_contexts
from crslab_causal.experiments.analysis.cases import TOP_SHOWN
from crslab_causal.experiments.analysis.record import CaseRecord, SystemRecord
from crslab_causal.experiments.runner.dataset_cache import DatasetCache
from crslab_causal.experiments.runner.run_store import RunStore
from crslab_causal.experiments.suite.suite import Run, Suite
from crslab_causal.experiments.suite.suite_options import CaseOptions
from crslab_causal.llm.detokenization import UNNAMED
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.pipeline import LLMPipeline, RerankTask
from crslab_causal.official_scores import known_samples, log_display

NO_RESPONSE = 'a list, no response'
"""Backend of a system that recommends and writes nothing."""
OFFLINE = ' and the offline backend (no LLM)'
"""End of the title of a system whose list the offline backend re-ranks, explains and puts into words."""


def official_case(
    options: CaseOptions,
    suite: Suite,
    store: RunStore,
    datasets: DatasetCache,
    previous: Sequence[CaseRecord],
    log: Path | None,
) -> Iterator[CaseRecord]:
    """Yield an example: a turn of the official test set, with the lists of all systems.

    If no system is new since the previous report, the example of that report is yielded instead.

    Args:
        options: options of the example, which name the conversation and the turn.
        suite: the suite that contains the example.
        store: folders of the runs.
        datasets: loaded datasets.
        previous: the example in the previous report.
        log: file that lists all uses of the official test files. None: the previous example is yielded.

    Raises:
        UserError: the official test has no such turn.
    """
    (table,) = [table for table in suite.tables if table.options.name == options.table]
    runs = {
        row.options.title: run
        for row in table.rows
        for run in row.runs[:1]
        if store.official_result(run) is not None and store.has_weights(run)
    }
    known = {system.title for record in previous for system in record.systems}
    test = store.paths.official_test(next(iter(runs.values())).config) if runs else None
    if log is None or test is None or runs.keys() <= known:
        yield from previous
        return
    dataset = datasets.load(store.config(next(iter(runs.values()))))
    side_data = dataset.side_data
    samples = [
        sample
        for sample in known_samples(dataset, test)[0]
        if (sample['conv_id'], sample['turn']) == (str(options.conversation), options.turn)
    ]
    if not samples:
        raise UserError(
            f'case {options.name}: {test} has no turn {options.turn} of conversation {options.conversation}'
        )
    sample, names = samples[0], side_data['display_names']
    context = build_contexts(samples, side_data['name_of_token'])[sample['conv_id'], sample['turn']]
    offline = next((row.options.title for row in table.rows if row.options.id == options.offline), None)
    systems: list[SystemRecord] = []
    for title, run in runs.items():
        systems += _systems(title, run, samples, store, datasets, title == offline)
    log_display(log, test, sample['conv_id'], sample['turn'], list(runs))
    yield CaseRecord(
        name=f'{options.name}_1',
        title=options.title,
        split=table.options.split,
        conversation=sample['conv_id'],
        turn=sample['turn'],
        label=names.get(sample['items'][0], UNNAMED),
        context=context.context,
        reference=context.reference,
        systems=systems,
    )


def _systems(
    title: str, run: Run, samples: list[Any], store: RunStore, datasets: DatasetCache, offline: bool
) -> Iterator[SystemRecord]:
    """Yield the list of a system and, if ``offline`` is set, the offline backend's answer to the list."""
    from crslab_causal.crslab_compat import get_dataloader
    from crslab_causal.quick_start import assemble

    config = store.config(run)
    dataset = datasets.load(config)
    system = assemble(config, dataset)
    system.load_best()
    dataloader = get_dataloader(config, samples, dataset.vocab)
    if system.confounder is not None:
        dataloader.stratify(system.confounder)
    items = system.evaluation.lists(dataloader.to(system.device), len(system.item_ids))[0]
    names: Mapping[int, str] = dataset.side_data['display_names']
    label = samples[0]['items'][0]
    rank = items.index(label) + 1 if label in items else None

    def record(title: str, backend: str, listed: Sequence[int], after: int | None, *texts: str) -> SystemRecord:
        explanation, response = texts or ('', '')
        return SystemRecord(
            title=title,
            backend=backend,
            status='ok',
            listed=[names.get(item, UNNAMED) for item in listed[:TOP_SHOWN]],
            rank_before=rank,
            rank_after=after,
            explanation=explanation,
            response=response,
        )

    yield record(title, NO_RESPONSE, items, rank)
    if offline:
        settings = LLMOptions()
        with LLMPipeline(settings, system.catalogue, system.train_dataloader.dataset) as pipeline:
            request = pipeline.request(samples[0], items[: settings.candidates])
            (answer,) = pipeline.answer([RerankTask(request, label)])
        order = list(answer.ranking)
        after = order.index(label) + 1 if label in order else None
        yield record(title + OFFLINE, pipeline.backend.name, order, after, answer.explanation, answer.response)
