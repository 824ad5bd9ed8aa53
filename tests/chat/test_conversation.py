"""Conversations through the command line (``-i``) with the offline backend."""

import io
import re
import shutil
import sys

import pytest
from chat_helpers import LLM, heard, listed, name_of, response

# ---------------------------------------------------------------- mentions and recommendations


@pytest.mark.parametrize('settings', [('model=CausalKBRD', 'run_name=trained'), (LLM,)])
def test_chat_answers_three_messages(settings, chat, films, trained):
    one, two, three = films[0][:3]
    if 'model=CausalKBRD' in settings:
        settings += (f'save_path={trained.parents[1]}',)
    introduction, first, second, third, last = chat(
        f'I loved {one["title"].upper()}!',
        f'I hated {name_of(two)}',
        f'what about {three["title"]}, or comedy?',
        '/quit',
        'never read',
        settings=settings,
    )

    assert '/why' in introduction and '/quit' in introduction
    assert 'offline (knowledge-graph paths and templates; no language model)' in introduction
    assert 'INFO' not in introduction and '"dataset"' not in introduction and '[Config]' not in introduction
    assert heard(first) == f'{name_of(one)} (liked)'
    assert heard(second) == f'not {name_of(two)}'
    assert heard(third) == f'{name_of(three)}, Comedy'
    mentioned = []
    for answer, film in zip((first, second, third), (one, two, three)):
        mentioned.append(name_of(film))
        assert len(listed(answer)) == 10 and not set(listed(answer)) & set(mentioned)
        assert listed(answer)[0] in response(answer)
        mentioned.append(listed(answer)[0])  # has been recommended
    assert last == ''


def test_year_distinguishes_films_of_one_title(chat, films):
    older, newer = sorted(films[1], key=lambda film: film['year'])
    _, first, second, third, _ = chat(f'I liked {name_of(older)}', f'and {name_of(newer)}', f'or {older["title"]}')
    assert heard(first) == f'{name_of(older)} (liked)' and heard(second) == f'{name_of(newer)} (liked)'
    assert heard(third) in (name_of(older), name_of(newer))


def test_negated_mention_does_not_change_the_list(chat, films):
    one, two = films[0][:2]
    plain = chat(f'I love {name_of(one)}')[1]
    both = chat(f'I love {name_of(one)} but I hated {name_of(two)}', '/why', '/mask')
    assert heard(both[1]) == f'{name_of(one)} (liked), not {name_of(two)}'
    # the graph may lower other items, but the history is the same
    before = [re.match(r' *\d+\. (.*?) +\| ', line).group(1) for line in both[3].split('\n') if ' | ' in line]
    assert set(before) <= set(listed(plain)) | {name_of(two)} or 'no information is left' in both[3]
    assert f'Liked: {name_of(one)}. Disliked: {name_of(two)}.' in both[2]


def test_later_opinion_replaces_an_earlier_one(chat, films):
    name, other = name_of(films[0][0]), name_of(films[0][1])
    hated = f'I hated {name}'
    answers = chat(
        hated,
        hated,
        f'no wait, I love {name}',
        '/why',
        '/reset',
        f'I love {name}',
        f'My brother saw {other}',
        f'{hated}',
        '/why',
        '/reset',
        f'I love {name}',
        f'yes, {name}',
        '/why',
    )
    assert not listed(answers[1]) and answers[2].endswith('?') and listed(answers[3])
    assert f'Liked: {name}.' in answers[4]
    assert f'Disliked: {name}. Only mentioned: {other}.' in answers[9]
    assert f'Liked: {name}.' in answers[13]


def test_mention_without_an_opinion_is_not_called_liked(chat, films):
    one, two = films[0][:2]
    answers = chat(f'My brother saw {name_of(one)}', '/why', f'I really enjoyed {name_of(two)}', '/why')
    assert 'one of your likes' not in answers[1]
    assert f'Only mentioned: {name_of(one)}.' in answers[2] and 'Liked' not in answers[2]
    assert f'Liked: {name_of(two)}. Only mentioned: {name_of(one)}.' in answers[4]


def test_cue_words_in_a_title_are_not_an_opinion(data_path, tmp_path, command, monkeypatch, capsys, films):
    title, year = films[0][0]['title'], films[0][0]['year']
    film = name_of(films[0][0]).replace(' ', '_')
    folder = tmp_path / 'data' / 'redial' / 'nltk'
    shutil.copytree(data_path / 'redial' / 'nltk', folder)
    (folder / 'movie_titles.json').unlink()  # so that the name is the one in entity2id.json
    for path in folder.iterdir():
        text = path.read_text('utf-8').replace(film, 'Great_Love_(1999)')
        text = text.replace(f'"title": "{title}", "year": {year}', '"title": "Great Love", "year": 1999')
        path.write_text(text, 'utf-8')
    other_data = ['--data_path', str(tmp_path / 'data')]
    assert command('rec.epoch=1', flags=['-ss', *other_data]) == 0
    monkeypatch.setattr(sys, 'stdin', io.StringIO('My brother saw Great Love (1999)\n/why\n'))
    capsys.readouterr()
    assert command('rec.epoch=1', flags=['-i', *other_data]) == 0
    output = capsys.readouterr().out
    assert (
        'Only mentioned: Great Love (1999).' in output and 'one of your likes' not in output and 'Liked:' not in output
    )


