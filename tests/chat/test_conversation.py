"""Conversations by way of ``-i``: what is typed goes in by the standard input, what is read comes out."""

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from crslab_causal.llm.entity_linking.linking import Mention
from crslab_causal.chat.conversation import _said_to_be_liked

ROOT = Path(__file__).resolve().parents[2]
LLM = 'model=CausalLLM'


@pytest.fixture(scope='session')
def films(data_path):
    """Films of the corpus, with titles of their own; then two that share theirs."""
    films = list(json.loads((data_path / 'redial/nltk/movie_titles.json').read_text('utf-8')).values())
    count = Counter(film['title'] for film in films)
    namesakes = [film for film in films if count[film['title']] == 2]
    return [film for film in films if count[film['title']] == 1], [
        film for film in namesakes if film['title'] == namesakes[0]['title']]


@pytest.fixture
def live(llm_server, monkeypatch):
    """Settings that ask a server of a plan, and the plan's address."""
    def live(*script, **plan):
        url = llm_server.plan(*script, **{'n_candidate': 20} | plan)
        return (LLM, 'llm.mode=live', f'llm.base_url={url}', 'llm.retries=0', 'llm.candidates=20'), url
    return live


def named(film):
    return f"{film['title']} ({film['year']})"


def listed(answer):
    """The numbered list of an answer."""
    return re.findall(r'^ *\d+\. (.*)$', answer, re.MULTILINE)


def heard(answer):
    return re.search('^Heard: (.*)$', answer, re.MULTILINE).group(1)


# ---------------------------------------------------------------- what is heard and recommended

@pytest.mark.parametrize('settings', [('model=CausalKBRD', 'run_name=trained'), (LLM,)])
def test_a_conversation(settings, chat, films, trained):
    one, two, three = films[0][:3]
    if 'model=CausalKBRD' in settings:
        settings += (f'save_path={trained.parents[1]}',)
    introduction, first, second, third, last = chat(
        f"I loved {one['title'].upper()}!", f'I hated {named(two)}', f"what about {three['title']}, or comedy?",
        '/quit', 'never read', settings=settings)

    assert '/why' in introduction and '/quit' in introduction
    assert 'offline (knowledge-graph paths and templates; no language model)' in introduction
    assert 'INFO' not in introduction and '"dataset"' not in introduction and '[Config]' not in introduction
    assert heard(first) == named(one)
    assert heard(second) == f'not {named(two)}'
    assert heard(third) == f'{named(three)}, Comedy'
    mentioned = []
    for answer, film in zip((first, second, third), (one, two, three)):
        mentioned.append(named(film))
        assert len(listed(answer)) == 10 and not set(listed(answer)) & set(mentioned)
        assert listed(answer)[0] in answer.split('\n')[1]  # the response
        mentioned.append(listed(answer)[0])  # has been recommended
    assert last == ''


def test_years_tell_namesakes_apart_and_a_title_alone_is_one_of_them(chat, films):
    older, newer = sorted(films[1], key=lambda film: film['year'])
    _, first, second, third, _ = chat(f'I liked {named(older)}', f'and {named(newer)}', f"or {older['title']}")
    assert heard(first) == named(older) and heard(second) == named(newer)
    assert heard(third) in (named(older), named(newer))


def test_what_is_turned_down_has_no_say_in_the_list(chat, films):
    one, two = films[0][:2]
    plain = chat(f'I love {named(one)}')[1]
    both = chat(f'I love {named(one)} but I hated {named(two)}', '/why', '/mask')
    assert heard(both[1]) == f'{named(one)}, not {named(two)}'
    # what the graph says may lower others, but the history is the same
    before = [re.match(r' *\d+\. (.*?) +\| ', line).group(1) for line in both[3].split('\n') if ' | ' in line]
    assert set(before) <= set(listed(plain)) | {named(two)} or 'nothing is left to go by' in both[3]
    assert f'Liked: {named(one)}. Disliked: {named(two)}.' in both[2]


