"""Write the case of docs/results/main_tables.md.

The case is one real conversation, with the output of the recommender and of the language stage:

    python benchmarks/case.py --data-path path/to/data --conversation 18304 --turn 2

It needs a saved run of the configuration (``crslab-causal run --save-system``). A language model answers with
``--config config/llm_redial_full.yaml``; otherwise the offline backend does. The case names its backend.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Iterable

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from crslab_causal.base.errors import UserError, exit_status  # noqa: E402
from crslab_causal.base.markdown_blocks import update_block  # noqa: E402
from crslab_causal.base.tables import escape_cell, markdown_table  # noqa: E402
from crslab_causal.llm.detokenization import detokenize  # noqa: E402
from crslab_causal.llm.options import LLMOptions  # noqa: E402
from crslab_causal.llm.pipeline import LLMPipeline, RerankTask  # noqa: E402
from crslab_causal.quick_start import load_system  # noqa: E402

TOP_SHOWN = 5
"""Number of items of a list."""
MAX_TURNS = 6
"""Number of turns before the recommendation."""


def case(config: str, settings: list[str], conversation: str, turn: int) -> str:
    """Return a case of the valid split in Markdown.

    Args:
        config: YAML file of the configuration.
        settings: ``key=value`` overrides of the configuration.
        conversation: ``conv_id`` of the conversation.
        turn: number of the turn.

    Raises:
        UserError: there is no such turn, or no saved run.
    """
    system = load_system(config, settings=settings)
    samples = [s for s in system.valid_dataloader.samples if s['conv_id'] == conversation and s['turn'] == turn]
    if not samples:
        known = sorted({s['conv_id'] for s in system.valid_dataloader.samples})[:5]
        raise UserError(
            f'--conversation {conversation} --turn {turn}: no turn of the valid split recommends an item '
            f'there; choose one of the conversations {", ".join(known)}, ...'
        )
    sample, recommender = samples[0], system.recommender()
    names, history = recommender.names, sample['context_entities']
    options = getattr(system.config.model, 'llm', LLMOptions())
    with LLMPipeline(options, system.catalogue, system.train_dataloader.dataset) as pipeline:
        listed = recommender.recommend(history, options.candidates)
        request = pipeline.request(sample, [item.entity for item in listed])
        (outcome,) = pipeline.answer([RerankTask(request, sample['item'])])
        backend, tokens = pipeline.backend.name, pipeline.catalogue.name_of_token
    masked = recommender.recommend(history, TOP_SHOWN, masked=True)
    lines = [f'Conversation {conversation} of the validation split, turn {turn}. Backend: **{backend}**.', '']
    lines += [f'> **{role}**: {text}  ' for role, text in request.context[-MAX_TURNS:]]
    rows = [
        ('mentioned', ', '.join(names[entity] for entity in history)),
        ("recommender's list", _list(item.name for item in listed)),
        (f'the same with {names[history[-1]]} masked' if history else 'the same', _list(item.name for item in masked)),
        ('explanation', outcome.explanation),
        ('re-ranked', _list(names[entity] for entity in outcome.ranking)),
        ('response', outcome.response),
        ('what the recommender really said', detokenize(sample['response_text'], tokens)),
    ]
    table = markdown_table(['', ''], [[title, escape_cell(text)] for title, text in rows], left=2)
    return '\n'.join([*lines, '', table])


def _list(names: Iterable[str]) -> str:
    return ', '.join(f'{rank}. {name}' for rank, name in zip(range(1, TOP_SHOWN + 1), names))


def main() -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(description='Write the case of docs/results/main_tables.md.')
    parser.add_argument('--data-path', '--data_path', type=Path, required=True, help='folder that contains redial/nltk')
    parser.add_argument(
        '--config',
        default=str(ROOT / 'config' / 'causal_redial.yaml'),
        help='configuration of the saved run (default: %(default)s)',
    )
    parser.add_argument('--conversation', required=True, help='conv_id of the conversation')
    parser.add_argument('--turn', type=int, required=True, help='number of the turn')
    parser.add_argument(
        '--set',
        action='append',
        default=[],
        metavar='KEY=VALUE',
        help='override a key of the configuration; may be repeated',
    )
    arguments = parser.parse_args()
    return exit_status(lambda: _write(arguments))


def _write(arguments: argparse.Namespace) -> None:
    block = case(
        arguments.config, [f'data_path={arguments.data_path}', *arguments.set], arguments.conversation, arguments.turn
    )
    update_block(ROOT / 'docs' / 'results' / 'main_tables.md', 'case', block)
    print(block)


if __name__ == '__main__':
    sys.exit(main())
