"""Runs of CausalLLM whose language model fails: what is marked, and what is reported."""

import re

import pytest
from llm_runs import MODEL, read

from crslab_causal.system.llm_report import failure


def test_samples_without_an_answer_are_marked_and_keep_the_recommenders_order(command, trained, live, capsys, tmp_path):
    rates = {'500': 0.2, 'refusal': 0.2, 'length': 0.2, 'half_ranking': 0.2}
    settings, _ = live(rates=rates, seed=5, sticky=True, n_candidate=12)
    capsys.readouterr()
    assert command(MODEL, f'recommender={trained}', *settings, 'llm.concurrency=1') == 1
    output = capsys.readouterr()
    (folder,) = tmp_path.glob('save/*/*')
    results, records, _ = read(folder)
    statuses = [record['status'] for record in records]
    assert set(statuses) == {'ok', 'error', 'refusal', 'length', 'partial'}
    assert results['llm']['statuses'] == {name: statuses.count(name) for name in set(statuses)}
    n_unanswered = statuses.count('error') + statuses.count('length')
    assert results['llm']['unanswered'] == n_unanswered
    for record in records:
        is_answered = record['status'] in ('ok', 'partial')
        assert bool(record['explanation']) == is_answered == bool(record['written']) and record['response']
        if not is_answered:
            assert record['ranking'] == record['candidates'] and record['rank_after'] == record['rank_before']
            assert record['detail']
        elif record['status'] == 'partial':
            assert record['written'] < 10 and record['repairs']['missing'] == 10 - record['written']
    written = results['llm']['places_written']
    assert written == sum(min(10, record['written']) for record in records) < results['llm']['places_requested'] == 300

    table = (folder / 'llm_results.md').read_text('utf-8')
    (line,) = output.err.splitlines()
    for text in (table, (folder / 'run.log').read_text('utf-8'), line):
        assert f'{n_unanswered} of 30 samples (' in text and 'have no usable answer' in text
        assert f'error {statuses.count("error")} times (500: fault 500)' in text and 'cut off' in text
    assert f'error {statuses.count("error")}' in table and f'partial {statuses.count("partial")}' in table
    assert f'300 requested, {written} written by the model' in table
    assert '| test, causal | ALL |' in table


def test_server_that_refuses_every_request_ends_the_run_with_its_reason(refused, trained, live, llm_server, tmp_path):
    reply = {'status': 400, 'body': {'error': {'message': 'the account is suspended'}}}
    settings, url = live('reply 0', replies=[reply])
    line = refused(MODEL, f'recommender={trained}', *settings, 'llm.concurrency=4', 'llm.structured=json')
    assert 'the account is suspended' in line and re.search('[5-9] requests in a row got no answer', line)
    assert len(llm_server.log(url)) < 30
    assert not list(tmp_path.glob('save/*/*/llm_results.*'))


def test_failing_server_ends_the_run_in_one_line(refused, trained, live):
    for script, message in (('401', 'OPENAI_API_KEY'), ('404', 'llm.model'), ('html', 'llm.base_url')):
        settings, _ = live(script)
        assert message in refused(MODEL, f'recommender={trained}', *settings)


@pytest.mark.parametrize('prompt', ['causal', 'vanilla'])
def test_run_without_a_usable_answer_has_no_row_in_the_name_of_the_model(command, trained, live, tmp_path, prompt):
    settings, _ = live('length')
    assert command(MODEL, f'recommender={trained}', *settings, f'llm.prompt={prompt}', 'llm.samples=15') == 1
    (folder,) = tmp_path.glob('save/*/*')
    results, _, _ = read(folder)
    assert list(results['splits']) == ['test, recommender'] and results['llm']['unanswered'] == 15
    table = (folder / 'llm_results.md').read_text('utf-8')
    assert '| test, recommender | ALL |' in table and f'test, {prompt}' not in table
    assert 'Unanswered: 15 of 15 samples (100.0 %)' in table and 'Responses:' not in table


def test_run_stops_if_none_of_the_first_answers_is_usable(refused, trained, live):
    settings, _ = live('length')
    message = refused(MODEL, f'recommender={trained}', *settings)
    assert message.startswith('none of the first 20 answers is usable') and 'llm.samples' in message


@pytest.mark.parametrize(
    'n, n_unanswered, has_failed', [(100, 1, False), (100, 2, True), (30, 1, True), (30, 0, False)]
)
def test_run_fails_if_more_than_one_percent_is_unanswered(n, n_unanswered, has_failed):
    reason = failure(
        {
            'samples': n,
            'unanswered': n_unanswered,
            'reasons': [{'status': 'error', 'detail': '500: no', 'samples': n_unanswered}],
        }
    )
    assert (reason is not None) == has_failed
    assert not has_failed or reason.endswith(f'error {n_unanswered} times (500: no)')
