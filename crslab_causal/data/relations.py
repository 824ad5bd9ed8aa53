"""Classify the relations of a knowledge graph of films: what each of them says about a film."""

from __future__ import annotations

from enum import StrEnum


class RelationKind(StrEnum):
    """A kind of fact that a relation states about a film. The order is that in which a person would give reasons."""

    DIRECTOR = 'director'
    CAST = 'cast'
    WRITER = 'writer'
    SERIES = 'series'
    GENRE = 'genre'
    SUBJECT = 'subject'
    COMPOSER = 'composer'
    PRODUCER = 'producer'
    YEAR = 'year'
    LANGUAGE = 'language'
    COUNTRY = 'country'
    CREW = 'crew'
    """Camera, editing and the like. It is no reason to recommend a film."""
    COMPANY = 'company'
    """A studio or a distributor. It is no reason to recommend a film."""


RELATIONS = {
    RelationKind.DIRECTOR: ('director', 'directed_by', 'has_director'),
    RelationKind.CAST: ('starring', 'star', 'stars', 'actor', 'starred_actors', 'has_actor', 'cast'),
    RelationKind.WRITER: ('writer', 'written_by', 'has_writer', 'author'),
    RelationKind.SERIES: ('series', 'sequel', 'prequel', 'previouswork', 'subsequentwork'),
    RelationKind.GENRE: ('genre', 'has_genre'),
    RelationKind.SUBJECT: ('theme', 'subject'),
    RelationKind.COMPOSER: ('music', 'musiccomposer'),
    RelationKind.PRODUCER: ('producer',),
    RelationKind.YEAR: ('year', 'release_year', 'has_year'),
    RelationKind.LANGUAGE: ('language',),
    RelationKind.COUNTRY: ('country',),
    RelationKind.CREW: ('cinematography', 'editing'),
    RelationKind.COMPANY: ('distributor', 'studio', 'publisher'),
}
"""Names of the relations of each kind, without the namespaces of URIs and in lower case."""
_KIND_OF = {name: kind for kind, names in RELATIONS.items() for name in names}


def relation_kind(name: str) -> RelationKind | None:
    """Return the kind of a relation, None if it is unknown.

    Args:
        name: name of the relation. Of a URI only the last part counts.
    """
    return _KIND_OF.get(name.strip('<>').rpartition('/')[2].lower())
