"""Constraints: which films satisfy them, which give way, and how they are taken back."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crslab_causal.chat.constraints import Constraint, ConstraintSet, Kind, describe

HORROR = Constraint(Kind.GENRE, 'horror', frozenset((1, 2, 3)), unknown=frozenset((9,)))
COMEDY = Constraint(Kind.GENRE, 'comedy', frozenset((3, 4, 5)))
NINETIES = Constraint(Kind.YEARS, '1990–1999', frozenset((2, 4)))
HANKS = Constraint(Kind.PERSON, 'Tom Hanks', frozenset((5,)))
CHILDREN = Constraint(Kind.CHILDREN, 'children', frozenset((4, 5)))
ALL = list(range(10))


def excluded(constraint):
    return Constraint(constraint.kind, constraint.label, constraint.films, False, constraint.unknown)


def select(*constraints, films=ALL):
    selection = ConstraintSet(constraints).select(films)
    return selection.films, [constraint.label for constraint in selection.relaxed]


def test_films_satisfy_all_constraints_in_the_order_of_the_input():
    assert select() == (ALL, [])
    assert select(HORROR, films=[3, 0, 1]) == ([3, 1], [])
    assert select(HORROR, COMEDY) == ([3], [])
    assert select(HORROR, NINETIES) == ([2], [])


def test_excluded_property_excludes_also_what_may_have_it():
    assert select(excluded(HORROR)) == ([0, 4, 5, 6, 7, 8], [])


def test_fewest_and_least_important_constraints_give_way():
    assert Constraint(Kind.PERSON, 'Orson Welles', frozenset(), is_director=True).words == 'by Orson Welles'
    assert select(HANKS, NINETIES) == ([5], ['1990–1999'])
    assert select(HORROR, HANKS) == ([5], ['horror'])
    assert select(HORROR, NINETIES, HANKS) == ([2], ['Tom Hanks'])
    assert select(HANKS, films=[1, 2]) == ([1, 2], ['Tom Hanks'])


def test_constraints_of_earlier_messages_give_way_first():
    def stated(turn, constraint):
        return Constraint(constraint.kind, constraint.label, constraint.films, turn=turn)

    assert select(stated(1, HANKS), stated(2, NINETIES)) == ([2, 4], ['Tom Hanks'])
    assert select(stated(2, HORROR), stated(1, NINETIES), stated(1, HANKS)) == ([2], ['Tom Hanks'])
    # two older ones go before one of the last message, and an exclusion of any age stays
    older = stated(1, HORROR), stated(2, NINETIES), excluded(CHILDREN)
    family = Constraint(Kind.GENRE, 'family', frozenset((0, 4)), turn=3)
    fantasy = Constraint(Kind.GENRE, 'fantasy', frozenset((0, 2)), turn=3)
    assert select(*older, family, fantasy) == ([0], ['horror', '1990–1999'])
    assert select(*older, stated(3, COMEDY)) == ([3], ['1990–1999'])


def test_exclusions_and_children_never_give_way():
    assert select(CHILDREN, HORROR) == ([4, 5], ['horror'])
    assert select(CHILDREN, excluded(COMEDY)) == ([], [])
    assert not ConstraintSet([CHILDREN]).allowed(1) and ConstraintSet([CHILDREN]).allowed(4)


def test_a_film_that_has_one_of_the_alternatives_fits():
    either = [Constraint(c.kind, c.label, c.films, alternatives='x') for c in (HORROR, COMEDY)]
    assert select(*either) == ([1, 2, 3, 4, 5], [])
    assert select(*either, NINETIES) == ([2, 4], [])
    assert describe([*either, NINETIES]) == 'horror or comedy, 1990–1999'


def test_preferences_sort_the_list_and_exclude_no_film():
    likes = [Constraint(c.kind, c.label, c.films, binding=False) for c in (COMEDY, HANKS)]
    assert select(*likes, films=[0, 3, 5, 1]) == ([5, 3, 0, 1], [])
    assert ConstraintSet(likes).n_preferred([0, 3, 5, 1]) == 2
    assert ConstraintSet().n_preferred(ALL) == 0


def test_later_constraint_on_a_property_replaces_the_earlier_one():
    constraints = ConstraintSet([HORROR])
    constraints.add(excluded(HORROR))
    assert [constraint.name for constraint in constraints] == ['no horror']
    constraints.add(Constraint(Kind.GENRE, 'horror', HORROR.films, binding=False))  # "I love horror after all"
    assert [constraint.name for constraint in constraints] == ['horror'] and not constraints.binding


def test_preference_does_not_weaken_an_equal_wish():
    constraints = ConstraintSet([HORROR])
    constraints.add(Constraint(Kind.GENRE, 'horror', HORROR.films, binding=False))
    assert constraints.binding == [HORROR]


@pytest.mark.parametrize(
    'text, found',
    [
        ('1', ['horror']),
        ('3', ['with Tom Hanks']),
        ('9', []),
        ('0', []),
        ('HORROR', ['horror']),
        ('hanks', ['with Tom Hanks']),
        ('genre', ['horror']),
        ('years', ['1990–1999']),
        ('all', ['horror', '1990–1999', 'with Tom Hanks']),
        ('', []),
        ('western', []),
    ],
)
def test_constraints_are_found_by_number_name_and_kind(text, found):
    assert [constraint.name for constraint in ConstraintSet([HORROR, NINETIES, HANKS]).find(text)] == found


def test_films_closest_to_a_wanted_one_come_first():
    similar = Constraint(Kind.SIMILAR, 'Alien', frozenset((1, 2, 3, 4)), closest=frozenset((3, 4)))
    assert select(similar) == ([3, 4, 1, 2], [])
    assert select(similar, HORROR) == ([3, 1, 2], [])
    assert select(excluded(HORROR), similar) == ([4], [])


def test_many_wishes_that_no_film_satisfies_together_take_no_longer_than_few():
    # 2 ** 60 sets of wishes could be relaxed; only one of them is the best
    people = [Constraint(Kind.PERSON, f'Person {i}', frozenset((2 * i, 2 * i + 1))) for i in range(60)]
    films, relaxed = select(*people, films=range(120))
    assert films == [118, 119]
    assert relaxed == [f'Person {i}' for i in range(59)]


@st.composite
def wishes(draw):
    kinds = st.sampled_from([Kind.GENRE, Kind.YEARS, Kind.PERSON, Kind.TOPIC])
    films, turn, alternatives = st.frozensets(st.integers(0, 5)), st.integers(1, 3), st.sampled_from(['', '', 'x'])
    return [
        Constraint(draw(kinds), str(i), draw(films), turn=draw(turn), alternatives=draw(alternatives))
        for i in range(draw(st.integers(0, 5)))
    ]


@given(wishes())
def test_as_few_wishes_as_possible_are_relaxed_first_of_the_last_message_then_of_earlier_ones(constraints):
    films, relaxed = select(*constraints, films=range(6))
    last = max((constraint.turn for constraint in constraints), default=0)
    groups: dict[str, list[Constraint]] = {}
    for constraint in constraints:
        groups.setdefault(constraint.alternatives or constraint.label, []).append(constraint)

    def fitting(names):
        return [film for film in range(6) if all(any(film in c.films for c in groups[name]) for name in names)]

    def cost(names):
        turns = [max(c.turn for c in groups[name]) for name in names]
        return turns.count(last), len(turns) - turns.count(last)

    ways = [set(way) for n in range(len(groups) + 1) for way in combinations(groups, n)]
    possible = [way for way in ways if fitting(groups.keys() - way)]
    chosen = {name for name, group in groups.items() if group[0].label in relaxed}
    assert cost(chosen) == min(map(cost, possible))
    assert films == fitting(groups.keys() - chosen)
