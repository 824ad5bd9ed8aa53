"""Paths in the knowledge graph and their weights."""

import math
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import tiny
from crslab_causal.base.errors import UserError
from crslab_causal.llm.knowledge_graph import KnowledgeGraph, Path
from tiny import ALIEN, COMEDY, COSMOS, GODFATHER, HEAT, PACINO, SCOTT, STAR_WARS

GRAPH = KnowledgeGraph([(head, tail, relation) for head, relation, tail in tiny.TRIPLES])
WEIGHT_OF_DEGREE_2 = 1 / math.log2(3)
"""Weight of a path by a shared neighbour of degree two."""

edges = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.sampled_from(['a', 'b', 7])), max_size=40)


def test_paths_have_one_or_two_edges():
    assert GRAPH.paths([PACINO, GODFATHER, COMEDY], HEAT) == [
        Path((PACINO, HEAT), (('starring',),), 1.0),
        Path((GODFATHER, PACINO, HEAT), (('starring',), ('starring',)), WEIGHT_OF_DEGREE_2),
    ]
    assert GRAPH.paths([SCOTT], STAR_WARS) == []  # three edges
    assert GRAPH.paths([HEAT, COSMOS, -1, 999], HEAT) == GRAPH.paths([ALIEN], 999) == GRAPH.paths([ALIEN], -1) == []


def test_relations_are_names_numbers_or_unnamed():
    numbered = [(head, tail, tiny.RELATIONS[relation]) for head, relation, tail in tiny.TRIPLES]
    assert KnowledgeGraph(numbered).paths([PACINO], HEAT)[0].relations == ((),)
    assert KnowledgeGraph(numbered, {2: 'cast'}).paths([PACINO], HEAT)[0].relations == (('cast',),)
    both = KnowledgeGraph([(1, 2, 'writer'), (2, 1, 'director'), (1, 2, 'writer'), (2, 2, 'loop'), (1, 2, 5)])
    assert both.paths([1], 2) == [Path((1, 2), (('director', 'writer'),), 1.0)]
    assert (both.degree(2), both.neighbours(3), both.degree(-1)) == (1, [], 0)


def test_graph_may_be_empty_but_ids_must_not_be_negative():
    empty = KnowledgeGraph([])
    assert empty.paths([1], 2) == [] and empty.evidence({1: 1.0}, [2]) == [(0.0, 0.0)]
    with pytest.raises(UserError, match='-3 is not an entity id'):
        KnowledgeGraph([(1, -3, 'r')])


@given(edges, st.dictionaries(st.integers(0, 14), st.sampled_from([1.0, 0.5, -1.0])), st.lists(st.integers(0, 14)))
@example([(0, 1, 'a'), (1, 2, 'a'), (0, 2, 'a')], {0: 1.0, 1: -1.0}, [2, 1])
def test_paths_and_evidence_equal_an_exhaustive_search(triples, weights, candidates):
    graph = KnowledgeGraph(triples)
    linked = {(a, b) for head, tail, _ in triples for a, b in ((head, tail), (tail, head)) if a != b}
    degree = {e: sum(a == e for a, _ in linked) for e in range(15)}
    for candidate, (positive, negative) in zip(candidates, graph.evidence(weights, candidates), strict=True):
        expected = {}
        for mention, via in product(weights, range(15)):
            if mention != candidate and (mention, candidate) in linked:
                expected[mention, candidate] = 1.0
            elif mention != candidate and {(mention, via), (via, candidate)} <= linked:
                expected[mention, via, candidate] = 1 / math.log2(1 + degree[via])
        paths = graph.paths(weights, candidate)
        assert {path.entities: path.weight for path in paths} == expected and len(paths) == len(expected)
        assert [path.weight for path in paths] == sorted(expected.values(), reverse=True)
        parts = [weights[path.entities[0]] * path.weight for path in paths]
        assert (positive, negative) == pytest.approx((sum(p for p in parts if p > 0), sum(p for p in parts if p < 0)))
