"""Runs of CausalLLM against a real server on the loopback: candidates that are shown, and replay."""

import json
import re

import pytest
from llm_runs import MODEL, recall


def shown_candidates(entry):
    """Return the columns of each candidate in a logged request."""
    block = re.search(r'<candidates>\n(.*)\n</candidates>', entry['text'], re.DOTALL).group(1)
    pattern = re.compile(r'\d+\. ("(?:[^"\\]|\\.)*"), ("(?:[^"\\]|\\.)*"), (below 0.01|[\d.]+) %(?:, x([\d.]+))?')
    return [pattern.fullmatch(line).groups() for line in block.split('\n')]


def test_replay_of_a_live_run_gives_equal_results(answer, live, llm_server, tmp_path, monkeypatch):
    monkeypatch.setenv('OPENAI_API_KEY', 'sk-secret-0123456789')
    settings, url = live('ok')
    store = f'llm.store={tmp_path / "store.jsonl"}'
    results, records, folder = answer(*settings, store)
    log = llm_server.log(url)
    assert {entry['fault'] for entry in log} == {'ok'} and len(log) == len({r['prompt_hash'] for r in records})
    assert results['llm']['usage']['calls'] == results['llm']['budget']['spent']['calls'] == len(log)
    assert results['llm']['statuses'] == {'ok': 30} and results['llm']['prompt'] == 'causal'
    assert results['llm']['cost_usd'] == pytest.approx(results['llm']['usage']['cost_usd'], abs=1e-6)
    assert all(sorted(r['ranking']) == sorted(r['candidates']) and len(r['ranking']) == 20 for r in records)
    assert any(r['ranking'] != r['candidates'] for r in records)
    assert results['splits']['test, causal']['all']['recall@10'] == pytest.approx(recall(records, 'rank_after', 10))
    for text in ((folder / name).read_text('utf-8') for name in ('llm_results.md', 'run.log', 'llm_results.json')):
        assert f'gpt-4o-mini at {url}' in text and 'offline' not in text and 'sk-secret' not in text

    replayed, records_replayed, folder = answer('llm.mode=replay', f'llm.base_url={url}', 'llm.candidates=20', store)
    assert len(llm_server.log(url)) == len(log)
    assert replayed['splits'] == results['splits']
    of_one_run = {'usage', 'budget', 'backend'}
    assert {key: value for key, value in replayed['llm'].items() if key not in of_one_run} == {
        key: value for key, value in results['llm'].items() if key not in of_one_run
    }
    assert replayed['llm']['backend'] == results['llm']['backend'] + ', replayed'
    assert replayed['llm']['usage']['calls'] == 0
    strip = {'replayed': None, 'backend': None}
    assert [r | strip for r in records_replayed] == [r | strip for r in records]
    assert f'gpt-4o-mini at {url}, replayed' in (folder / 'llm_results.md').read_text('utf-8')


def test_model_sees_facts_and_the_effect_of_the_last_mention(answer, live, llm_server, data_path):
    titles = json.loads((data_path / 'redial/nltk/movie_titles.json').read_text('utf-8')).values()
    people = {f'{film["title"]} ({film["year"]})': [*film['director'], *film['stars'][:1]] for film in titles}
    settings, url = live('ok')
    answer(*settings)
    effects = set()
    for entry in llm_server.log(url):
        rows = shown_candidates(entry)
        assert len(rows) == 20
        for name, facts, _percent, _effect in rows:
            assert all(person in facts for person in people[json.loads(name)])
        values = [0 if percent.startswith('below') else float(percent) for _, _, percent, _ in rows]
        assert values == sorted(values, reverse=True)
        has_last_mention = 'last mention: unknown' not in entry['text']
        assert all((effect is not None) == has_last_mention for *_, effect in rows)
        effects |= {effect for *_, effect in rows}
    assert len(effects) > 1


@pytest.mark.parametrize('oracle', ['label', 'conversation'])
def test_items_of_an_oracle_look_like_the_other_candidates(answer, live, llm_server, oracle):
    settings, url = live('ok')
    _, records, _ = answer(*settings, f'llm.oracle={oracle}', 'llm.candidates=5')
    assert any(record['rank_before'] is None for record in records)
    for entry in llm_server.log(url):
        rows = shown_candidates(entry)
        assert len({effect is None for *_, effect in rows}) == 1 and all(json.loads(facts) for _, facts, *_ in rows)


def test_without_an_intervention_on_the_last_mention_no_effect_is_shown(run, live, llm_server):
    settings, url = live('ok')
    run(MODEL, *settings, 'intervention_position=random', 'rec.epoch=1')
    rows = [row for entry in llm_server.log(url) for row in shown_candidates(entry)]
    assert rows and {effect for *_, effect in rows} == {None}


def test_rankings_of_shuffled_orders_are_aggregated_and_reported(answer, live, llm_server):
    settings, url = live('ok')
    results, records, folder = answer(*settings, 'llm.permutations=3', 'llm.anchor=false', 'llm.samples=10')
    assert len(llm_server.log(url)) == results['llm']['usage']['calls'] == 30
    assert all(len(record['confidence']) == record['written'] >= 10 for record in records)
    mean = sum(record['confidence'][0] for record in records) / 10
    assert results['llm']['first_confidence'] == pytest.approx(mean, abs=1e-4)
    table = (folder / 'llm_results.md').read_text('utf-8')
    assert f'aggregated from 3 random orders; on average {100 * mean:.1f} % of the orders' in table
    assert 'the order of the recommender' not in json.dumps(llm_server.log(url)[0]['body'])


def test_progress_is_logged_while_the_first_answer_is_awaited(answer, live):
    settings, _ = live('ok', delay=0.15)
    _, _, folder = answer(*settings, 'llm.log_every_s=0.1', 'llm.concurrency=2', 'llm.samples=10')
    lines = re.findall(
        r'(\d+) of 10 prompts done; (\d+) calls, .* USD(?:; about \d+ s left)?\]',
        (folder / 'run.log').read_text('utf-8'),
    )
    done = [int(n) for n, _ in lines]
    assert len(done) > 3 and done == sorted(done) and done[0] == 0 and done[-1] >= 6
