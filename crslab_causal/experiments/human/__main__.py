"""Human evaluation: ``python -m crslab_causal.experiments.human``.

The subcommands ``contexts`` and ``make`` prepare the rating, ``judge`` has a language model rate the same form, and
``read`` analyses the ratings. ``votes`` summarises the votes of ``crslab-causal chat --web --compare``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Sequence

from crslab_causal.base.arguments import path_argument
from crslab_causal.base.data_path import DATA_PATH
from crslab_causal.base.errors import UserError, exit_status
from crslab_causal.base.files import replace_file
from crslab_causal.evaluator.report import save_records
from crslab_causal.experiments.analysis.answers import build_contexts
from crslab_causal.experiments.human.form import FormOptions, read_form
from crslab_causal.experiments.human.judge_summary import judge_markdown, read_judge, summarise_judge
from crslab_causal.experiments.human.kit import FORM, KEY, PAGE, make_kit, read_key
from crslab_causal.experiments.human.ratings import read_ratings
from crslab_causal.experiments.human.summary import markdown, summarise
from crslab_causal.experiments.human.votes import read_votes, summarise_votes, votes_markdown


def write_contexts(config_file: str, split: str, path: Path, settings: Sequence[str] = ()) -> None:
    """Write the contexts of a configuration's dataset to a file.

    Args:
        config_file: YAML file of the configuration.
        split: ``valid`` or ``test``.
        path: file to write.
        settings: ``key=value`` overrides of the configuration.

    Raises:
        UserError: the configuration or the data contain a mistake.
    """
    from crslab_causal import register

    register()
    from crslab_causal.config import Config
    from crslab_causal.crslab_compat import get_dataset, use_directories

    config = Config(config_file, settings=settings)
    use_directories(config['data_path'] or DATA_PATH, config['save_path'])
    dataset = get_dataset(config, config['tokenize'], False, False)
    samples = {'valid': dataset.valid_data, 'test': dataset.test_data}[split]
    contexts = build_contexts(samples, dataset.side_data['name_of_token'])
    save_records(path, (context.model_dump() for context in contexts.values()))


def main(arguments: Sequence[str] | None = None, prog: str = 'python -m crslab_causal.experiments.human') -> int:
    """Run the command and return its exit status: 2 for a mistake of the user."""
    flags = _parser(prog).parse_args(arguments)
    return exit_status(lambda: flags.run(flags))


def _add_settings(parser: argparse.ArgumentParser, examples: str = '') -> None:
    """Add the option that overrides keys of the configuration."""
    parser.add_argument(
        '--set',
        action='append',
        default=[],
        metavar='KEY=VALUE',
        help=f'override a key of the configuration{examples}; may be repeated',
    )


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog, description='Prepare and summarise an evaluation of responses by people.'
    )
    commands = parser.add_subparsers(required=True, metavar='command')

    contexts = commands.add_parser('contexts', help='write the contexts of a split to a file')
    contexts.add_argument('-c', '--config', required=True, help='configuration of the runs (YAML)')
    contexts.add_argument(
        '--data-path',
        '--data_path',
        type=path_argument,
        metavar='FOLDER',
        help='folder that contains redial/nltk and opendialkg/nltk (default: that of the configuration)',
    )
    contexts.add_argument('--split', choices=('valid', 'test'), default='test', help='split (default: %(default)s)')
    _add_settings(contexts)
    contexts.add_argument(
        '--out', required=True, type=path_argument, metavar='FILE', help='file to write, in JSON Lines'
    )
    contexts.set_defaults(run=_contexts)

    make = commands.add_parser(
        'make', help='write a kit: a form for raters, and a key with the hidden names of the systems'
    )
    make.add_argument(
        '--systems',
        required=True,
        nargs='+',
        metavar='NAME=PATH',
        help='name of a system, and its file llm_<split>.jsonl or responses_<split>.jsonl; or the word reference '
        'instead of a file, for the responses of the human recommenders',
    )
    make.add_argument(
        '--contexts',
        required=True,
        type=path_argument,
        metavar='FILE',
        help='file that the command contexts has written',
    )
    make.add_argument(
        '--criteria',
        type=path_argument,
        metavar='FILE',
        help='YAML file with the criteria (default: those of the paper)',
    )
    make.add_argument('--n', type=_count, default=100, help='number of contexts (default: 100)')
    make.add_argument(
        '--seed', type=int, default=0, help='seed that draws the contexts and the order of the systems (default: 0)'
    )
    make.add_argument('--out', required=True, type=path_argument, metavar='FOLDER', help='folder of the kit')
    make.set_defaults(run=_make)

    judge = commands.add_parser('judge', help='let a language model rate a kit, in both orders of the responses')
    judge.add_argument('-c', '--config', required=True, help='configuration of CausalLLM; its section llm is used')
    judge.add_argument('--kit', required=True, type=path_argument, metavar='FOLDER', help='folder of the kit')
    _add_settings(judge, ', such as llm.mode=live or llm.store=judge.db')
    judge.add_argument(
        '--out', required=True, type=path_argument, metavar='FOLDER', help='folder for the two filled forms'
    )
    judge.set_defaults(run=_judge)

    read = commands.add_parser('read', help='summarise filled forms')
    read.add_argument('--key', required=True, type=path_argument, metavar='FILE', help='key.json of the kit')
    read.add_argument(
        'ratings',
        nargs='+',
        type=path_argument,
        help='filled form of each rater; the name of the file is the name of the rater',
    )
    read.add_argument(
        '--judge',
        nargs=2,
        type=path_argument,
        metavar='FORM',
        help='the two forms that the command judge has written; they are compared with those of the raters',
    )
    read.add_argument(
        '--out', required=True, type=path_argument, metavar='FOLDER', help='folder for summary.json and summary.md'
    )
    read.set_defaults(run=_read)

    votes = commands.add_parser('votes', help='summarise the votes of `chat --web --compare`')
    votes.add_argument('votes', nargs='+', type=Path, help='files that the page has written, log/chat_votes.jsonl')
    votes.set_defaults(run=_votes)
    return parser


def _count(text: str) -> int:
    if int(text) < 1:
        raise ValueError(text)
    return int(text)


def _contexts(flags: argparse.Namespace) -> None:
    from loguru import logger

    logger.remove()  # show only warnings of the loading
    logger.add(sys.stderr, level='WARNING')
    data_path = [] if flags.data_path is None else [f'data_path={json.dumps(str(flags.data_path))}']
    write_contexts(flags.config, flags.split, flags.out, [*flags.set, *data_path])
    print(f'contexts of {flags.split}: {flags.out}')


def _make(flags: argparse.Namespace) -> None:
    systems: dict[str, str] = {}
    for pair in flags.systems:
        name, _, source = pair.partition('=')
        if not name.strip() or not source:
            raise UserError(f'--systems {pair}: write name=path')
        if name in systems:
            raise UserError(f'--systems {pair}: {name} is named twice; give each system its own name')
        systems[name] = source
    form = FormOptions() if flags.criteria is None else read_form(flags.criteria)
    key = make_kit(flags.out, systems, flags.contexts, form, flags.n, flags.seed)
    print(
        f'{key.kit}: {len(key.items)} contexts, {len(systems)} systems\n'
        f'for raters (one of them is enough): {flags.out / PAGE}, {flags.out / FORM}\n'
        f'not for raters: {flags.out / KEY}'
    )


def _read(flags: argparse.Namespace) -> None:
    key = read_key(flags.key)
    people = read_ratings(key, flags.ratings)
    summary = summarise(key, people)
    page = markdown(summary)
    if flags.judge is not None:
        summary['judge'] = summarise_judge(read_judge(key, flags.judge), people)
        page += '\n' + judge_markdown(summary['judge'])
    replace_file(flags.out / 'summary.json', json.dumps(summary, indent=2, ensure_ascii=False) + '\n')
    replace_file(flags.out / 'summary.md', page)
    print(page, end='')


def _votes(flags: argparse.Namespace) -> None:
    votes = read_votes(flags.votes)
    if not votes:
        raise UserError(f'{", ".join(map(str, flags.votes))}: has no votes')
    print(votes_markdown(summarise_votes(votes)), end='')


def _judge(flags: argparse.Namespace) -> None:
    from crslab_causal import register

    register()
    from loguru import logger

    from crslab_causal.config import Config
    from crslab_causal.config_files import find_config
    from crslab_causal.experiments.human.judge import estimate_judge, judge_kit

    logger.remove()
    logger.add(sys.stderr, level='WARNING')
    config = Config(find_config(flags.config), settings=flags.set)
    options = getattr(config.model, 'llm', None)
    if options is None:
        raise UserError(f'--config {flags.config}: has no section llm; name a configuration of CausalLLM')
    if options.dry_run:
        print(estimate_judge(flags.kit, options).line())
        return
    files = judge_kit(flags.kit, options, flags.out)
    print('rated in both orders: ' + ', '.join(map(str, files)) + '\n')
    print(judge_markdown(summarise_judge(read_judge(read_key(flags.kit / KEY), files))), end='')


if __name__ == '__main__':
    sys.exit(main())
