"""The client against an independent server, ``transformers serve``, with a real model of random weights.

The server needs its own environment, because CRSLab needs an older release of transformers: ``make test-llm-server``
creates it and runs these tests. No model is downloaded; the model is made here. It writes random bytes, complete
answers (some with items that do not exist) and end tokens, so that every kind of answer occurs.
"""

import asyncio
import collections
import json
import os
import random
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from pydantic import BaseModel

from crslab_causal.llm.answer import CausalAnswer, TitleAnswer
from crslab_causal.llm.catalogue import CatalogueInfo
from crslab_causal.llm.client.client import LLMClient
from crslab_causal.llm.client.store import Store
from crslab_causal.llm.knowledge_graph import KnowledgeGraph
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.pipeline import LLMPipeline, RerankTask
from crslab_causal.llm.request import Candidate, RerankRequest

VARIABLE = 'CRSLAB_CAUSAL_LLM_SERVER'
PYTHON = os.environ.get(VARIABLE)
pytestmark = pytest.mark.skipif(
    not PYTHON,
    reason=f'run `make test-llm-server`, or set {VARIABLE} to the Python of an '
    'environment with tests/llm/server-requirements.txt',
)

ITEMS = {
    entity: f'{name} ({year})'
    for entity, (name, year) in enumerate(
        [('Heat', 1995), ('Alien', 1979), ('Big', 1988), ('Jaws', 1975), ('Speed', 1994), ('Fargo', 1996)], start=10
    )
}
MAX_TOKENS = 12
"""Maximum length of an answer in tokens. Some answers are longer and are cut off."""
START_S = 300
"""Maximum time until the server has started, in seconds."""
TEMPLATE = (
    "{% for message in messages %}[{{ message['role'] }}] {{ message['content'] }}\n{% endfor %}"
    '{% if add_generation_prompt %}[assistant] {% endif %}'
)


class Unanswerable(BaseModel):
    """A schema that no answer of the model matches."""

    unanswerable: int


def answers():
    """Yield texts of answers, half of each schema. Each names an item that does not exist."""
    draw = random.Random(0)
    for number in range(16):
        ranking = [99, *draw.choices([*range(1, len(ITEMS) + 1), 0, -3], k=draw.randint(0, 8))]
        yield json.dumps({'explanation': f'cause {number}', 'ranking': ranking, 'response': f'Response {number}.'})
        titles = ['A Film That Is Not There', *draw.choices([*ITEMS.values()], k=draw.randint(0, 4))]
        yield json.dumps({'reasoning': f'cause {number}', 'titles': titles, 'response': f'Response {number}.'})


def make_model(folder):
    """Save a GPT-2 of one layer whose tokens are the bytes, ``answers``, and 32 end tokens.

    All requests have one seed. Their answers differ because each prompt length has its own position embedding.
    """
    import torch
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    ends = [f'<end {number}>' for number in range(32)]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: number for number, letter in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_tokens([AddedToken(answer, normalized=False) for answer in answers()])
    tokenizer.add_special_tokens([AddedToken(end, special=True) for end in ends])
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=ends[0],
        pad_token=ends[0],
        chat_template=TEMPLATE,
        clean_up_tokenization_spaces=False,
    ).save_pretrained(folder)
    end_ids = [tokenizer.token_to_id(end) for end in ends]
    torch.manual_seed(0)
    model = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=tokenizer.get_vocab_size(),
            n_positions=1 << 13,
            n_embd=32,
            n_layer=1,
            n_head=2,
            initializer_range=0.3,
            tie_word_embeddings=False,
            bos_token_id=None,
            eos_token_id=end_ids,
            pad_token_id=end_ids[0],
        )
    )
    model.generation_config.update(do_sample=True, top_k=0)
    model.save_pretrained(folder)


