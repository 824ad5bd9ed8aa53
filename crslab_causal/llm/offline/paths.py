"""Describe paths in the knowledge graph in words."""

from __future__ import annotations

from typing import Mapping, Sequence

from crslab_causal.llm.knowledge_graph import Path

PHRASES = {
    'director': 'is directed by {}',
    'directed_by': 'is directed by {}',
    'starring': 'stars {}',
    'actor': 'stars {}',
    'genre': 'is of the genre {}',
    'theme': 'is about {}',
    'writer': 'is written by {}',
    'music': 'has music by {}',
    'producer': 'is produced by {}',
    'cinematography': 'is shot by {}',
    'editing': 'is edited by {}',
    'language': 'is in {}',
    'year': 'is from {}',
}
"""Words for each relation between an item and another entity, most informative relation first."""
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
        return f'{subject} {_phrase(last_relations).format(mention)}'
    shared = entity_name(path.entities[1], names)
    common_relations = [relation for relation in last_relations if relation in path.relations[0]]
    if common_relations or not any(path.relations):
        return f'{subject} {_phrase(common_relations).format(shared)}, like {mention}'
    return f'{subject} {_phrase(last_relations).format(shared)}, and so is linked to {mention}'


def _phrase(relations: Sequence[str]) -> str:
    return next((phrase for relation, phrase in PHRASES.items() if relation in relations), _OTHER_RELATION)
