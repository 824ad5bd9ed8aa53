"""The page that compares two systems blindly, over real HTTP; and two users of a slow language model."""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests

pytest.importorskip('starlette')
pytest.importorskip('uvicorn')

from crslab_causal.chat.conversation import Conversation
from crslab_causal.chat.web.compare import ComparedSystem
from crslab_causal.chat.web.server import make_comparison_server, make_server
from crslab_causal.chat.web.sessions import MAX_TURNS
from crslab_causal.chat.web.votes import MAX_COMMENT, Vote
from crslab_causal.command_line.run import chat as chat_command
from crslab_causal.experiments.human.votes import read_votes
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.pipeline import LLMPipeline


@contextmanager
def running(server):
    """Run a server, and give its address."""
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        thread = threading.Thread(target=server.run, kwargs={'sockets': [listener]})
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        try:
            yield f'http://127.0.0.1:{listener.getsockname()[1]}'
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def with_language_model(system, url):
    """Open a conversation that a language model answers."""
    options = LLMOptions(mode='live', base_url=url, retries=0, candidates=5)
    with system.conversation() as offline, LLMPipeline(options, offline.pipeline.catalogue) as pipeline:
        yield Conversation(offline.recommender, pipeline, system.test_dataloader.history, offline.facts)


class Client:
    """A session of a page."""

    def __init__(self, address):
        self.address, self.session = address, ''
        self.http = requests.Session()
        self.http.trust_env = False
        self.session = self.post('open').json().get('session')

    def post(self, name, /, **body):
        return self.http.post(f'{self.address}/api/{name}', json={'session': self.session, **body})

    def say(self, text):
        return self.post('say', text=text).json()

    def vote(self, choice, comment=''):
        return self.post('vote', choice=choice, comment=comment)


@pytest.fixture
def live_url(llm_server, monkeypatch):
    """Return a function that plans a language model, and returns its address."""
    monkeypatch.setenv('OPENAI_API_KEY', 'none')
    monkeypatch.setenv('NO_PROXY', '*')
    answer = {'explanation': 'x', 'ranking': [2, 1], 'response': 'I, a language model, say this.'}
    return lambda **plan: llm_server.plan(**{'answer': answer, 'n_candidate': 5} | plan)


@pytest.fixture
def site(film_system, live_url, tmp_path):
    """Address of a page that compares the offline chat with a language model, and the file of its votes."""
    votes = tmp_path / 'log' / 'votes.jsonl'
    with film_system.conversation() as offline, with_language_model(film_system, live_url()) as live:
        systems = ComparedSystem('plain', offline), ComparedSystem('with a model', live)
        with running(make_comparison_server(systems, votes)) as address:
            yield address, votes


def test_both_get_the_message_and_the_names_are_hidden_until_the_vote(site, tmp_path):
    address, votes = site
    sides = set()
    for number in range(12):
        client = Client(address)
        opened = client.post('open')
        reply = client.say('I loved Alien')
        assert {*reply} == {'left', 'right'} and all(reply[side][0].startswith('Heard: Alien') for side in reply)
        spoken = [side for side in reply if 'I, a language model, say this.' in reply[side]]
        assert len(spoken) == 1
        for hidden in ('plain', 'with a model', 'gpt-4o-mini', 'offline'):
            assert hidden not in opened.text + json.dumps(reply)
        second = client.say('something else')
        names = client.vote(spoken[0], ' <b>better</b> ').json()['names']
        assert names[spoken[0]] == 'with a model' and {*names.values()} == {'plain', 'with a model'}
        sides.add(spoken[0])
        saved = read_votes([votes])[-1]
        assert (saved.winner, saved.comment) == ('with a model', '<b>better</b>')
        assert [turn.text for turn in saved.turns] == ['I loved Alien', 'something else']
        assert [turn.left for turn in saved.turns] == [reply['left'], second['left']]
        assert client.vote('tie').status_code == client.post('say', text='hello').status_code == 404
        assert len(read_votes([votes])) == number + 1
        if number > 3 and len(sides) == 2:
            return
    pytest.fail('the language model was on one side in all sessions')


def test_sides_go_on_as_conversations_of_their_own(site, film_system):
    client = Client(site[0])
    messages = ['a horror film', 'no, rather a comedy', 'something else']
    replies = [client.say(text) for text in messages]
    with film_system.conversation() as alone:
        expected = [alone.reply(text).lines for text in messages]
    names = client.vote('both bad').json()['names']
    plain = next(side for side in names if names[side] == 'plain')
    assert [reply[plain] for reply in replies] == expected


