"""Lists in other forms than a list, as models write them to servers that do not enforce the schema."""

import json

import pytest

from crslab_causal.llm.answer import CausalAnswer, ReasonedTitleAnswer, TitleAnswer, bounded_schema
from crslab_causal.llm.client.answer_parser import parse_answer
from crslab_causal.llm.client.record import Response


def parse(content, schema):
    return parse_answer(Response(content, 'stop', None, 10, 10, 1.0, 'm', 'json'), schema)


def ranking_of(ranking, **keys):
    content = json.dumps({'explanation': 'x', 'ranking': ranking, 'response': 'r'} | keys)
    return parse(content, bounded_schema(CausalAnswer, 6, 6, 1))


@pytest.mark.parametrize(
    'ranking',
    [
        '6, 5, 4',
        '[6] > [5] > [4]',
        '6>5>4',
        ['#6', '5.', '(4)'],
        ['6. Alien', '5) Heat', '[4] Up'],
        [{'number': 6}, {'id': '5'}, {'candidate': 4, 'title': 'Up'}],
        [6, None, 5, 'none', 4],
    ],
)
def test_ranking_is_read(ranking):
    answer = ranking_of(ranking)
    assert answer.status == 'ok' and answer.parsed.ranking == [6, 5, 4] and not answer.is_exact


@pytest.mark.parametrize('ranking', ['Alien, then Heat', ['12 Angry Men', 'Se7en'], '', {}, 7, ['5 stars'], [0, 9]])
def test_anything_else_is_not_a_ranking(ranking):
    assert ranking_of(ranking).status == 'invalid'


def test_null_is_an_empty_text():
    answer = ranking_of([3], explanation=None)
    assert answer.status == 'ok' and answer.parsed.explanation == ''


@pytest.mark.parametrize(
    'titles',
    [
        '1. Alien (1979)\n2. 12 Angry Men\n\n',
        '- Alien (1979)\n- 12 Angry Men',
        [{'title': 'Alien', 'year': 1979}, {'name': '12 Angry Men'}],
        [{'title': 'Alien (1979)', 'year': '1979'}, None, '12 Angry Men', 3, {}],
    ],
)
@pytest.mark.parametrize('schema', [TitleAnswer, ReasonedTitleAnswer])
def test_titles_are_read(titles, schema):
    answer = parse(json.dumps({'reasoning': None, 'titles': titles, 'response': 'r'}), schema)
    assert answer.status == 'ok' and answer.parsed.titles == ['Alien (1979)', '12 Angry Men']


@pytest.mark.parametrize(
    'content',
    [
        '{ // the answer\n"explanation": "x", "ranking": [6, 5], "response": "r"}',
        '{“explanation”: “x”, “ranking”: [6, 5], “response”: “r”}',
        '{"explanation": "x", "ranking": [NaN, 6, 5], "response": "r"}',
    ],
)
def test_nearly_json_is_read(content):
    answer = parse(content, bounded_schema(CausalAnswer, 6, 6, 1))
    assert answer.status == 'ok' and answer.parsed.ranking == [6, 5] and answer.parsed.response == 'r'
