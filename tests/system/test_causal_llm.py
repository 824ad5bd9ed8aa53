"""Runs of CausalLLM through the command line, offline: answers, samples and candidates."""

import pytest
from llm_runs import MODEL, ranks, read, recall

from crslab_causal.llm.records import LLMRecord


def test_offline_run_trains_answers_and_names_its_backend(run, capsys):
    _, folder = run(MODEL, flags=['-ss'])
    results, records, _ = read(folder)
    ranked = ranks(folder)

    assert [(r['conversation'], r['turn'], r['label']) for r in records] == [
        (r['conversation'], r['turn'], r['label']) for r in ranked
    ]
    assert len(records) == results['llm']['samples'] == 30
    assert all(list(record) == list(LLMRecord.model_fields) for record in records)
    for record, rank in zip(records, ranked):
        label, candidates = record['label'], record['candidates']
        assert len(candidates) == 50 and sorted(candidates) == sorted(record['ranking'])
        assert record['rank_before'] == (candidates.index(label) + 1 if label in candidates else None)
        assert record['rank_after'] == (record['ranking'].index(label) + 1 if label in candidates else None)
        assert record['rank_before'] == (rank['rank'] if rank['rank'] <= 50 else None)
        assert (record['status'], record['prompt_hash'], record['cost_usd']) == ('ok', None, 0.0)
        assert (
            record['explanation']
            and record['response']
            and record['repairs'] == {'unknown': 0, 'duplicate': 0, 'missing': 0}
        )
    before, after = results['splits']['test, recommender'], results['splits']['test, offline backend']
    for k in (1, 10):
        assert before['all'][f'recall@{k}'] == pytest.approx(recall(records, 'rank_before', k))
        assert after['all'][f'recall@{k}'] == pytest.approx(recall(records, 'rank_after', k))
    assert results['llm']['candidate_recall'] == pytest.approx(recall(records, 'rank_before', 50))
    assert results['llm']['generation']['responses'] == 30 and results['llm']['generation']['names_recommended'] == 1
    assert results['config']['llm']['mode'] == 'offline' and results['seed'] == 1 and 'git_commit' in results

    table = (folder / 'llm_results.md').read_text('utf-8')
    log = (folder / 'run.log').read_text('utf-8')
    for text in (table, log, capsys.readouterr().out):
        assert 'offline (knowledge-graph paths and templates; no language model)' in text
        assert '| test, recommender | ALL |' in text and '| test, offline backend | NEW |' in text
        assert 'test, causal' not in text and 'gpt' not in text.replace('"gpt-4o-mini"', '')
    assert all('no language model' in record['backend'] for record in records)
    assert results['llm']['prompt'] is None and 'usage' not in results['llm']


def test_restored_run_gives_the_same_answers(run):
    _, folder = run(MODEL, flags=['-ss'])
    results, records, _ = read(folder)
    (folder / 'llm_results.json').unlink()
    run(MODEL, flags=['-rs'])
    again, records_again, _ = read(folder)
    assert again['splits'] == results['splits'] and records_again == records


def test_number_of_samples_and_split_are_options(answer, trained):
    results, records, folder = answer('llm.samples=7', 'llm.split=valid', split='valid')
    _, others, _ = answer('llm.samples=7', 'llm.split=valid', 'llm.seed=3', split='valid')

    assert len(records) == results['llm']['samples'] == results['splits']['valid, recommender']['samples'] == 7
    assert list(results['splits']) == ['valid, recommender', 'valid, offline backend']
    assert not (folder / 'llm_test.jsonl').exists()
    by_sample = {(r['conversation'], r['turn'], r['label']): r['rank'] for r in ranks(trained, 'valid')}
    chosen = [(r['conversation'], r['turn'], r['label']) for r in records]
    assert [key for key in by_sample if key in chosen] == chosen  # in the order of the split
    assert [by_sample[key] if by_sample[key] <= 50 else None for key in chosen] == [r['rank_before'] for r in records]
    assert {r['conversation'] for r in others} != {r['conversation'] for r in records}


def test_oracle_recalls_every_label(answer):
    results, records, folder = answer('llm.oracle=label', 'llm.candidates=5')
    assert results['llm']['candidate_recall'] == 1.0 and all(record['rank_after'] for record in records)
    assert results['splits']['test, recommender']['all']['recall@10'] < 1
    assert any(record['rank_before'] is None for record in records)
    assert 'oracle: label' in (folder / 'llm_results.md').read_text('utf-8')
