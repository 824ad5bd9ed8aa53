"""Facts about films from a knowledge graph and a file of titles, and the collections of films."""

from dataclasses import replace

import pytest
from film_catalogue import film_facts

from crslab_causal.chat.films.collections import FRANCHISE, TOPIC, Collections
from crslab_causal.chat.films.facts import CAST, DIRECTOR, build_film_facts
from crslab_causal.data.dataset.films import films_from_titles, merge_films
from crslab_causal.llm.catalogue import CatalogueInfo
from crslab_causal.llm.knowledge_graph import KnowledgeGraph

ALIEN, SCREAM, SCREAM_2, IRON_MAN, WEAVER, WEAVER_COPY, SCOTT, HORROR, HORROR_FICTION, SPACE, Y1979, DOWNEY = range(12)
NAMES = {
    ALIEN: 'Alien',
    SCREAM: 'Scream (1996)',
    SCREAM_2: 'Scream 2 (1997)',
    IRON_MAN: 'Iron Man (2008)',
    WEAVER: 'Sigourney Weaver',
    WEAVER_COPY: 'Sigourney Weaver (actress)',
    SCOTT: 'Ridley Scott',
    HORROR: 'Horror film',
    HORROR_FICTION: 'Horror fiction',
    SPACE: 'Space travel',
    Y1979: '1979',
    DOWNEY: 'Robert Downey Jr.',
}
EDGES = [
    (ALIEN, WEAVER, 'starring'),
    (ALIEN, SCOTT, 'http://x.example/directed_by'),
    (ALIEN, HORROR, 'genre'),
    (ALIEN, SPACE, 'theme'),
    (ALIEN, Y1979, 'year'),
    (IRON_MAN, WEAVER_COPY, 'starring'),
    (IRON_MAN, DOWNEY, 'starring'),
]


def facts_of(details=None, genres=None, mentioned=(), edges=EDGES):
    items = [ALIEN, SCREAM, SCREAM_2, IRON_MAN]
    titles = films_from_titles({str(item): entry for item, entry in (details or {}).items()}, items)
    films = merge_films(items, [tuple((genres or {}).get(item, ())) for item in items], titles, {})
    catalogue = CatalogueInfo(NAMES, items, {ALIEN: 3}, KnowledgeGraph(edges), {}, films)
    return build_film_facts(catalogue, list(NAMES), mentioned)


def test_facts_are_read_from_the_graph_without_a_file():
    facts = facts_of()
    alien = facts.films[ALIEN]
    assert (alien.name, alien.year, alien.genres, alien.plot) == ('Alien (1979)', 1979, {'horror'}, None)
    assert facts.names_of_people(ALIEN, DIRECTOR) == ['Ridley Scott']
    assert facts.films[SCREAM].title == 'Scream' and facts.films[SCREAM].year == 1996
    assert facts.subjects == {SPACE: {ALIEN}}
    assert facts.films_of_genre == {'horror': {ALIEN}} and facts.without_genre == {SCREAM, SCREAM_2, IRON_MAN}
    # two entities of one name are one person
    assert facts.films_of(WEAVER) == [ALIEN, IRON_MAN] and WEAVER_COPY not in facts.people


def test_facts_are_read_from_a_file_of_titles():
    details = {
        SCREAM: {'title': 'Scream', 'year': 1996, 'director': ['Wes Craven'], 'stars': ['Neve Campbell'], 'plot': 'X.'}
    }
    facts = facts_of(details, {SCREAM: ['Horror', 'Mystery', 'Talk-Show']})
    scream = facts.films[SCREAM]
    assert scream.genres == {'horror', 'mystery'} and scream.plot == 'X.'
    (craven,) = scream.people[DIRECTOR]
    assert craven < 0 and facts.people[craven].name == 'Wes Craven' and facts.films_of(craven) == [SCREAM]


