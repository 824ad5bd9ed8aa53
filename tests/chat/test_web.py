"""The page in the browser, over real HTTP."""

import contextlib
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
import requests

pytest.importorskip('starlette')
pytest.importorskip('uvicorn')

from crslab_causal.chat.conversation import Conversation
from crslab_causal.chat.session import ChatSession
from crslab_causal.chat.web import sessions as web_sessions
from crslab_causal.chat.web.app import MAX_BODY, MAX_MESSAGE
from crslab_causal.chat.web.server import make_server
from crslab_causal.command_line.run import chat as chat_command
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.pipeline import LLMPipeline


class Client:
    """A session of the page."""

    def __init__(self, address):
        self.address, self._http = address, requests.Session()
        self._http.trust_env = False
        self.session = self.post('open').json().get('session')

    def post(self, name, /, *, stream=False, **body):
        body = {'session': getattr(self, 'session', ''), **body}
        return self._http.post(f'{self.address}/api/{name}', json=body, stream=stream)

    def say(self, text):
        """Return the lines of the reply, and what is shown beside the conversation."""
        rows = [json.loads(row) for row in self.post('say', text=text).text.splitlines()]
        return [row['line'] for row in rows[:-1]], rows[-1]['view']


@pytest.fixture(scope='module')
def site(film_system, tmp_path_factory):
    """Address of a running page, and the file of its thumbs."""
    thumbs = tmp_path_factory.mktemp('web') / 'log' / 'thumbs.jsonl'
    with film_system.conversation() as conversation, socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        server = make_server(conversation, thumbs)
        thread = threading.Thread(target=server.run, kwargs={'sockets': [listener]})
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f'http://127.0.0.1:{listener.getsockname()[1]}', thumbs
        server.should_exit = True
        thread.join()


@pytest.fixture
def client(site):
    return Client(site[0])


def test_conversation_with_chips_list_and_film(client):
    lines, view = client.say('I loved Alien. A horror film, please.')
    assert lines[0].startswith('Heard: ') and 'horror' in view['chips']
    assert any(name.startswith('Alien') for name in view['mentions'])
    assert [film['rank'] for film in view['films']] == list(range(1, len(view['films']) + 1))
    assert all(0 < film['p'] < 1 for film in view['films'])
    film = client.post('film', entity=view['films'][0]['entity']).json()
    assert 'horror' in film['genres'] and film['title'] in view['films'][0]['name']
    for path in film['paths']:
        assert len(path['nodes']) == len(path['edges']) + 1
    forgotten = client.post('forget', name='horror').json()
    assert forgotten['lines'][0] == 'No longer: horror.' and 'horror' not in forgotten['view']['chips']
    assert client.post('undo').json()['view']['chips'] == view['chips']
    assert client.post('reset').json()['view'] | {'order': ''} == {
        'chips': [], 'heard': [], 'mentions': [], 'films': [], 'left': [], 'offered': [], 'order': ''
    }  # fmt: skip


def test_any_mention_can_be_masked(client, film_system):
    _, view = client.say('I loved Alien and Toy Story')
    n = len(view['mentions'])
    answers = [client.post('mask', index=index).json() for index in range(n)]
    assert [answer['mention'] for answer in answers] == view['mentions'] and n == 2
    # the model computes the last one for /mask, too
    recommender = film_system.recommender()
    with film_system.conversation() as conversation:
        list(conversation.respond('I loved Alien and Toy Story'))
        last = recommender.probabilities(conversation.history)
    for film in answers[-1]['films']:
        assert film['masked'] == pytest.approx(last[film['entity']].masked, rel=1e-5)
        assert film['p'] == pytest.approx(last[film['entity']].observed, rel=1e-5)
    assert answers[0]['films'] != answers[1]['films']
    shown = {film['entity']: film['rank'] for film in view['films']}
    for answer in answers:
        assert [film['rank'] for film in answer['films']] == [*range(1, 11)]
        for film in answer['films']:
            before = shown.get(film['entity'])
            assert film['rank_before'] == before and film['moved'] == (before and before - film['rank'])
    assert client.post('mask', index=n).status_code == client.post('mask', index=-1).status_code == 404


