"""Detokenization of the data's text."""

import pytest

from crslab_causal.llm.detokenization import UNNAMED, detokenize, token_names


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


def test_tokens_of_unnamed_items_have_no_name():
    assert token_names({'@1': 5, '@2': 6}, {5: 'Heat'}) == {'@1': 'Heat'}
