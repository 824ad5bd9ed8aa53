"""Conversations in which a language model answers."""

import json
import re

import pytest
from chat_helpers import LLM, heard, listed, name_of, response


def test_model_sees_the_conversation_and_ranks_the_remaining_items(chat, live, llm_server, films):
    name = name_of(films[0][0])
    settings, url = live(answer={'explanation': 'The mood is it.', 'ranking': [3, 1], 'response': 'Take \x1b[31mthis.'})
    introduction, first, why, _, _ = chat(f'I love {name}', '/why', 'what else?', settings=settings)
    assert f'Answers by: gpt-4o-mini at {url}' in introduction and 'offline' not in introduction
    assert 'Take  [31mthis.' in first and '\x1b' not in first  # control characters are removed
    assert why.startswith(f'The mood is it.\nExplained by: gpt-4o-mini at {url}')
    one, two = (entry['text'] for entry in llm_server.log(url))
    candidates = [
        list(map(json.loads, re.findall(r'^\d+\. ("(?:[^"\\]|\\.)*")', text, re.MULTILINE))) for text in (one, two)
    ]
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
    ('prompt', 'keys'),
    [
        ((), ['response', 'ranking', 'explanation']),
        (('llm.chat_prompt=causal',), ['explanation', 'ranking', 'response']),
        (('llm.prompt=no_explanation',), ['ranking', 'response']),
    ],
)
def test_response_comes_first_unless_another_prompt_is_chosen(chat, live, llm_server, prompt, keys):
    settings, url = live('ok')
    chat('I love comedy', settings=(*settings, *prompt))
    (entry,) = llm_server.log(url)
    assert list(entry['body']['response_format']['json_schema']['schema']['properties']) == keys
    assert 'stream' not in entry['body']  # nobody sees the text grow


def test_ranking_by_the_first_token_has_a_template_as_its_response(chat, live, llm_server):
    settings, url = live('ok', top_logprobs='last')
    _, reply, _ = chat('I love comedy', settings=(*settings, 'llm.prompt=first_token'))
    (entry,) = llm_server.log(url)
    names = list(map(json.loads, re.findall(r'^[A-T]\. ("(?:[^"\\]|\\.)*")', entry['text'], re.MULTILINE)))
    assert len(names) == 20 and listed(reply) == names[:-11:-1]
    assert listed(reply)[0].partition(' (')[0] in response(reply)


def test_blank_response_is_replaced_by_a_template(chat, live):
    settings, _ = live('ok', answer={'response': ' \n\n', 'ranking': [1], 'explanation': ''})
    _, reply, _ = chat('I love comedy', settings=settings)
    assert listed(reply)[0].partition(' (')[0] in response(reply)


def test_film_that_the_response_recommends_is_the_first_of_the_list(chat, live):
    def reply(text, ranking=()):
        answer = {'response': text, 'ranking': ranking or list(range(1, 21)), 'explanation': ''}
        return listed(chat('I love comedy', settings=live('ok', answer=answer)[0])[1])

    names = reply('Take it.')
    titles = [name.partition(' (')[0] for name in names]
    third = [names[2], *names[:2], *names[3:]]
    assert reply(f'Watch {names[2]}: it is fun.') == reply(f'Watch "{titles[2]}".') == third
    # nothing changes if the first film is named, too, or if a film is named to be avoided
    assert reply(f'Watch {names[2]} or {names[0]}.') == reply(f'I do not like {names[2]}.') == names
    assert reply(f'Watch {names[2]}.', [3, 1, 2]) == third


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
    assert heard(after) == 'Drama (liked)' and len(listed(after)) == 10
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
    assert 'none of its 3 titles is in the catalogue, new, and what you asked for' in nothing
    assert "the recommender's own order" in nothing and len(listed(nothing)) == 10
    assert response(nothing) != 'So.'  # it would recommend what is not listed


def test_title_that_breaks_a_wish_is_not_listed(chat, live, data_path):
    titles = json.loads((data_path / 'redial/nltk/movie_titles.json').read_text('utf-8')).values()
    genres = {name_of(title): title['genre'] for title in titles}
    comedies = [name for name, genre in genres.items() if 'Comedy' in genre]
    others = [name for name, genre in genres.items() if 'Comedy' not in genre]
    for written in (others[:3], [*others[:3], comedies[0]]):
        settings, _ = live(answer={'reasoning': '', 'titles': written, 'response': 'So.'})
        _, answer, _ = chat('recommend me a comedy', settings=(*settings, 'llm.prompt=vanilla'))
        assert 'I left out' not in answer
        shown = listed(answer)
        assert shown and all('Comedy' in genres[name] for name in shown)
        assert ('gave no usable answer' in answer) == (comedies[0] not in written)


def test_model_ranks_only_films_that_respect_the_constraints(chat, live, llm_server, data_path):
    titles = json.loads((data_path / 'redial/nltk/movie_titles.json').read_text('utf-8')).values()
    genres = {name_of(title): title['genre'] for title in titles}
    settings, url = live('ok', n_candidate=10)
    settings = (*settings[:-1], 'llm.candidates=10')
    _, wanted, excluded, _ = chat('a comedy from the 70s or later', 'no romance please', settings=settings)
    one, two = (entry['text'] for entry in llm_server.log(url))
    candidates = [list(map(json.loads, re.findall(r'^\d+\. (".*")$', text, re.MULTILINE))) for text in (one, two)]
    assert all('Comedy' in genres[name] for name in candidates[0] + candidates[1] + listed(wanted))
    assert not [name for name in candidates[1] + listed(excluded) if 'Romance' in genres[name]]
    assert '"The seeker wants: comedy, 1970 or later; likes: Comedy. The candidates' in one
    assert 'must not be recommended: no romance; likes: Comedy; dislikes: Romance' in two


def test_title_that_the_model_writes_in_spite_of_a_constraint_is_not_listed(chat, live, data_path):
    titles = json.loads((data_path / 'redial/nltk/movie_titles.json').read_text('utf-8')).values()
    comedy = next(name_of(title) for title in titles if 'Comedy' in title['genre'])
    other = next(name_of(title) for title in titles if 'Comedy' not in title['genre'])
    settings, _ = live(answer={'reasoning': '', 'titles': [comedy, other], 'response': f'Watch {comedy}!'})
    _, answer, _ = chat('anything but a comedy', settings=(*settings, 'llm.prompt=vanilla'))
    assert listed(answer) == [other]
    assert f'Watch {comedy}' not in answer and other in response(answer)


def test_message_that_rules_do_not_understand_is_answered_by_the_model_unless_it_is_gibberish(chat, live):
    settings, _ = live('ok')
    _, plain, foreign, gibberish, thanks, _ = chat(
        'my dog died yesterday', 'Ich suche einen Film', 'asdkjh qwe', 'thanks', settings=settings
    )
    assert len(listed(plain)) == len(listed(foreign)) == 10
    assert not listed(gibberish) and 'did not understand' in gibberish
    assert thanks == 'You are welcome.'


def test_wrong_options_are_rejected_before_the_conversation(refused, trained):
    recommender = f'recommender={trained}'
    assert 'OPENAI_API_KEY' in refused(LLM, recommender, 'llm.mode=live', flags=['-i'])
    assert "'nope' is not a prompt" in refused(LLM, recommender, 'llm.prompt=nope', flags=['-i'])