def test_opinions_can_change(chat, films):
    name, other = named(films[0][0]), named(films[0][1])
    hated = f'I hated {name}'
    answers = chat(hated, hated, f'no wait, I love {name}', '/why', '/reset', f'I love {name}', f'and {other}',
                   f'{hated}', '/why', '/reset', f'I love {name}', f'yes, {name}', '/why')
    assert not listed(answers[1]) and answers[2].endswith('?') and listed(answers[3])
    assert f'Liked: {name}.' in answers[4]
    assert f'Disliked: {name}. Only mentioned: {other}.' in answers[9]
    assert f'Liked: {name}.' in answers[13]


def test_what_is_only_mentioned_is_not_called_liked(chat, films):
    one, two = films[0][:2]
    answers = chat(f'My brother saw {named(one)}', '/why', f'I really enjoyed {named(two)}', '/why')
    assert 'one of your likes' not in answers[1]
    assert f'Only mentioned: {named(one)}.' in answers[2] and 'Liked' not in answers[2]
    assert f'Liked: {named(two)}. Only mentioned: {named(one)}.' in answers[4]


def test_a_title_full_of_praise_is_no_praise(data_path, tmp_path, command, monkeypatch, capsys, films):
    film = named(films[0][0]).replace(' ', '_')
    folder = tmp_path / 'data' / 'redial' / 'nltk'
    shutil.copytree(data_path / 'redial' / 'nltk', folder)
    for path in folder.iterdir():
        path.write_text(path.read_text('utf-8').replace(film, 'Great_Love_(1999)'), 'utf-8')
    there = ['--data_path', str(tmp_path / 'data')]
    assert command('rec.epoch=1', flags=['-ss', *there]) == 0
    monkeypatch.setattr(sys, 'stdin', io.StringIO('My brother saw Great Love (1999)\n/why\n'))
    capsys.readouterr()
    assert command('rec.epoch=1', flags=['-i', *there]) == 0
    told = capsys.readouterr().out
    assert 'Only mentioned: Great Love (1999).' in told and 'one of your likes' not in told and 'Liked:' not in told


@pytest.mark.parametrize('text, expected', [
    ('I loved A!', [True]), ('A was great', [True]), ('I saw A', [False]), ('A', [False]), ('', []),
    ('A was great. B?', [True, False]), ('A and B were great', [False, True]),
    ('I love A and B', [True, True]), ('I loved A and hated -B', [True, False]),
    ('I hated -A and loved B', [False, True]), ('I hated -A, and B?', [False, False]),
    ('I saw A and loved B', [False, True]), ('I love A. I saw B', [True, False]), ('I saw A. I love B', [False, True]),
    ("I didn't like -A, what about B?", [False, False])])
def test_words_of_liking(text, expected):
    """Capitals are mentions, those behind a hyphen turned down; titles full of love say nothing."""
    found, typed = [], ''
    for part in re.split(r'(-?\b[AB]\b)', text):
        if re.fullmatch('-?[AB]', part):
            title = 'Great Love' if part[-1] == 'A' else 'Enjoy (1999)'
            found.append(Mention(7, len(typed), len(typed) + len(title), part[0] == '-'))
            part = title
        typed += part
    assert _said_to_be_liked(typed, found) == expected


def test_without_anything_to_go_by_it_asks_and_claims_nothing(chat, films):
    texts = ['hello', 'I want something that I have never seen', f'I hated {named(films[0][0])}', '😀', 'x' * 300]
    answers = chat(*(line for text in texts for line in (text, '/why', '/mask', '/reset')))[1:-1]
    for answer, why, mask, _ in zip(*(answers[i::4] for i in range(4)), strict=True):
        assert not listed(answer) and answer.endswith('?') and 'told me' not in answer
        assert 'no recommendation' in why and 'nothing to mask' in mask


