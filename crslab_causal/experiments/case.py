"""Table 7: one conversation, and what each system answers to it: ``python -m crslab_causal.experiments.case``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Mapping, Sequence

from crslab_causal.errors import UserError, exit_status
from crslab_causal.experiments.human.inputs import Context, read_contexts
from crslab_causal.files import replace_file

SHOWN_TURNS = 6


def read_answer(path: Path, conversation: str, turn: int) -> dict:
    """A system's first answer to a turn, from the ``llm_<split>.jsonl`` of CausalLLM or ``responses_<split>.jsonl``.

    Raises:
        UserError: an unreadable file, or no such turn in it.
    """
    try:
        records = [json.loads(line) for line in path.read_text('utf-8').splitlines() if line.strip()]
        found = [r for r in records if (r['conversation'], r['turn']) == (conversation, turn)]
    except OSError as error:
        raise UserError(f'{path}: cannot be read ({error.strerror}); name the llm_<split>.jsonl or '
                        'responses_<split>.jsonl of a run') from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f'{path}: not a file of answers ({error}); name the llm_<split>.jsonl or '
                        'responses_<split>.jsonl of a run') from error
    if found and 'response' not in found[0]:
        raise UserError(f'{path}: not a file of answers (no response); name the llm_<split>.jsonl or '
                        'responses_<split>.jsonl of a run')
    if not found:
        raise UserError(f'{path}: has no answer to turn {turn} of conversation {conversation}; it has '
                        + ', '.join(f"{r['conversation']}:{r['turn']}" for r in records[:3]) + ' ...')
    return found[0]


def side_by_side(context: Context, answers: Mapping[str, dict]) -> str:
    """The case in Markdown: the last turns, and a row for each system."""
    lines = [f'Conversation {context.conversation}, turn {context.turn}.', '']
    lines += [f'> **{role}**: {text}  ' for role, text in context.context[-SHOWN_TURNS:]]
    lines += ['', '| system | label before and after | explanation | response |', '|---|---:|---|---|']
    for name, answer in answers.items():
        title = f"{name} ({answer['backend']})" if 'backend' in answer else name
        before, after = (answer.get(f'rank_{when}') for when in ('before', 'after'))
        ranks = f"{before or 'none'} → {after or 'none'}" if 'rank_after' in answer else ''
        lines.append('| ' + ' | '.join(map(_cell, (title, ranks, answer.get('explanation') or '', answer['response']))) + ' |')
    lines.append(f"| the data |  |  | {_cell(context.reference)} |")
    return '\n'.join(lines) + '\n'


def _cell(text: str) -> str:
    return ' '.join(text.replace('|', '\\|').split())


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns the exit status."""
    parser = argparse.ArgumentParser(prog='python -m crslab_causal.experiments.case', description=__doc__.splitlines()[0])
    parser.add_argument('--systems', nargs='+', required=True, metavar='NAME=PATH',
                        help='llm_<split>.jsonl or responses_<split>.jsonl of each')
    parser.add_argument('--contexts', type=Path, required=True,
                        help='written by python -m crslab_causal.experiments.human contexts')
    parser.add_argument('--conversation', required=True)
    parser.add_argument('--turn', type=int, required=True)
    parser.add_argument('--out', type=Path, default=Path('results', 'table7.md'), help='default: %(default)s')
    options = parser.parse_args(arguments)
    return exit_status(lambda: write_case(options))


def write_case(options: argparse.Namespace) -> None:
    """Writes the case that the command line asks for."""
    context = read_contexts(options.contexts).get((options.conversation, options.turn))
    if context is None:
        raise UserError(f'{options.contexts}: has no turn {options.turn} of conversation {options.conversation}')
    answers = {}
    for system in options.systems:
        name, separator, path = system.partition('=')
        if not separator or not path:
            raise UserError(f'--systems {system}: write NAME=PATH')
        answers[name] = read_answer(Path(path), options.conversation, options.turn)
    page = side_by_side(context, answers)
    replace_file(options.out, page)
    print(page)


if __name__ == '__main__':
    sys.exit(main())
