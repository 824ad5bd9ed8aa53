"""Samples of a chat: titles become the tokens of their items, and ordinary words stay words."""

import pytest

from crslab_causal.chat.live_context import LiveContexts
from crslab_causal.data.dataset.films import Film

FILMS = {
    1: Film('It', 2017),
    2: Film('Up', 2009),
    3: Film('Her', 2013),
    4: Film('Alien', 1979),
    5: Film('Toy Story', 1995),
    6: Film('Heat', 1995),
    7: Film('Heat', 1973),
}
WORDS = 'it was up to her i loved alien and toy story 2 heat , . but not the old one is great'.split()
TOKENS = {f'@{100 + item}': item for item in FILMS}
WORD = dict(enumerate(dict.fromkeys((*WORDS, *TOKENS)), start=1))


@pytest.fixture(scope='module')
def contexts():
    vocab = {'tok2ind': {word: number for number, word in WORD.items()}, 'unk': 0, 'word2id': {}}
    return LiveContexts(vocab, {'item_entity_ids': list(FILMS), 'item_of_token': TOKENS, 'films': FILMS})


@pytest.mark.parametrize(
    ('history', 'said', 'read'),
    [
        ([1, 2, 3], 'It was up to her.', 'it was up to her .'),
        ([1, 2, 3], 'I loved It and Up.', 'i loved @101 and @102 .'),
        ([3], 'I loved Her, but it is not up to her.', 'i loved @103 , but it is not up to her .'),
        ([4], 'i loved alien', 'i loved @104'),
        ([4], 'Alien (1979) is great', '@104 is great'),
        ([5], 'I loved Toy Story, but not Toy Story 2', 'i loved @105 , but not toy story 2'),
        ([6, 7], 'I loved Heat (1973), not Heat (1995).', 'i loved @107 , not @106 .'),
        ([], 'I loved Heat.', 'i loved heat .'),
    ],
)
def test_only_mentions_of_a_title_become_its_token(contexts, history, said, read):
    sample = contexts.sample(history, [('Seeker', said)])
    assert [' '.join(WORD[number] for number in turn) for turn in sample['context_tokens']] == [read]
    assert sample['context_text'] == [('Seeker', said)]