def test_nothing_is_recommended_twice_until_nothing_is_left(chat):
    answers = chat('I love comedy', *['what else?'] * 121)[1:-1]
    firsts = [listed(answer)[0] for answer in answers if listed(answer)]
    assert len(firsts) == len(set(firsts)) == 120
    assert 'Everything in the catalogue has been named already' in answers[-1]


def test_as_many_candidates_as_asked_for_although_the_first_are_taken(chat):
    settings = (LLM, 'llm.candidates=3')
    answers = chat('I love comedy', 'what else?', 'what else?', settings=settings)[1:-1]
    assert [len(listed(answer)) for answer in answers] == [3, 3, 3]


# ---------------------------------------------------------------- commands

def test_why_names_who_explains_and_paths(chat):
    _, nothing, answer, why, _ = chat('/why', 'I love comedy', '/WHY ')
    first = listed(answer)[0]
    assert 'no recommendation' in nothing
    assert why.startswith(f'Liked: Comedy. {first} is first, ')
    assert 'Explained by: offline' in why
    assert f'Paths in the knowledge graph:\n  {first} is linked to Comedy' in why


def test_mask_shows_both_lists_or_says_why_not(chat, films):
    one, two = films[0][:2]
    answers = chat('/mask', f'I love {named(one)}', '/mask', f'and {named(two)}', '/mask')
    assert 'nothing to mask' in answers[1]
    assert answers[3] == f'With {named(one)} masked, nothing is left to go by: all items score the same.'
    title, *rows = answers[5].split('\n')
    assert named(two) in title and 'zero' in title and len(rows) == 10
    before, after, was = zip(*(re.fullmatch(r' *\d+\. (.*?) +\| (.*) \(was (\d+)\)', row).groups() for row in rows))
    assert before != after
    for place, name in zip(map(int, was), after):
        assert (before[place - 1] == name) if place <= 10 else name not in before
    assert not {named(one), named(two)} & {*before, *after}


def test_mask_leaves_out_what_was_turned_down(chat, films):
    one, two = films[0][:2]
    lines = [f'I love {named(one)} and {named(two)}', '/mask']
    top = re.findall(r'\| (.*) \(was', chat(*lines)[2])[:3]
    rows = chat(*lines, 'I hated ' + ' and '.join(top), '/mask')[4]
    assert ' | ' in rows and not [name for name in top if name in rows]


def test_masks_that_change_nothing_are_said_to(run, chat, films, tmp_path):
    # of two mentions the last weighs one in a billion
    settings = ('attention_decay=1e-9', 'rec.epoch=1', 'run_name=mine', 'model=CausalKBRD')
    run(*settings, flags=['-ss'])
    one, two = films[0][:2]
    answers = chat(f'I love {named(one)} and {named(two)}', '/mask', settings=settings)
    assert answers[2] == f"With {named(two)} masked, the recommender's first 10 items stay as they are."


def test_a_mask_at_random_is_not_said_to_be_on_the_last_mention(run, chat, films):
    settings = ('intervention=noise', 'intervention_position=random', 'rec.epoch=1', 'run_name=mine',
                'model=CausalKBRD')
    run(*settings, flags=['-ss'])
    one, two = films[0][:2]
    answers = chat(f'I love {named(one)} and {named(two)}', '/mask', settings=settings)
    assert 'a mention drawn at random' in answers[2] and named(two) not in answers[2].split('\n')[0]


def test_reset_forgets_everything(chat, films):
    name = named(films[0][0])
    first = chat(f'I love {name}')[1]
    answers = chat('I hate comedy', f'I love {named(films[0][1])}', '/Reset', '/why', '/mask', f'I love {name}')
    assert answers[3] == 'Let us start anew.'
    assert 'no recommendation' in answers[4] and 'nothing to mask' in answers[5]
    assert answers[6] == first


