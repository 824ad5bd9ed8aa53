"""Opinions that are extracted from the text by cue words."""

import pytest

import tiny
from crslab_causal.llm.offline.opinion_cues import extract_opinions
from tiny import ALIEN, BIG, COMEDY, GODFATHER, HEAT, PACINO

NAMES = {entity: tiny.plain(entity) for entity in range(len(tiny.NAMES))}


@pytest.mark.parametrize(
    'text, liked, disliked',
    [
        ('I love Alien', [ALIEN], []),
        ("I didn't like Alien.", [], [ALIEN]),
        ("I did n't really like Alien", [], [ALIEN]),
        ('I don’t like movies like Heat', [], [HEAT]),
        ('Alien was not for me but Heat is great', [HEAT], [ALIEN]),
        ('I have seen Alien', [], []),
        ('I hated Heat. Heat is good!', [HEAT], []),
        ('love pacino', [], []),
        ('I enjoy anything with al pacino', [PACINO], []),
        ('Big is good, I like it', [BIG], []),
        ('a big fan of it', [], []),
        ('I could not finish The Godfather; sorry', [], [GODFATHER]),
        ('comedies are great', [COMEDY], []),
        ('I hate horror', [], []),
    ],
)
def test_opinions_of_a_text_are_found(text, liked, disliked):
    names = NAMES | {COMEDY: 'Comedy film'}
    assert extract_opinions([('Seeker', text)], [ALIEN, HEAT, BIG, GODFATHER, PACINO, COMEDY, 99], names) == (
        liked,
        disliked,
    )
    assert extract_opinions([('Recommender', text)], names, names) == ([], [])


def test_name_needs_no_year():
    for text in ('I love Alien', 'I love Alien (1979)'):
        assert extract_opinions([('Seeker', text)], [ALIEN], {ALIEN: 'Alien (1979)'}) == ([ALIEN], [])
