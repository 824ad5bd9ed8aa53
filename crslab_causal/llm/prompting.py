"""Prompt files, and the messages made from a prompt and a request (Eq 9).

A prompt is a file of three parts::

    answer: CausalAnswer

    --- system ---
    Text with $placeholders, as in string.Template; $$ is a dollar sign.
    --- user ---
    $conversation

A prompt for ``CausalAnswer`` needs ``$candidates``; a prompt for ``TitleAnswer`` must not have it. This package has
these prompts:

===================== ============ ==============================================================================
name                  answer       purpose
===================== ============ ==============================================================================
``causal``            CausalAnswer full model; also used for the oracles, which differ in their candidates only
``causal_no_wording`` CausalAnswer control: the same task without any mention of causes
``no_explanation``    CausalAnswer control: the same task without an explanation before the ranking
``vanilla``           TitleAnswer  baseline: titles in free form
``few_shot``          TitleAnswer  baseline: titles in free form, with examples from the training data
``chain_of_thought``  TitleAnswer  baseline: titles in free form, after step-by-step reasoning
===================== ============ ==============================================================================

The prompts declare the conversation to be data, not instructions. Each turn is one line of JSON in which every ``<``,
``>``, ``&`` and non-printing character is escaped, so that no text can end its line or its block.
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
from crslab_causal.llm.request import RerankRequest

MAX_CHARACTERS = 6000
"""Maximum length of a conversation in a prompt, in characters. The longest conversation of ReDial has about 2,000."""

_FOLDER = Path(__file__).parent / 'prompts'
_ANSWERS: dict[str, type[BaseModel]] = {'CausalAnswer': CausalAnswer, 'TitleAnswer': TitleAnswer}
_PLACEHOLDERS = ('conversation', 'candidates', 'n_candidates', 'examples', 'n_titles')
_PARTS = re.compile(r'\s*answer:[ \t]*(\S*)\s*^--- system ---$(.*)^--- user ---$(.*)', re.DOTALL | re.MULTILINE)
_ESCAPED = frozenset('<>&')


class Prompt(NamedTuple):
    """A prompt whose placeholders are valid."""

    name: str
    answer: type[BaseModel]
    """Schema of the answer."""
    system: str
    """Template of the system message."""
    user: str
    """Template of the user message."""

    @property
    def placeholders(self) -> set[str]:
        """Names of the placeholders in the prompt, without ``$``."""
        return _placeholders(self.system) | _placeholders(self.user)

    def messages(
        self,
        request: RerankRequest,
        *,
        examples: Sequence[Example] = (),
        n_titles: int | None = None,
        max_characters: int = MAX_CHARACTERS,
    ) -> list[dict[str, str]]:
        """Return the system message and the user message, ``{'role': ..., 'content': ...}``.

        Args:
            request: request whose context is detokenized text, see :func:`.build_rerank_request`.
            examples: values of ``$examples``, from :func:`.select_examples`.
            n_titles: value of ``$n_titles``, see :attr:`.LLMOptions.titles`.
            max_characters: maximum length of the conversation. A longer conversation keeps as many of its last turns
                as fit, preceded by the number of omitted turns. If the last turn alone is too long, only its end is
                kept, after ``…``.

        Raises:
            UserError: the prompt has a placeholder without a value, or ``max_characters`` is below 1.
        """
        placeholders = self.placeholders
        for name, value in (('candidates', request.candidates), ('examples', examples), ('n_titles', n_titles)):
            if name in placeholders and not value:
                raise UserError(f'prompt {self.name}: ${name} has no value; give {name}, or choose a prompt without it')
        values = {
            'conversation': conversation_block(request.context, max_characters),
            'candidates': candidates_block([candidate.name for candidate in request.candidates]),
            'n_candidates': len(request.candidates),
            'examples': examples_block(examples),
            'n_titles': n_titles,
        }
        return [
            {'role': role, 'content': Template(text).substitute(values)}
            for role, text in (('system', self.system), ('user', self.user))
        ]


def prompt_names() -> list[str]:
    """Return the sorted names of this package's prompts."""
    return sorted(path.stem for path in _FOLDER.glob('*.md'))


