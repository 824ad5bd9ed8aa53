"""What a run of CausalLLM costs: the estimate of a dry run, a batch, and requests that are counted once."""

import json
import re

import pytest
from llm_runs import MODEL

from crslab_causal.llm.answer import Repairs
from crslab_causal.llm.llm_result import LLMResult
from crslab_causal.system.llm_report import summarize


def test_dry_run_estimates_the_cost_and_sends_nothing(
    command, trained, live, llm_server, tmp_path, capsys, monkeypatch
):
    settings, url = live('ok')
    store = f'llm.store={tmp_path / "store.jsonl"}'
    capsys.readouterr()
    assert command(MODEL, f'recommender={trained}', *settings, store, 'llm.dry_run=true') == 0
    output = capsys.readouterr().out
    found = re.search(
        r'dry run of .*: 30 prompts: 30 requests, about (\d+) input and (\d+) output tokens, about '
        r'([\d.]+) USD \(at most ([\d.]+)\), about [\d.]+ (?:s|min|h) ',
        output,
    )
    n_input, n_output, usd, max_usd = map(float, found.groups())
    assert llm_server.log(url) == [] and not (tmp_path / 'save').exists() and not (tmp_path / 'store.jsonl').exists()
    assert max_usd == pytest.approx((0.15 * n_input + 0.6 * 30 * 1024) / 1e6, abs=0.006) and usd <= max_usd

    assert command(MODEL, f'recommender={trained}', *settings, store) == 0  # now in earnest
    output = capsys.readouterr().out
    assert output.index(f'30 requests, about {n_input:.0f} input and {n_output:.0f} output') < output.index(
        'Answers by'
    )
    characters = sum(len(m['content']) for entry in llm_server.log(url) for m in entry['body']['messages'])
    assert n_input == pytest.approx(characters / 3, rel=0.01)

    monkeypatch.delenv('OPENAI_API_KEY', raising=False)
    for extra, expected in (
        ((), '30 prompts, all answered by the store: nothing to send'),
        (('llm.temperature=0.0',), '30 requests'),
        (('llm.base_url=null',), 'all answered by the store'),  # needs no key
    ):
        assert command(MODEL, f'recommender={trained}', *settings, store, 'llm.dry_run=true', *extra) == 0
        assert expected in capsys.readouterr().out
    assert len(llm_server.log(url)) == 30


def test_dry_run_trains_and_saves_nothing(command, live, llm_server, tmp_path, capsys):
    settings, url = live('ok')
    assert command(MODEL, *settings, 'llm.dry_run=true', flags=['-ss']) == 0
    output = capsys.readouterr().out
    assert 'the recommender is not trained in a dry run' in output and 'epoch 0' not in output
    assert llm_server.log(url) == [] and not (tmp_path / 'save').exists()


def test_run_writes_a_batch_and_sends_nothing(command, trained, live, llm_server, tmp_path, capsys):
    settings, url = live('ok')
    path = tmp_path / 'batch.jsonl'
    settings = [f'recommender={trained}', *settings, 'llm.samples=4', f'llm.store={tmp_path / "store.jsonl"}']
    assert command(MODEL, *settings, f'llm.batch={path}') == 0
    assert '4 requests in' in capsys.readouterr().out and llm_server.log(url) == []
    requests = [json.loads(line) for line in path.read_text('utf-8').splitlines()]
    assert command(MODEL, *settings) == 0
    sent = [entry['body']['messages'] for entry in llm_server.log(url)]
    assert sorted(map(json.dumps, sent)) == sorted(json.dumps(line['body']['messages']) for line in requests)
    assert command(MODEL, *settings, f'llm.batch={path}') == 0 and path.read_bytes() == b''


def test_equal_requests_are_counted_once():
    result = LLMResult(
        explanation='',
        ranking=[1],
        response='',
        candidates=[1],
        status='ok',
        repairs=Repairs(0, 0, 2),
        written=1,
        titles=[],
        matches=[],
        copied=0,
        confidence=[],
        cache_keys=['first', 'last'],
        input_tokens=100,
        output_tokens=20,
        latency_s=0.1,
        cost_usd=0.5,
        replayed=False,
        detail='',
    )
    other = result._replace(cache_keys=['other', 'last'], cost_usd=0.25)
    summary = summarize([result, result._replace(replayed=True), other], 10)
    assert (summary['cost_usd'], summary['input_tokens'], summary['output_tokens']) == (0.75, 200, 40)
    assert summary['samples'] == 3 and summary['repairs']['missing'] == 6
    assert summarize([result, other._replace(cost_usd=None)], 10)['cost_usd'] is None
