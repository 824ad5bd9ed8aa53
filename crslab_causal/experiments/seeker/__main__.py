"""Let simulated seekers talk to saved runs: ``python -m crslab_causal.experiments.seeker``."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Sequence

from crslab_causal.base.errors import UserError, exit_status
from crslab_causal.base.files import replace_file

PROG = 'python -m crslab_causal.experiments.seeker'


def main(arguments: Sequence[str] | None = None, prog: str = PROG) -> int:
    """Run the command and return its exit status: 2 for a mistake of the user."""
    parser = _parser(prog)
    options = parser.parse_args(arguments)
    if options.driver == 'rules' and (options.llm_config or options.llm_set):
        parser.error('--llm-config, --llm-set: need --driver llm')
    if options.driver == 'llm' and not options.llm_config:
        parser.error('--driver llm: needs --llm-config, a configuration with a section llm')
    return exit_status(lambda: _run(options))


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Let simulated seekers talk to saved runs and to baselines, which are lists without a '
        'conversation, the most popular films, and random films. Count how soon they are shown '
        'the film that they look for.',
    )
    parser.add_argument(
        '-c',
        '--config',
        action='append',
        required=True,
        metavar='CONFIG',
        help='configuration of a run that `run --save-system` has saved; may be repeated',
    )
    parser.add_argument(
        '--data-path', '--data_path', metavar='FOLDER', help='folder that contains redial/nltk, opendialkg/nltk, ...'
    )
    parser.add_argument(
        '--set', action='append', default=[], metavar='KEY=VALUE', help='override a key of all configurations'
    )
    parser.add_argument('-g', '--gpu', default='-1', help='GPU; -1 for the CPU (default)')
    parser.add_argument(
        '--split',
        choices=('valid', 'test'),
        default='valid',
        help='split whose conversations give the profiles of the seekers (default: %(default)s)',
    )
    parser.add_argument('--n', type=_count, default=500, help='number of seekers (default: %(default)s)')
    parser.add_argument(
        '--patience',
        type=_count,
        default=10,
        help='number of messages after which a seeker gives up (default: %(default)s)',
    )
    parser.add_argument(
        '--seed', type=int, default=2020, help='seed that draws the seekers and their words (default: %(default)s)'
    )
    parser.add_argument(
        '--driver',
        choices=('rules', 'llm'),
        default='rules',
        help='writer of the messages: rules, or a language model (default: rules)',
    )
    parser.add_argument(
        '--llm-config', metavar='CONFIG', help='configuration whose section llm names the language model'
    )
    parser.add_argument(
        '--llm-set', action='append', default=[], metavar='KEY=VALUE', help='override a key of --llm-config'
    )
    parser.add_argument(
        '--out', type=Path, default=Path('results', 'seeker'), help='folder for seeker.json and seeker.md'
    )
    parser.add_argument('--transcripts', type=Path, metavar='FILE', help='file for all conversations, in JSON Lines')
    return parser


def _count(text: str) -> int:
    if int(text) < 1:
        raise ValueError(text)
    return int(text)


def _run(options: argparse.Namespace) -> None:
    from crslab_causal import register

    register()
    from loguru import logger

    from crslab_causal.base.provenance import provenance
    from crslab_causal.crslab_compat import crslab  # noqa: F401  it configures the log when it is imported
    from crslab_causal.experiments.human.inputs import file_hash
    from crslab_causal.experiments.seeker.drivers import TemplateDriver
    from crslab_causal.experiments.seeker.language_model import LanguageModelDriver
    from crslab_causal.experiments.seeker.measures import compare, system_record
    from crslab_causal.experiments.seeker.page import render
    from crslab_causal.experiments.seeker.profiles import draw, read_profiles
    from crslab_causal.experiments.seeker.protocol import play
    from crslab_causal.experiments.seeker.record import SeekerRecord
    from crslab_causal.experiments.seeker.systems import build_systems
    from crslab_causal.quick_start import load_system

    logger.remove()
    logger.add(sys.stderr, level='WARNING')
    settings = [*options.set, *([('data_path', options.data_path)] if options.data_path else [])]
    llm_options = _llm_options(options)
    if len({*options.config}) < len(options.config):
        raise UserError('--config: a configuration is named twice')
    with ExitStack() as stack:
        loaded, conversations = [], []
        for config in options.config:
            print(f'Loading {config} ...', flush=True)
            loaded.append(load_system(config, options.gpu, settings))
            conversations.append(stack.enter_context(loaded[-1].conversation()))
        datasets = {system.config.run.dataset for system in loaded}
        if len(datasets) > 1:
            raise UserError(f'--config: the runs are on different datasets: {", ".join(sorted(datasets))}')
        first, conversation = loaded[0], conversations[0]
        dataloader = first.valid_dataloader if options.split == 'valid' else first.test_dataloader
        read = read_profiles(dataloader.dataset, first.side_data['name_of_token'], conversation)
        profiles = draw(read.profiles, options.n, options.seed)
        if not profiles:
            raise UserError(f'{datasets.pop()} {options.split}: no conversation gives a profile of a seeker')
        print(f'{len(profiles)} seekers of {len(read.profiles)} profiles', flush=True)
        names = [Path(config).stem for config in options.config]
        systems, pairs = build_systems(dict(zip(names, conversations)), options.seed)
        if llm_options is None:
            driver = TemplateDriver(options.seed)
        else:
            driver = stack.enter_context(LanguageModelDriver(llm_options, conversation.interpreter, options.seed))
        outcomes, records = {}, []
        for system in systems:
            started = time.perf_counter()
            outcomes[system.name] = play(profiles, driver, system, conversation.facts, options.patience, options.seed)
            records.append(system_record(system.name, outcomes[system.name], time.perf_counter() - started))
            print(f'{system.name}: {records[-1].seconds:.0f} s', flush=True)
        is_llm = isinstance(driver, LanguageModelDriver)
        facts = conversation.facts
        record = SeekerRecord(
            command=_command(options),
            seed=options.seed,
            patience=options.patience,
            driver=driver.name,
            n_driver_messages=driver.n_messages if is_llm else None,
            n_driver_unanswered=driver.n_unanswered if is_llm else None,
            dataset=datasets.pop(),
            split=options.split,
            n_conversations=len(read.profiles) + sum(read.left_out.values()),
            left_out=dict(read.left_out),
            unused_constraints=dict(read.unused),
            n_profiles=len(read.profiles),
            n_seekers=len(profiles),
            n_with_wishes=sum(bool(profile.wishes) for profile in profiles),
            n_inconsistent=sum(
                not all(wish.allows(facts.films[profile.target], facts) for wish in profile.wishes)
                for profile in profiles
            ),
            mean_facts=sum(len(profile.facts) for profile in profiles) / len(profiles),
            systems=records,
            tests=compare(outcomes, pairs),
            runs={name: file_hash(system.checkpoints.best) for name, system in zip(names, loaded)},
            **provenance(),
        )
    if options.transcripts is not None:
        replace_file(options.transcripts, ''.join(_lines(outcomes)))
    replace_file(options.out / 'seeker.json', record.model_dump_json(indent=1) + '\n')
    replace_file(options.out / 'seeker.md', render(record))
    print(f'written: {options.out / "seeker.json"}, {options.out / "seeker.md"}')


def _llm_options(options: argparse.Namespace):
    """Return the options of the language model that writes the messages; None if templates write them."""
    if options.llm_config is None:
        return None
    from crslab_causal.config import Config
    from crslab_causal.config_files import find_config

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
    words += [word for setting in options.set for word in ('--set', setting)]
    words += ['--split', options.split, '--n', options.n, '--patience', options.patience, '--seed', options.seed]
    if options.driver == 'llm':
        words += ['--driver', 'llm', '--llm-config', options.llm_config]
        words += [word for setting in options.llm_set for word in ('--llm-set', setting)]
    return shlex.join(map(str, words))


def _lines(outcomes):
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


if __name__ == '__main__':
    sys.exit(main())