def test_unknown_commands_empty_lines_and_help(chat):
    _, unknown, empty, blank, slash, help_text, _ = chat('/dance now', '', '   ', '/', '/help')
    assert unknown.startswith('There is no command /dance. Say which films') and '/quit' in unknown
    assert empty == blank == ''
    assert slash.startswith('There is no command /.')
    assert help_text.startswith('Say which films') and '/mask' in help_text


def test_no_line_ends_a_conversation(chat):
    lines = ['x' * 10_000, 'I love comedy ' * 800, '😀' * 2000, 'a b ' * 5000, '\x00\x1b[2J\x07 \u202e', '"' * 3000,
             '(' * 3000, "I don't like " * 700, '{0} %s $x <b>', '\ud83d', '-' * 9999]
    answers = chat(*lines, '/reset', 'I love comedy')
    for line, answer in zip(lines, answers[1:]):
        assert 'Heard: ' in answer and ('10,000 characters only' in answer) == (len(line.strip()) > 10_000)
    assert heard(answers[-2]) == 'Comedy' and len(listed(answers[-2])) == 10


# ---------------------------------------------------------------- a language model

def test_a_language_model_sees_what_was_said_and_orders_what_is_left(chat, live, llm_server, films):
    name = named(films[0][0])
    settings, url = live(answer={'explanation': 'The mood is it.', 'ranking': [3, 1], 'response': 'Take \x1b[31mthis.'})
    introduction, first, why, second, _ = chat(f'I love {name}', '/why', 'what else?', settings=settings)
    assert f'Answers by: gpt-4o-mini at {url}' in introduction and 'offline' not in introduction
    assert 'Take  [31mthis.' in first and '\x1b' not in first  # a terminal is not commanded by a model
    assert why.startswith(f'The mood is it.\nExplained by: gpt-4o-mini at {url}')
    one, two = (entry['text'] for entry in llm_server.log(url))
    candidates = [list(map(json.loads, re.findall(r'^\d+\. (".*")$', text, re.MULTILINE))) for text in (one, two)]
    assert [len(names) for names in candidates] == [20, 20]
    assert listed(first)[:2] == [candidates[0][2], candidates[0][0]]
    assert name not in candidates[0] + candidates[1] and listed(first)[0] not in candidates[1]
    turns = [json.loads(line) for line in re.findall(r'^\{"role".*$', two, re.MULTILINE)]
    assert [(turn['role'], turn['text']) for turn in turns] == [
        ('Seeker', f'I love {name}'), ('Recommender', 'Take \x1b[31mthis.'), ('Seeker', 'what else?')]


@pytest.mark.parametrize('fault, said', [('500', '500'), ('refusal', 'cannot help'), ('length', 'cut off'),
                                         ('prose', ''), ('401', 'OPENAI_API_KEY'), ('reset', '')])
def test_a_model_that_fails_is_marked_and_the_conversation_goes_on(chat, live, fault, said):
    settings, url = live(fault, only='falter')
    _, good, bad, why, _, blind, _, after, _ = chat('I love comedy', 'falter', '/why', '/reset', 'falter', '/reset',
                                                    'I love drama', settings=settings)
    assert 'gave no usable answer' not in good
    assert f'gpt-4o-mini at {url} gave no usable answer: ' in bad and said in bad
    assert "the recommender's own order" in bad and len(listed(bad)) == 10
    assert listed(bad)[0] in bad.split('\n')[2]  # a template
    assert 'nobody explains it' in why and 'Explained by' not in why
    assert 'gave no usable answer' in blind and not listed(blind) and blind.endswith('?')
    assert heard(after) == 'Drama' and len(listed(after)) == 10
    # after a wrong key nothing is sent any more
    assert ('gave no usable answer' in after) == (fault == '401')


