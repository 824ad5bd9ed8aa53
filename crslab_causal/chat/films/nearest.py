"""Find the known films and people whose names are nearest to an unknown name."""

from __future__ import annotations

from functools import cached_property
from typing import Iterable

from rapidfuzz import fuzz, process

from crslab_causal.chat.films.facts import FilmFacts

_MIN_RATIO = 75
"""Minimum similarity of a name, in percent."""
_MAX_NAMES = 3
"""Maximum number of names."""


class NearestNames:
    """The names of a catalogue.

    Args:
        facts: facts about the films.
    """

    def __init__(self, facts: FilmFacts):
        self._facts = facts

    @cached_property
    def _names(self) -> dict[int, str]:
        titles = {film.entity: film.title.lower() for film in self._facts.films.values()}
        return titles | {person.id: person.name.lower() for person in self._facts.people.values()}

    def find(self, unknown: Iterable[str]) -> list[str]:
        """Return the names that are most like the unknown ones, the most similar first; empty if none is similar."""
        found: dict[int, float] = {}
        for name in dict.fromkeys(unknown):
            text = name.lower().strip(' ."\'')
            if len(text) < 3:
                continue
            similar = process.extract(text, self._names, scorer=fuzz.ratio, score_cutoff=_MIN_RATIO, limit=20)
            for _, ratio, entity in similar:
                found[entity] = max(found.get(entity, 0.0), ratio)
        popularity = self._facts.popularity
        best = sorted(found, key=lambda entity: (-round(found[entity] / 5), -popularity.get(entity, 0), entity))
        return [self._facts.names[entity] for entity in best[:_MAX_NAMES]]
