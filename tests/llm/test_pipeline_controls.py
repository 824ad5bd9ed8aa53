"""Variants of a task: shuffled candidates, oracles, titles in free form and few-shot examples."""

import json
import re

import pytest
from pipeline_helpers import CANDIDATES, NAMES, answer_all, make_task, ranking_answer, shown_names, title_answer

from crslab_causal.llm.request import Candidate
from tiny import ALIEN, BIG, COSMOS, GODFATHER, HEAT, ITEMS, STAR_WARS

# ---------------------------------------------------------------- shuffling and oracles


def test_numbers_of_shuffled_candidates_are_unshuffled(server):
    url = server.plan(answer=ranking_answer(2, 5, 5, 9))
    tasks = [make_task(f'question {i}') for i in range(6)]
    results = answer_all(tasks, url, shuffle=True, concurrency=1)
    orders = [shown_names(entry) for entry in server.log(url)]

    assert len({tuple(order) for order in orders}) > 1
    for order, result in zip(orders, results, strict=True):
        assert sorted(order) == sorted(NAMES[item] for item in ITEMS)
        chosen = [next(item for item in ITEMS if NAMES[item] == order[number - 1]) for number in (2, 5)]
        assert result.ranking == chosen + [item for item in ITEMS if item not in chosen]
        assert result.candidates == list(ITEMS) and result.repairs == (1, 1, 3)
    again = server.plan(answer=ranking_answer(2, 5, 5, 9))
    assert [o.ranking for o in answer_all(tasks, again, shuffle=True, concurrency=1)] == [o.ranking for o in results]
    assert [shown_names(entry) for entry in server.log(again)] == orders


def test_candidates_are_shown_in_the_recommenders_order_by_default(server):
    url = server.plan('ok')
    answer_all([make_task(candidates=CANDIDATES[::-1])], url)
    assert shown_names(server.log(url)[0]) == [NAMES[item] for item in ITEMS][::-1]


@pytest.mark.parametrize('shuffle', [False, True])
def test_oracle_adds_the_label_to_the_candidates(server, shuffle):
    url = server.plan(n_candidate=3)
    first = [Candidate(item, NAMES[item]) for item in (ALIEN, HEAT, BIG)]
    missing, present, unlabelled = answer_all(
        [make_task('a', first, GODFATHER), make_task('b', first, HEAT), make_task('c', first)],
        url,
        oracle='label',
        shuffle=shuffle,
        concurrency=1,
    )
    assert sorted(missing.candidates) == [ALIEN, HEAT, GODFATHER]  # the label replaces the last candidate
    assert present.candidates == unlabelled.candidates == [ALIEN, HEAT, BIG]
    for result, entry in zip((missing, present, unlabelled), server.log(url)):
        names = [NAMES[item] for item in result.candidates]
        assert sorted(shown_names(entry)) == sorted(names) if shuffle else shown_names(entry) == names
        assert sorted(result.ranking) == sorted(result.candidates)


def test_conversation_oracle_adds_all_items_of_the_conversation():
    first = CANDIDATES[:3]
    (result,) = answer_all(
        [make_task('a', first, GODFATHER, [GODFATHER, STAR_WARS, GODFATHER, HEAT])], oracle='conversation'
    )
    assert sorted(result.candidates) == sorted([HEAT, GODFATHER, STAR_WARS])
    (plain,) = answer_all([make_task('a', first, GODFATHER, [GODFATHER, STAR_WARS])])
    assert plain.candidates == [ALIEN, HEAT, BIG]


@pytest.mark.parametrize('oracle', ['label', 'conversation'])
def test_oracle_adds_only_items_of_the_catalogue(oracle):
    (result,) = answer_all([make_task('a', CANDIDATES[:3], COSMOS, [COSMOS, HEAT])], oracle=oracle)
    assert sorted(result.ranking) == sorted(result.candidates) == sorted([ALIEN, HEAT, BIG])


# ---------------------------------------------------------------- titles


def test_titles_are_matched_counted_and_deduplicated(server):
    written = ['1. **Heat** (1995)', 'heat', 'An Unheard-of Film', 'godfather', 'The Godfather', 'Cosmos', 'Alien']
    url = server.plan(answer=title_answer(*written))
    (result,) = answer_all([make_task()], url, prompt='vanilla', titles=7)
    assert result.ranking == [HEAT, GODFATHER, ALIEN]
    assert (result.unmatched, result.titles, result.explanation, result.written) == (2, written, '', 3)
    (entry,) = server.log(url)
    sent = json.dumps(entry['body'])
    assert '<candidates>' not in sent and 'Star Wars' not in sent and 'the titles of 7 ' in sent


TRAIN = [
    {
        'role': role,
        'items': items,
        'conv_id': f'c{conversation}',
        'context_text': context,
        'context_mentions': [],
        'context_liked': [],
        'context_disliked': [],
    }
    for conversation in range(6)
    for context, role, items in (
        ([], 'Seeker', []),
        ([('Seeker', f'my wish {conversation} is')], 'Recommender', []),
        ([('Seeker', f'my wish {conversation} is'), ('Recommender', 'what else ?')], 'Recommender', [HEAT]),
        (
            [
                ('Seeker', f'my wish {conversation} is'),
                ('Recommender', 'what else ?'),
                ('Recommender', f'you should see @102 soon {conversation}'),
            ],
            'Seeker',
            [],
        ),
    )
]


def test_few_shot_shows_the_most_similar_training_turns_with_full_lists(server):
    url = server.plan(answer=title_answer('Heat', 'Alien'))
    tasks = [make_task(f'my wish {n} is', label=GODFATHER) for n in (4, 2)]
    results = answer_all(tasks, url, TRAIN, prompt='few_shot', examples=2, titles=3, concurrency=1)
    for n, entry, result in zip((4, 2), server.log(url), results, strict=True):
        block = re.search('<examples>.*</examples>', entry['text'], re.DOTALL).group()
        wishes = re.findall(r'my wish (\d) is', block)
        assert len(set(wishes)) == 2 and wishes[0] == str(n)
        answers = [json.loads(line) for line in re.findall(r'^Answer: (.*)$', block, re.MULTILINE)]
        assert [list(answer) for answer in answers] == [['titles', 'response']] * 2
        for answer in answers:
            assert answer['titles'][0] == 'Heat (1995)' and len(set(answer['titles'])) == 3
        assert '<candidates>' not in entry['text']
        assert result.copied == sum(NAMES[item] in answers[0]['titles'] for item in (HEAT, ALIEN))
