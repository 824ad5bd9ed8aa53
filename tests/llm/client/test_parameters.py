"""Servers that refuse a parameter: it is left out from then on, whatever the form of their errors."""

import pytest
from client_helpers import error_message, make_client, prompt, run, run_one
from pydantic import ValidationError

from crslab_causal.llm.options import LLMOptions


def error(message, **keys):
    return {'error': {'message': message, 'type': 'invalid_request_error', 'param': None, 'code': None} | keys}


UNKNOWN_NAME = 'Invalid JSON payload received. Unknown name "seed": Cannot find field.'
EXTRA = {'type': 'extra_forbidden', 'loc': ['body', 'seed'], 'msg': 'Extra inputs are not permitted', 'input': 2020}
SEED_REFUSALS = {
    'OpenAI': (400, error("Unsupported parameter: 'seed' is not supported with this model.", param='seed')),
    'Azure': (400, error('Unrecognized request argument supplied: seed')),
    'Gemini': (
        400,
        [
            {
                'error': {
                    'code': 400,
                    'message': UNKNOWN_NAME,
                    'status': 'INVALID_ARGUMENT',
                    'details': [{'@type': 'type.googleapis.com/BadRequest', 'fieldViolations': [{'description': ''}]}],
                }
            }
        ],
    ),
    'Mistral': (422, {'object': 'error', 'message': {'detail': [EXTRA]}, 'type': 'invalid_request_error'}),
    'FastAPI': (422, {'detail': [EXTRA]}),
    'vLLM': (
        400,
        {
            'object': 'error',
            'message': "[{'type': 'extra_forbidden', 'loc': ('body', 'seed'), 'msg': 'Extra inputs are not permitted', "
            "'input': 2020, 'ctx': {'temperature': 1.0}}]",
            'type': 'BadRequestError',
            'param': None,
            'code': 400,
        },
    ),
    'Ollama': (400, error('json: cannot unmarshal number into Go struct field ChatCompletionRequest.seed of type int')),
    'Ollama, text': (400, {'error': 'option "seed" is not supported by this model'}),
    'Claude': (400, {'type': 'error', 'error': {'type': 'invalid_request_error', 'message': 'seed: Extra inputs'}}),
    'Groq': (400, error("property 'seed' is unsupported, did you mean 'stop'?")),
    'Bedrock': (400, {'message': 'Malformed input request: #: extraneous key [seed] is not permitted'}),
    'Rust': (422, 'unknown field `seed`, expected one of `messages`, `model`, `temperature`, `max_tokens` at line 1'),
    'camel case': (400, error('Argument not supported on this model: randomSeed')),
    'OpenRouter': (
        400,
        error('Provider returned error', code=400, metadata={'raw': '{"detail": "unknown parameter seed"}'}),
    ),
}


@pytest.mark.parametrize('server_name', SEED_REFUSALS)
def test_parameter_that_an_error_names_is_left_out_from_then_on(server, logged, server_name):
    status, body = SEED_REFUSALS[server_name]
    url = server.plan(refuses=[['seed', {'status': status, 'body': body}]])
    completions, client = run(url, 'abcd', concurrency=1)
    assert [completion.status for completion in completions] == ['ok'] * 4
    bodies = [entry['body'] for entry in server.log(url)]
    assert ['seed' in body for body in bodies] == [True, False, False, False, False]
    assert all(body['temperature'] == 1.0 and body['max_tokens'] == 1024 for body in bodies)
    assert all('response_format' in body for body in bodies)
    assert client.usage.retries == {'seed': 1} and client.usage.omitted == ['seed']
    assert client.usage.summary()['omitted'] == ['seed']
    assert sum('refuses the parameter seed' in line for line in logged) == 1


TEMPERATURE_REFUSALS = {
    'OpenAI': error(
        "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
        param='temperature',
        code='unsupported_value',
    ),
    'Claude': {'error': {'type': 'invalid_request_error', 'message': '`temperature` is deprecated for this model.'}},
    'range': {'detail': [{'loc': ['body', 'temperature'], 'msg': 'Input should be greater than 0', 'input': 0}]},
    'Gemini': [{'error': {'code': 400, 'message': "Invalid value at 'generation_config.temperature' (TYPE_FLOAT), 0"}}],
}


@pytest.mark.parametrize('server_name', TEMPERATURE_REFUSALS)
def test_refused_temperature_is_left_out_while_many_requests_are_in_flight(server, logged, server_name):
    reply = {'status': 400, 'body': TEMPERATURE_REFUSALS[server_name]}
    url = server.plan(refuses=[['temperature', reply]], delay=0.01)
    completions, client = run(url, map(str, range(30)), temperature=0.0, concurrency=8)
    assert {completion.status for completion in completions} == {'ok'}
    assert client.usage.calls == len(server.log(url)) <= 30 + 8 and not client.usage.retries['400']
    assert sum('refuses the parameter temperature' in line for line in logged) == 1


