"""Constraints on the recommended films: films that are wanted or excluded, and constraints that are relaxed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Iterable, Iterator, NamedTuple, Sequence


class Kind(StrEnum):
    """The property of films that a constraint is about."""

    GENRE = 'genre'
    YEARS = 'years'
    PERSON = 'person'
    FRANCHISE = 'franchise'
    TOPIC = 'topic'
    TITLE = 'title'
    """A word in the title, for a subject that the catalogue does not know."""
    SIMILAR = 'similar'
    """Films like another one."""
    CHILDREN = 'children'
    POPULARITY = 'popularity'
    """Whether films are well known or little known."""


_PREFIX = {Kind.PERSON: 'with ', Kind.SIMILAR: 'like ', Kind.CHILDREN: 'for '}
_GIVE_WAY = (Kind.POPULARITY, Kind.SIMILAR, Kind.YEARS, Kind.TOPIC, Kind.GENRE, Kind.FRANCHISE, Kind.PERSON)
"""Kinds of wanted constraints of one message in the order in which they are relaxed if no film fits. Films for children
are never relaxed."""


@dataclass(frozen=True)
class Constraint:
    """A constraint that the seeker has stated."""

    kind: Kind
    label: str
    """Words for the property, such as ``horror``, ``1990–1999`` or ``Tom Hanks``."""
    films: frozenset[int] = field(repr=False, compare=False)
    """Entity ids of the films with the property."""
    wanted: bool = True
    """True: films with the property are wanted. False: they are excluded."""
    unknown: frozenset[int] = field(default=frozenset(), repr=False, compare=False)
    """Entity ids of the films of which it is not known whether they have the property. They are never listed."""
    binding: bool = True
    """Whether only films with the property are listed. If False, as for "I like comedies", they are listed first."""
    alternatives: str = ''
    """Name of a set of alternatives: "from the 80s or 90s" gives two constraints with the same name. Empty: no
    alternatives."""
    entity: int | None = None
    """Entity id of the genre or person in the history of the recommender."""
    turn: int = field(default=0, repr=False, compare=False)
    """Number of the turn in which it was stated. If no film fits, constraints of earlier turns are relaxed first."""
    closest: frozenset[int] = field(default=frozenset(), repr=False, compare=False)
    """Entity ids of the films that have most of the property, and are listed first: "like Alien"."""
    is_director: bool = field(default=False, repr=False, compare=False)
    """Whether it is about a person who directs more than acts."""

    @property
    def name(self) -> str:
        """Words for the constraint, such as ``horror``, ``no horror`` or ``with Tom Hanks``."""
        if self.wanted:
            return f'{_PREFIX.get(self.kind, "")}{self.label}'
        return f'{"not" if self.kind is Kind.YEARS else "no"} {self.label}'

    @property
    def words(self) -> str:
        """The name as the chat writes it: ``by Orson Welles`` for a director, ``not for children``."""
        if self.kind is Kind.CHILDREN and not self.wanted:
            return 'not for children'
        return f'by {self.label}' if self.wanted and self.is_director else self.name

    def allows(self, film: int) -> bool:
        """Return whether a film satisfies the constraint."""
        return film in self.films if self.wanted else film not in self.films and film not in self.unknown


class Selection(NamedTuple):
    """The films that satisfy the constraints."""

    films: list[int]
    """Entity ids of the selected films, in the order in which they were given."""
    relaxed: list[Constraint]
    """Wanted constraints that were relaxed, because no film satisfies them together with the others."""


class ConstraintSet:
    """The constraints of a conversation, in the order in which they were stated."""

    def __init__(self, constraints: Iterable[Constraint] = ()):
        self._constraints: list[Constraint] = []
        for constraint in constraints:
            self.add(constraint)

    def __iter__(self) -> Iterator[Constraint]:
        return iter(self._constraints)

    def __len__(self) -> int:
        return len(self._constraints)

    @property
    def binding(self) -> list[Constraint]:
        """The constraints that decide which films are listed."""
        return [constraint for constraint in self._constraints if constraint.binding]

    def add(self, constraint: Constraint) -> None:
        """Add a constraint. It replaces an earlier one of the same property, and a wish replaces a preference."""
        same = [c for c in self._constraints if (c.kind, c.label) == (constraint.kind, constraint.label)]
        if not constraint.binding and any(c.binding and c.wanted == constraint.wanted for c in same):
            return
        self.remove(same)
        self._constraints.append(constraint)

    def remove(self, constraints: Iterable[Constraint]) -> None:
        """Remove constraints."""
        removed = list(constraints)
        self._constraints = [constraint for constraint in self._constraints if constraint not in removed]

    def find(self, text: str) -> list[Constraint]:
        """Return the constraints that a text names: by number, by words of their name, by kind, or ``all``."""
        wanted = text.strip().lower()
        if wanted in ('all', 'everything'):
            return self.binding
        if wanted.isdigit():
            return self.binding[int(wanted) - 1 : int(wanted)] if int(wanted) else []
        exact = [c for c in self._constraints if wanted in (c.label.lower(), c.name.lower(), c.words.lower(), c.kind)]
        return exact or [c for c in self._constraints if names_words(c.name.lower(), wanted)]

    def allowed(self, film: int) -> bool:
        """Return whether a film may be listed: it is not excluded, and it is for children if children watch."""
        return all(c.allows(film) for c in self._without_exception)

    @property
    def _without_exception(self) -> list[Constraint]:
        """The exclusions and the constraint to films for children, which are never relaxed."""
        return [c for c in self.binding if not c.wanted or c.kind is Kind.CHILDREN]

    @property
    def _relaxable(self) -> list[Constraint]:
        """The constraints that are relaxed if no film satisfies all of them."""
        return [c for c in self.binding if c.wanted and c.kind is not Kind.CHILDREN]

    def select(self, films: Sequence[int]) -> Selection:
        """Return the films that satisfy all constraints. Films with preferred properties come first.

        If there are no such films, wanted constraints are relaxed. As many as possible of the last turn are kept, and
        then as many as possible of the earlier turns. Among equally many, older ones are relaxed first.
        """
        allowed = [film for film in films if self.allowed(film)]
        groups = _groups(self._relaxable)
        groups.sort(key=lambda group: (_turn(group), _GIVE_WAY.index(group[0].kind)))
        n_older = sum(_turn(group) < _turn(groups[-1]) for group in groups)
        fitting = [_with_property(group) for group in groups]
        # each film needs its own set of groups to be relaxed; trying all sets would take time exponential in the groups
        needs = [tuple(i for i, films in enumerate(fitting) if film not in films)[::-1] for film in allowed]
        best = min(needs, key=lambda need: _cost(need, n_older), default=())
        selected = [film for film, need in zip(allowed, needs, strict=True) if need == best]
        return Selection(self._preferred_first(selected), [c for i in reversed(best) for c in groups[i]])

    def satisfying(self, films: Sequence[int], relaxed: Sequence[Constraint]) -> list[int]:
        """Return the films that satisfy all constraints but the relaxed ones.

        Films with preferred properties come first.
        """
        fitting = [_with_property(group) for group in _groups(c for c in self._relaxable if c not in relaxed)]
        kept = [film for film in films if self.allowed(film) and all(film in films for films in fitting)]
        return self._preferred_first(kept)

    def n_preferred(self, films: Sequence[int]) -> int:
        """Return how many of the films satisfy a preference; 0 without preferences."""
        preferred = [c.films for c in self._constraints if c.wanted and not c.binding]
        return sum(any(film in fitting for fitting in preferred) for film in films)

    def _preferred_first(self, films: Sequence[int]) -> list[int]:
        """Return the films sorted by the number of kinds of preferences that they satisfy.

        The films that are closest to a wanted one satisfy a preference, too. Ties keep the order of the input.
        """
        by_kind: dict[Kind, set[int]] = {}
        for constraint in self._constraints:
            if constraint.wanted and (first := constraint.closest if constraint.binding else constraint.films):
                by_kind.setdefault(constraint.kind, set()).update(first)
        if not by_kind:
            return list(films)
        return sorted(films, key=lambda film: -sum(film in preferred for preferred in by_kind.values()))


def _groups(constraints: Iterable[Constraint]) -> list[list[Constraint]]:
    """Return the constraints in groups. Constraints that are alternatives of each other are in one group."""
    groups: dict[str | Constraint, list[Constraint]] = {}
    for constraint in constraints:
        groups.setdefault(constraint.alternatives or constraint, []).append(constraint)
    return list(groups.values())


def _with_property(group: Sequence[Constraint]) -> frozenset[int]:
    """Return the films that have the property of any of the alternatives of a group."""
    return frozenset().union(*(constraint.films for constraint in group))


def _cost(relaxed: tuple[int, ...], n_older: int) -> tuple[int, int, tuple[int, ...]]:
    """Return the cost of relaxing some groups, as a key for ``min``.

    Args:
        relaxed: indices of the relaxed groups, from the last group, which is relaxed least gladly, to the first.
        n_older: number of groups that are older than the last message; their indices are the lowest.
    """
    n_newest = sum(i >= n_older for i in relaxed)
    return n_newest, len(relaxed) - n_newest, relaxed


def _turn(group: Sequence[Constraint]) -> int:
    return max(constraint.turn for constraint in group)


def describe_withdrawn(constraints: Iterable[Constraint]) -> str:
    """Return sentences that say which constraints no longer hold; empty if there are none."""
    withdrawn = list(constraints)
    wanted, excluded = [c for c in withdrawn if c.wanted], [c.label for c in withdrawn if not c.wanted]
    sentences = [f'No longer: {describe(wanted)}.'] if wanted else []
    if excluded:
        allowed = f'{", ".join(excluded)} {"is" if len(excluded) < 2 else "are"} allowed again.'
        sentences.append(allowed[0].upper() + allowed[1:])
    return ' '.join(sentences)


def names_words(name: str, words: str) -> bool:
    """Return whether a name contains some words as whole words: "hanks" in "with tom hanks", but not "an"."""
    return bool(words) and re.search(rf'(?<!\w){re.escape(words)}(?!\w)', name) is not None


def describe(constraints: Iterable[Constraint]) -> str:
    """Return the constraints in words, separated by commas; alternatives by "or"."""
    return ', '.join(' or '.join(c.words for c in group) for group in _groups(constraints))
