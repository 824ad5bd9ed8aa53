"""The paper's own example (Table 7): one turn of the official test, and the list of every system with saved weights.

The turn is only shown. No choice depends on it, and the log has a line that says so.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from crslab_causal.base.errors import UserError
from crslab_causal.base.provenance import provenance
from crslab_causal.experiments.analysis.answers import build_contexts
from crslab_causal.experiments.analysis.case_runs import is_answered, open_questions, unanswered
from crslab_causal.experiments.analysis.cases import TOP_SHOWN
from crslab_causal.experiments.analysis.record import CaseRecord, SystemRecord
from crslab_causal.experiments.runner.dataset_cache import DatasetCache
from crslab_causal.experiments.runner.run_store import RunStore
from crslab_causal.experiments.suite.suite import Run, Suite, Table
from crslab_causal.experiments.suite.suite_options import CaseOptions
from crslab_causal.llm.client.result import UNANSWERED
from crslab_causal.llm.detokenization import UNNAMED
from crslab_causal.llm.llm_result import LLMResult
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.pipeline import LLMPipeline, RerankTask
from crslab_causal.official_scores import check_frozen, known_samples, log_display

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

    The systems of the previous report are kept, and those that are new are added. A language model is asked only if the
    command line names one; until then its row names the command that asks it. Nothing is yielded if no system has an
    answer.

    Args:
        options: options of the example, which name the conversation and the turn.
        suite: the suite that contains the example.
        store: folders of the runs.
        datasets: loaded datasets.
        previous: the example in the previous report.
        log: file that lists all uses of the official test files. None: no system is added.

    Raises:
        UserError: the official test has no such turn, or the code has changes that are not committed.
    """
    (table,) = [table for table in suite.tables if table.options.name == options.table]
    known = {system.title: system for record in previous for system in record.systems if is_answered(system)}
    offline = next((row.options.title for row in table.rows if row.options.id == options.offline), None)
    new: dict[str, Run] = {}
    questions: dict[str, Run] = {}
    if log is not None and store.paths.official is not None:
        new = {
            row.options.title: run
            for row in table.rows
            for run in row.runs[:1]
            if store.official_result(run) is not None
            and store.has_weights(run)
            and not known.keys() >= set(_titles(row.options.title, offline))
        }
        if store.paths.llm is not None:
            questions = {
                title: run
                for title, run in open_questions(options, suite, previous).items()
                if run.recommender is not None and store.has_weights(run.recommender)
            }
    shown: CaseRecord | None = next(iter(previous), None)
    if new or questions:
        assert log is not None
        check_frozen(provenance()['git_commit'])  # before a language model is paid
        shown, samples, test = _shown_turn(options, table, store, datasets, next(iter({**new, **questions}.values())))
        answers: list[SystemRecord] = []
        for title, run in new.items():
            answers += _systems(title, run, samples, store, datasets, title == offline)
        for title, run in questions.items():
            answers += _asked(title, run, samples, store, datasets)
        known |= {system.title: system for system in answers}
        log_display(log, test, shown.conversation, shown.turn, [*new, *questions])
    if shown is None:
        return
    titles = [title for row in table.rows for title in _titles(row.options.title, offline)]
    systems = [known[title] for title in titles if title in known]
    systems += [known.get(asked.title, unanswered(asked.title, suite)) for asked in options.llm]
    yield shown.model_copy(update={'systems': systems, 'title': options.title})


def _titles(title: str, offline: str | None) -> list[str]:
    """Return the titles of the rows that the example has for a row of the table, in their order."""
    return [title, title + OFFLINE] if title == offline else [title]


def _shown_turn(
    options: CaseOptions, table: Table, store: RunStore, datasets: DatasetCache, run: Run
) -> tuple[CaseRecord, list[Any], Path]:
    """Return the example without any system, the samples of its turn, and the official test file.

    Raises:
        UserError: the official test has no such turn.
    """
    dataset = datasets.load(store.config(run))
    test = store.paths.official_test(run.config)
    assert test is not None
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
    sample = samples[0]
    context = build_contexts(samples, side_data['name_of_token'])[sample['conv_id'], sample['turn']]
    record = CaseRecord(
        name=f'{options.name}_1',
        title=options.title,
        split=table.options.split,
        conversation=sample['conv_id'],
        turn=sample['turn'],
        label=side_data['display_names'].get(sample['items'][0], UNNAMED),
        context=context.context,
        reference=context.reference,
        systems=[],
    )
    return record, samples, test


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
    rank = _place(label, items)
    yield _record(title, NO_RESPONSE, names, items, rank, rank)
    if offline:
        settings = LLMOptions()
        with LLMPipeline(settings, system.catalogue, system.train_dataloader.dataset) as pipeline:
            request = pipeline.request(samples[0], items[: settings.candidates])
            (answer,) = pipeline.answer([RerankTask(request, label)])
            backend = pipeline.backend.name
        yield _record(title + OFFLINE, backend, names, answer.ranking, rank, _place(label, answer.ranking), answer)


def _asked(title: str, run: Run, samples: list[Any], store: RunStore, datasets: DatasetCache) -> Iterator[SystemRecord]:
    """Yield the answer of a language model; nothing if there is none."""
    from crslab_causal.crslab_compat import get_dataloader
    from crslab_causal.quick_start import assemble
    from crslab_causal.system.causal_llm import CausalLLMSystem

    config = store.config(run)
    dataset = datasets.load(config)
    system = assemble(config, dataset)
    assert isinstance(system, CausalLLMSystem)
    dataloader = get_dataloader(config, samples, dataset.vocab).to(system.device)
    items = system.evaluation.lists(dataloader, len(system.item_ids))[0]
    with system.make_pipeline() as pipeline:
        (answer,) = pipeline.answer(system.tasks(pipeline, dataloader, [0]))
        backend = pipeline.backend.name
    if answer.status in UNANSWERED:
        print(f'{title}: no answer: {answer.status}{f" ({answer.detail})" if answer.detail else ""}', file=sys.stderr)
        return
    label = samples[0]['items'][0]
    names: Mapping[int, str] = dataset.side_data['display_names']
    ranks = _place(label, items), _place(label, answer.ranking)
    yield _record(title, backend, names, answer.ranking, *ranks, answer)


def _place(label: int, items: Sequence[int]) -> int | None:
    """Return the rank of the label in a list; None if the list does not contain it."""
    return items.index(label) + 1 if label in items else None


def _record(
    title: str,
    backend: str,
    names: Mapping[int, str],
    listed: Sequence[int],
    before: int | None,
    after: int | None,
    answer: LLMResult | None = None,
) -> SystemRecord:
    """Return the row of a system; ``answer`` has the explanation and the response of a system that writes them."""
    return SystemRecord(
        title=title,
        backend=backend,
        status='ok' if answer is None else answer.status,
        listed=[names.get(item, UNNAMED) for item in listed[:TOP_SHOWN]],
        rank_before=before,
        rank_after=after,
        explanation='' if answer is None else answer.explanation,
        response='' if answer is None else answer.response,
    )
