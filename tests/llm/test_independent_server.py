"""The client against a server that others wrote, ``transformers serve``, with a real model of random weights.

It needs an environment of its own, because CRSLab needs an older release of transformers: ``make test-llm-server``
makes it and runs these tests. Nothing is downloaded besides; the model is made here. What it writes is drawn from
bytes, whole answers, some of them with items that do not exist, and ends, so that all ways in which an answer can come
out do.
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
from crslab_causal.llm.client.client import LLMClient
from crslab_causal.llm.offline.graph import KnowledgeGraph
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.request import Candidate, Request
from crslab_causal.llm.pipeline import Knowledge, LanguageStage, Question
from crslab_causal.llm.client.store import Store

VARIABLE = 'CRSLAB_CAUSAL_LLM_SERVER'
PYTHON = os.environ.get(VARIABLE)
pytestmark = pytest.mark.skipif(not PYTHON, reason=f'run `make test-llm-server`, or set {VARIABLE} to the Python of an '
                                                   'environment with tests/llm/server-requirements.txt')

ITEMS = {entity: f'{name} ({year})' for entity, (name, year) in enumerate(
    [('Heat', 1995), ('Alien', 1979), ('Big', 1988), ('Jaws', 1975), ('Speed', 1994), ('Fargo', 1996)], start=10)}
LONGEST = 12
"""Tokens of an answer: few enough that some are cut before they end."""
START_S = 300
"""Until a server that does not start is given up."""
TEMPLATE = ("{% for message in messages %}[{{ message['role'] }}] {{ message['content'] }}\n{% endfor %}"
            "{% if add_generation_prompt %}[assistant] {% endif %}")


class Unanswerable(BaseModel):
    """No answer that the model can write is one of these."""

    unanswerable: int


def answers():
    """Texts of answers, half of each schema; all name something that is not there."""
    draw = random.Random(0)
    for number in range(16):
        ranking = [99, *draw.choices([*range(1, len(ITEMS) + 1), 0, -3], k=draw.randint(0, 8))]
        yield json.dumps({'explanation': f'cause {number}', 'ranking': ranking, 'response': f'Response {number}.'})
        titles = ['A Film That Is Not There', *draw.choices([*ITEMS.values()], k=draw.randint(0, 4))]
        yield json.dumps({'reasoning': f'cause {number}', 'titles': titles, 'response': f'Response {number}.'})


def make_model(folder):
    """A GPT-2 of one layer, whose tokens are the bytes, ``answers``, and 32 ends.

    All requests have one seed; their answers differ because the weights of a prompt's last place are its own.
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
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=ends[0], pad_token=ends[0], chat_template=TEMPLATE,
                            clean_up_tokenization_spaces=False).save_pretrained(folder)
    end_ids = [tokenizer.token_to_id(end) for end in ends]
    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(
        vocab_size=tokenizer.get_vocab_size(), n_positions=1 << 13, n_embd=32, n_layer=1, n_head=2,
        initializer_range=0.3, tie_word_embeddings=False, bos_token_id=None, eos_token_id=end_ids,
        pad_token_id=end_ids[0]))
    model.generation_config.update(do_sample=True, top_k=0)
    model.save_pretrained(folder)


class Served:
    """``transformers serve`` in a process of its own, as a context."""

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
        environment |= {'HF_HUB_OFFLINE': '1', 'TRANSFORMERS_OFFLINE': '1', 'HF_HOME': str(self.output.parent / 'hub'),
                        'CUDA_VISIBLE_DEVICES': '', 'OMP_NUM_THREADS': '1', 'PYTHONUNBUFFERED': '1'}
        with open(self.output, 'wb') as output:
            self.process = subprocess.Popen([command, 'serve', str(self.model), '--host', '127.0.0.1', '--port',
                                             str(self.port), '--device', 'cpu'],
                                            stdout=output, stderr=subprocess.STDOUT, env=environment)
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
        """How often the server has answered with each HTTP status, as it says itself."""
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
    with Served(tmp_path_factory.mktemp('server'), model) as served:
        yield served


def options(served, **keys):
    return LLMOptions(**{'mode': 'live', 'base_url': served.url, 'model': str(served.model), 'max_tokens': LONGEST,
                         'concurrency': 8, 'retries': 1} | keys)


def ask(text, schema=CausalAnswer):
    return [{'role': 'system', 'content': 'You recommend.'}, {'role': 'user', 'content': text}], schema


def run(options, texts, schema=CausalAnswer):
    """Completions of ``texts``, and what it took to get them."""
    with LLMClient(options, backoff_s=0.002) as client:
        return list(client.run([ask(text, schema) for text in texts])), client.usage


def stored(path):
    """All answers in a store."""
    store = Store(path, writable=False)
    responses = [response for key in store.keys() for response in store.responses(key)]
    store.close()
    return responses


def texts(number):
    """Each longer than the one before: what the model writes depends on how long its prompt is."""
    return [f'request {i}{"." * i}' for i in range(number)]


