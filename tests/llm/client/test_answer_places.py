"""Where and how models write their answers: in other fields, after thoughts and drafts, and as nearly JSON."""

import json
import time

import pytest
from client_helpers import run, run_one
from hypothesis import given, settings
from hypothesis import strategies as st

from crslab_causal.llm.answer import CausalAnswer
from crslab_causal.llm.client.answer_body import NoCompletion, read_answer
from crslab_causal.llm.client.answer_parser import parse_answer
from crslab_causal.llm.client.record import Response

ANSWER = {'explanation': 'They like slow films.', 'ranking': [6, 5, 4], 'response': 'Try "Heat" {1995}.'}
TEXT = json.dumps(ANSWER)
DRAFT = json.dumps({'explanation': 'a draft', 'ranking': [1, 2, 3, 4, 5, 6], 'response': 'Draft.'})


def parse(content, finish_reason='stop'):
    return parse_answer(Response(content, finish_reason, None, 9, 9, 0.1, 'm', 'json'), CausalAnswer)


# ---------------------------------------------------------------- fields

PLACES = {
    'list of parts': {'content': [{'type': 'text', 'text': '$answer'}]},
    'several parts': {'content': [{'type': 'text', 'text': 'Here: '}, {'type': 'output_text', 'text': '$answer'}]},
    'parts with thoughts': {
        'content': [
            {'type': 'thinking', 'thinking': [{'type': 'text', 'text': DRAFT}]},
            {'type': 'reasoning', 'text': DRAFT},
            {'type': 'text', 'text': '$answer'},
        ]
    },
    'texts': {'content': ['$answer']},
    'text with a value': {'content': [{'type': 'text', 'text': {'value': '$answer', 'annotations': []}}]},
    'object': {'content': ANSWER},
    'reasoning_content': {'content': None, 'reasoning_content': '$answer'},
    'reasoning_content beside an empty content': {'content': '\n', 'reasoning_content': '$answer'},
    'reasoning': {'content': '', 'reasoning': 'Hm. $answer'},
    'content before thoughts': {'content': '$answer', 'reasoning_content': DRAFT},
    'tool call': {'content': None, 'tool_calls': [{'function': {'name': 'f', 'arguments': '$answer'}}]},
    'function call': {'content': None, 'function_call': {'name': 'f', 'arguments': '$answer'}},
}


@pytest.mark.parametrize('place', PLACES)
def test_answer_is_read_wherever_the_server_puts_it(server, place):
    url = server.plan('ok', message=PLACES[place], answer=ANSWER)
    completion, usage = run_one(url)
    assert (completion.status, completion.attempts) == ('ok', 1)
    assert completion.parsed.model_dump() == ANSWER and usage.retries == {}


def test_thoughts_that_were_cut_off_are_not_read_as_an_answer(server):
    url = server.plan('ok', message={'content': '', 'reasoning_content': DRAFT}, choice={'finish_reason': 'length'})
    completion, _ = run_one(url)
    assert (completion.status, completion.parsed, completion.attempts) == ('length', None, 2)


def test_answer_of_a_completion_without_messages_is_read():
    body = {'choices': [{'text': TEXT, 'finish_reason': 'stop'}]}
    assert read_answer(json.dumps(body).encode()).content == TEXT


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ['content', 'message', 'choices', 'text', 'type', 'tool_calls', 'function', 'usage', 'error']
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(value=json_values, in_choice=st.booleans())
def test_reading_any_json_raises_no_error(value, in_choice):
    body = {'choices': [{'message': value}]} if in_choice else value
    try:
        answer = read_answer(json.dumps(body).encode())
    except NoCompletion as error:
        assert error.detail and min(error.tokens) >= 0
    else:
        assert isinstance(answer.content, str)


# ---------------------------------------------------------------- thoughts and drafts

