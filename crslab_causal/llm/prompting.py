"""Prompts: files that say what a language model is to do, and the messages made from one and a request (Eq 9).

A prompt is a file of three parts::

    answer: CausalAnswer

    --- system ---
    Text with $placeholders, as of string.Template; $$ is a dollar sign.
    --- user ---
    $conversation

``CausalAnswer`` needs ``$candidates``, ``TitleAnswer`` must not have it. Those of this package:

===================== ============ ============================================================================
name                  answer       what for
===================== ============ ============================================================================
``causal``            CausalAnswer the full model; also for the oracles, which differ in their candidates alone
``causal_no_wording`` CausalAnswer control: the same task without a word about causes
``no_explanation``    CausalAnswer control: the same wish, but nothing is explained before the ranking
``vanilla``           TitleAnswer  baseline: titles in free form
``few_shot``          TitleAnswer  baseline: the same with examples from the training data
``chain_of_thought``  TitleAnswer  baseline: the same after thinking step by step
===================== ============ ============================================================================

What people said is data. Each turn is one line of JSON in which every ``<``, ``>``, ``&`` and every character that does
not print is escaped: no text can end its line or its block.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from string import Template
from typing import NamedTuple, Sequence

from pydantic import BaseModel

from crslab_causal.base.errors import UserError
from crslab_causal.llm.answer import CausalAnswer, TitleAnswer
from crslab_causal.llm.examples import Example
from crslab_causal.llm.request import Request

MAX_CHARACTERS = 6000
"""Of a conversation; the longest of ReDial's has about 2,000."""
N_TITLES = 50
"""Asked for where there are no candidates: as many as the longest cutoff of ReDial's scores."""

_FOLDER = Path(__file__).parent / 'prompts'
_ANSWERS: dict[str, type[BaseModel]] = {'CausalAnswer': CausalAnswer, 'TitleAnswer': TitleAnswer}
_PLACEHOLDERS = ('conversation', 'candidates', 'n_candidates', 'examples', 'n_titles')
_PARTS = re.compile(r'\s*answer:[ \t]*(\S*)\s*^--- system ---$(.*)^--- user ---$(.*)', re.DOTALL | re.MULTILINE)
_SPECIAL = frozenset('<>&')


class Prompt(NamedTuple):
    """A prompt whose placeholders are checked."""

    name: str
    answer: type[BaseModel]
    """Schema of what is to be answered."""
    system: str
    user: str

    @property
    def placeholders(self) -> set[str]:
        """Names of those it has, without ``$``."""
        return _placeholders(self.system) | _placeholders(self.user)

    def messages(self, request: Request, *, examples: Sequence[Example] = (), n_titles: int = N_TITLES,
                 limit: int = MAX_CHARACTERS) -> list[dict[str, str]]:
        """A system's and a user's message, ``{'role': ..., 'content': ...}``.

        Args:
            request: its context is readable text, see :func:`.readable`.
            examples: for ``$examples``, from :func:`.select_examples`.
            n_titles: for ``$n_titles``.
            limit: characters of the conversation. Of a longer one the last turns are kept, as many as fit, and the
                number of those left out is stated; if the last turn alone is too long, its end is kept, after ``…``.

        Raises:
            UserError: the prompt wants candidates or examples, and there are none; ``limit`` is below 1.
        """
        wanted = self.placeholders
        for name, given in (('candidates', request.candidates), ('examples', examples)):
            if name in wanted and not given:
                raise UserError(f'prompt {self.name}: has ${name}, but there are none')
        values = {'conversation': conversation_block(request.context, limit),
                  'candidates': candidates_block([candidate.name for candidate in request.candidates]),
                  'n_candidates': len(request.candidates), 'examples': examples_block(examples), 'n_titles': n_titles}
        return [{'role': role, 'content': Template(text).substitute(values)}
                for role, text in (('system', self.system), ('user', self.user))]


def prompt_names() -> list[str]:
    """Names of the prompts of this package, sorted."""
    return sorted(path.stem for path in _FOLDER.glob('*.md'))


