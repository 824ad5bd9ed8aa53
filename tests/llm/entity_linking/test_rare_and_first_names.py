"""Names that are recognized without a mark, and first names and places that are no names of films or people."""

import pytest

from crslab_causal.llm.entity_linking.linking import MentionLinker

NO_COUNTRY, RAGNAROK, BEN, CARRIE, KONG, BEAR, JAWS = range(7)
FILMS = {
    NO_COUNTRY: 'No Country for Old Men (2007)',
    RAGNAROK: 'Thor: Ragnarok (2017)',
    BEN: 'Ben (1972)',
    CARRIE: 'Carrie (1976)',
    KONG: 'King Kong (2005)',
    BEAR: 'The Bear (1988)',
    JAWS: 'Jaws (1975)',
}
GOSLING, GOLIN, HONG, STILLER, FISHER, MARS, THE_WHO = range(100, 107)
PEOPLE = {
    GOSLING: 'Ryan Gosling',
    GOLIN: 'Steve Golin',
    HONG: 'James Hong',
    STILLER: 'Ben Stiller',
    FISHER: 'Carrie Fisher',
    MARS: 'Mars',
    THE_WHO: 'The Who',
}
POPULARITY = {NO_COUNTRY: 30, RAGNAROK: 0, BEN: 1, CARRIE: 40, KONG: 20, GOSLING: 100, GOLIN: 30, HONG: 20}
POPULARITY |= {STILLER: 80, FISHER: 30, MARS: 0, THE_WHO: 0, BEAR: 1, JAWS: 40}
LINKER = MentionLinker({**FILMS, **PEOPLE}, FILMS, POPULARITY, PEOPLE, partial=True)


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('ragnarok was fun', [RAGNAROK]),
        ('Seen it. And No Country.', [NO_COUNTRY]),
        ('there is no country like it', []),
        ('ryan goslin is boring', [GOSLING]),
        ('with Golin', [GOLIN]),
        ("ben's not convinced", []),
        ("Ben's not convinced", []),
        ('ben wants a comedy', []),
        ('I loved "Ben"', [BEN]),
        ('Carrie was scary', [CARRIE]),
        ('I like Hong Kong movies', []),
        ('anything with Hong?', [HONG]),
        ('I loved King Kong', [KONG]),
        ('a man is stuck on mars', []),
        ('a film with Mars', [MARS]),
        ('who stars in it?', []),
        ('who directed it?', []),
        ('the one with Gosling and the bear', [GOSLING]),
        ('I loved Jaws and the bear', [JAWS, BEAR]),
    ],
)
def test_rare_word_is_a_title_and_a_first_name_is_none(text, expected):
    assert [mention.entity for mention in LINKER.link(text)] == expected
