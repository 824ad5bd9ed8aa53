"""Constraints for properties of films: horror films, films from the 90s, films with Tom Hanks, films like Alien."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from crslab_causal.chat.constraints import Constraint, Kind
from crslab_causal.chat.films.collections import FRANCHISE, Collection, Collections
from crslab_causal.chat.films.facts import CAST, DIRECTOR, PRODUCER, CatalogueFilm, FilmFacts
from crslab_causal.chat.films.genres import DISTURBING
from crslab_causal.chat.understanding.spans import Span, SpanKind
from crslab_causal.chat.understanding.years.span import Years

_ADJECTIVES = {'romance': 'romantic', 'history': 'historical', 'biography': 'biographical'}
"""Form of a genre before another one: "romantic comedy"."""
_MAY_BE = {'musical': 'music'}
"""Genres, and genres whose films may be of them: sources without musicals call "La La Land" a music film."""


class Properties:
    """A maker of constraints on the films of a catalogue.

    Args:
        facts: facts about the films.
        collections: franchises and topics.
    """

    def __init__(self, facts: FilmFacts, collections: Collections):
        self._facts, self._collections = facts, collections
        self._all = frozenset(facts.films)

    def of_span(self, span: Span) -> Constraint | None:
        """Return the constraint for the property that a span names; None if the span names no property."""
        if span.kind is SpanKind.GENRE:
            return self.genre(span.genre, span.second_genre)
        if span.kind is SpanKind.YEARS and span.years is not None:
            return self.years(span.years)
        if span.kind is SpanKind.COLLECTION and span.collection is not None:
            return self.collection(span.collection)
        if span.kind is SpanKind.PERSON and span.id is not None:
            return self.person(span.id)
        if span.kind is SpanKind.SUBJECT and span.id is not None:
            return Constraint(Kind.TOPIC, self._facts.names[span.id], self._facts.subjects[span.id], entity=span.id)
        return self.children if span.kind is SpanKind.CHILDREN else None

    def entity_of(self, span: Span) -> int | None:
        """Return the entity id of the film or property that a span names; None if it has none."""
        if span.kind is SpanKind.FILM:
            return span.id
        constraint = self.of_span(span)
        return None if constraint is None else constraint.entity

    def genre(self, genre: str, second: str = '') -> Constraint:
        """Return the constraint to films of a genre, for example "horror".

        Args:
            genre: the genre.
            second: genre that the films have, too: "romantic comedy"; empty if there is none.
        """
        films_of_genre = self._facts.films_of_genre
        if second:
            both = films_of_genre.get(genre, frozenset()) & films_of_genre.get(second, frozenset())
            return Constraint(
                Kind.GENRE, f'{_ADJECTIVES.get(genre, genre)} {second}', both, unknown=self._facts.without_genre
            )
        return Constraint(
            Kind.GENRE,
            genre,
            films_of_genre.get(genre, frozenset()),
            unknown=self._facts.without_genre | films_of_genre.get(_MAY_BE.get(genre, ''), frozenset()),
            entity=self._facts.genre_entities.get(genre),
        )

    def years(self, years: Years) -> Constraint:
        """Return the constraint to films of a range of years, for example "1990–1999"."""
        films = self._facts.films.values()
        return Constraint(
            Kind.YEARS,
            years.label,
            frozenset(film.entity for film in films if film.year in years),
            unknown=frozenset(film.entity for film in films if film.year is None),
        )

    def person(self, person: int) -> Constraint:
        """Return the constraint to films of a person, for example "with Tom Hanks".

        Films that an actor or a director only produced do not satisfy the wish, but an exclusion leaves them out, too.
        """
        films = self._facts.people[person].films
        others = frozenset(film for role, listed in films.items() if role != PRODUCER for film in listed)
        only_produced = frozenset(films.get(PRODUCER, ())) - others if others else frozenset()
        return Constraint(
            Kind.PERSON,
            self._facts.people[person].name,
            frozenset(self._facts.films_of(person)) - only_produced,
            unknown=self._without_people | only_produced,
            entity=person if person >= 0 else None,
            is_director=len(films.get(DIRECTOR, ())) > len(films.get(CAST, ())),
        )

    def collection(self, collection: Collection) -> Constraint:
        """Return the constraint to films of a franchise or a topic, for example "Marvel"."""
        kind = Kind.FRANCHISE if collection.kind == FRANCHISE else Kind.TOPIC
        return Constraint(kind, collection.name, collection.films, entity=collection.entity)

    def series_called(self, film: int) -> Constraint | None:
        """Return the constraint to a series that the catalogue lists as a film: "Harry Potter"; None otherwise."""
        if self._facts.films[film].year is not None:
            return None
        title = self._facts.films[film].title
        return next((self.collection(c) for c in self._collections.of_film(film) if c.name == title), None)

    def franchises_of(self, film: int) -> set[tuple[Kind, str]]:
        """Return the kind and the label of the constraint to each franchise of a film."""
        return {(Kind.FRANCHISE, collection.name) for collection in self._collections.of_film(film)}

    def similar(self, film: int) -> Constraint:
        """Return the constraint "like Alien": films that share at least half of its genres, or its director.

        Closest are the films with at least half of all genres of both films in common.
        """
        model = self._facts.films[film]
        fitting = {other.entity for other in self._facts.films.values() if _shares_genres(model, other)}
        closest = {entity for entity in fitting if _is_close(model, self._facts.films[entity])} - {film}
        for person in model.people.get(DIRECTOR, ()):
            fitting.update(self._facts.films_of(person, DIRECTOR))
        films = frozenset(fitting) if model.genres else self._all
        return Constraint(Kind.SIMILAR, model.name, films - {film}, entity=film, closest=frozenset(closest))

    def similar_to_series(self, span: Span) -> Constraint | None:
        """Return the constraint "like Star Wars" for the span of a series; None for another span.

        The films share at least half of the genres of the best-known film of the series. A studio counts as a series.
        """
        if span.collection is None or span.collection.kind != FRANCHISE or not span.collection.films:
            return None
        popularity = self._facts.popularity
        best = max(sorted(span.collection.films), key=lambda film: popularity.get(film, 0.0))
        return replace(self.similar(best), label=span.collection.name)

    @cached_property
    def children(self) -> Constraint:
        """Return the constraint "for children": family films and animated films that have no disturbing genre."""
        films = frozenset(
            film.entity
            for film in self._facts.films.values()
            if film.genres & {'family', 'animation'}
            and not film.genres & DISTURBING
            and film.entity not in self._collections.not_for_children
        )
        return Constraint(Kind.CHILDREN, 'children', films)

    @cached_property
    def _without_people(self) -> frozenset[int]:
        return frozenset(film.entity for film in self._facts.films.values() if not film.people)


def excluded(constraint: Constraint) -> Constraint:
    """Return the negation of a constraint: "horror" becomes "no horror"."""
    return replace(constraint, wanted=False)


def _shares_genres(model: CatalogueFilm, other: CatalogueFilm) -> bool:
    return 2 * len(model.genres & other.genres) >= max(1, len(model.genres))


def _is_close(model: CatalogueFilm, other: CatalogueFilm) -> bool:
    return 2 * len(model.genres & other.genres) >= max(1, len(model.genres | other.genres))
