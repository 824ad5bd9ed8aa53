"""Write the case of docs/results/main_tables.md: one real conversation, and what each half of the system makes of it.

    python benchmarks/case.py --data_path ../shared/data --conversation 18304 --turn 2

Needs a saved run of the configuration (``run_crslab.py --save_system``). With ``--config config/llm_redial_full.yaml``
a language model answers; otherwise it is the offline backend, which is said.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from crslab_causal.base.markdown_blocks import update_block  # noqa: E402
from crslab_causal.base.errors import UserError  # noqa: E402
from crslab_causal.llm.detokenization import detokenize  # noqa: E402
from crslab_causal.llm.options import LLMOptions  # noqa: E402
from crslab_causal.llm.pipeline import LLMPipeline, RerankTask  # noqa: E402
from crslab_causal.quick_start import load_system  # noqa: E402

SHOWN = 5


def case(config: str, settings: list[str], conversation: str, turn: int) -> str:
    """The case in Markdown, from the valid split.

    Raises:
        UserError: no such turn, or no saved run.
    """
    system = load_system(config, settings=settings)
    samples = [s for s in system.valid_dataloader.samples if s['conv_id'] == conversation and s['turn'] == turn]
    if not samples:
        known = sorted({s['conv_id'] for s in system.valid_dataloader.samples})[:5]
        raise UserError(f'--conversation {conversation} --turn {turn}: no turn of the valid split that recommends an '
                        f'item; conversations are {", ".join(known)} ...')
    sample, recommender = samples[0], system.recommender()
    names, history = recommender.names, sample['context_entities']
    options = getattr(system.config.model, 'llm', LLMOptions())
    with LLMPipeline(options, system.catalogue, system.train_dataloader.dataset) as pipeline:
        listed = recommender.recommend(history, options.candidates)
        request = pipeline.request(sample, [item.entity for item in listed])
        (outcome,) = pipeline.answer([RerankTask(request, sample['item'])])
        backend, tokens = pipeline.backend.name, pipeline.catalogue.name_of_token
    masked = recommender.recommend(history, SHOWN, masked=True)
    lines = [f'Conversation {conversation} of valid, turn {turn}. Backend: **{backend}**.', '']
    lines += [f'> **{role}**: {text}  ' for role, text in request.context[-6:]]
    rows = [('mentioned', ', '.join(names[entity] for entity in history)),
            ("recommender's list", _list(item.name for item in listed)),
            (f'the same with {names[history[-1]]} masked' if history else 'the same',
             _list(item.name for item in masked)),
            ('explanation', outcome.explanation), ('re-ranked', _list(names[entity] for entity in outcome.ranking)),
            ('response', outcome.response),
            ('what the recommender really said', detokenize(sample['response_text'], tokens))]
    lines += ['', '| | |', '|---|---|', *(f'| {title} | {_cell(text)} |' for title, text in rows)]
    return '\n'.join(lines)


def _list(names) -> str:
    return ', '.join(f'{rank}. {name}' for rank, name in zip(range(1, SHOWN + 1), names))


def _cell(text: str) -> str:
    return ' '.join(text.replace('|', '\\|').split())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--data_path', type=Path, required=True)
    parser.add_argument('--config', default=str(ROOT / 'config' / 'causal_redial.yaml'))
    parser.add_argument('--conversation', required=True, help='its conv_id')
    parser.add_argument('--turn', type=int, required=True)
    parser.add_argument('--set', action='append', default=[], metavar='KEY=VALUE')
    arguments = parser.parse_args()
    try:
        block = case(arguments.config, [f'data_path={arguments.data_path}', *arguments.set], arguments.conversation,
                     arguments.turn)
    except UserError as error:
        raise SystemExit(f'error: {error}') from None
    update_block('case', block)
    print(block)


if __name__ == '__main__':
    main()
