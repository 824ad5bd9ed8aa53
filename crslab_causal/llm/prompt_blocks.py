"""Write the blocks of data in a prompt: the conversation, the mentions, the candidates and the examples.

A block is enclosed in ``<name>`` and ``</name>``. Every text in it is a JSON string on one line, in which each ``<``,
``>`` and non-printing character is escaped. A text can therefore end neither its line nor its block.
"""

from __future__ import annotations

import bisect
import itertools
import json
import math
from typing import Mapping, Sequence

from crslab_causal.base.errors import UserError
from crslab_causal.llm.examples import Example
from crslab_causal.llm.request import Candidate, RerankRequest

MAX_CHARACTERS = 6000
"""Maximum length of a conversation in a prompt, in characters. The longest conversation of ReDial has about 2,000."""

_ESCAPED = frozenset('<>')
_STEPS = [factor * 10.0**power for power in range(-4, 3) for factor in (1, 1.5, 2, 3, 5, 7)]
"""Values to which probabilities in percent, and factors between them, are rounded."""
_EDGES = [math.sqrt(low * high) for low, high in itertools.pairwise(_STEPS)]
_MIN_PERCENT = 0.01
_MIN_FACTOR, _MAX_FACTOR = 0.01, 100.0


def conversation_block(context: Sequence[tuple[str, str]], max_characters: int = MAX_CHARACTERS) -> str:
    """Return the turns as lines of JSON.

    Args:
        context: role of the speaker and text of each turn.
        max_characters: maximum length of the texts. A longer conversation keeps as many of its last turns as fit,
            preceded by the number of omitted turns. If the last turn alone is too long, its end is kept, after ``…``.

    Raises:
        UserError: ``max_characters`` is below 1.
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


def mentions_block(request: RerankRequest, names: Mapping[int, str]) -> str:
    """Return the lines about the mentions: which are liked, which are disliked, and which came last.

    Args:
        request: the request.
        names: name of each entity id. A mention without a name is left out.
    """
    last = request.mentions[-1:] if request.masked is None else [request.masked]
    lists = {'liked': request.liked, 'disliked': request.disliked, 'last mention': last}
    return _block(
        'mentions',
        [f'{title}: {", ".join(_quoted_names(entities, names)) or "unknown"}' for title, entities in lists.items()],
    )


def candidates_block(
    candidates: Sequence[Candidate],
    with_facts: bool = False,
    labels: Sequence[str] | None = None,
) -> str:
    """Return the candidates, one line ``1. "title"`` each.

    Args:
        candidates: candidates, in the order of their numbers.
        with_facts: whether a line also has genres and people, the probability, and the factor by which it changes if
            the last mention is hidden: ``1. "title", "genres and people", 5 %, x0.2``.
        labels: label of each candidate, at least as many as candidates; None: numbers from 1.

    Raises:
        UserError: there are too many candidates for the labels.
    """
    if labels is not None and len(candidates) > len(labels):
        raise UserError(f'the prompt has labels for {len(labels)} candidates, not {len(candidates)}; set llm.window')
    lines = []
    for label, candidate in zip(labels or range(1, len(candidates) + 1), candidates):
        columns = [quote(candidate.name)]
        if with_facts:
            columns += [quote(candidate.facts), *_probability_columns(candidate)]
        lines.append(f'{label}. {", ".join(columns)}')
    return _block('candidates', lines)


def examples_block(examples: Sequence[Example], fields: Sequence[str] = ('titles', 'response')) -> str:
    """Return the examples as text, each as turns and the answer to them.

    Args:
        examples: the examples.
        fields: names of the answer's fields, in their order. Examples have no text for fields other than ``titles`` and
            ``response``.
    """
    lines = []
    for number, example in enumerate(examples, start=1):
        values = {'titles': f'[{", ".join(map(quote, example.titles))}]', 'response': quote(example.response)}
        answer = ', '.join(f'"{field}": {values.get(field, quote(""))}' for field in fields)
        lines += [f'Example {number}:', *map(_turn_line, example.context), f'Answer: {{{answer}}}']
    return _block('examples', lines)


def quote(text: str) -> str:
    """Return the text as a JSON string on one line, with only printing characters and no ``<`` or ``>``."""
    return ''.join(
        char if char.isprintable() and char not in _ESCAPED else _escape(char)
        for char in json.dumps(text, ensure_ascii=False)
    )


def _probability_columns(candidate: Candidate) -> list[str]:
    """Return the probability of a candidate and the factor by which it changes, if they are known.

    Both are rounded to 1, 1.5, 2, 3, 5 or 7 times a power of ten, because two machines compute probabilities with
    different rounding errors. With finer numbers the prompts of two machines would often differ, and so would the keys
    of the recorded answers.
    """
    if candidate.probability is None:
        return []
    observed, masked = candidate.probability
    percent = _round(100 * observed)
    columns = [f'{percent:g} %' if percent >= _MIN_PERCENT else f'below {_MIN_PERCENT:g} %']
    if masked is not None and observed > 0:
        columns.append(f'x{_round(min(max(masked / observed, _MIN_FACTOR), _MAX_FACTOR)):g}')
    return columns


def _round(value: float) -> float:
    """Return the nearest step on a logarithmic scale."""
    return _STEPS[bisect.bisect(_EDGES, value)]


def _quoted_names(entities: Sequence[int], names: Mapping[int, str]) -> list[str]:
    return [quote(names[entity]) for entity in dict.fromkeys(entities) if entity in names]


def _escape(char: str) -> str:
    units = char.encode('utf-16-be', 'surrogatepass').hex()
    return ''.join(f'\\u{units[i : i + 4]}' for i in range(0, len(units), 4))


def _turn_line(turn: tuple[str, str]) -> str:
    return f'{{"role": {quote(turn[0])}, "text": {quote(turn[1])}}}'


def _block(name: str, lines: Sequence[str]) -> str:
    return '\n'.join([f'<{name}>', *lines, f'</{name}>'])