def test_wrong_votes_and_messages_are_refused(site):
    client = Client(site[0])
    assert client.vote('left').status_code == 400  # nothing was said
    client.say('I loved Alien')
    assert client.vote('first').status_code == client.post('vote', choice='left').status_code == 400
    assert client.vote('left', 'x' * (MAX_COMMENT + 1)).status_code == 413
    assert client.post('say', text=' ').status_code == 400
    assert client.post('thumb', entity=1, up=True).status_code == 404  # no address of this page
    assert requests.get(site[0], headers={'Host': 'evil.example'}).status_code == 400
    assert not site[1].exists()


def test_half_of_a_character_becomes_a_question_mark(site):
    client = Client(site[0])
    client.say('I loved Alien \ud83d')  # a browser sends this if it cuts a long text inside an emoji
    assert client.vote('tie', 'fun \ud83d').status_code == 200
    (saved,) = read_votes([site[1]])
    assert (saved.turns[0].text, saved.comment) == ('I loved Alien ?', 'fun ?')


def test_page_loads_nothing_from_outside(site):
    for name in ('', 'common.css', 'common.js', 'compare.css', 'compare.js'):
        answer = requests.get(f'{site[0]}/{name}')
        assert answer.status_code == 200 and "default-src 'none'" in answer.headers['Content-Security-Policy']
        assert '//' not in answer.text.replace('// ', '')
    assert requests.get(f'{site[0]}/page.js').status_code == 404


def test_dead_language_model_keeps_its_name_secret(film_system, monkeypatch, tmp_path):
    monkeypatch.setenv('OPENAI_API_KEY', 'none')
    dead = with_language_model(film_system, 'http://127.0.0.1:9/v1')
    with film_system.conversation() as offline, dead as live:
        systems = ComparedSystem('plain', offline), ComparedSystem('dead', live)
        with running(make_comparison_server(systems, tmp_path / 'votes.jsonl')) as address:
            reply = Client(address).say('I loved Alien')
    text = json.dumps(reply)
    assert '(the language model gave no usable answer. What follows is' in text
    assert 'gpt-4o-mini' not in text and '127.0.0.1' not in text


def test_failure_of_one_side_takes_the_message_back_on_both(film_system, tmp_path, monkeypatch):
    with film_system.conversation() as one, film_system.conversation() as other:
        systems = ComparedSystem('one', one), ComparedSystem('other', other)
        with running(make_comparison_server(systems, tmp_path / 'votes.jsonl')) as address:
            client = Client(address)
            client.say('a comedy')
            with monkeypatch.context() as patch:
                patch.setattr(type(other.recommender), 'probabilities', lambda *_: 1 / 0)
                failed = client.post('say', text='I loved Alien')
            assert failed.status_code == 500 and 'ZeroDivisionError' in failed.json()['error']
            client.say('a western')
            client.vote('tie')
    (saved,) = read_votes([tmp_path / 'votes.jsonl'])
    assert [turn.text for turn in saved.turns] == ['a comedy', 'a western'] and isinstance(saved, Vote)


def test_slow_language_model_of_one_user_does_not_block_another(film_system, live_url, tmp_path):
    delay = 2.0
    with (
        with_language_model(film_system, live_url(delay=delay)) as live,
        running(make_server(live, tmp_path / 'thumbs.jsonl')) as address,
        ThreadPoolExecutor(2) as pool,
    ):
        other, start = Client(address), time.monotonic()
        waiting = [pool.submit(Client(address).post, 'say', text='I loved Alien') for _ in range(2)]
        time.sleep(0.5)
        asked = other.post('say', text='Who directed Alien?')  # needs no language model
        assert 'Ridley Scott' in asked.text and not any(future.done() for future in waiting)
        assert all('I, a language model' in future.result().text for future in waiting)
        assert time.monotonic() - start < 2 * delay  # both waited at the same time


def test_options_of_the_comparison_need_each_other(capsys):
    for wrong in (['--compare', 'llm_demo'], ['--web', '--compare-set', 'alpha=1']):
        with pytest.raises(SystemExit):
            chat_command(['-c', 'causal_demo', *wrong])
    assert '--compare-set: needs --compare' in capsys.readouterr().err
    assert chat_command(['-c', 'causal_demo', '--web', '--compare', 'causal_demo']) == 2
    assert 'the same system' in capsys.readouterr().err


def test_number_of_messages_is_bounded(site, monkeypatch):
    monkeypatch.setattr('crslab_causal.chat.web.app.MAX_TURNS', 1)
    client = Client(site[0])
    client.say('hello')
    assert client.post('say', text='hello').status_code == 429 and MAX_TURNS > 1
