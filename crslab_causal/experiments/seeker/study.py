"""The study of the command: load the runs, let the seekers talk to them, and write the record and its page."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from contextlib import ExitStack
from typing import Any, Iterator, Mapping, NamedTuple, Sequence

from loguru import logger

from crslab_causal.base.errors import UserError
from crslab_causal.base.files import replace_file
from crslab_causal.base.provenance import provenance
from crslab_causal.chat.conversation import Conversation
from crslab_causal.chat.films.facts import FilmFacts
from crslab_causal.config import Config
from crslab_causal.config_files import find_config
from crslab_causal.crslab_compat import crslab  # noqa: F401  it configures the log when it is imported
from crslab_causal.experiments.human.inputs import file_hash
from crslab_causal.experiments.seeker.drivers import Driver, TemplateDriver
from crslab_causal.experiments.seeker.language_model import LanguageModelDriver
from crslab_causal.experiments.seeker.measures import compare, system_record
from crslab_causal.experiments.seeker.page import render
from crslab_causal.experiments.seeker.profiles import Profile, Profiles, draw, read_profiles
from crslab_causal.experiments.seeker.protocol import Outcome, play
from crslab_causal.experiments.seeker.record import SeekerRecord, SystemRecord
from crslab_causal.experiments.seeker.systems import System, build_systems
from crslab_causal.llm.options import LLMOptions
from crslab_causal.official_scores import NO_MATTER
from crslab_causal.quick_start import load_system
from crslab_causal.system.causal import CausalSystem

Outcomes = Mapping[str, Sequence[Outcome]]
"""The conversations of each system by its name."""


class _Run(NamedTuple):
    """A saved run, and a conversation with it."""

    name: str
    system: CausalSystem
    conversation: Conversation


def run(options: argparse.Namespace) -> None:
    """Let simulated seekers talk to saved runs, and write the record.

    Args:
        options: parsed command line of :mod:`.__main__`.

    Raises:
        UserError: the runs do not fit together, or no seeker can be drawn.
    """
    logger.remove()
    logger.add(sys.stderr, level='WARNING')
    llm_options = _llm_options(options)
    names = run_names(options.config)
    with ExitStack() as stack:
        runs = _load(options, names, stack)
        first, conversation = runs[0].system, runs[0].conversation
        dataloader = first.valid_dataloader if options.split == 'valid' else first.test_dataloader
        read = read_profiles(dataloader.dataset, first.side_data['name_of_token'], conversation)
        profiles = draw(read.profiles, options.n, options.seed)
        if not profiles:
            raise UserError(f'{first.config.run.dataset} {options.split}: no conversation gives a profile of a seeker')
        print(f'{len(profiles)} seekers of {len(read.profiles)} profiles', flush=True)
        systems, pairs = build_systems({run.name: run.conversation for run in runs}, options.seed)
        driver: Driver = TemplateDriver(options.seed)
        if llm_options is not None:
            driver = stack.enter_context(LanguageModelDriver(llm_options, conversation.interpreter, options.seed))
        outcomes, records = _play(systems, profiles, driver, conversation.facts, options)
        record = SeekerRecord(
            command=_command(options),
            seed=options.seed,
            patience=options.patience,
            **_about_driver(driver),
            dataset=first.config.run.dataset,
            split=options.split,
            **_about_profiles(read, profiles, conversation.facts),
            systems=records,
            tests=compare(outcomes, pairs),
            runs={run.name: file_hash(run.system.checkpoints.best) for run in runs},
            **provenance(),
        )
    replace_file(options.out / 'seeker.json', record.model_dump_json(indent=1) + '\n')
    replace_file(options.out / 'seeker.md', render(record))
    print(f'written: {options.out / "seeker.json"}, {options.out / "seeker.md"}')


def run_names(configs: Sequence[str]) -> list[str]:
    """Return a name for each configuration: that of its file, or as much of its path as tells it from the others.

    Args:
        configs: paths or names of configurations, as the command line gives them.

    Raises:
        UserError: a configuration does not exist, or is named twice.
    """
    paths = [find_config(config).resolve() for config in configs]
    files = [path.with_suffix('') if path.suffix == '.yaml' else path for path in paths]
    twice = next((config for config, file in zip(configs, files) if files.count(file) > 1), None)
    if twice is not None:
        raise UserError(f'--config: the configuration {twice} is named twice; leave one of them out')
    return [
        next(
            end
            for n in range(1, len(file.parts) + 1)
            if (end := '/'.join(file.parts[-n:])) and sum(end == '/'.join(other.parts[-n:]) for other in files) == 1
        )
        for file in files
    ]


def _load(options: argparse.Namespace, names: Sequence[str], stack: ExitStack) -> list[_Run]:
    """Load the saved runs, and start a conversation with each. They end with ``stack``.

    Args:
        options: parsed command line.
        names: name of the run of each configuration.
        stack: closes the conversations.

    Raises:
        UserError: a run does not exist, or the runs are on different datasets.
    """
    settings = [*options.set, *([('data_path', options.data_path)] if options.data_path else [])]
    runs = []
    for name, config in zip(names, options.config, strict=True):
        print(f'Loading {config} ...', flush=True)
        system = load_system(config, options.gpu, settings)
        runs.append(_Run(name, system, stack.enter_context(system.conversation())))
    datasets = {run.system.config.run.dataset for run in runs}
    if len(datasets) > 1:
        raise UserError(f'--config: the runs are on different datasets: {", ".join(sorted(datasets))}')
    return runs


def _play(
    systems: Sequence[System],
    profiles: Sequence[Profile],
    driver: Driver,
    facts: FilmFacts,
    options: argparse.Namespace,
) -> tuple[dict[str, list[Outcome]], list[SystemRecord]]:
    """Return the conversations with each system by its name, and the measures of each system.

    The transcripts are written after each system, so that a later mistake does not lose them.
    """
    outcomes: dict[str, list[Outcome]] = {}
    records = []
    for system in systems:
        started = time.perf_counter()
        outcomes[system.name] = play(profiles, driver, system, facts, options.patience, options.seed)
        if options.transcripts is not None:
            replace_file(options.transcripts, ''.join(_lines(outcomes)))
        records.append(system_record(system.name, outcomes[system.name], time.perf_counter() - started))
        print(f'{system.name}: {records[-1].seconds:.0f} s', flush=True)
    return outcomes, records


def _about_driver(driver: Driver) -> dict[str, Any]:
    """Return the fields of the record about what wrote the messages."""
    asked = (driver.n_messages, driver.n_unanswered) if isinstance(driver, LanguageModelDriver) else (None, None)
    return {'driver': driver.name, 'n_driver_messages': asked[0], 'n_driver_unanswered': asked[1]}


def _about_profiles(read: Profiles, profiles: Sequence[Profile], facts: FilmFacts) -> dict[str, Any]:
    """Return the fields of the record about the conversations of the data and the seekers.

    Args:
        read: the profiles of all conversations.
        profiles: the seekers that were drawn.
        facts: facts about the films.
    """
    return {
        'n_conversations': len(read.profiles) + sum(read.left_out.values()),
        'left_out': dict(read.left_out),
        'unused_constraints': dict(read.unused),
        'n_profiles': len(read.profiles),
        'n_seekers': len(profiles),
        'n_with_wishes': sum(bool(profile.wishes) for profile in profiles),
        'n_inconsistent': sum(
            not all(wish.allows(facts.films[profile.target], facts) for wish in profile.wishes) for profile in profiles
        ),
        'mean_facts': sum(len(profile.facts) for profile in profiles) / len(profiles),
    }


def _llm_options(options: argparse.Namespace) -> LLMOptions | None:
    """Return the options of the language model that writes the messages; None if templates write them."""
    if options.llm_config is None:
        return None
    config = Config(find_config(options.llm_config), settings=options.llm_set)
    llm = getattr(config.model, 'llm', None)
    if llm is None:
        raise UserError(f'--llm-config {options.llm_config}: has no section llm; name a configuration of CausalLLM')
    if llm.mode not in ('live', 'replay') or llm.dry_run or llm.batch:
        raise UserError('--llm-config: the seeker needs answers at once; set llm.mode to live or replay, without batch')
    return llm


def _command(options: argparse.Namespace) -> str:
    """Return the command for the record, without the paths of files, which differ between machines."""
    words = ['crslab-causal', 'seeker', *(word for config in options.config for word in ('-c', config))]
    settings = [setting for setting in options.set if setting.partition('=')[0] not in NO_MATTER]
    words += [word for setting in settings for word in ('--set', setting)]
    words += ['--split', options.split, '--n', options.n, '--patience', options.patience, '--seed', options.seed]
    if options.driver == 'llm':
        words += ['--driver', 'llm', '--llm-config', options.llm_config]
        words += [word for setting in options.llm_set for word in ('--llm-set', setting)]
    return shlex.join(map(str, words))


def _lines(outcomes: Outcomes) -> Iterator[str]:
    """Yield each conversation as a line of JSON."""
    for name, of_system in outcomes.items():
        for outcome in of_system:
            turns = [
                {'seeker': exchange.message.text, 'system': exchange.reply, 'films': exchange.names}
                for exchange in outcome.exchanges
            ]
            row = {'system': name, 'conversation': outcome.profile.conversation, 'success': outcome.success}
            row |= {
                'violations': outcome.violations,
                'relaxed': outcome.relaxed,
                'repeated': outcome.repeated,
                'leaks': outcome.leaks,
                'target': outcome.profile.target,
            }
            yield json.dumps({**row, 'turns': turns}, ensure_ascii=False) + '\n'