def test_list_without_a_mention_is_made_like_the_list(client, film_system):
    _, view = client.say('I loved Alien. A horror film, please.')
    film = client.post('mask', index=0).json()['films'][0]
    with film_system.conversation() as conversation:
        conversation.reply('I loved Alien. A horror film, please.')
        shown = conversation.state.shown
        listed = conversation.list_without()  # nothing is masked
        assert tuple(listed[: len(shown)]) == shown == tuple(film['entity'] for film in view['films'])
    assert film['rank'] == 1 and film['rank_before'] is not None


def test_question_about_a_list_without_a_mention_has_the_answer_of_the_slider(client):
    client.say('I loved Alien. A horror film, please.')
    listed = [film['name'] for film in client.post('mask', index=0).json()['films']]
    lines, view = client.say('What would the list be if I had not mentioned Alien?')
    rows = [line.split(' | ')[1].rpartition(' (') for line in lines if ' | ' in line]
    assert [name for name, _, _ in rows] == listed
    ranks = {film['name']: f'was {film["rank"]})' for film in view['films']}
    assert [rank for _, _, rank in rows] == [ranks.get(name, 'new)') for name in listed]


def test_film_that_was_chosen_leaves_the_list(client):
    _, view = client.say('I loved Alien')
    first, second = view['films'][:2]
    _, view = client.say(f'Great, I will watch {first["name"]}')
    assert view['left'] == [first['name']] and view['films'][0]['entity'] == second['entity']
    assert all(film['recommender_rank'] is None for film in view['films'])
    masked = client.post('mask', index=0).json()['films']
    assert first['entity'] not in [film['entity'] for film in masked]
    numbers = {film['entity']: film['rank'] for film in view['films']}
    assert all(film['rank_before'] == numbers.get(film['entity']) for film in masked)


def test_film_that_was_recommended_before_is_named_below_the_list(client):
    _, view = client.say('I loved Alien')
    first = view['films'][0]['name']
    assert view['offered'] == []
    _, view = client.say('something else, please')
    assert view['offered'] == [first] and first not in [film['name'] for film in view['films']]


def test_opinion_can_be_removed(client):
    client.say('I loved Alien')
    _, view = client.say('I hated Toy Story')
    names = [each['name'] for each in view['heard']]
    for n, name in enumerate(names, start=1):
        answer = client.post('forget', name=name).json()
        assert answer['lines'][0] == f'Forgotten: {name}.'
        assert [each['name'] for each in answer['view']['heard']] == names[n:]
    assert answer['view']['mentions'] == [] and len(names) == 2
    assert client.post('undo').json()['view']['heard'] == [{'name': names[-1], 'seen': False, 'liked': False}]


def test_saved_conversation_can_be_replayed(client, film_system, tmp_path):
    assert client.post('transcript').status_code == 400  # nothing was said
    client.say('I loved Amélie – a horror film, no vampires')
    client.post('forget', name='horror')
    client.post('forget', name=client.say('What about the second one?')[1]['heard'][0]['name'])
    saved = client.post('transcript')
    (tmp_path / 'chat.jsonl').write_bytes(saved.content)
    assert '– a horror' in saved.text and len(saved.text.splitlines()) == 4
    with film_system.conversation() as conversation:
        for turn, lines in ChatSession(conversation).replay(tmp_path / 'chat.jsonl'):
            assert list(lines) == turn.lines and turn.lines
    assert Client(client.address).post('transcript').status_code == 400  # another session has its own


@pytest.mark.parametrize(
    'text, is_answered',
    [
        ('May I save a copy of our conversation in a file?', True),
        ('save', True),
        ('download conversation', True),
        ('I loved Saving Private Ryan', False),
        ('I have a copy of The Conversation', False),
        ('How do I use this? Help!', True),
    ],
)
def test_help_and_questions_about_saving_name_the_button(client, text, is_answered):
    assert ('Save conversation' in ' '.join(client.say(text)[0])) == is_answered


