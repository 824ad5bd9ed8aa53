"""Descriptions of paths in the knowledge graph."""

import tiny
from crslab_causal.llm.knowledge_graph import KnowledgeGraph
from crslab_causal.llm.offline.paths import describe_path
from tiny import BIG, GODFATHER, HEAT, PACINO

NAMES = {entity: tiny.plain(entity) for entity in range(len(tiny.NAMES))}
EDGES = [(head, tail, relation) for head, relation, tail in tiny.TRIPLES]


def descriptions(triples, mentions, candidate):
    return [describe_path(path, NAMES) for path in KnowledgeGraph(triples).paths(mentions, candidate)]


def test_path_is_described_by_its_relations():
    assert descriptions(EDGES, [PACINO, GODFATHER], HEAT) == [
        'Heat stars Al Pacino',
        'Heat stars Al Pacino, like The Godfather',
    ]
    assert descriptions([(HEAT, PACINO, 'starring'), (BIG, PACINO, 'writer')], [BIG], HEAT) == [
        'Heat stars Al Pacino, and so is linked to Big'
    ]


def test_unknown_relation_and_unnamed_entity_are_described_in_general_words():
    assert descriptions([(HEAT, PACINO, 3), (BIG, PACINO, 3)], [BIG], HEAT) == ['Heat is linked to Al Pacino, like Big']
    assert descriptions([(HEAT, 77, 'genre')], [77], HEAT) == ['Heat is of the genre entity 77']


def test_subject_and_remark_replace_the_names():
    (path,) = KnowledgeGraph(EDGES).paths([PACINO], HEAT)
    assert describe_path(path, NAMES, 'it', 'a favourite') == 'it stars Al Pacino, a favourite'