def test_details_about_another_film_are_left_out():
    details = {
        IRON_MAN: {
            'title': 'Iron Man',
            'year': 2008,
            'stars': ['Roscoe Karns'],
            'director': ['Tay Garnett'],
            'plot': 'Y.',
        }
    }
    facts = facts_of(details, {IRON_MAN: ['Drama']})
    film = facts.films[IRON_MAN]
    assert not film.genres and film.plot is None and DIRECTOR not in film.people and film.name == 'Iron Man (2008)'
    agreeing = facts_of(
        {IRON_MAN: {**details[IRON_MAN], 'stars': ['R. Downey Jr.', 'Jeff Bridges']}}, {IRON_MAN: ['Action']}
    )
    assert agreeing.films[IRON_MAN].genres == {'action'} and len(agreeing.films[IRON_MAN].people[CAST]) == 4


def test_mentioned_entity_stands_for_a_genre():
    assert facts_of().genre_entities == {'horror': HORROR}
    assert facts_of(mentioned=[HORROR_FICTION]).genre_entities == {'horror': HORROR_FICTION}
    assert facts_of().names[HORROR] == 'Horror'


def test_empty_catalogue_has_no_facts():
    facts = build_film_facts(CatalogueInfo({}, [], {}, KnowledgeGraph([]), {}), [])
    assert facts.films == facts.people == facts.names == {} and facts.latest == 0
    assert Collections(facts, {}).by_key == {}


@pytest.mark.parametrize(
    'words, kind, included, excluded',
    [
        ('marvel', FRANCHISE, {'Iron Man (2008)', 'Logan (2017)', 'The Avengers (2012)'}, {'Batman (1989)'}),
        ('dc', FRANCHISE, {'Batman (1989)', 'The Dark Knight (2008)', 'Wonder Woman (2017)'}, {'Iron Man (2008)'}),
        ('superhero', TOPIC, {'Iron Man (2008)', 'Batman (1989)', 'The Incredibles (2004)'}, {'Alien (1979)'}),
        ('zombie', TOPIC, {'Zombieland (2009)', 'Shaun of the Dead (2004)'}, {'Alien (1979)'}),
        ('pixar', FRANCHISE, {'Up (2009)', 'Toy Story 3 (2010)'}, {'Shrek (2001)'}),
        ('toy story', FRANCHISE, {'Toy Story (1995)', 'Toy Story 2 (1999)', 'Toy Story 3 (2010)'}, set()),
        ('kill bill', FRANCHISE, {'Kill Bill: Volume 1 (2003)', 'Kill Bill: Volume 2 (2004)'}, set()),
        ('indiana jones', FRANCHISE, {'Raiders of the Lost Ark (1981)'}, set()),
        ('star wars', FRANCHISE, {'The Empire Strikes Back (1980)', 'Star Wars (1977)'}, {'Star Trek'}),
    ],
)
def test_collections_contain_the_expected_real_films(words, kind, included, excluded):
    facts, collections = film_facts()
    collection = collections.by_key[tuple(words.split())]
    names = {facts.names[film] for film in collection.films}
    assert collection.kind == kind and included <= names and not excluded & names


def test_film_of_one_title_is_not_a_franchise():
    _, collections = film_facts()
    assert ('carrie',) not in collections.by_key and ('titanic',) not in collections.by_key


def test_film_without_a_year_is_a_copy_of_the_better_known_one_with_a_year():
    facts = film_facts()[0]
    jaws = next(film for film in facts.films.values() if film.name == 'Jaws (1975)')
    copy, other = replace(jaws, entity=9001, year=None), replace(jaws, entity=9002, title='Untitled', year=None)

    def copies(*added, known):
        films = {**facts.films, **{film.entity: film for film in added}}
        return replace(facts, films=films, popularity={copy.entity: 1.0, jaws.entity: known}).undated_copies

    assert copies(copy, other, known=2.0) == {copy.entity: jaws.entity}
    assert not copies(copy, known=0.5) and not copies(other, known=2.0)