def test_without_a_liked_mention_the_answer_is_a_question(chat, films):
    texts = ['hello', 'I want something that I have never seen', f'I hated {name_of(films[0][0])}']
    answers = chat(*(line for text in texts for line in (text, '/why', '/mask', '/reset')))[1:-1]
    for answer, why, mask, _ in zip(*(answers[i::4] for i in range(4)), strict=True):
        assert not listed(answer) and answer.endswith('?') and 'told me' not in answer
        assert 'no recommendation' in why and 'nothing to mask' in mask


def test_no_item_is_recommended_twice_until_the_catalogue_is_exhausted(chat):
    answers = chat('I love comedy', *['what else?'] * 121)[1:-1]
    firsts = [listed(answer)[0] for answer in answers if listed(answer)]
    assert len(firsts) == len(set(firsts)) == 120
    assert 'Everything in the catalogue has been named already' in answers[-1]


def test_number_of_candidates_is_constant_although_earlier_items_are_excluded(chat):
    settings = (LLM, 'llm.candidates=3')
    answers = chat('I love comedy', 'what else?', 'what else?', settings=settings)[1:-1]
    assert [len(listed(answer)) for answer in answers] == [3, 3, 3]


# ---------------------------------------------------------------- /why, /mask and /reset


def test_why_names_the_backend_and_shows_paths(chat):
    _, nothing, answer, why, _ = chat('/why', 'I love comedy', '/WHY ')
    first = listed(answer)[0]
    assert 'no recommendation' in nothing
    assert why.startswith(f'Why {first}? ') and f'\nDetails:\nLiked: Comedy. {first} is first, ' in why
    assert 'Explained by: offline' in why
    assert f'Paths in the knowledge graph:\n  {first} is linked to Comedy' in why


def test_mask_shows_both_lists_or_the_reason_why_not(chat, films):
    one, two = films[0][:2]
    answers = chat('/mask', f'I love {name_of(one)}', '/mask', f'and {name_of(two)}', '/mask')
    assert 'nothing to mask' in answers[1]
    assert answers[3] == f'With {name_of(one)} masked, no information is left: all items have the same score.'
    title, *rows = answers[5].split('\n')
    assert name_of(two) in title and 'zero' in title and len(rows) == 10
    before, after, was = zip(*(re.fullmatch(r' *\d+\. (.*?) +\| (.*) \(was (\d+)\)', row).groups() for row in rows))
    assert before != after
    for rank, name in zip(map(int, was), after):
        assert (before[rank - 1] == name) if rank <= 10 else name not in before
    assert not {name_of(one), name_of(two)} & {*before, *after}


def test_mask_excludes_negated_mentions(chat, films):
    one, two = films[0][:2]
    lines = [f'I love {name_of(one)} and {name_of(two)}', '/mask']
    top = re.findall(r'\| (.*) \(was', chat(*lines)[2])[:3]
    rows = chat(*lines, 'I hated ' + ' and '.join(top), '/mask')[4]
    assert ' | ' in rows and not [name for name in top if name in rows]


def test_mask_that_changes_nothing_says_so(run, chat, films, tmp_path):
    # of two mentions the last weighs one in a billion
    settings = ('attention_decay=1e-9', 'rec.epoch=1', 'run_name=mine', 'model=CausalKBRD')
    run(*settings, flags=['-ss'])
    one, two = films[0][:2]
    answers = chat(f'I love {name_of(one)} and {name_of(two)}', '/mask', settings=settings)
    assert answers[2] == f"With {name_of(two)} masked, the first 10 items of the recommender's list do not change."


def test_random_mask_does_not_name_the_last_mention(run, chat, films):
    settings = (
        'intervention=noise',
        'intervention_position=random',
        'rec.epoch=1',
        'run_name=mine',
        'model=CausalKBRD',
    )
    run(*settings, flags=['-ss'])
    one, two = films[0][:2]
    answers = chat(f'I love {name_of(one)} and {name_of(two)}', '/mask', settings=settings)
    assert 'a mention drawn at random' in answers[2] and name_of(two) not in answers[2].split('\n')[0]


def test_reset_starts_a_new_conversation(chat, films):
    name = name_of(films[0][0])
    first = chat(f'I love {name}')[1]
    answers = chat('I hate comedy', f'I love {name_of(films[0][1])}', '/Reset', '/why', '/mask', f'I love {name}')
    assert answers[3] == 'Let us start over.'
    assert 'no recommendation' in answers[4] and 'nothing to mask' in answers[5]
    assert answers[6] == first
