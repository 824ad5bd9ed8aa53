"""Choose the reason for a film that a person would give first, from facts, paths and the parts of the model."""

from __future__ import annotations

from typing import Iterator

from crslab_causal.chat.constraints import Kind
from crslab_causal.chat.films.facts import CAST, DIRECTOR, WRITER, FilmFacts
from crslab_causal.chat.recommenders.base import Contribution
from crslab_causal.chat.state import DialogueState
from crslab_causal.llm.catalogue import CatalogueInfo
from crslab_causal.llm.knowledge_graph import Path
from crslab_causal.llm.offline.paths import describe_path, is_far_fetched, is_reason, order_of_reasons

_ROLES = {DIRECTOR: 'is directed by {}', CAST: 'stars {}', WRITER: 'is written by {}'}
"""Words for each role in which a person that the seeker has named is a reason, most important role first."""
_LIKED, _ASKED = 'one of your likes', 'as you asked'
_MIN_GENRES = 2
"""Minimum number of genres that two films share, so that it is a reason."""


class Reasons:
    """Finds the reasons for a film in one state of a conversation.

    Args:
        catalogue: names and knowledge graph.
        facts: facts about the films.
        state: state of the conversation.
        history: mentions that were not rejected, which are the input of the recommender.
    """

    def __init__(self, catalogue: CatalogueInfo, facts: FilmFacts, state: DialogueState, history: list[int]):
        self._catalogue, self._facts, self._state, self._history = catalogue, facts, state, history

    def paths(self, film: int) -> list[Path]:
        """Return the paths to a film, best reason first. Of paths that are no reasons only direct ones remain."""
        paths = self._catalogue.graph.paths(self._history, film)
        shown = [path for path in paths if is_reason(path) or (len(path.entities) == 2 and not any(path.relations))]
        return sorted(shown, key=lambda path: order_of_reasons(path, self._history, self._state.liked))

    def first(self, film: int, parts: list[Contribution] | None) -> str | None:
        """Return the first reason for a film as a clause in which "it" is the film; None if there is no reason.

        Args:
            film: entity id of the film.
            parts: what each part of the model adds to the score of the film.
        """
        return next(self.all(film, parts), None)

    def all(self, film: int, parts: list[Contribution] | None) -> Iterator[str]:
        """Yield the reasons for a film, best first. Of the parts of the model only the first reason is given."""
        yield from self._named_people(film)
        described = [path for path in self.paths(film) if is_reason(path)]
        yield from (self._describe(path) for path in described if not is_far_fetched(path))
        yield from self._shared_genres(film)
        yield from (self._describe(path) for path in described if is_far_fetched(path))
        yield from (part.reason for part in parts or () if part.added > 0 and part.reason)

    def _describe(self, path: Path) -> str:
        start, kinds = path.entities[0], (Kind.GENRE, Kind.PERSON)
        is_asked = any(c.entity == start and c.wanted and c.kind in kinds for c in self._state.constraints.binding)
        remark = _ASKED if is_asked else _LIKED if start in self._state.liked else ''
        return describe_path(path, self._catalogue.names, 'it', remark)

    def _named_people(self, film: int) -> Iterator[str]:
        """Yield a clause for each person of the film whom the seeker has asked for or likes, the last one first."""
        wanted = [c for c in self._state.constraints if c.kind is Kind.PERSON and c.wanted]
        asked, bound = ({c.label for c in group} for group in (wanted, [c for c in wanted if c.binding]))
        liked = [entity for entity in self._state.liked if entity in self._facts.people]
        unknown = [p.id for p in self._facts.people.values() if p.id < 0 and p.name in asked]
        people = self._facts.films[film].people if film in self._facts.films else {}
        for person in (*unknown, *reversed(liked)):
            role = next((role for role in _ROLES if person in people.get(role, ())), None)
            if role:
                name = self._facts.people[person].name
                remark = f', {_ASKED}' if name in bound else f', {_LIKED}' if person in liked else ''
                yield f'it {_ROLES[role].format(name)}{remark}'

    def _shared_genres(self, film: int) -> Iterator[str]:
        """Yield a clause for each liked film that shares genres with the film, the last liked one first."""
        films = self._facts.films
        for liked in reversed(self._state.liked):
            if film in films and liked in films:
                shared = sorted(films[film].genres & films[liked].genres)
                if len(shared) >= _MIN_GENRES:
                    yield f'it is of the genres {", ".join(shared[:-1])} and {shared[-1]}, like {films[liked].name}'
