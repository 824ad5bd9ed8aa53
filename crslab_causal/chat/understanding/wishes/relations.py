"""Relations between wishes: alternatives, and wishes that replace earlier ones."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Iterable, Sequence

from crslab_causal.chat.constraints import Constraint, Kind
from crslab_causal.chat.understanding.clauses import Clause

_BETWEEN_TOKENS = re.compile(r'>([^<]*)<')
_OR = re.compile(r'(?:\bor\b|/)')
_ARTICLE_BEFORE = re.compile(r'(?<!based on )(?<!about )(?<!from )\b(?:an?|one|another)\s+(?:\w+\s+)?$')
"""Words before a kind of films that speak of one film of this kind."""
_MAX_SEVERAL = 6
"""Most films that one clause asks for, each of its own kind."""
_ADDS = re.compile(
    r'\b(?:also|too|as well|still|plus|in addition|additionally|mixed with|combined with|'
    r'(?:should|must|has to|needs to|make it(?! an? | that| the ))(?: also)?(?: be)?|'
    r'(?:but|and) (?:\w+ )?(?:also )?(?:\w+er|more|less)\b|even|a bit|\w+ enough)\b'
)
"""Words that show that a wish is added to earlier wishes of its kind."""
_REPLACEABLE = frozenset(
    (Kind.GENRE, Kind.YEARS, Kind.PERSON, Kind.FRANCHISE, Kind.TOPIC, Kind.SIMILAR, Kind.POPULARITY)
)


def with_alternatives(clause: Clause, group: int, constraint: Constraint, wanted: bool, binding: bool) -> Constraint:
    """Return a constraint with the attitude and the alternatives that a clause states.

    Constraints of one kind are alternatives if "or" joins them, if each has an article of its own ("a comedy and a
    drama"), or if they are different years.

    Args:
        clause: the clause.
        group: index of the group of spans that names the property.
        constraint: constraint for the property.
        wanted: whether films with the property are wanted.
        binding: whether only films with the property are listed.
    """
    kind = constraint.kind
    around = f'{clause.before(group)}<{group}>{clause.after(group)}'
    is_joined = any(_OR.search(between) for between in _BETWEEN_TOKENS.findall(around)) or _are_several_films(clause)
    is_alternative = wanted and (kind is Kind.YEARS or is_joined)
    return replace(
        constraint, wanted=wanted, binding=binding, alternatives=f'{kind} of {clause.text}' if is_alternative else ''
    )


def _are_several_films(clause: Clause) -> bool:
    """Return whether a clause asks for several films, each of its own kind: "a comedy and a drama"."""
    if not 1 < len(clause.places) <= _MAX_SEVERAL:
        return False
    return all(_ARTICLE_BEFORE.search(clause.text, 0, start) for start, _ in clause.places.values())


def replaced_by(new: Sequence[Constraint], text: str, earlier: Iterable[Constraint]) -> list[Constraint]:
    """Return the earlier wishes that new wishes of the same kinds replace.

    A wish replaces earlier ones of its kind ("a comedy" after "a horror film"), unless the message says that it adds to
    them ("it should also be funny"). It also replaces an earlier exclusion of all its films ("after 2015" after
    "nothing new"), and an exclusion of years that leaves less than half ("the 80s" after "nothing before 1988").

    Args:
        new: constraints that a message states.
        text: the message, normalized.
        earlier: constraints before the message.
    """
    wishes = [constraint for constraint in new if constraint.wanted and constraint.binding]
    kinds = {constraint.kind for constraint in wishes} & _REPLACEABLE
    if _ADDS.search(text):
        kinds &= {Kind.YEARS, Kind.POPULARITY}
    labels = {(constraint.kind, constraint.label) for constraint in wishes}
    return [
        constraint
        for constraint in earlier
        if constraint.binding
        and (
            (constraint.wanted and constraint.kind in kinds and (constraint.kind, constraint.label) not in labels)
            or (not constraint.wanted and any(_excludes(constraint, wish) for wish in wishes))
        )
    ]


def _excludes(constraint: Constraint, wish: Constraint) -> bool:
    """Return whether an exclusion leaves no film of a wish; of a wish for years, less than half of them."""
    left = len(wish.films - constraint.films)
    if constraint.kind is wish.kind is Kind.YEARS:
        return 2 * left < len(wish.films)
    return bool(wish.films) and not left


def without_contradictions(constraints: Sequence[Constraint]) -> list[Constraint]:
    """Return each property once.

    If a genre is wanted and rejected ("scary, but not gory"), it is wanted. If a property is asked for and liked
    ("I want a comedy. I like comedies."), it is asked for.
    """
    kept: dict[tuple[Kind, str], Constraint] = {}
    for constraint in constraints:
        key = constraint.kind, constraint.label
        if key in kept and kept[key].wanted and kept[key].binding and constraint.wanted and not constraint.binding:
            continue
        if constraint.wanted or key not in kept or constraint.kind is not Kind.GENRE or not kept[key].wanted:
            kept[key] = constraint
    return _directors_as_alternatives(list(kept.values()))


def _directors_as_alternatives(constraints: list[Constraint]) -> list[Constraint]:
    """Make the wanted directors of a message alternatives, because few films have two: "Coppola, Scorsese"."""
    directors = [c for c in constraints if c.kind is Kind.PERSON and c.wanted and c.is_director and c.binding]
    if len(directors) < 2 or any(c.alternatives for c in directors):
        return constraints
    name = 'directors ' + ', '.join(c.label for c in directors)
    return [replace(c, alternatives=name) if c in directors else c for c in constraints]