def test_a_server_that_is_gone_is_marked(chat):
    settings = (LLM, 'llm.mode=live', 'llm.base_url=http://127.0.0.1:9/v1', 'llm.retries=0')
    _, first, second, _ = chat('I love comedy', 'and drama', settings=settings)
    for answer in (first, second):
        assert 'gave no usable answer' in answer and 'llm.base_url' in answer and len(listed(answer)) == 10


def test_a_model_is_asked_although_nothing_was_heard_and_that_is_said(chat, live):
    settings, _ = live('ok')
    _, answer, _ = chat('something for a rainy evening', settings=settings)
    assert len(listed(answer)) == 10 and 'nothing to go by yet' in answer


def test_titles_that_a_model_writes_are_of_the_catalogue_and_new(chat, live, films):
    one, two = films[0][:2]
    settings, _ = live(answer={'reasoning': '', 'titles': [named(one), 'No Such Film', named(two)], 'response': 'So.'})
    _, answer, nothing, _ = chat(f'I love {named(one)}', 'what else?', settings=(*settings, 'llm.prompt=vanilla'))
    assert listed(answer) == [named(two)]
    assert 'None of the 3 titles that the model wrote is both in the catalogue and new' in nothing


def test_what_cannot_work_is_said_before_the_conversation(refused, run, trained):
    recommender = f'recommender={trained}'
    assert 'OPENAI_API_KEY' in refused(LLM, recommender, 'llm.mode=live', flags=['-i'])
    assert "'nope' is no prompt" in refused(LLM, recommender, 'llm.prompt=nope', flags=['-i'])
    run('model=TargetPopularity', flags=['-ss'])
    assert 'only CausalKBRD answers' in refused('model=TargetPopularity', flags=['-i'])


# ---------------------------------------------------------------- the end

@pytest.mark.parametrize('end', [EOFError, KeyboardInterrupt])
def test_the_end_of_the_input_and_ctrl_c_end_it_quietly(command, trained, monkeypatch, capsys, end):
    class Typed(io.StringIO):
        def readline(self, *arguments):
            line = super().readline(*arguments)
            if not line and end is KeyboardInterrupt:
                raise KeyboardInterrupt
            return line

    monkeypatch.setattr(sys, 'stdin', Typed('I love comedy\n'))
    assert command(LLM, f'recommender={trained}', flags=['-i']) == 0
    output = capsys.readouterr()
    assert output.out.endswith('\n> \n') and output.err == ''


@pytest.fixture
def shell(command, trained, data_path, tmp_path):
    """Starts a conversation in another process, with pipes."""
    started = []
    keys = {'dataset': 'ReDial', 'model': 'CausalLLM', 'kg_edge_threshold': 0, 'kg_emb_dim': 16,
            'recommender': str(trained)}
    (tmp_path / 'talk.yaml').write_text(yaml.safe_dump(keys), 'utf-8')

    def shell(**environment):
        started.append(subprocess.Popen(
            [sys.executable, str(ROOT / 'run_crslab.py'), '-c', 'talk.yaml', '--data_path', str(data_path), '-i'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, 'OMP_NUM_THREADS': '1', **environment}))
        return started[-1]
    yield shell
    for process in started:
        process.kill()
        process.communicate()


def test_bytes_that_are_no_text_and_ctrl_c_in_another_process(shell):
    process = shell(PYTHONIOENCODING='ascii')
    process.stdin.write('I love comedy é\n😀 und sonst?\n/why\n'.encode('latin-1', 'replace') + '😀\n'.encode())
    process.stdin.flush()
    answers = []
    while len(answers) < 5:
        answers.append('')
        while not answers[-1].endswith('> '):
            read = process.stdout.read(1)
            assert read, process.stderr.read()
            answers[-1] += read.decode('ascii')
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert heard(answers[1]) == 'Comedy' and 'Liked: Comedy.' in answers[3]
    assert len(listed(answers[1])) == len(listed(answers[2])) == len(listed(answers[4])) == 10
    assert (process.returncode, out, err) == (0, b'\n', b'')
