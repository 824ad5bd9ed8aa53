"""Prompt files, and the messages made from a prompt and a request (Eq 9).

A prompt is a file of these parts::

    answer: CausalAnswer

    --- anchor ---
    Optional: a sentence that replaces $anchor, unless llm.anchor is false.
    --- system ---
    Text with $placeholders, as in string.Template; $$ is a dollar sign.
    --- user ---
    $conversation

The line ``answer:`` names a class of :data:`.ANSWERS`. A prompt for a ranking needs ``$candidates`` (titles) or
``$candidates_with_facts`` (titles, genres, people, and probabilities before and after the intervention); a prompt for
titles must have neither. This package has these prompts:

====================== =================== ===========================================================================
name                   answer              purpose
====================== =================== ===========================================================================
``causal``             CausalAnswer        full model; also used for the oracles, which differ in their candidates only
``chat``               ChatAnswer          full model in a chat: the response comes first, so that it is seen early
``causal_titles_only`` CausalAnswer        ablation: candidates are titles, without facts, probabilities and opinions
``causal_no_wording``  CausalAnswer        control: the same task without any mention of causes
``no_explanation``     RankingAnswer       control: the same task without an explanation before the ranking
``first_token``        LabelAnswer         ranking by the probabilities of the answer's first token, for local models
``vanilla``            TitleAnswer         baseline: titles in free form
``few_shot``           TitleAnswer         baseline: titles in free form, with examples from the training data
``chain_of_thought``   ReasonedTitleAnswer baseline: titles in free form, after step-by-step reasoning
====================== =================== ===========================================================================

The prompts declare the blocks of :mod:`.prompt_blocks` to be data, not instructions.
"""

from __future__ import annotations

import re
from pathlib import Path
from string import Template
from typing import Any, Mapping, NamedTuple

from crslab_causal.base.errors import UserError
from crslab_causal.llm.answer import ANSWERS, Answer, Ranking

CANDIDATE_BLOCKS = ('candidates', 'candidates_with_facts')
PLACEHOLDERS = (
    'conversation',
    'mentions',
    *CANDIDATE_BLOCKS,
    'n_candidates',
    'n_ranked',
    'examples',
    'n_titles',
    'anchor',
)

_FOLDER = Path(__file__).parent / 'prompts'
_PARTS = re.compile(
    r'\s*answer:[ \t]*(\S*)\s*(?:^--- anchor ---$(.*))?^--- system ---$(.*)^--- user ---$(.*)', re.DOTALL | re.MULTILINE
)


class Prompt(NamedTuple):
    """A prompt whose placeholders are valid."""

    name: str
    answer: type[Answer]
    """Schema of the answer."""
    system: str
    """Template of the system message."""
    user: str
    """Template of the user message."""
    anchor: str | None = None
    """Text of ``$anchor``; None if the prompt has none."""

    @property
    def placeholders(self) -> set[str]:
        """Names of the placeholders in the prompt, without ``$``."""
        return _placeholders(self.system) | _placeholders(self.user)

    @property
    def ranks_candidates(self) -> bool:
        """Whether the prompt asks for a ranking of the candidates, not for titles in free form."""
        return issubclass(self.answer, Ranking)

    def fill(self, values: Mapping[str, Any]) -> list[dict[str, str]]:
        """Return the system message and the user message with values in the place of the placeholders.

        Args:
            values: value of each placeholder. Placeholders in a value are not replaced.

        Raises:
            UserError: the prompt has a placeholder without a value.
        """
        missing = sorted(name for name in self.placeholders if values.get(name) is None)
        if missing:
            raise UserError(f'prompt {self.name}: ${missing[0]} has no value; choose a prompt without it')
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
        raise UserError(
            f'llm.prompt: {text!r} is not a prompt; choose one of {", ".join(prompt_names())}, or a file *.md'
        )
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
    answer, _, system, user = (part.strip() for part in parts.groups(default=''))
    anchor = None if parts[2] is None else parts[2].strip()
    if answer not in ANSWERS:
        raise UserError(f'llm.prompt: {text}: answer is {answer!r}; write one of {", ".join(ANSWERS)}')
    prompt = Prompt(Path(text).stem if is_path else text, ANSWERS[answer], system, user, anchor)
    _check_placeholders(text, prompt)
    return prompt


def _placeholders(text: str) -> set[str]:
    return {
        match['named'] or match['braced']
        for match in Template.pattern.finditer(text)
        if match['named'] or match['braced']
    }


def _check_placeholders(file: str, prompt: Prompt) -> None:
    """Raise a UserError if the prompt has an unknown placeholder, or does not have a required one."""
    texts = (prompt.system, prompt.user)
    if any(match['invalid'] is not None for text in texts for match in Template.pattern.finditer(text)):
        raise UserError(f'llm.prompt: {file}: a $ is not followed by a name; write $$ for a dollar sign')
    placeholders = prompt.placeholders
    unknown = sorted(placeholders.difference(PLACEHOLDERS))
    if unknown:
        raise UserError(
            f'llm.prompt: {file}: ${unknown[0]} is not a placeholder; '
            f'use {", ".join(f"${name}" for name in PLACEHOLDERS)}'
        )
    if 'conversation' not in placeholders:
        raise UserError(f'llm.prompt: {file}: lacks $conversation; add it, the answer needs it')
    if prompt.ranks_candidates and placeholders.isdisjoint(CANDIDATE_BLOCKS):
        raise UserError(f'llm.prompt: {file}: lacks $candidates; add it, the answer needs it')
    if not prompt.ranks_candidates and placeholders & {*CANDIDATE_BLOCKS, 'n_candidates', 'n_ranked', 'anchor'}:
        raise UserError(
            f'llm.prompt: {file}: a {prompt.answer.__name__} has no candidates; remove $candidates, $n_candidates, '
            '$n_ranked and $anchor, or set answer to CausalAnswer'
        )
    if (prompt.anchor is None) != ('anchor' not in placeholders):
        raise UserError(
            f"llm.prompt: {file}: a part '--- anchor ---' and the placeholder $anchor need each other; "
            'add the other, or remove both'
        )
