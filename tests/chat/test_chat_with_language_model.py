"""Conversations in which a language model answers."""

import json
import re

import pytest
from chat_helpers import LLM, heard, listed, name_of


def test_model_sees_the_conversation_and_ranks_the_remaining_items(chat, live, llm_server, films):
    name = name_of(films[0][0])
    settings, url = live(answer={'explanation': 'The mood is it.', 'ranking': [3, 1], 'response': 'Take \x1b[31mthis.'})
    introduction, first, why, _, _ = chat(f'I love {name}', '/why', 'what else?', settings=settings)
    assert f'Answers by: gpt-4o-mini at {url}' in introduction and 'offline' not in introduction
    assert 'Take  [31mthis.' in first and '\x1b' not in first  # control characters are removed
    assert why.startswith(f'The mood is it.\nExplained by: gpt-4o-mini at {url}')
    one, two = (entry['text'] for entry in llm_server.log(url))
    candidates = [list(map(json.loads, re.findall(r'^\d+\. (".*")$', text, re.MULTILINE))) for text in (one, two)]
    assert [len(names) for names in candidates] == [20, 20]
    assert listed(first)[:2] == [candidates[0][2], candidates[0][0]]
    assert name not in candidates[0] + candidates[1] and listed(first)[0] not in candidates[1]
    turns = [json.loads(line) for line in re.findall(r'^\{"role".*$', two, re.MULTILINE)]
    assert [(turn['role'], turn['text']) for turn in turns] == [
        ('Seeker', f'I love {name}'),
        ('Recommender', 'Take \x1b[31mthis.'),
        ('Seeker', 'what else?'),
        ('Note', f'likes: {name}. The candidates already respect this.'),
    ]


@pytest.mark.parametrize(
    'fault, message',
    [
        ('500', '500'),
        ('refusal', 'cannot help'),
        ('length', 'cut off'),
        ('prose', ''),
        ('401', 'OPENAI_API_KEY'),
        ('reset', ''),
    ],
)
def test_failure_of_the_model_is_reported_and_the_conversation_continues(chat, live, fault, message):
    settings, url = live(fault, only='falter')
    _, good, bad, why, _, blind, _, after, _ = chat(
        'I love comedy', 'falter', '/why', '/reset', 'falter', '/reset', 'I love drama', settings=settings
    )
    assert 'gave no usable answer' not in good
    assert f'gpt-4o-mini at {url} gave no usable answer: ' in bad and message in bad
    assert "the recommender's own order" in bad and len(listed(bad)) == 10
    assert listed(bad)[0] in bad.split('\n')[2]  # template response
    assert 'there is no explanation of it' in why and 'Explained by' not in why
    assert 'gave no usable answer' in blind and not listed(blind) and blind.endswith('?')
    assert heard(after) == 'Drama' and len(listed(after)) == 10
    # nothing is sent after a wrong key
    assert ('gave no usable answer' in after) == (fault == '401')


def test_unreachable_server_is_reported(chat):
    settings = (LLM, 'llm.mode=live', 'llm.base_url=http://127.0.0.1:9/v1', 'llm.retries=0')
    _, first, second, _ = chat('I love comedy', 'and drama', settings=settings)
    for answer in (first, second):
        assert 'gave no usable answer' in answer and 'llm.base_url' in answer and len(listed(answer)) == 10


def test_model_answers_a_message_without_mentions_with_a_note(chat, live):
    settings, _ = live('ok')
    _, answer, _ = chat('something for a rainy evening', settings=settings)
    assert len(listed(answer)) == 10 and 'knows nothing about you yet' in answer


def test_only_new_titles_of_the_catalogue_are_listed(chat, live, films):
    one, two = films[0][:2]
    settings, _ = live(
        answer={'reasoning': '', 'titles': [name_of(one), 'No Such Film', name_of(two)], 'response': 'So.'}
    )
    _, answer, nothing, _ = chat(f'I love {name_of(one)}', 'what else?', settings=(*settings, 'llm.prompt=vanilla'))
    assert listed(answer) == [name_of(two)]
    assert 'None of the 3 titles that the model wrote is both in the catalogue and new' in nothing


def test_wrong_options_are_rejected_before_the_conversation(refused, run, trained):
    recommender = f'recommender={trained}'
    assert 'OPENAI_API_KEY' in refused(LLM, recommender, 'llm.mode=live', flags=['-i'])
    assert "'nope' is no prompt" in refused(LLM, recommender, 'llm.prompt=nope', flags=['-i'])
    run('model=TargetPopularity', flags=['-ss'])
    assert 'only CausalKBRD answers' in refused('model=TargetPopularity', flags=['-i'])
