"""The command ``crslab-causal cases``: show single answers of a language model, worst ones first."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from crslab_causal.base.arguments import path_argument
from crslab_causal.base.artifacts import LLM_RESULTS, llm_file
from crslab_causal.base.errors import UserError, exit_status


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Print single answers of a run as Markdown, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description='Print answers of a run of CausalLLM as Markdown, first those that moved the label down most.',
    )
    parser.add_argument('folder', type=path_argument, help='folder of the run, such as save/ReDial_CausalLLM/...')
    parser.add_argument('--worst', type=int, default=20, metavar='N', help='number of answers (default: %(default)s)')
    parser.add_argument(
        '--split', choices=('valid', 'test'), default='test', help='split of the answers (default: %(default)s)'
    )
    parser.add_argument(
        '--data-path',
        '--data_path',
        type=path_argument,
        metavar='FOLDER',
        help='folder of the data (default: that of the run)',
    )
    flags = parser.parse_args(arguments)
    return exit_status(lambda: _print_worst(flags.folder, flags.worst, flags.split, flags.data_path))


def _print_worst(folder: Path, n: int, split: str, data_path: Path | None) -> None:
    if n < 1:
        raise UserError('--worst: must be at least 1')
    from crslab_causal import register
    from crslab_causal.system.llm_cases import read_records, worst_first

    records = worst_first(read_records(folder / llm_file(split)))[:n]
    opt = _options(folder / LLM_RESULTS, data_path)
    register()
    from loguru import logger

    from crslab_causal.base.data_path import DATA_PATH
    from crslab_causal.crslab_compat import get_dataset, use_directories
    from crslab_causal.system.llm_cases import CaseWriter, split_samples, with_contexts

    logger.remove()  # the log of the loading would be printed between the cases
    use_directories(opt.get('data_path') or DATA_PATH, opt.get('save_path') or 'save')
    dataset = get_dataset(opt, opt.get('tokenize') or 'nltk', False, False)
    writer = CaseWriter(dataset.side_data)
    cases = with_contexts(records, split_samples(dataset, split), dataset.side_data['name_of_token'])
    for number, case in enumerate(cases, start=1):
        print('\n\n'.join(writer.lines(number, case)) + '\n')


def _options(path: Path, data_path: Path | None) -> dict:
    """Return the configuration of a run, which its results contain."""
    import json

    try:
        opt = json.loads(path.read_text('utf-8'))['config']
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(f'{path}: is not a result of CausalLLM; name the folder of a run of CausalLLM') from None
    return opt if data_path is None else {**opt, 'data_path': str(data_path)}
