"""The order of the mentions in an utterance, the names of entities, and histories."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crslab_causal.data.dataset.mention_order import entity_name, learn_item_tokens, order_mentions, reduce_mentions
from crslab_causal.data.histories import PAD, pad_histories

INCEPTION, TITANIC, DICAPRIO, COMEDY, NOLAN, HORROR, IT, AVATAR = range(8)
NAMES = {
    INCEPTION: 'Inception',
    TITANIC: 'Titanic',
    DICAPRIO: 'Leonardo DiCaprio',
    COMEDY: 'Comedy film',
    NOLAN: 'Christopher Nolan',
    HORROR: 'Horror film',
    IT: 'It',
    AVATAR: 'Avatar',
}
TOKENS = {'@11': INCEPTION, '@22': TITANIC, '@33': AVATAR}


def order(text, entities, items):
    return order_mentions(text.split(), entities, items, NAMES, TOKENS)


@pytest.mark.parametrize(
    'text, entities, items, expected',
    [
        pytest.param('@11 with Leonardo DiCaprio', [DICAPRIO], [INCEPTION], [INCEPTION, DICAPRIO], id='item first'),
        pytest.param('Leonardo DiCaprio was in @11', [DICAPRIO], [INCEPTION], [DICAPRIO, INCEPTION], id='entity first'),
        pytest.param(
            '@22 , then DiCaprio , then @11 .',
            [DICAPRIO],
            [TITANIC, INCEPTION],
            [TITANIC, DICAPRIO, INCEPTION],
            id='between, by surname',
        ),
        pytest.param('I loved @22 ! Some comedies too', [COMEDY], [TITANIC], [TITANIC, COMEDY], id='comedies'),
        pytest.param(
            'Nolan , or a horror film like @22',
            [HORROR, NOLAN],
            [TITANIC],
            [NOLAN, HORROR, TITANIC],
            id='listed in another order',
        ),
        pytest.param(
            '@11 @22 @11', [], [INCEPTION, TITANIC, INCEPTION], [INCEPTION, TITANIC, INCEPTION], id='a repeated item'
        ),
        pytest.param(
            '@22 by DiCaprio and @22',
            [DICAPRIO],
            [TITANIC, TITANIC],
            [TITANIC, DICAPRIO, TITANIC],
            id='an entity between the two mentions of an item',
        ),
        pytest.param(
            '@11 and comedies',
            [INCEPTION, COMEDY],
            [INCEPTION],
            [INCEPTION, COMEDY],
            id='one id as entity and item is one mention',
        ),
        pytest.param('@99 or @22', [], [TITANIC], [TITANIC], id='an item without a link'),
        pytest.param(
            'DiCaprio ? @99 or @22 , comedies',
            [COMEDY, DICAPRIO],
            [TITANIC],
            [DICAPRIO, TITANIC, COMEDY],
            id='an item without a link among others',
        ),
        pytest.param('comedies , not horror', [HORROR, COMEDY], [], [COMEDY, HORROR], id='entities only'),
        pytest.param("DiCaprio's @22", [DICAPRIO], [TITANIC], [DICAPRIO, TITANIC], id='possessive'),
        pytest.param('@22 by LEONARDO', [DICAPRIO], [TITANIC], [TITANIC, DICAPRIO], id='case, and first name only'),
        pytest.param('', [], [], [], id='nothing'),
    ],
)
def test_mentions_are_in_the_order_of_the_text(text, entities, items, expected):
    assert order(text, entities, items) == expected


def test_a_mention_that_is_not_located_follows_the_one_listed_before_it():
    assert order('I like comedies and @22', [COMEDY, NOLAN], [TITANIC]) == [COMEDY, NOLAN, TITANIC]
    assert order('@22 and comedies', [COMEDY, NOLAN], [TITANIC]) == [TITANIC, COMEDY, NOLAN]


def test_a_first_mention_that_is_not_located_comes_first():
    assert order('@22 and comedies', [NOLAN, COMEDY], [TITANIC]) == [NOLAN, TITANIC, COMEDY]


IDS = st.lists(st.sampled_from(sorted(NAMES)), max_size=6)
WORDS = st.lists(
    st.sampled_from(['@11', '@22', '@33', '@99', 'Nolan', 'comedies', 'It', 'and', '.', '', '@']), max_size=12
)


@given(WORDS, IDS, IDS)
def test_all_listed_mentions_are_returned_and_no_others(tokens, entities, items):
    ordered = order_mentions(tokens, entities, items, NAMES, TOKENS)
    assert set(ordered) == {*entities, *items}
    assert all(ordered.count(i) == max(entities.count(i), items.count(i)) for i in NAMES)


@given(st.permutations(['@11', '@22', '@33']), st.permutations([INCEPTION, TITANIC, AVATAR]))
def test_the_listed_order_does_not_matter_if_all_mentions_are_located(tokens, listed):
    assert order_mentions(tokens, [], listed, NAMES, TOKENS) == [TOKENS[token] for token in tokens]


def test_item_tokens_are_learned_from_utterances_with_as_many_tokens_as_items():
    utterances = [
        (['@11', 'and', '@22'], [INCEPTION, TITANIC]),
        (['@99', 'or', '@33'], [AVATAR]),  # @99 has no link, so either token could be Avatar
        (['@33', '!'], [AVATAR]),
        (['@11', '@'], [INCEPTION]),
    ]
    assert learn_item_tokens(utterances) == {'@11': INCEPTION, '@22': TITANIC, '@33': AVATAR}


def test_the_majority_of_utterances_decides_the_item_of_a_token():
    right, wrong = (['@11'], [INCEPTION]), (['@11'], [TITANIC])
    assert learn_item_tokens([wrong, right, right]) == {'@11': INCEPTION}
    assert learn_item_tokens([right, wrong, wrong]) == {'@11': TITANIC}


@pytest.mark.parametrize(
    'uri, name',
    [
        ('<http://dbpedia.org/resource/Going_the_Distance_(2010_film)>', 'Going the Distance'),
        ('<http://dbpedia.org/resource/Al_Pacino>', 'Al Pacino'),
        ('http://dbpedia.org/resource/Fight_Club', 'Fight Club'),
        ('Ryan Reynolds', 'Ryan Reynolds'),
        ('Frozen (2013)', 'Frozen'),
        ('<http://dbpedia.org/resource/(500)_Days_of_Summer>', '(500) Days of Summer'),
    ],
)
def test_entity_names_have_no_namespace_and_no_qualifier(uri, name):
    assert entity_name(uri) == name


# ---------------------------------------------------------------- histories

MENTIONS = st.lists(st.integers(0, 5), max_size=12)


def test_repeated_mentions_are_reduced_by_hand():
    mentions = [3, 1, 3, 2, 1]
    assert reduce_mentions(mentions, 'last') == [3, 2, 1]
    assert reduce_mentions(mentions, 'first') == [3, 1, 2]
    assert reduce_mentions(mentions, 'all') == mentions


@given(MENTIONS)
def test_histories_contain_each_mentioned_entity_once(mentions):
    for kind in ('last', 'first'):
        history = reduce_mentions(mentions, kind)
        assert sorted(history) == sorted(set(mentions))
    assert reduce_mentions(mentions, 'all') == mentions


@given(MENTIONS)
def test_last_mentions_are_the_first_mentions_of_the_reversed_list(mentions):
    assert reduce_mentions(mentions[::-1], 'last') == reduce_mentions(mentions, 'first')[::-1]


@given(MENTIONS.filter(bool))
def test_a_history_ends_with_the_entity_mentioned_last(mentions):
    assert reduce_mentions(mentions, 'last')[-1] == reduce_mentions(mentions, 'all')[-1] == mentions[-1]
    assert reduce_mentions(mentions, 'first')[0] == mentions[0]


@given(st.lists(MENTIONS, max_size=5))
def test_padded_histories_contain_the_histories_and_padding_on_the_right(histories):
    before = [list(history) for history in histories]
    padded = pad_histories(histories)
    assert padded.shape == (len(histories), max([1, *map(len, histories)]))
    assert [[e for e in row if e != PAD] for row in padded.tolist()] == histories == before
    assert all(row[len(h) :] == [PAD] * (len(row) - len(h)) for row, h in zip(padded.tolist(), histories))


def test_a_name_that_is_listed_twice_has_two_positions():
    tokens = 'Titanic , @11 , and Titanic'.split()
    assert order_mentions(tokens, [1, 1], [0, 1], {0: 'Inception', 1: 'Titanic'}, {'@11': 0}) == [1, 0, 1]


@pytest.mark.parametrize(
    'uri, name',
    [
        ('<http://dbpedia.org/resource/Face/Off>', 'Face/Off'),
        ('<http://dbpedia.org/resource/50/50_(2011_film)>', '50/50'),
        ('Face/Off', 'Face/Off'),
    ],
)
def test_entity_names_keep_slashes(uri, name):
    assert entity_name(uri) == name