def test_several_refused_parameters_are_left_out_one_after_the_other(server, tmp_path):
    refuses = [
        ['seed', {'status': 422, 'body': {'detail': [EXTRA]}}],
        ['temperature', {'status': 400, 'body': TEMPERATURE_REFUSALS['OpenAI']}],
        ['response_format', {'status': 400, 'body': error('This response_format type is unavailable now')}],
        ['max_tokens', {'status': 400, 'body': error("Use 'max_completion_tokens' instead.", param='max_tokens')}],
        ['max_completion_tokens', {'status': 400, 'body': error('Unknown parameter: max_completion_tokens')}],
        ['system', {'status': 400, 'body': error('Developer instruction is not enabled for models/gemma-3-27b-it')}],
    ]
    url, store = server.plan(refuses=refuses), str(tmp_path / 'store.jsonl')
    completion, usage = run_one(url, store=store)
    assert completion.status == 'ok' and completion.attempts == 7
    body = server.log(url)[-1]['body']
    assert set(body) == {'model', 'messages'}
    (message,) = body['messages']
    assert message['role'] == 'user' and message['content'].startswith('You recommend.\n\nAnswer with one JSON object')
    assert message['content'].endswith('\n\nhello')
    assert set(usage.omitted) == {'seed', 'temperature', 'max_completion_tokens'} and usage.schema_fallback
    # the form of the request is not part of the key: the answer is found by a server that takes everything
    assert run_one(server.plan('ok'), store=store)[1].calls == 0
    assert run_one(url, store=store, mode='replay')[0] == completion._replace(attempts=0, replayed=True)


def test_budget_needs_a_server_that_takes_a_maximum_length(server):
    refuses = [
        [name, {'status': 400, 'body': error(f'Unknown parameter: {name}')}]
        for name in ('max_tokens', 'max_completion_tokens')
    ]
    assert 'llm.budget' in error_message(run_one, server.plan(refuses=refuses), budget={'tokens': 10_000})


@pytest.mark.parametrize(
    'message',
    [
        "'max_tokens' or 'max_completion_tokens' is too large: 1024. This model's maximum context length is 1000.",
        'max_tokens is too large: 1024. This model supports at most 256 completion tokens',
    ],
)
def test_maximum_length_that_is_too_large_is_reported_and_not_left_out(server, message):
    url = server.plan(refuses=[['max_tokens', {'status': 400, 'body': error(message, param='max_tokens')}]])
    completion, _ = run_one(url)
    assert completion.status == 'error' and message in completion.detail
    assert all('max_tokens' in entry['body'] for entry in server.log(url))


@pytest.mark.parametrize(
    'status, message',
    [
        (
            400,
            'Invalid JSON payload. Unknown name "additionalProperties" at \'generation_config.response_schema\'',
        ),
        (400, "'response_format.type' must be 'text'"),
        (400, "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details."),
        (500, 'failed to load model vocabulary required for format: grammar'),
        (501, 'structured outputs are not implemented'),
        (500, 'Internal Server Error'),
        (503, 'upstream connect error'),
        (400, 'Request contains an invalid argument.'),
        (400, 'Bad Request'),
        (422, ''),
    ],
)
def test_server_that_fails_at_schemas_gets_the_schema_in_the_prompt(server, logged, status, message):
    url = server.plan(refuses=[['response_format', {'status': status, 'body': error(message) if message else ''}]])
    completions, client = run(url, 'abcdef', concurrency=2)
    assert [completion.status for completion in completions] == ['ok'] * 6
    assert client.usage.schema_fallback and not client.usage.omitted
    assert 7 <= len(server.log(url)) <= 10
    assert sum('does not enforce JSON schemas' in line for line in logged) == 1


def test_parameter_that_is_refused_without_its_name_is_found_by_trial(server):
    refuses = [[name, {'status': 400, 'body': error('Bad Request')}] for name in ('temperature', 'seed')]
    url = server.plan(refuses=refuses)
    completions, client = run(url, 'abc', concurrency=1)
    assert [completion.status for completion in completions] == ['ok'] * 3
    assert client.usage.omitted == ['seed', 'temperature'] and client.usage.schema_fallback
    assert len(server.log(url)) == 6


def test_trial_that_does_not_help_changes_nothing(server):
    reply = {'status': 400, 'body': error('Bad Request')}
    url = server.plan('reply 0', only='bad', replies=[reply])
    completions, client = run(url, ['bad', 'good'], concurrency=1)
    assert [completion.status for completion in completions] == ['error', 'ok']
    assert completions[0].detail.startswith('400: Bad Request')
    body = server.log(url)[-1]['body']
    assert {'seed', 'temperature', 'response_format'} <= set(body) and not client.usage.omitted


