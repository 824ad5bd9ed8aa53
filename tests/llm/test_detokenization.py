"""Detokenization of the data's text."""

import pytest

from crslab_causal.llm.detokenization import UNNAMED, detokenize


@pytest.mark.parametrize(
    'text, expected',
    [
        ("I did n't like @101 , or @102 's end ( really ) !", "I didn't like Alien, or Heat's end (really)!"),
        ('@199 ? @101', f'{UNNAMED}? Alien'),
        ('me@101 and @@101 and @101x', 'me@101 and @@101 and @101x'),
        ("the movie `` The Martian '' , please", 'the movie "The Martian", please'),
        ('', ''),
        ('Hello!', 'Hello!'),
    ],
)
def test_text_is_written_as_people_write_it(text, expected):
    assert detokenize(text, {'@101': 'Alien', '@102': 'Heat'}) == expected


def test_names_themselves_are_not_detokenized():
    assert detokenize('@1 .', {'@1': "What 's ( up ) , @2 ?"}) == "What 's ( up ) , @2 ?."


@pytest.mark.parametrize(
    'text, expected',
    [
        ('Marley & amp ; Me', 'Marley & Me'),
        ('Marley &amp; Me , R & B ;', 'Marley & Me, R & B;'),
        ('&amp;quot;', '&quot;'),
        ('& # 39 ;s &lt;b&gt; & #x41 ;', "'s <b> A"),
        ('AT & T ; & it ;', 'AT & T; & it;'),
    ],
)
def test_html_entities_are_decoded_once(text, expected):
    assert detokenize(text, {}) == expected


def test_names_are_quoted_where_asked():
    text = 'I liked @1 Do you know @9 or @2 ?'
    assert detokenize(text, {'@1': 'Air Bud', '@2': 'Me & "Me"'}, quote='"') == (
        f'I liked "Air Bud" Do you know {UNNAMED} or "Me & "Me""?'
    )