MARKS = [
    ('<think>', '</think>'),
    ('<thinking>', '</thinking>'),
    ('<Reasoning>', '</Reasoning>'),
    ('<thought>', '</thought>'),
    ('<reflection>', '</ reflection >'),
    ('<seed:think>', '</seed:think>'),
    ('[THINK]', '[/THINK]'),
    ('◁think▷', '◁/think▷'),
    ('<|begin_of_thought|>', '<|end_of_thought|>'),
    ('<|START_THINKING|>', '<|END_THINKING|>'),
    ('<|channel|>analysis<|message|>', '<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>'),
]


@pytest.mark.parametrize('start, end', MARKS)
@pytest.mark.parametrize('has_start', [True, False])
def test_draft_in_the_thoughts_is_not_the_answer(server, start, end, has_start):
    content = f'{start if has_start else ""}Let me see. {DRAFT} Hm, no.{end}\n'
    url = server.plan('ok', content=f'{content}$answer', answer=ANSWER)
    assert run_one(url, structured='json')[0].parsed.model_dump() == ANSWER
    # thoughts without an answer behind them are none, although they hold a whole draft
    completion, usage = run_one(server.plan('ok', content=content, answer=ANSWER), structured='json')
    assert (completion.status, completion.attempts) == ('invalid', 3) and usage.retries['invalid'] == 2


@pytest.mark.parametrize(
    'content',
    [
        f'<think>{DRAFT}</think> hm <think>{DRAFT}</think>{TEXT}',
        f'<think>unfinished\n{DRAFT}\nSo:\n{TEXT}',
        f'The form is {{"explanation": "...", "ranking": [1, 2], "response": "..."}}.\n{TEXT}',
        f'The form is {{"explanation": ..., "ranking": [1, 2], "response": ...}}.\n{TEXT}',
        f'{DRAFT}\nOn second thought:\n```json\n{TEXT}\n```\nEnjoy {{it}}!',
        f'{DRAFT}\n{TEXT}\n{{"note": "done"}}',
        f'{TEXT}\n{json.dumps(ANSWER | {"ranking": []})}',
        '{"a": ' * 300 + f'1 {TEXT}',
        f'I thought about {{x}} {"{y} " * 500}\n{TEXT}',
    ],
)
def test_last_whole_object_is_the_answer(content):
    result = parse(content)
    assert result.status == 'ok' and result.parsed.model_dump() == ANSWER and not result.is_exact


def test_thoughts_that_do_not_end_are_read_only_if_the_model_stopped_itself():
    assert parse(f'<think>Hm. {DRAFT}').status == 'ok'
    assert parse(f'<think>Hm. {DRAFT}', 'length').status == 'length'
    assert parse(f'{TEXT}<think>Hm. {DRAFT}', 'length').parsed.model_dump() == ANSWER


def test_marks_inside_an_answer_are_text():
    answer = ANSWER | {'response': 'Why </think> and <think>?'}
    assert parse(json.dumps(answer)).parsed.model_dump() == answer


@pytest.mark.parametrize('finish_reason', ['length', 'MAX_TOKENS', 'model_length'])
def test_every_name_for_an_answer_that_was_cut_off_is_known(finish_reason):
    assert parse(TEXT[:20], finish_reason).status == 'length'
    assert parse(TEXT + ' and', finish_reason).status == 'ok'


@pytest.mark.parametrize('finish_reason', ['content_filter', 'SAFETY'])
def test_every_name_for_a_filtered_answer_is_known(finish_reason):
    assert parse('', finish_reason).status == 'refusal'


def test_empty_ranking_is_not_an_answer(server):
    url = server.plan('ok', answer=ANSWER | {'ranking': []})
    completion, usage = run_one(url)
    assert (completion.status, completion.attempts) == ('invalid', 3) and 'ranking: is empty' in completion.detail
    assert not usage.schema_fallback  # the server kept to the schema, which cannot say that the list must not be empty


# ---------------------------------------------------------------- nearly JSON

