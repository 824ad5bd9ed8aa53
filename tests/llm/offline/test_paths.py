"""Descriptions of paths in the knowledge graph."""

import tiny
from crslab_causal.llm.knowledge_graph import KnowledgeGraph
from crslab_causal.llm.offline.paths import describe_path, is_reason, order_of_reasons
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
        'Heat stars Al Pacino, who wrote Big'
    ]


def test_unknown_relation_and_unnamed_entity_are_described_in_general_words():
    assert descriptions([(HEAT, PACINO, 3), (BIG, PACINO, 3)], [BIG], HEAT) == ['Heat is linked to Al Pacino, like Big']
    assert descriptions([(HEAT, 77, 'genre')], [77], HEAT) == ['Heat is of the genre entity 77']


def test_subject_and_remark_replace_the_names():
    (path,) = KnowledgeGraph(EDGES).paths([PACINO], HEAT)
    assert describe_path(path, NAMES, 'it', 'a favourite') == 'it stars Al Pacino, a favourite'


def test_reasons_come_in_the_order_in_which_a_person_gives_them():
    film, liked, other = HEAT, GODFATHER, BIG
    shared = {
        'director': 51, 'starring': 52, 'writer': 53, 'series': 54, 'genre': 55, 'music': 56, 'cinematography': 57,
        'editing': 58, 'studio': 59, 3: 60,
    }  # fmt: skip
    edges = [(item, entity, relation) for relation, entity in shared.items() for item in (film, liked)]
    graph = KnowledgeGraph([*edges, (film, PACINO, 'starring'), (film, 61, 'starring'), (other, 51, 'director')])
    mentions = [61, PACINO, liked, other]

    def sort(liked_mentions):
        reasons = [path for path in graph.paths(mentions, film) if is_reason(path)]
        return [
            path.entities[:-1] for path in sorted(reasons, key=lambda p: order_of_reasons(p, mentions, liked_mentions))
        ]

    rest = [(liked, entity) for entity in (52, 53, 54, 55, 56)]
    assert sort([]) == [(PACINO,), (61,), (other, 51), (liked, 51), *rest]  # the last mention first
    assert sort([61, liked]) == [(61,), (PACINO,), (liked, 51), (other, 51), *rest]  # what is liked first
    assert not is_reason(KnowledgeGraph([(film, 59, 'distributor')]).paths([59], film)[0])
