"""Constraints to films whose titles have a word, for subjects that the catalogue does not know: "with dinosaurs"."""

from __future__ import annotations

from typing import Iterable

from crslab_causal.chat.constraints import Constraint, Kind
from crslab_causal.chat.films.facts import FilmFacts
from crslab_causal.llm.entity_linking.titles import title_words

_REJECTING = frozenset('no not nothing without'.split())
_FUNCTION_WORDS = _REJECTING | frozenset(
    'a about an any at big containing during featuring good great has have in involving lot lots many more of on place '
    'set some takes taking the with'.split()
)
_MIN_LETTERS = 4
"""Minimum number of letters of a word that is looked for."""


def constraints_by_title(topics: Iterable[str], facts: FilmFacts) -> dict[str, Constraint]:
    """Return a constraint for each subject of one word that the title of a film has.

    A wanted subject is a preference, because most films about it do not have it in the title.

    Args:
        topics: words of a message for subjects, such as ``with dinosaurs`` and ``no vietnam``.
        facts: facts about the films.
    """
    found = {}
    for topic in topics:
        words = topic.lower().split()
        subjects = [word for word in words if word not in _FUNCTION_WORDS]
        if len(subjects) != 1 or len(subjects[0]) < _MIN_LETTERS:
            continue
        stem = _stem(subjects[0])
        films = frozenset(
            film.entity for film in facts.films.values() if stem in map(_stem, title_words(film.title.lower()))
        )
        if films:
            is_wanted = words[0] not in _REJECTING
            found[topic] = Constraint(
                Kind.TITLE, f'"{stem}" in the title', films, wanted=is_wanted, binding=not is_wanted
            )
    return found


def earlier_subjects(constraints: Iterable[Constraint]) -> list[Constraint]:
    """Return the preferences of :func:`constraints_by_title` among constraints. A new subject replaces them."""
    return [constraint for constraint in constraints if constraint.kind is Kind.TITLE and constraint.wanted]


def _stem(word: str) -> str:
    """Return a word without the ending of a plural."""
    if word.endswith('ies') and len(word) > 5:
        return word[:-3] + 'y'
    if word.endswith(('sses', 'shes', 'ches', 'xes')):
        return word[:-2]
    return word[:-1] if word.endswith('s') and not word.endswith('ss') and len(word) > 3 else word
