"""Interpreters and films of the hand-written catalogue, films of the small corpus, and settings of language models."""

import json
from collections import Counter

import pytest
import yaml
from chat_helpers import LLM, situation_of
from film_catalogue import film_facts, write_corpus

from crslab_causal.chat.understanding.interpreter import Interpreter
from crslab_causal.command_line.run import main
from crslab_causal.quick_start import load_system
from small_runs import SETTINGS


@pytest.fixture(scope='module', params=['models', 'rules'])
def interpreter(request):
    """Interpreter of messages about the hand-written catalogue: with trained models, and with rules alone."""
    models = {'models': {}} if request.param == 'rules' else {}
    return Interpreter(*film_facts(), **models)


@pytest.fixture(scope='module')
def trained_interpreter():
    """Interpreter of messages about the hand-written catalogue, with trained models only."""
    return Interpreter(*film_facts())


@pytest.fixture(scope='session')
def entity():
    """Entity id of each film of the hand-written catalogue, by name."""
    return {film.name: film.entity for film in film_facts()[0].films.values()}


@pytest.fixture(scope='session')
def after_a_list(entity):
    """Situation after a list of three films."""
    return situation_of(entity, 'Heat (1995)', 'Jaws (1975)', 'Inception (2010)')


@pytest.fixture(scope='session')
def films(data_path):
    """Films of the corpus with a unique title; and two films of one title."""
    all_films = list(json.loads((data_path / 'redial/nltk/movie_titles.json').read_text('utf-8')).values())
    count = Counter(film['title'] for film in all_films)
    same_title = [film for film in all_films if count[film['title']] == 2]
    return [film for film in all_films if count[film['title']] == 1], [
        film for film in same_title if film['title'] == same_title[0]['title']
    ]


@pytest.fixture
def live(live):
    """Return a function that plans a server, and returns the settings of CausalLLM for it and its address."""

    def of_causal_llm(*script, **plan):
        settings, url = live(*script, **plan)
        return (LLM, *settings), url

    return of_causal_llm


@pytest.fixture(scope='session')
def film_system(tmp_path_factory):
    """The system of a recommender that was trained on generated conversations about real films."""
    folder = tmp_path_factory.mktemp('films')
    write_corpus(folder / 'data')
    settings = SETTINGS | {'rec': {'epoch': 4, 'batch_size': 16, 'optimizer': {'name': 'Adam', 'lr': 0.01}}}
    (folder / 'films.yaml').write_text(yaml.safe_dump(settings | {'save_path': str(folder / 'save')}), 'utf-8')
    arguments = ['-c', str(folder / 'films.yaml'), '--data_path', str(folder / 'data'), '--seed', '1']
    assert main([*arguments, '-ss']) == 0
    return load_system(str(folder / 'films.yaml'), settings=[f'data_path={folder / "data"}', 'seed=1'])


@pytest.fixture
def conversation(film_system):
    """A conversation about real films."""
    with film_system.conversation() as conversation:
        yield conversation