def load_prompt(name_or_path: str | Path) -> Prompt:
    """Read a prompt.

    Args:
        name_or_path: one of :func:`prompt_names`; or a file, given as a ``Path`` or as a string with ``/`` or with
            the ending ``.md``.

    Raises:
        UserError: the prompt does not exist or does not have the format described above.
    """
    text = str(name_or_path)
    is_path = isinstance(name_or_path, Path) or text.endswith('.md') or '/' in text or '\\' in text
    if not is_path and text not in prompt_names():
        raise UserError(f'llm.prompt: {text!r} is no prompt; choose one of {", ".join(prompt_names())}, or a file *.md')
    file = Path(text) if is_path else _FOLDER / f'{text}.md'
    try:
        content = file.read_text('utf-8')
    except OSError as error:
        raise UserError(f'llm.prompt: {text} cannot be read ({error.strerror}); name an existing file') from None
    except UnicodeDecodeError:
        raise UserError(f'llm.prompt: {text} is not UTF-8; save it in that encoding') from None
    parts = _PARTS.fullmatch(content)
    if parts is None:
        raise UserError(
            f"llm.prompt: {text} does not have the format of a prompt; write a line 'answer: ...', a line "
            "'--- system ---', text, a line '--- user ---' and text, in this order"
        )
    answer, system, user = (part.strip() for part in parts.groups())
    _check_placeholders(text, answer, system, user)
    return Prompt(Path(text).stem if is_path else text, _ANSWERS[answer], system, user)


def conversation_block(context: Sequence[tuple[str, str]], max_characters: int = MAX_CHARACTERS) -> str:
    """Return the turns between ``<conversation>`` and ``</conversation>``.

    Args:
        context: (role, text) of the turns.
        max_characters: see :meth:`Prompt.messages`.
    """
    if max_characters < 1:
        raise UserError(f'max_characters: {max_characters} is too small; allow at least 1 character of conversation')
    kept: list[tuple[str, str]] = []
    remaining = max_characters
    for role, text in reversed(context):
        remaining -= len(text)
        if remaining < 0 and kept:
            break
        kept.append((role, text if remaining >= 0 else f'…{text[-max_characters:]}'))
    n_omitted = len(context) - len(kept)
    note = [f'({n_omitted} earlier turn{"s" if n_omitted > 1 else ""} left out)'] if n_omitted else []
    return _block('conversation', [*note, *map(_turn_line, reversed(kept))])


def candidates_block(names: Sequence[str]) -> str:
    """Return the candidates between ``<candidates>`` and ``</candidates>``, one line ``1. "title"`` each."""
    return _block('candidates', [f'{number}. {quote(name)}' for number, name in enumerate(names, start=1)])


def examples_block(examples: Sequence[Example]) -> str:
    """Return the examples between ``<examples>`` and ``</examples>``, each as turns and a ``TitleAnswer``."""
    lines = []
    for number, example in enumerate(examples, start=1):
        titles = ', '.join(map(quote, example.titles))
        lines += [
            f'Example {number}:',
            *map(_turn_line, example.context),
            f'Answer: {{"reasoning": "", "titles": [{titles}], "response": {quote(example.response)}}}',
        ]
    return _block('examples', lines)


def quote(text: str) -> str:
    """Return the text as a JSON string on one line, with only printing characters and no ``<``, ``>`` or ``&``."""
    return ''.join(
        char if char.isprintable() and char not in _ESCAPED else _escape(char)
        for char in json.dumps(text, ensure_ascii=False)
    )


def _escape(char: str) -> str:
    units = char.encode('utf-16-be', 'surrogatepass').hex()
    return ''.join(f'\\u{units[i : i + 4]}' for i in range(0, len(units), 4))


def _turn_line(turn: tuple[str, str]) -> str:
    return f'{{"role": {quote(turn[0])}, "text": {quote(turn[1])}}}'


def _block(name: str, lines: Sequence[str]) -> str:
    return '\n'.join([f'<{name}>', *lines, f'</{name}>'])


def _placeholders(text: str) -> set[str]:
    return {
        match['named'] or match['braced']
        for match in Template.pattern.finditer(text)
        if match['named'] or match['braced']
    }


def _check_placeholders(file: str, answer: str, system: str, user: str) -> None:
    """Raise a UserError if the prompt has an unknown answer, an unknown placeholder, or lacks a required one."""
    if answer not in _ANSWERS:
        raise UserError(f'llm.prompt: {file}: answer is {answer!r}; write one of {", ".join(_ANSWERS)}')
    if any(match['invalid'] is not None for text in (system, user) for match in Template.pattern.finditer(text)):
        raise UserError(f'llm.prompt: {file}: a $ is not followed by a name; write $$ for a dollar sign')
    placeholders = _placeholders(system) | _placeholders(user)
    unknown = sorted(placeholders.difference(_PLACEHOLDERS))
    if unknown:
        raise UserError(
            f'llm.prompt: {file}: ${unknown[0]} is no placeholder; use '
            f'{", ".join(f"${name}" for name in _PLACEHOLDERS)}'
        )
    required = {'conversation'} | ({'candidates'} if answer == 'CausalAnswer' else set())
    if required - placeholders:
        raise UserError(f'llm.prompt: {file}: lacks ${min(required - placeholders)}; add it, the answer needs it')
    if answer == 'TitleAnswer' and placeholders & {'candidates', 'n_candidates'}:
        raise UserError(
            f'llm.prompt: {file}: a TitleAnswer has no candidates; remove $candidates and $n_candidates, '
            'or set answer to CausalAnswer'
        )