def test_every_answer_is_counted_and_comes_back_from_the_store(server, tmp_path):
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

    # its tokens are the real ones
    responses = stored(path)
    assert len(responses) == usage.answers and not usage.estimated
    assert {response.finish_reason for response in responses} == {'stop', 'length'}
    assert all(0 < response.output_tokens <= LONGEST for response in responses)
    assert sum(response.output_tokens for response in responses) == usage.output_tokens
    assert sum(response.input_tokens for response in responses) == usage.input_tokens

    replayed, _ = run(options(server, store=str(path), mode='replay'), texts(80))
    assert replayed == [completion._replace(attempts=0, replayed=True) for completion in completions]
    again, usage = run(options(server, store=str(path)), texts(80))
    assert again == replayed and usage.calls == 0 and server.statuses() - before == seen


def test_it_is_found_out_that_schemas_are_not_enforced(server, tmp_path):
    path = tmp_path / 'store.jsonl'
    completions, usage = run(options(server, store=str(path)), texts(30), Unanswerable)
    assert usage.schema_fallback and {completion.status for completion in completions} <= {'length', 'invalid'}
    forms = [response.form for response in stored(path)]
    assert set(forms) == {'schema', 'json'} and usage.calls == len(forms)


def test_where_the_schema_is_insisted_on_answers_are_checked_all_the_same(server, tmp_path):
    path = tmp_path / 'store.jsonl'
    completions, usage = run(options(server, store=str(path), structured='schema'), texts(80))
    assert {response.form for response in stored(path)} == {'schema'} and not usage.schema_fallback
    assert {'ok', 'length'} <= set(usage.statuses) <= {'ok', 'length', 'invalid'}
    assert all(completion.parsed.explanation.startswith('cause') for completion in completions if completion.parsed)


@pytest.mark.parametrize('prompt', ['causal', 'vanilla'])
def test_every_sample_ends_with_items_of_the_catalogue(server, tmp_path, prompt):
    knowledge = Knowledge(ITEMS, list(ITEMS), {}, KnowledgeGraph([]), {})
    candidates = [Candidate(entity, name) for entity, name in ITEMS.items()]
    shown = candidates if prompt == 'causal' else []
    questions = [Question(Request([('Seeker', f'Something like Jaws, {text}?')], [13], [], [], shown))
                 for text in texts(40)]
    chosen = options(server, prompt=prompt, store=str(tmp_path / 'store.jsonl'))
    with LanguageStage(chosen, knowledge) as stage:
        outcomes = list(stage.answer(questions))
    assert len(outcomes) == 40 and 'ok' in {outcome.status for outcome in outcomes}
    for outcome in outcomes:
        assert outcome.status in ('ok', 'length', 'invalid')
        assert set(outcome.ranking) <= set(ITEMS) and len(set(outcome.ranking)) == len(outcome.ranking)
        assert outcome.status != 'ok' or outcome.explanation.startswith('cause')
    if prompt == 'causal':
        assert all(sorted(outcome.ranking) == sorted(ITEMS) and outcome.response for outcome in outcomes)
        assert all(outcome.repairs.unknown for outcome in outcomes if outcome.status == 'ok')
    else:
        assert all(outcome.unmatched for outcome in outcomes if outcome.status == 'ok')
    with LanguageStage(chosen.model_copy(update={'mode': 'replay'}), knowledge) as stage:
        assert list(stage.answer(questions)) == [outcome._replace(replayed=True) for outcome in outcomes]


def test_equal_requests_are_sent_once(server):
    before = server.statuses()
    completions, usage = run(options(server, structured='json'), ['the same'] * 10, TitleAnswer)
    assert len({completion.parsed and completion.parsed.model_dump_json() for completion in completions}) == 1
    assert server.statuses() - before == {200: usage.calls} and usage.calls <= 3


def test_a_model_that_the_server_does_not_have(server):
    completions, usage = run(options(server, model='another'), texts(3))
    assert [completion.status for completion in completions] == ['error'] * 3 and usage.answers == 0
    assert all('pinned to' in completion.detail for completion in completions)


def test_a_server_that_is_killed_midway(server, model, tmp_path):
    path, asked = tmp_path / 'store.jsonl', texts(60)

    async def until_killed(dying):
        async with LLMClient(options(dying, store=str(path), concurrency=4), backoff_s=0.002) as client:
            waiting = [asyncio.ensure_future(client.complete(*ask(text))) for text in asked]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            dying.process.kill()
            return await asyncio.gather(*waiting), client.usage

    with Served(tmp_path, model) as dying:
        completions, usage = asyncio.run(until_killed(dying))
    assert len(completions) == sum(usage.statuses.values()) == 60
    lost = [completion.status == 'error' for completion in completions]
    whole = [completion.status in ('ok', 'length') for completion in completions]
    assert any(lost) and any(whole) and usage.answers == len(stored(path))
    assert all(dying.url in completion.detail for completion, gone in zip(completions, lost) if gone)

    # what was answered is kept, and another server of the same model answers the rest
    replayed, _ = run(options(server, store=str(path), mode='replay'), asked)
    for completion, after, gone in zip(completions, replayed, lost):
        assert after.status == 'missing' if gone else after == completion._replace(attempts=0, replayed=True)
    resumed, usage = run(options(server, store=str(path)), asked)
    assert set(usage.statuses) <= {'ok', 'length', 'invalid'}
    # those neither lost nor whole had an answer of no use when the server died, and are asked again
    assert sum(whole) <= usage.replayed <= 60 - sum(lost)
    assert all(after == before for after, before, kept in zip(resumed, replayed, whole) if kept)
