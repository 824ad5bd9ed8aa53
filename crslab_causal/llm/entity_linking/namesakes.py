"""Choose the entity that a name means, if several entities have it."""

from __future__ import annotations

import re
from typing import Any, Collection

from crslab_causal.llm.entity_linking.name_index import NameIndex
from crslab_causal.llm.entity_linking.title_parts import Key
from crslab_causal.llm.entity_linking.titles import ARTICLES, Title, agreement

_MAX_YEAR = 2030
"""Largest number that counts as a year. A larger one is part of a title, as in "Blade Runner 2049"."""
_OTHER_ARTICLE = 0.05
"""Factor for the popularity of a film, plus one, whose title has an article that the text omits: "Heat" may mean "The
Heat"."""
_MIN_SHARE_OF_NAMESAKE = 0.1
"""Minimum popularity of a film that "the original" or "the new" chooses, as a share of that of the most popular film of
the same name."""


def choose_entity(
    index: NameIndex,
    prefer: Collection[int],
    key: Key,
    year: re.Match[str] | None,
    has_article: bool,
    is_person: bool = False,
    age: int = 0,
) -> tuple[int | None, bool]:
    """Return the entity of a name, and whether the year belongs to the name.

    The entity is None if the year excludes all entities of this name.

    Args:
        index: the names.
        prefer: entity ids that are preferred among entities of one name.
        key: words of the name.
        year: match of a year after the name.
        has_article: whether an article precedes the name.
        is_person: whether the words around the name show that it is a person.
        age: -1 for the oldest film of the name, 1 for the newest, 0 for any.
    """

    def preference(entity: int) -> tuple[Any, ...]:
        title = index.titles[entity]
        article_differs = has_article != (title.forms[0].literal[0] in ARTICLES)
        return (
            entity not in prefer,
            entity not in index.genres.get(key, ()),
            prefers_items and entity not in index.items,
            has_article and article_differs and entity not in index.items,
            -(1 + index.popularity.get(entity, 0)) * (_OTHER_ARTICLE if article_differs else 1),
            article_differs,
            title.kind == 'other',
            entity in index.copies,
            entity,
        )

    entities = index.bearers(key, has_article) if is_person else []
    entities = entities or index.entities(key)
    # a film with the name of a person is preferred only if it is more popular
    prefers_items = index.people.isdisjoint(entities)
    entities = sorted(entities, key=preference)
    if year is None:
        return _of_age(index, entities, age), False
    in_brackets, comma, bare = year.groups()
    written = Title((), int(in_brackets or bare), None, ())
    agreements = [
        (agreed, i)
        for i, entity in enumerate(entities)
        if (agreed := agreement(written, index.titles[entity])) is not None
    ]
    if in_brackets:
        return (entities[min(agreements)[1]], True) if agreements else (None, False)
    exact = [i for agreed, i in agreements if agreed == 0]
    if exact:
        return entities[exact[0]], True
    belongs = not comma and (not agreements or int(bare) > _MAX_YEAR) and index.is_item(entities[0])
    return (None if belongs else entities[0]), False


def _of_age(index: NameIndex, entities: list[int], age: int) -> int:
    """Return the first of the entities, or the oldest or newest film among them."""
    popularity = index.popularity
    least = _MIN_SHARE_OF_NAMESAKE * max(popularity.get(entity, 0) for entity in entities)
    dated = [
        (index.titles[entity].year or 0, entity)
        for entity in entities
        if index.titles[entity].year and popularity.get(entity, 0) >= least and entity in index.items
    ]
    if not age or not dated:
        return entities[0]
    return (min if age < 0 else max)(dated)[1]
