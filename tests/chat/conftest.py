"""Films of the small corpus, and settings for a language model."""

import json
from collections import Counter

import pytest
from chat_helpers import LLM


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
def live(llm_server):
    """Return a function that plans a server, and returns the settings for it and its address."""

    def live(*script, **plan):
        url = llm_server.plan(*script, **{'n_candidate': 20} | plan)
        return (LLM, 'llm.mode=live', f'llm.base_url={url}', 'llm.retries=0', 'llm.candidates=20'), url

    return live
