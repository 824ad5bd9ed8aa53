"""Describe paths in the knowledge graph in words."""

from __future__ import annotations

from typing import Collection, Mapping, Sequence

from crslab_causal.data.relations import RelationKind, relation_kind
from crslab_causal.llm.knowledge_graph import Path

PHRASES = {
    RelationKind.DIRECTOR: ('is directed by {}', 'who directed {}'),
    RelationKind.CAST: ('stars {}', 'who plays in {}'),
    RelationKind.WRITER: ('is written by {}', 'who wrote {}'),
    RelationKind.SERIES: ('belongs to the series of {}', ''),
    RelationKind.GENRE: ('is of the genre {}', ''),
    RelationKind.SUBJECT: ('is about {}', ''),
    RelationKind.COMPOSER: ('has music by {}', 'who wrote the music of {}'),
    RelationKind.PRODUCER: ('is produced by {}', 'who produced {}'),
    RelationKind.YEAR: ('is from {}', ''),
    RelationKind.LANGUAGE: ('is in {}', ''),
    RelationKind.COUNTRY: ('is from {}', ''),
    RelationKind.CREW: ('has {} in its crew', 'who worked on {}'),
    RelationKind.COMPANY: ('is linked to {}', ''),
}
"""Words for each kind of relation between an item and another entity, and for a person's other work."""
_KINDS = tuple(RelationKind)
_NO_REASON = _KINDS.index(RelationKind.CREW)
_UNKNOWN = len(_KINDS)
_OTHER_RELATION = 'is linked to {}'


def entity_name(entity: int, names: Mapping[int, str]) -> str:
    """Return the name of an entity, or a description by its id if it has none."""
    return names.get(entity, f'entity {entity}')


def describe_path(path: Path, names: Mapping[int, str], subject: str | None = None, remark: str = '') -> str:
    """Return a clause such as ``Heat stars Al Pacino, like The Godfather``.

    Args:
        path: path from :meth:`.KnowledgeGraph.paths`.
        names: name of each entity id.
        subject: subject of the clause; None: the name of the candidate.
        remark: remark about the mention. It follows the mention's name after a comma.
    """
    subject = entity_name(path.entities[-1], names) if subject is None else subject
    last_relations = path.relations[-1]
    mention = entity_name(path.entities[0], names) + (f', {remark}' if remark else '')
    if len(path.entities) == 2:
        return f'{subject} {_phrase(_ranks(last_relations)).format(mention)}'
    shared = entity_name(path.entities[1], names)
    common = _ranks(last_relations) & _ranks(path.relations[0])
    if common or not any(path.relations):
        return f'{subject} {_phrase(common).format(shared)}, like {mention}'
    ranks = _ranks(path.relations[0])
    other_work = PHRASES[_KINDS[min(ranks)]][1] if ranks else ''
    described = (other_work or 'and so is linked to {}').format(mention)
    return f'{subject} {_phrase(_ranks(last_relations)).format(shared)}, {described}'


def is_reason(path: Path) -> bool:
    """Return whether a person would give the path as a reason: not a studio, a cameraman or a link without a name."""
    return _rank(path) < _NO_REASON


def is_far_fetched(path: Path) -> bool:
    """Return whether a path leads over somebody whom viewers hardly know, such as the producer of two films."""
    return len(path.entities) > 2 and _rank(path) >= _KINDS.index(RelationKind.COMPOSER)


def order_of_reasons(path: Path, mentions: Sequence[int], liked: Collection[int] = ()) -> tuple[float, ...]:
    """Return the key that sorts paths to one candidate: the path that a person would name first is the smallest.

    People and other things that were mentioned themselves come first, then what the candidate shares with another
    item: its director, then its stars, writer, series, genres and composer. Among equal ones a liked mention comes
    first, then the last mention.

    Args:
        path: the path.
        mentions: mentions in order. The first entity of the path is one of them.
        liked: mentions that are liked.
    """
    rank, mention = _rank(path), path.entities[0]
    is_indirect = len(path.entities) > 2 or rank > _KINDS.index(RelationKind.SUBJECT)
    age = len(mentions) - 1 - max((i for i, each in enumerate(mentions) if each == mention), default=-1)
    by_age = (mention not in liked, age)
    return (rank >= _NO_REASON, is_indirect, *((rank, *by_age) if is_indirect else (*by_age, rank)), -path.weight)


def _rank(path: Path) -> int:
    """Return the place of the path's kind of relation among all kinds. Of two kinds the less informative one counts."""
    first, *rest = (_ranks(relations) for relations in path.relations)
    if rest and (common := first & rest[0]):
        return min(common)
    return max(min(ranks, default=_UNKNOWN) for ranks in (first, *rest))


def _ranks(relations: Sequence[str]) -> set[int]:
    return {_KINDS.index(kind) for kind in map(relation_kind, relations) if kind is not None}


def _phrase(ranks: Collection[int]) -> str:
    return PHRASES[_KINDS[min(ranks)]][0] if ranks else _OTHER_RELATION