class TransformersServer:
    """``transformers serve`` in its own process, as a context manager."""

    def __init__(self, folder, model):
        self.output, self.model = folder / 'server.log', model
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            self.port = free.getsockname()[1]
        self.url = f'http://127.0.0.1:{self.port}/v1'

    def __enter__(self):
        command = shutil.which('transformers', path=str(Path(PYTHON).parent))
        assert command, f'{VARIABLE}: there is no transformers beside {PYTHON}'
        environment = {name: value for name, value in os.environ.items() if not name.startswith('PYTHON')}
        environment |= {
            'HF_HUB_OFFLINE': '1',
            'TRANSFORMERS_OFFLINE': '1',
            'HF_HOME': str(self.output.parent / 'hub'),
            'CUDA_VISIBLE_DEVICES': '',
            'OMP_NUM_THREADS': '1',
            'PYTHONUNBUFFERED': '1',
        }
        with open(self.output, 'wb') as output:
            self.process = subprocess.Popen(
                [command, 'serve', str(self.model), '--host', '127.0.0.1', '--port', str(self.port), '--device', 'cpu'],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
            )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        end = time.monotonic() + START_S
        while True:
            try:
                opener.open(f'http://127.0.0.1:{self.port}/health').close()
                return self
            except urllib.error.URLError:
                assert self.process.poll() is None and time.monotonic() < end, self.output.read_text('utf-8')
                time.sleep(0.1)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def statuses(self):
        """Return how often the server has answered with each HTTP status, according to its log."""
        lines = re.findall(r'"POST /v1/chat/completions HTTP/1\.\d" (\d+)', self.output.read_text('utf-8'))
        return collections.Counter(map(int, lines))


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.delenv('OPENAI_API_KEY', raising=False)
    monkeypatch.setenv('NO_PROXY', '*')


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp('model')
    make_model(folder)
    return folder


@pytest.fixture(scope='module')
def server(model, tmp_path_factory):
    with TransformersServer(tmp_path_factory.mktemp('server'), model) as served:
        yield served


def options(served, **keys):
    return LLMOptions(
        **{
            'mode': 'live',
            'base_url': served.url,
            'model': str(served.model),
            'max_tokens': MAX_TOKENS,
            'concurrency': 8,
            'retries': 1,
        }
        | keys
    )


def prompt(text, schema=CausalAnswer):
    return [{'role': 'system', 'content': 'You recommend.'}, {'role': 'user', 'content': text}], schema


def run(options, texts, schema=CausalAnswer):
    """Return the completions of ``texts``, and the usage of the client."""
    with LLMClient(options, backoff_s=0.002) as client:
        return list(client.run([prompt(text, schema) for text in texts])), client.usage


def stored(path):
    """Return all answers in a store."""
    store = Store(path, writable=False)
    responses = [response for key in store.keys() for response in store.responses(key)]
    store.close()
    return responses


def texts(number):
    """Return texts of increasing length. The model's answer depends on the length of the prompt."""
    return [f'request {i}{"." * i}' for i in range(number)]


def test_every_answer_is_counted_and_replayed_from_the_store(server, tmp_path):
    before, path = server.statuses(), tmp_path / 'store.jsonl'
    completions, usage = run(options(server, structured='json', store=str(path)), texts(80))
    assert len(completions) == usage.requests == sum(usage.statuses.values()) == 80
    assert collections.Counter(completion.status for completion in completions) == usage.statuses
    assert {'ok', 'length'} <= set(usage.statuses) <= {'ok', 'length', 'invalid'} and usage.retries['invalid']
    for completion in completions:
        assert (completion.parsed is not None) == (completion.status == 'ok') == (not completion.detail)
        assert '\n' not in completion.detail and completion.latency_s > 0
    seen = server.statuses() - before
    assert seen == {200: usage.calls}
    assert usage.calls == usage.answers == 80 + usage.retries['invalid'] == sum(each.attempts for each in completions)

    # the reported tokens are the real ones
    responses = stored(path)
    assert len(responses) == usage.answers and not usage.estimated
    assert {response.finish_reason for response in responses} == {'stop', 'length'}
    assert all(0 < response.output_tokens <= MAX_TOKENS for response in responses)
    assert sum(response.output_tokens for response in responses) == usage.output_tokens
    assert sum(response.input_tokens for response in responses) == usage.input_tokens

    replayed, _ = run(options(server, store=str(path), mode='replay'), texts(80))
    assert replayed == [completion._replace(attempts=0, replayed=True) for completion in completions]
    again, usage = run(options(server, store=str(path)), texts(80))
    assert again == replayed and usage.calls == 0 and server.statuses() - before == seen


def test_server_that_does_not_enforce_schemas_is_detected(server, tmp_path):
    path = tmp_path / 'store.jsonl'
    completions, usage = run(options(server, store=str(path)), texts(30), Unanswerable)
    assert usage.schema_fallback and {completion.status for completion in completions} <= {'length', 'invalid'}
    forms = [response.form for response in stored(path)]
    assert set(forms) == {'schema', 'json'} and usage.calls == len(forms)


