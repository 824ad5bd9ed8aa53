from collections import Counter

from crslab_causal.data.demo.catalogue import N_FILMS, N_REMAKES, Catalogue


def test_equal_seeds_give_equal_catalogues():
    assert Catalogue.build(3) == Catalogue.build(3)
    assert Catalogue.build(3) != Catalogue.build(4)


def test_only_remakes_share_a_title():
    for seed in range(20):
        catalogue = Catalogue.build(seed)
        assert len(catalogue.films) == N_FILMS
        shared = [title for title, n in Counter(film.title for film in catalogue.films).items() if n > 1]
        assert len(shared) == N_REMAKES
        for title in shared:
            first, second = sorted(film.year for film in catalogue.films if film.title == title)
            assert second - first >= 10


def test_entities_are_unique_and_triples_link_films_to_the_rest():
    catalogue = Catalogue.build(0)
    n = len(catalogue.entity_names)
    assert len(set(catalogue.entity_names)) == len(set(catalogue.uris)) == n
    assert all(head < N_FILMS <= tail < n for head, _, tail in catalogue.triples)
    assert {relation for _, relation, _ in catalogue.triples} == set(range(len(catalogue.relations)))
    film = catalogue.films[7]
    linked = {catalogue.entity_names[tail] for head, _, tail in catalogue.triples if head == 7}
    assert linked == {*film.people, *film.genres, *film.themes}
    assert catalogue.uris[7] == f'<http://demo.example/resource/{film.title.replace(" ", "_")}_({film.year})>'