NEARLY = {
    'line break in a string': TEXT.replace('slow films', 'slow\nfilms'),
    'tab in a string': TEXT.replace('slow films', 'slow\tfilms'),
    'comma before a brace': TEXT[:-1] + ',}',
    'comma before a bracket': TEXT.replace('4]', '4,]'),
    'comma and line break': TEXT.replace('4]', '4,\n]').replace('They', 'They\n\n'),
    'further key': TEXT[:-1] + ', "confidence": 0.9}',
    'wrapped in a key': json.dumps({'answer': ANSWER}),
    'wrapped in two keys': json.dumps({'result': {'answer': ANSWER}, 'status': 'ok'}),
    'wrapped in a list': json.dumps([ANSWER]),
    'string of JSON': json.dumps(TEXT),
    'code fence': f'```json\n{TEXT}\n```',
    'code fence without an end': f'```\n{TEXT}',
    'tags around it': f'<answer>{TEXT}</answer>',
    'tool call as text': json.dumps({'name': 'answer', 'arguments': ANSWER}),
    'single quotes': str(ANSWER),
    'keys without quotes': TEXT.replace('"explanation"', 'explanation').replace('"ranking"', 'ranking'),
    'keys in capitals': TEXT.replace('"ranking"', '"Ranking"'),
    'comment': TEXT.replace('[6,', '[6, // the best\n'),
    'quotes in a string': TEXT.replace('\\"Heat\\"', '"Heat"'),
    'missing comma': TEXT.replace('], ', '] '),
    'missing last brace': TEXT[:-1],
    'wrong escape': TEXT.replace('They', "They\\'ve"),
    'numbers as strings': TEXT.replace('6, 5, 4', '"6", "5", "4"'),
    'byte order mark': '\ufeff' + TEXT,
    'comma and a quote behind it': TEXT[:-1] + ',}\n\nAnd "enjoy" it!',
    'fence, text and comma': f'Sure, {{here}} it is:\n```json\n{TEXT[:-1]},}}\n```\nEnjoy {{it}}!',
}


@pytest.mark.parametrize('kind', NEARLY)
def test_nearly_json_is_read(server, kind):
    completion, usage = run_one(server.plan('ok', content=NEARLY[kind]))
    assert (completion.status, completion.attempts) == ('ok', 1) and usage.retries == {}
    assert completion.parsed.ranking == [6, 5, 4]
    assert ' '.join(completion.parsed.explanation.split()).endswith('slow films.')
    assert completion.parsed.response in (ANSWER['response'], 'Try Heat {1995}.')


@pytest.mark.parametrize('n', range(1, len(TEXT) - 1, 7))
def test_answer_that_was_cut_off_is_never_completed(n):
    answer = parse(TEXT[:n], 'length')
    assert answer.status == 'length' or answer.parsed.ranking == ANSWER['ranking'][: len(answer.parsed.ranking)]
    assert parse(TEXT[:n], None).status == 'invalid'


def test_object_without_a_needed_key_is_not_an_answer():
    for key in ANSWER:
        assert parse(json.dumps({name: value for name, value in ANSWER.items() if name != key})).status == 'invalid'


def test_server_that_only_writes_nearly_json_is_not_taken_for_one_that_enforces_schemas(server):
    url = server.plan('ok', content=NEARLY['code fence'])
    completions, client = run(url, 'ab', concurrency=1)
    assert [completion.status for completion in completions] == ['ok', 'ok'] and not client.usage.schema_fallback
    url = server.plan('ok', 'prose', content=NEARLY['code fence'])
    assert run_one(url)[0].status == 'ok'


@pytest.mark.parametrize(
    'content',
    [
        '{"explanation": "' * 100_000,
        '{"explanation": {' * 100_000,
        '{"ranking": [' + '3, ' * 500_000,
        '[' * 50_000 + '{"a":' * 50_000,
        '{"' * 500_000,
        "{'explanation': " + '\\"' * 200_000,
        '{"ranking": [' + '9' * 100_000 + ']}',
        '<think>' * 100_000 + '</think' * 100_000,
    ],
)
def test_hostile_answer_costs_little_time(content):
    started = time.process_time()
    assert parse(content).status == 'invalid'
    assert time.process_time() - started < 4


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='{}[]",:\\ \n</>think123explanationrankingresponse', max_size=300))
def test_parsing_any_text_raises_no_error(content):
    assert parse(content).status in ('ok', 'invalid')
