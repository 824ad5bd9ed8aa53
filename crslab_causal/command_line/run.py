"""The commands ``crslab-causal run`` and ``chat``, and ``run_crslab.py``, which has CRSLab's flags."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from crslab_causal.base.errors import UserError, exit_status
from crslab_causal.command_line.first_run import offer_first_run
from crslab_causal.command_line.web import PORT, Compared, serve_chat, serve_comparison
from crslab_causal.quick_start import run_alone

RESUME_HINT = 'interrupted; with --save_system, the same command with --restore_system continues from the last epoch'


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Train and test the model of a configuration, and return the exit status."""
    parser = argparse.ArgumentParser(prog=prog, description='Run a model of CRSLab or crslab_causal.')
    _add_configuration(parser)
    _add_flag(parser, '-sd', '--save_data', help='save the processed dataset')
    _add_flag(parser, '-rd', '--restore_data', help='restore the processed dataset')
    _add_flag(parser, '-ss', '--save_system', help='save the system after every epoch')
    _add_flag(parser, '-rs', '--restore_system', help='continue a saved system')
    _add_flag(parser, '-d', '--debug', help='train on the valid split, for debugging')
    _add_flag(parser, '-i', '--interact', help='chat with a saved system')
    _add_flag(parser, '-tb', '--tensorboard', help='write TensorBoard files into runs/')
    parser.add_argument(
        '--no-download',
        dest='download',
        action='store_false',
        help='end with a message, and download nothing, if the data folder is empty',
    )
    flags = vars(parser.parse_args(arguments))
    return exit_status(lambda: run_alone(**_with_settings(flags)), RESUME_HINT)


def chat(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Chat with the system of a saved run, and return the exit status."""
    parser = argparse.ArgumentParser(prog=prog, description='Chat with a system that `run --save-system` has trained.')
    _add_configuration(parser)
    parser.add_argument('--web', action='store_true', help='chat on a page in the browser, for this machine only')
    parser.add_argument('--port', type=int, help=f'port of the page, by default {PORT}; 0 for any free one')
    parser.add_argument(
        '--compare', metavar='CONFIG', help='with --web: compare with this configuration, blindly and side by side'
    )
    parser.add_argument(
        '--compare-set',
        action='append',
        default=[],
        metavar='KEY=VALUE',
        help='override a key of the configuration of --compare; may be repeated',
    )
    flags = vars(parser.parse_args(arguments))
    is_web, port = flags.pop('web'), flags.pop('port')
    other, other_set = flags.pop('compare'), flags.pop('compare_set')
    if other_set and not other:
        parser.error('--compare-set: is for --compare')
    if other and not is_web:
        parser.error('--compare: is for --web')
    if other:
        return exit_status(lambda: _compare(flags, other, other_set, PORT if port is None else port))
    if port is not None and not is_web:
        parser.error('--port: is for --web')

    def start() -> None:
        options = _with_settings(flags)
        offer_first_run(**options)
        if is_web:
            serve_chat(**options, port=PORT if port is None else port)
        else:
            run_alone(**options, interact=True)

    return exit_status(start)


def _compare(flags: dict, other: str, other_set: list[str], port: int) -> None:
    """Serve the page that compares two systems; data, seed and GPU are those of both."""
    written = list(flags['set'])
    first = _with_settings(flags)
    common = first['settings'][len(written) :]
    serve_comparison(
        Compared(first['config'], first['settings'], written),
        Compared(other, [*other_set, *common], other_set),
        first['gpu'],
        port,
    )


def _add_configuration(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-c', '--config', required=True, help='configuration: a YAML file, or a name of `list configs`')
    parser.add_argument(
        '-g', '--gpu', default='-1', help='GPU ids, separated by commas; auto for a GPU if there is one; -1 for the CPU'
    )
    parser.add_argument('--data_path', '--data-path', help='folder that holds redial/nltk, opendialkg/nltk, ...')
    parser.add_argument('--seed', type=int, help='seed of the run')
    parser.add_argument(
        '--set',
        action='append',
        default=[],
        metavar='KEY=VALUE',
        help='override a key of the configuration, for example rec.epoch=3; may be repeated',
    )


def _add_flag(parser: argparse.ArgumentParser, short: str, name: str, help: str) -> None:
    """Add a flag of CRSLab, which may also be written with hyphens."""
    parser.add_argument(short, name, name.replace('_', '-'), action='store_true', help=help)


def _with_settings(flags: dict) -> dict:
    """Return the arguments of :func:`.run_alone`. Flags with a name of their own are taken as text, not as YAML."""
    values = {key: flags.pop(key) for key in ('data_path', 'seed')}
    if values['data_path'] == '':
        raise UserError('--data_path: is empty; name the folder that holds redial/nltk, opendialkg/nltk, ...')
    settings = [*flags.pop('set'), *((key, value) for key, value in values.items() if value is not None)]
    return {**flags, 'settings': settings}
