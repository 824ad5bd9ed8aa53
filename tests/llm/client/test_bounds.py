"""Servers that refuse bounds in a schema, such as maxItems."""

import pytest
from client_helpers import error_message, make_client, prompt

from crslab_causal.llm.answer import CausalAnswer, bounded_schema
from crslab_causal.llm.client.structured import strict_schema, without_bounds

BOUNDED = bounded_schema(CausalAnswer, 5, 3, 20)
REFUSALS = {
    'OpenAI': "Invalid schema for response_format 'CausalAnswer': In context=('properties', 'response'), 'maxLength' "
    'is not permitted.',
    'vLLM': 'The provided JSON schema contains features not supported by xgrammar.',
    'Gemini': 'The specified schema produces a constraint that has too many states for serving.',
}


def run(url, n=4, **keys):
    with make_client(url, **keys) as client:
        prompts = [(prompt(f'request {number}')[0], BOUNDED) for number in range(n)]
        return list(client.run(prompts)), client.usage


def schemas(server, url):
    bodies = [entry['body'] for entry in server.log(url)]
    return [body['response_format']['json_schema']['schema'] if 'response_format' in body else None for body in bodies]


@pytest.mark.parametrize('structured', ['auto', 'schema'])
@pytest.mark.parametrize('message', REFUSALS.values(), ids=list(REFUSALS))
def test_refused_bounds_are_left_out_from_then_on(server, message, structured):
    url = server.plan('ok', refuses=[('bounds', {'status': 400, 'body': {'error': {'message': message}}})])
    completions, usage = run(url, structured=structured)
    assert [completion.status for completion in completions] == ['ok'] * 4 and not usage.schema_fallback
    bounded, loose = strict_schema(BOUNDED), without_bounds(strict_schema(BOUNDED))
    sent = schemas(server, url)
    assert (
        bounded != loose and sent.count(loose) == 4 and {str(schema) for schema in sent} == {str(bounded), str(loose)}
    )


def test_server_that_refuses_every_schema_gets_it_in_the_prompt(server):
    url = server.plan('ok', schemas=False)
    completions, usage = run(url, concurrency=1)
    assert [completion.status for completion in completions] == ['ok'] * 4 and usage.schema_fallback
    assert schemas(server, url) == [strict_schema(BOUNDED), without_bounds(strict_schema(BOUNDED)), *[None] * 4]
    message = error_message(run, server.plan('ok', schemas=False), structured='schema')
    assert 'the server rejects schemas' in message


def test_only_bounds_are_removed_from_a_schema():
    schema = {'type': 'object', 'properties': {'minimum': {'type': 'integer', 'minimum': 1}}, 'required': ['minimum']}
    assert without_bounds(schema) == {
        'type': 'object',
        'properties': {'minimum': {'type': 'integer'}},
        'required': ['minimum'],
    }
