"""Reasons for a recommended film."""

import pytest

from crslab_causal.chat.constraints import Constraint, Kind
from crslab_causal.chat.films.facts import build_film_facts
from crslab_causal.chat.reasons import Reasons
from crslab_causal.chat.state import DialogueState
from crslab_causal.llm.catalogue import CatalogueInfo
from crslab_causal.llm.knowledge_graph import KnowledgeGraph

DRAMA, ALIEN = 0, 1


@pytest.mark.parametrize(
    ('constraints', 'remark'),
    [
        ([Constraint(Kind.GENRE, 'drama', frozenset((ALIEN,)), entity=DRAMA)], 'as you asked'),
        ([Constraint(Kind.GENRE, 'drama', frozenset((ALIEN,)), entity=DRAMA, binding=False)], 'one of your likes'),
        ([], 'one of your likes'),
    ],
)
def test_reason_tells_a_wish_from_a_like(constraints, remark):
    graph = KnowledgeGraph([(ALIEN, DRAMA, 'genre')])
    catalogue = CatalogueInfo({DRAMA: 'Drama', ALIEN: 'Alien (1979)'}, [ALIEN], {ALIEN: 1.0}, graph, {})
    state = DialogueState(mentions=[DRAMA], opinions={DRAMA: True})
    for constraint in constraints:
        state.constraints.add(constraint)
    reasons = Reasons(catalogue, build_film_facts(catalogue, [DRAMA, ALIEN]), state, [DRAMA])
    assert reasons.first(ALIEN, None) == f'it is of the genre Drama, {remark}'