def load_prompt(name_or_path: str | Path) -> Prompt:
    """Reads a prompt.

    Args:
        name_or_path: one of :func:`prompt_names`, or a file: a ``Path``, or a text with ``/`` or ending in ``.md``.

    Raises:
        UserError: there is none, or it is not as described above.
    """
    text = str(name_or_path)
    is_path = isinstance(name_or_path, Path) or text.endswith('.md') or '/' in text or '\\' in text
    if not is_path and text not in prompt_names():
        raise UserError(f'llm.prompt: {text!r} is no prompt; choose one of {", ".join(prompt_names())}, or a file *.md')
    file = Path(text) if is_path else _FOLDER / f'{text}.md'
    try:
        content = file.read_text('utf-8')
    except OSError as error:
        raise UserError(f'llm.prompt: {text} cannot be read ({error.strerror}); name a file that exists') from None
    except UnicodeDecodeError:
        raise UserError(f'llm.prompt: {text} is not UTF-8; save it in that encoding') from None
    parts = _PARTS.fullmatch(content)
    if parts is None:
        raise UserError(f"llm.prompt: {text} is not a line 'answer: ...', a line '--- system ---', text, a line "
                        "'--- user ---' and text, in this order")
    answer, system, user = (part.strip() for part in parts.groups())
    _check(text, answer, system, user)
    return Prompt(Path(text).stem if is_path else text, _ANSWERS[answer], system, user)


def conversation_block(context: Sequence[tuple[str, str]], limit: int = MAX_CHARACTERS) -> str:
    """The turns between ``<conversation>`` and ``</conversation>``; see :meth:`Prompt.messages` for ``limit``."""
    if limit < 1:
        raise UserError(f'limit of a conversation: {limit} characters are none; give at least 1')
    kept: list[tuple[str, str]] = []
    room = limit
    for role, text in reversed(context):
        room -= len(text)
        if room < 0 and kept:
            break
        kept.append((role, text if room >= 0 else f'…{text[-limit:]}'))
    left_out = len(context) - len(kept)
    note = [f'({left_out} earlier turn{"s" if left_out > 1 else ""} left out)'] if left_out else []
    return _block('conversation', [*note, *map(_turn, reversed(kept))])


def candidates_block(names: Sequence[str]) -> str:
    """The candidates between ``<candidates>`` and ``</candidates>``, a line ``1. "title"`` each, from 1."""
    return _block('candidates', [f'{number}. {quote(name)}' for number, name in enumerate(names, start=1)])


def examples_block(examples: Sequence[Example]) -> str:
    """Conversations and what was recommended next, between ``<examples>`` and ``</examples>``."""
    lines = []
    for number, example in enumerate(examples, start=1):
        titles = ', '.join(map(quote, example.titles))
        lines += [f'Example {number}:', *map(_turn, example.context),
                  f'Answer: {{"reasoning": "", "titles": [{titles}], "response": {quote(example.response)}}}']
    return _block('examples', lines)


def quote(text: str) -> str:
    """A JSON string on one line, of printing characters without ``<``, ``>`` and ``&``."""
    return ''.join(char if char.isprintable() and char not in _SPECIAL else _escape(char)
                   for char in json.dumps(text, ensure_ascii=False))


def _escape(char: str) -> str:
    units = char.encode('utf-16-be', 'surrogatepass').hex()
    return ''.join(f'\\u{units[i:i + 4]}' for i in range(0, len(units), 4))


def _turn(turn: tuple[str, str]) -> str:
    return f'{{"role": {quote(turn[0])}, "text": {quote(turn[1])}}}'


def _block(name: str, lines: Sequence[str]) -> str:
    return '\n'.join([f'<{name}>', *lines, f'</{name}>'])


def _placeholders(text: str) -> set[str]:
    return {match['named'] or match['braced'] for match in Template.pattern.finditer(text)
            if match['named'] or match['braced']}


def _check(file: str, answer: str, system: str, user: str) -> None:
    if answer not in _ANSWERS:
        raise UserError(f'llm.prompt: {file}: answer is {answer!r}, not one of {", ".join(_ANSWERS)}')
    if any(match['invalid'] is not None for text in (system, user) for match in Template.pattern.finditer(text)):
        raise UserError(f'llm.prompt: {file}: a $ stands before what is no name; write $$ for a dollar sign')
    found = _placeholders(system) | _placeholders(user)
    unknown = sorted(found.difference(_PLACEHOLDERS))
    if unknown:
        raise UserError(f'llm.prompt: {file}: ${unknown[0]} is no placeholder; they are '
                        f'{", ".join(f"${name}" for name in _PLACEHOLDERS)}')
    wanted = {'conversation'} | ({'candidates'} if answer == 'CausalAnswer' else set())
    if wanted - found:
        raise UserError(f'llm.prompt: {file}: lacks ${min(wanted - found)}, without which nothing can be answered')
    if answer == 'TitleAnswer' and found & {'candidates', 'n_candidates'}:
        raise UserError(f'llm.prompt: {file}: a TitleAnswer knows no candidates; take them out, or '
                        'ask for a CausalAnswer')