def test_answers_are_validated_even_if_the_schema_is_required(server, tmp_path):
    path = tmp_path / 'store.jsonl'
    completions, usage = run(options(server, store=str(path), structured='schema'), texts(80))
    assert {response.form for response in stored(path)} == {'schema'} and not usage.schema_fallback
    assert {'ok', 'length'} <= set(usage.statuses) <= {'ok', 'length', 'invalid'}
    assert all(completion.parsed.explanation.startswith('cause') for completion in completions if completion.parsed)


@pytest.mark.parametrize('prompt', ['causal', 'vanilla'])
def test_every_task_gets_a_ranking_of_items_of_the_catalogue(server, tmp_path, prompt):
    catalogue = CatalogueInfo(ITEMS, list(ITEMS), {}, KnowledgeGraph([]), {})
    candidates = [Candidate(entity, name) for entity, name in ITEMS.items()]
    shown = candidates if prompt == 'causal' else []
    tasks = [
        RerankTask(RerankRequest([('Seeker', f'Something like Jaws, {text}?')], [13], [], [], shown))
        for text in texts(40)
    ]
    chosen = options(server, prompt=prompt, store=str(tmp_path / 'store.jsonl'))
    with LLMPipeline(chosen, catalogue) as pipeline:
        results = list(pipeline.answer(tasks))
    assert len(results) == 40 and 'ok' in {result.status for result in results}
    for result in results:
        assert result.status in ('ok', 'length', 'invalid')
        assert set(result.ranking) <= set(ITEMS) and len(set(result.ranking)) == len(result.ranking)
        assert result.status != 'ok' or result.explanation.startswith('cause')
    if prompt == 'causal':
        assert all(sorted(result.ranking) == sorted(ITEMS) and result.response for result in results)
        assert all(result.repairs.unknown for result in results if result.status == 'ok')
    else:
        assert all(result.unmatched for result in results if result.status == 'ok')
    with LLMPipeline(chosen.model_copy(update={'mode': 'replay'}), catalogue) as pipeline:
        assert list(pipeline.answer(tasks)) == [result._replace(replayed=True) for result in results]


def test_equal_requests_are_sent_once(server):
    before = server.statuses()
    completions, usage = run(options(server, structured='json'), ['the same'] * 10, TitleAnswer)
    assert len({completion.parsed and completion.parsed.model_dump_json() for completion in completions}) == 1
    assert server.statuses() - before == {200: usage.calls} and usage.calls <= 3


def test_unknown_model_is_an_error(server):
    completions, usage = run(options(server, model='another'), texts(3))
    assert [completion.status for completion in completions] == ['error'] * 3 and usage.answers == 0
    assert all('pinned to' in completion.detail for completion in completions)


def test_killed_server_loses_only_the_requests_in_flight(server, model, tmp_path):
    path, prompt_texts = tmp_path / 'store.jsonl', texts(60)

    async def until_killed(dying):
        async with LLMClient(options(dying, store=str(path), concurrency=4), backoff_s=0.002) as client:
            waiting = [asyncio.ensure_future(client.complete(*prompt(text))) for text in prompt_texts]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            dying.process.kill()
            return await asyncio.gather(*waiting), client.usage

    with TransformersServer(tmp_path, model) as dying:
        completions, usage = asyncio.run(until_killed(dying))
    assert len(completions) == sum(usage.statuses.values()) == 60
    is_lost = [completion.status == 'error' for completion in completions]
    is_complete = [completion.status in ('ok', 'length') for completion in completions]
    assert any(is_lost) and any(is_complete) and usage.answers == len(stored(path))
    assert all(dying.url in completion.detail for completion, lost in zip(completions, is_lost) if lost)

    # stored answers are kept, and another server with the same model answers the rest
    replayed, _ = run(options(server, store=str(path), mode='replay'), prompt_texts)
    for completion, after, lost in zip(completions, replayed, is_lost):
        assert after.status == 'missing' if lost else after == completion._replace(attempts=0, replayed=True)
    resumed, usage = run(options(server, store=str(path)), prompt_texts)
    assert set(usage.statuses) <= {'ok', 'length', 'invalid'}
    # the other prompts had an invalid answer when the server was killed, and are sent again
    assert sum(is_complete) <= usage.replayed <= 60 - sum(is_lost)
    assert all(after == before for after, before, kept in zip(resumed, replayed, is_complete) if kept)