def test_prompt_that_is_too_long_is_not_tried_with_fewer_parameters(server):
    message = "This model's maximum context length is 10 tokens. However, you requested 50. Please reduce the length."
    url = server.plan('reply 0', replies=[{'status': 400, 'body': error(message)}])
    assert run_one(url)[0].status == 'error' and len(server.log(url)) == 1


def test_null_parameters_are_not_sent(server, tmp_path):
    url, store = server.plan('prose', 'ok'), str(tmp_path / 'store.jsonl')
    completion, _ = run_one(url, temperature=None, seed=None, store=store)
    assert completion.status == 'ok'
    assert not any({'seed', 'temperature'} & set(entry['body']) for entry in server.log(url))
    assert LLMOptions(seed=None).draw_seed == LLMOptions(seed=2020).draw_seed == 2020
    # an answer at another temperature is another answer
    assert run_one(server.plan('ok'), store=store)[1].calls == 1


EXTRA_OPTIONS = {'reasoning_effort': 'low', 'num_ctx': 8192, 'chat_template_kwargs': {'enable_thinking': False}}


def test_extra_parameters_are_passed_on_and_belong_to_the_key(server, tmp_path):
    url, store = server.plan('ok'), str(tmp_path / 'store.jsonl')
    assert run_one(url, extra=EXTRA_OPTIONS, store=store)[0].status == 'ok'
    body = server.log(url)[0]['body']
    assert {name: body[name] for name in EXTRA_OPTIONS} == EXTRA_OPTIONS
    assert run_one(url, extra=EXTRA_OPTIONS, store=store)[1].calls == 0
    assert run_one(url, extra={}, store=store)[1].calls == run_one(url, extra={'num_ctx': 1}, store=store)[1].calls == 1


def test_refused_extra_parameter_is_an_error(server):
    reply = {'status': 400, 'body': error("Unsupported parameter: 'reasoning_effort'", param='reasoning_effort')}
    url = server.plan(refuses=[['reasoning_effort', reply]])
    assert 'llm.extra.reasoning_effort' in error_message(run_one, url, extra={'reasoning_effort': 'low'})


@pytest.mark.parametrize('name, message', [('temperature', 'llm.temperature'), ('stream', 'form of the answer')])
def test_extra_parameter_that_the_client_sets_itself_is_rejected(name, message):
    with pytest.raises(ValidationError, match=message):
        LLMOptions(extra={name: 1})


# ---------------------------------------------------------------- runs in which nothing is answered


def test_run_in_which_every_request_is_refused_stops_with_the_reason(server):
    url = server.plan('reply 0', replies=[{'status': 400, 'body': error('model is in maintenance')}])
    message = error_message(run, url, map(str, range(200)), concurrency=4)
    assert '400: model is in maintenance' in message and 'in a row' in message
    assert len(server.log(url)) < 60


@pytest.mark.parametrize(
    'status, body',
    [
        (400, [{'error': {'code': 400, 'message': 'API key not valid. Please pass a valid API key.'}}]),
        (400, error('Incorrect API key provided')),
        (403, error('No API key found in request')),
        (400, {'error': {'message': 'bad', 'details': [{'reason': 'API_KEY_INVALID'}]}}),
    ],
)
def test_invalid_key_stops_the_run_whatever_its_status(server, status, body):
    url = server.plan('reply 0', replies=[{'status': status, 'body': body}])
    assert 'OPENAI_API_KEY' in error_message(run, url, map(str, range(50)), concurrency=1)
    assert len(server.log(url)) == 1


@pytest.mark.parametrize(
    'status, body',
    [
        (400, error('Your credit balance is too low to access the API.')),
        (429, error('quota', code='insufficient_quota')),
        (402, {'error': 'Insufficient Balance'}),
    ],
)
def test_account_without_money_stops_the_run(server, status, body):
    url = server.plan('reply 0', replies=[{'status': status, 'body': body}])
    assert 'paid' in error_message(run, url, map(str, range(50)), concurrency=1)
    assert len(server.log(url)) == 1


def test_server_that_stops_answering_in_the_middle_of_a_run_ends_it(server, tmp_path):
    url, store = server.plan('500', only='late'), tmp_path / 'store.jsonl'
    texts = [*map(str, range(20)), *(f'late {number}' for number in range(100))]
    message = error_message(run, url, texts, concurrency=2, retries=0, store=str(store))
    assert '500' in message and 'keeps the answers so far' in message
    assert len(store.read_bytes().splitlines()) == 20 and len(server.log(url)) < 40


def test_conversation_continues_after_a_failure(server):
    with make_client(server.plan('500', only='bad'), retries=0) as client:
        for text, status in (('bad', 'error'), ('good', 'ok'), ('bad again', 'error'), ('good', 'ok')):
            assert [completion.status for completion in client.run([prompt(text)])] == [status]
