"""The commands ``crslab-causal run`` and ``chat``, and ``run_crslab.py``, which has CRSLab's flags."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from crslab_causal.base.errors import UserError, exit_status
from crslab_causal.command_line.first_run import offer_first_run
from crslab_causal.command_line.web import PORT, Compared, serve_chat, serve_comparison
from crslab_causal.quick_start import run_alone

RESUME_HINT = 'interrupted; with --save-system, the same command with --restore-system continues from the last epoch'


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Train and test the model of a configuration, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog=prog, description='Train, validate and test the model of a configuration, and print the scores.'
    )
    _add_configuration(parser)
    _add_flag(parser, '-sd', '--save-data', help='save the processed dataset, for --restore-data')
    _add_flag(parser, '-rd', '--restore-data', help='load the dataset that --save-data has saved')
    _add_flag(
        parser, '-ss', '--save-system', help='save the weights after every epoch, for `chat` and --restore-system'
    )
    _add_flag(
        parser, '-rs', '--restore-system', help='load the saved weights, continue an interrupted training, and test'
    )
    _add_flag(parser, '-d', '--debug', help='train on the validation split, for debugging')
    _add_flag(parser, '-i', '--interact', help='chat with a saved run, as `crslab-causal chat` does')
    _add_flag(parser, '-tb', '--tensorboard', help='write TensorBoard files into runs/')
    parser.add_argument(
        '--no-download',
        dest='download',
        action='store_false',
        help='do not download a missing dataset, but end with a message',
    )
    flags = vars(parser.parse_args(arguments))
    return exit_status(lambda: run_alone(**_with_settings(flags)), RESUME_HINT)


def chat(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Chat with the system of a saved run, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog=prog, description='Chat with a saved run. `crslab-causal run --save-system` trains and saves one.'
    )
    _add_configuration(parser)
    parser.add_argument(
        '--web', action='store_true', help='chat on a page in the browser, which only this machine can open'
    )
    parser.add_argument('--port', type=int, help=f'with --web: port of the page (default: {PORT}); 0 for any free port')
    parser.add_argument(
        '--compare',
        metavar='CONFIG',
        help='with --web: show the replies of a second saved run beside the first one, without their names',
    )
    parser.add_argument(
        '--compare-set',
        action='append',
        default=[],
        metavar='KEY=VALUE',
        help='override a key of the configuration that --compare names; may be repeated',
    )
    flags = vars(parser.parse_args(arguments))
    is_web, port = flags.pop('web'), flags.pop('port')
    other, other_set = flags.pop('compare'), flags.pop('compare_set')
    if other_set and not other:
        parser.error('--compare-set: needs --compare')
    if other and not is_web:
        parser.error('--compare: needs --web')
    if other:
        return exit_status(lambda: _compare(flags, other, other_set, PORT if port is None else port))
    if port is not None and not is_web:
        parser.error('--port: needs --web')

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
    parser.add_argument(
        '-c',
        '--config',
        required=True,
        help='configuration: a YAML file, or a name that `crslab-causal list configs` shows',
    )
    parser.add_argument(
        '-g',
        '--gpu',
        default='-1',
        help='numbers of GPUs, separated by commas; auto: a GPU if there is one; -1: the CPU (default)',
    )
    parser.add_argument(
        '--data-path',
        '--data_path',
        metavar='FOLDER',
        help='folder that contains redial/nltk, opendialkg/nltk, ... (default: that of the configuration)',
    )
    parser.add_argument('--seed', type=int, help='seed of the run (default: that of the configuration)')
    parser.add_argument(
        '--set',
        action='append',
        default=[],
        metavar='KEY=VALUE',
        help='override a key of the configuration, for example rec.epoch=3; may be repeated',
    )


def _add_flag(parser: argparse.ArgumentParser, short: str, name: str, help: str) -> None:
    """Add a flag of CRSLab. It may also be written with underscores, as CRSLab does."""
    names = dict.fromkeys((short, name, '--' + name[2:].replace('-', '_')))
    parser.add_argument(*names, action='store_true', help=help)


def _with_settings(flags: dict) -> dict:
    """Return the arguments of :func:`.run_alone`. Flags with a name of their own are taken as text, not as YAML."""
    values = {key: flags.pop(key) for key in ('data_path', 'seed')}
    if values['data_path'] == '':
        raise UserError('--data-path: is empty; name the folder that contains redial/nltk, opendialkg/nltk, ...')
    settings = [*flags.pop('set'), *((key, value) for key, value in values.items() if value is not None)]
    return {**flags, 'settings': settings}
