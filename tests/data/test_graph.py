"""The knowledge graph: which relations are kept, their ids and their names."""

from hypothesis import given
from hypothesis import strategies as st

from crslab_causal.data.dataset.graph import has_links, keep_frequent_relations, name_relations

ENTITIES = {i: f'entity {i}' for i in range(5)}
edges = st.lists(
    st.tuples(
        st.sampled_from(sorted(ENTITIES)), st.sampled_from(sorted(ENTITIES)), st.sampled_from(['genre', 'actor', 7])
    ),
    max_size=20,
)


def test_rare_relations_and_duplicate_edges_are_dropped_by_hand():
    graph, relations = keep_frequent_relations(
        [(0, 1, 'b'), (2, 3, 'rare'), (1, 1, 7), (0, 1, 'b'), (4, 0, 7)], 1, ENTITIES
    )
    assert graph == {
        'edge': [(0, 1, 0), (1, 1, 1), (4, 0, 1)],
        'n_relation': 2,
        'entity': ['entity 0', 'entity 1', 'entity 4'],
    }
    assert relations == ['b', 7]


@given(edges, st.integers(0, 6))
def test_exactly_the_edges_of_frequent_relations_are_kept(listed, threshold):
    graph, relations = keep_frequent_relations(listed, threshold, ENTITIES)
    frequent = {r for _, _, r in listed if sum(other == r for _, _, other in listed) > threshold}
    assert {(head, tail, relations[r]) for head, tail, r in graph['edge']} == {e for e in listed if e[2] in frequent}
    assert len(set(graph['edge'])) == len(graph['edge'])
    assert set(relations) == frequent and graph['n_relation'] == len(relations)
    assert set(graph['entity']) == {ENTITIES[entity] for edge in graph['edge'] for entity in edge[:2]}
    assert has_links(graph) == any(head != tail for head, tail, _ in graph['edge'])


def test_numbered_relations_get_their_known_names():
    assert name_relations(['genre', 7, 8, ''], {7: 'actor'}) == {0: 'genre', 1: 'actor'}