def test_sessions_do_not_mix(site):
    clients = [Client(site[0]) for _ in range(4)]
    texts = ['a horror film', 'a comedy', 'I loved Alien', 'I loved Toy Story']
    alone = [Client(site[0]).say(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda pair: pair[0].say(pair[1]), zip(clients, texts)))
    assert together == alone and clients[0].session != clients[1].session


ANSWER = {'response': f'Watch this{" and that" * 10}.', 'ranking': [2, 1], 'explanation': 'So.'}


@pytest.fixture
def live_site(film_system, monkeypatch, tmp_path, llm_server):
    """Return a function that plans a language model, and returns the addresses of a page and of the model."""
    monkeypatch.setenv('OPENAI_API_KEY', 'none')
    with contextlib.ExitStack() as stack:

        def live_site(*script, **plan):
            url = llm_server.plan(*script, **plan)
            with film_system.conversation() as conversation:
                made = conversation.another()
            options = LLMOptions(mode='live', base_url=url, candidates=20, retries=0).for_chat()
            pipeline = stack.enter_context(LLMPipeline(options, made.pipeline.catalogue))
            live = Conversation(made.recommender, pipeline, film_system.test_dataloader.history, made.facts)
            listener = stack.enter_context(socket.socket())
            listener.bind(('127.0.0.1', 0))
            server = make_server(live, tmp_path / 'thumbs.jsonl')
            thread = threading.Thread(target=server.run, kwargs={'sockets': [listener]})
            thread.start()
            stack.callback(thread.join)
            stack.callback(setattr, server, 'should_exit', True)
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.01)
            return f'http://127.0.0.1:{listener.getsockname()[1]}', url

        yield live_site


def test_text_comes_while_the_model_writes_it(live_site):
    address, _ = live_site('ok', answer=ANSWER, piece=4, pause=0.02)
    client = Client(address)
    received = client.post('say', text='I loved Alien', stream=True).iter_lines()
    rows = [(time.monotonic(), json.loads(row)) for row in received]
    drafts = [(at, row['draft']) for at, row in rows if row.get('draft')]
    texts = list(dict.fromkeys(text for _, text in drafts))
    assert len(texts) > 3 and all(later.startswith(text) for text, later in pairwise(texts))
    (line_at,) = [at for at, row in rows if row.get('line') == ANSWER['response']]
    assert line_at - drafts[0][0] > 0.2 and texts[-1] == ANSWER['response']
    lines = [row['line'] for _, row in rows if 'line' in row]
    assert lines[0].startswith('Heard: Alien') and len(lines) == 12 and rows[-1][1]['view']['films']


def test_two_people_are_answered_at_the_same_time(live_site):
    address, _ = live_site('ok', answer=ANSWER, piece=3, pause=0.03)

    def say(text):
        """Return when the first and the last text of the response came."""
        rows = Client(address).post('say', text=text, stream=True).iter_lines()
        times = [time.monotonic() for row in rows if json.loads(row).get('draft')]
        return times[0], times[-1]

    with ThreadPoolExecutor(2) as pool:
        (first, end), (other_first, other_end) = pool.map(say, ['I loved Alien', 'I loved Toy Story'])
    assert first < other_end and other_first < end


def test_page_that_goes_away_stops_the_model_and_not_the_conversation(live_site, llm_server):
    address, url = live_site('ok', answer=ANSWER, piece=1, pause=0.05)
    client = Client(address)
    with client.post('say', text='I loved Alien', stream=True) as answer:
        next(row for row in answer.iter_lines() if json.loads(row).get('draft'))
    end = time.monotonic() + 10
    while not llm_server.log(url)[-1].get('aborted') or client.post('undo').status_code == 409:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert client.post('film', entity=-1).status_code == 404  # the session answers


