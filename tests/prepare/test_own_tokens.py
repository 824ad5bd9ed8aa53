"""Tokens of the user's texts: those of NLTK, of which no model is downloaded."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
from crslab_causal.prepare.own_data.tokens import cooccurring, tokenize


@pytest.mark.parametrize(
    'text, tokens',
    [
        ("I didn't like it.", ['I', 'did', "n't", 'like', 'it', '.']),
        ('Hi there! How are you?', ['Hi', 'there', '!', 'How', 'are', 'you', '?']),
        ('It was good. It was long.', ['It', 'was', 'good', '.', 'It', 'was', 'long', '.']),
        (
            'Mr. Smith, e.g. at 7 p.m. in the U.S. of old',
            ['Mr.', 'Smith', ',', 'e.g.', 'at', '7', 'p.m.', 'in', 'the', 'U.S.', 'of', 'old'],
        ),
        ('I saw "Alien" (1979)', ['I', 'saw', '``', 'Alien', "''", '(', '1979', ')']),
        ("gonna watch Ocean's 11... ok", ['gon', 'na', 'watch', 'Ocean', "'s", '11', '...', 'ok']),
        ('Amélie \u2014 お茶', ['Amélie', '\u2014', 'お茶']),
    ],
)
def test_texts_are_divided_as_nltk_does(text, tokens):
    assert tokenize(text) == tokens


@given(st.text(st.characters(exclude_categories=['Cs']), min_size=1).filter(str.strip))
def test_no_text_is_lost_and_no_token_has_white_space(text):
    def written(characters):
        return ''.join(c for c in characters if not c.isspace() and c not in '"\'`_«»“”‘’„')

    tokens = tokenize(text)
    assert written(''.join(tokens)) == written(text)
    assert tokens and all(token and token.split() == [token] for token in tokens)


def test_tokens_of_public_data_come_out_again():
    root = tiny.real_data()
    if root is None:
        pytest.skip('no real data')
    conversations = json.loads((root / 'redial' / 'nltk' / 'valid_data.json').read_text('utf-8'))[:300]
    texts = [
        u['text']
        for c in conversations
        for u in c['dialog']
        if u['text'] and not any('@' in token or '..' in token for token in u['text'])
    ]
    equal = sum(tokenize(' '.join(tokens)) == tokens for tokens in texts)
    assert len(texts) > 2000 and equal / len(texts) > 0.97


def test_pairs_are_ordered_by_how_far_they_exceed_chance():
    texts = [['tom', 'hanks'], ['tom', 'hanks'], ['the', 'film'], ['the', 'end'], ['the', 'film'], ['the', 'tom']]
    assert cooccurring(texts) == [('hanks', 'tom'), ('film', 'the')]
    assert cooccurring([['a'], ['only'], []]) == []