def test_thumbs_of_the_page_are_saved(client, site):
    _, view = client.say('I loved Alien')
    film = view['films'][1]
    assert client.post('thumb', entity=film['entity'], up=False).json() == {'saved': True}
    saved = json.loads(site[1].read_text('utf-8').splitlines()[-1])
    assert (saved['name'], saved['up'], saved['rank'], saved['mentions']) == (film['name'], False, 2, view['mentions'])
    assert client.post('thumb', entity=film['entity'], up='no').status_code == 400
    assert client.post('thumb', entity=-5, up=True).status_code == 404


@pytest.mark.parametrize(
    'host, status', [('evil.example', 400), ('127.0.0.1.evil.example', 400), ('localhost:80', 200)]
)
def test_other_hosts_are_refused(site, host, status):
    assert requests.get(site[0], headers={'Host': host}).status_code == status


def test_page_loads_nothing_from_outside_and_serves_no_file(site):
    page = requests.get(site[0])
    assert "default-src 'none'" in page.headers['Content-Security-Policy']
    for name in ('', 'common.css', 'common.js', 'page.css', 'page.js'):
        text = requests.get(f'{site[0]}/{name}').text.replace('http://www.w3.org/2000/svg', '')
        assert len(text) > 500 and '//' not in text.replace('// ', '')
    for path in (
        '/etc/passwd',
        '/../app.py',
        '/%2e%2e/app.py',
        '/page/page.html',
        '/api/../../app.py',
        '/page.js/..%2fapp.py',
    ):
        with socket.create_connection(site[0].removeprefix('http://').split(':')) as connection:
            connection.sendall(f'GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'.encode())
            assert b' 404 ' in connection.makefile('rb').readline()


def test_message_that_is_too_long_or_wrong_is_refused_in_one_line(client, site):
    for status, answer in [
        (413, client.post('say', text='x' * (MAX_MESSAGE + 1))),
        (413, client.post('say', text='x' * MAX_BODY)),
        (400, client.post('say', text='  ')),
        (400, client.post('say', text=3)),
        (400, client.post('mask', index=True)),
        (404, requests.post(f'{site[0]}/api/say', json={'session': 'none', 'text': 'hello'})),
        (415, requests.post(f'{site[0]}/api/open', data='{}', headers={'Content-Type': 'text/plain'})),
        (400, requests.post(f'{site[0]}/api/open', data='[' * 9000, headers={'Content-Type': 'application/json'})),
    ]:
        assert answer.status_code == status and '\n' not in answer.json()['error']


def test_number_of_sessions_and_of_messages_is_bounded(conversation, client, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(web_sessions, 'MAX_SESSIONS', 2)
    sessions = web_sessions.Sessions(conversation, lambda: now[0])
    first, second = sessions.open(), sessions.open()
    with pytest.raises(web_sessions.TooManySessions):
        sessions.open()
    now[0] = web_sessions.IDLE_S - 1
    sessions.find(first)
    now[0] = web_sessions.IDLE_S
    third = sessions.open()  # in the place of the one that was idle
    assert sessions.find(first) and sessions.find(third) and sessions.find(second) is None
    monkeypatch.setattr('crslab_causal.chat.web.app.MAX_TURNS', 1)
    client.say('hello')
    assert client.post('say', text='hello').status_code == client.post('forget', name='x').status_code == 429


def test_port_without_web_and_port_in_use_are_refused(site, film_system, capsys):
    from crslab_causal.base.errors import UserError
    from crslab_causal.chat.web.server import serve

    with pytest.raises(SystemExit):
        chat_command(['-c', 'causal_demo', '--port', '1'])
    assert '--port: needs --web' in capsys.readouterr().err
    with film_system.conversation() as conversation:
        for port in (int(site[0].rpartition(':')[2]), 70_000):
            with pytest.raises(UserError, match=f'--port {port}: .*; choose another port'):
                serve(conversation, port, site[1])
