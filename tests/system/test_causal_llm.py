"""Runs of CausalLLM through the command line: offline, against a real server on the loopback, and replayed."""

import json
import re

import pytest

from crslab_causal.llm.answer import Repairs
from crslab_causal.llm.detokenization import detokenize
from crslab_causal.llm.llm_result import LLMResult
from crslab_causal.llm.records import LLMRecord
from crslab_causal.quick_start import load_system
from crslab_causal.system.llm_report import failure, summarize

MODEL = 'model=CausalLLM'


@pytest.fixture
def answer(run, trained):
    """Return a function that runs CausalLLM, and returns llm_results.json, the records and the folder."""

    def answer(*settings, split='test', **keywords):
        _, folder = run(MODEL, f'recommender={trained}', *settings, **keywords)
        return read(folder, split)

    return answer


@pytest.fixture
def live(llm_server):
    """Return a function that plans a server, and returns the settings for it and its address."""

    def live(*script, **plan):
        url = llm_server.plan(*script, **{'n_candidate': 20} | plan)
        return ['llm.mode=live', f'llm.base_url={url}', 'llm.retries=0', 'llm.candidates=20'], url

    return live


def read(folder, split='test'):
    results = json.loads((folder / 'llm_results.json').read_text('utf-8'))
    lines = (folder / f'llm_{split}.jsonl').read_text('utf-8').splitlines()
    return results, [json.loads(line) for line in lines], folder


def ranks(folder, split='test'):
    return [json.loads(line) for line in (folder / f'ranks_{split}.jsonl').read_text('utf-8').splitlines()]


def recall(records, field, k):
    return sum(record[field] is not None and record[field] <= k for record in records) / len(records)


# ---------------------------------------------------------------- offline


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


def test_trained_recommender_is_loaded_unchanged(answer, trained):
    results, records, folder = answer()
    loaded, original = (json.loads((path / 'results.json').read_text('utf-8')) for path in (folder, trained))

    assert loaded['splits'] == original['splits'] and loaded['epochs'] == 0
    assert 'epoch 0' not in (folder / 'run.log').read_text('utf-8')
    assert ranks(folder) == ranks(trained)
    scores, expected = results['splits']['test, recommender'], original['splits']['test']
    for group in ('all', 'new', 'new_unseen'):
        assert scores[group] == pytest.approx(expected[group])
    for name in ('samples', 'repeat_share', 'copy_rate@1', 'coverage@10', 'samples_by_decile'):
        assert scores[name] == pytest.approx(expected[name])
    again, records_again, _ = answer()
    assert again['splits'] == results['splits'] and records_again == records
    assert folder.with_name(folder.name + '.1').is_dir()


def test_recommender_may_come_from_another_run_of_causal_llm(run, trained):
    _, folder = run(MODEL, f'recommender={trained}', 'run_name=first', flags=['-ss'])
    first = read(folder)[0]
    assert {'best.pth', 'last.pth'} <= {path.name for path in folder.iterdir()}
    _, second = run(MODEL, f'recommender={folder}', 'run_name=second')
    assert read(second)[0]['splits'] == first['splits']
    _, restored = run(MODEL, f'recommender={trained}', 'run_name=third', flags=['-rs'])
    assert read(restored)[0]['splits'] == first['splits']


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


# ---------------------------------------------------------------- live and replayed


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


def shown_candidates(entry):
    """Return the columns of each candidate in a logged request."""
    block = re.search(r'<candidates>\n(.*)\n</candidates>', entry['text'], re.DOTALL).group(1)
    pattern = re.compile(r'\d+\. ("(?:[^"\\]|\\.)*"), ("(?:[^"\\]|\\.)*"), (below 0.01|[\d.]+) %(?:, x([\d.]+))?')
    return [pattern.fullmatch(line).groups() for line in block.split('\n')]


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


@pytest.mark.parametrize('prompt', ['causal', 'vanilla'])
def test_run_without_a_usable_answer_has_no_row_in_the_name_of_the_model(command, trained, live, tmp_path, prompt):
    settings, _ = live('length')
    assert command(MODEL, f'recommender={trained}', *settings, f'llm.prompt={prompt}') == 1
    (folder,) = tmp_path.glob('save/*/*')
    results, _, _ = read(folder)
    assert list(results['splits']) == ['test, recommender'] and results['llm']['unanswered'] == 30
    table = (folder / 'llm_results.md').read_text('utf-8')
    assert '| test, recommender | ALL |' in table and f'test, {prompt}' not in table
    assert 'Unanswered: 30 of 30 samples (100.0 %)' in table and 'Responses:' not in table


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


# ---------------------------------------------------------------- seeing it work


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


def test_dry_run_trains_and_saves_nothing(command, live, llm_server, tmp_path, capsys):
    settings, url = live('ok')
    assert command(MODEL, *settings, 'llm.dry_run=true', flags=['-ss']) == 0
    output = capsys.readouterr().out
    assert 'the recommender is not trained in a dry run' in output and 'epoch 0' not in output
    assert llm_server.log(url) == [] and not (tmp_path / 'save').exists()


def test_progress_is_logged_while_the_first_answer_is_awaited(answer, live):
    settings, _ = live('ok', delay=0.15)
    _, _, folder = answer(*settings, 'llm.log_every_s=0.1', 'llm.concurrency=2', 'llm.samples=10')
    lines = re.findall(
        r'(\d+) of 10 prompts done; (\d+) calls, .* USD(?:; about \d+ s left)?\]',
        (folder / 'run.log').read_text('utf-8'),
    )
    done = [int(n) for n, _ in lines]
    assert len(done) > 3 and done == sorted(done) and done[0] == 0 and done[-1] >= 6


def test_titles_are_matched_to_the_catalogue_and_scored(answer, live, llm_server, data_path):
    titles = json.loads((data_path / 'redial/nltk/movie_titles.json').read_text('utf-8'))
    written = [f'{film["title"]} ({film["year"]})' for film in list(titles.values())[:10]]
    settings, url = live(
        answer={
            'reasoning': '',
            'titles': [*written[:5], written[0], 'No Such Film (1901)', *written[5:]],
            'response': f'Watch {written[0]}.',
        }
    )
    results, records, folder = answer(*settings, 'llm.prompt=vanilla')
    expected = [int(entity) for entity in list(titles)[:10]]
    matches = [*expected[:5], expected[0], None, *expected[5:]]
    assert all(record['ranking'] == expected and record['matches'] == matches for record in records)
    assert list(results['splits']) == ['test, recommender', 'test, vanilla', 'test, vanilla, empty places kept']
    dropped, kept = (results['splits'][f'test, vanilla{end}'] for end in ('', ', empty places kept'))
    for scores, first_ten in ((dropped, expected), (kept, matches[:10])):
        hits = sum(record['label'] in first_ten for record in records)
        assert scores['all']['recall@10'] == pytest.approx(hits / 30)
    assert dropped['coverage@10'] > kept['coverage@10']
    assert results['llm']['titles'] == 12 * 30 and results['llm']['titles_not_matched'] == pytest.approx(1 / 12)
    assert results['llm']['candidate_recall'] is None and results['llm']['generation']['names_other_item'] is None
    text = (folder / 'llm_results.md').read_text('utf-8')
    assert 'no candidates shown' in text and 'Labels among' not in text and '8.33 % are not in the catalogue' in text
    assert not any('<candidates>' in entry['text'] for entry in llm_server.log(url))


def test_few_shot_examples_are_turns_of_the_training_data(answer, live, llm_server, data_path, tmp_path, trained):
    settings, url = live(answer={'titles': ['No Such Film (1901)'], 'response': 'I do not know.'})
    results, records, folder = answer(*settings, 'llm.prompt=few_shot', 'llm.examples=2')
    assert {tuple(record['ranking']) for record in records} == {()} and results['llm']['titles_not_matched'] == 1
    assert results['splits']['test, few_shot']['all']['recall@10'] == 0
    blocks = {
        re.search('<examples>\n(.*)\n</examples>', entry['text'], re.DOTALL).group(1) for entry in llm_server.log(url)
    }
    assert len(blocks) > 10
    (tmp_path / 'plain.yaml').write_text(
        f'dataset: ReDial\nmodel: CausalLLM\nkg_edge_threshold: 0\nkg_emb_dim: 16\nrecommender: {trained}\n'
    )
    system = load_system(str(tmp_path / 'plain.yaml'), settings=[f'data_path={data_path}'])
    names = system.catalogue.name_of_token
    train = {
        json.dumps(
            [{'role': role, 'text': detokenize(text, names, quote=chr(34))} for role, text in sample['context_text']]
        )
        for sample in system.train_dataloader.dataset
    }
    for lines in (block.split('\n') for block in blocks):
        starts = [i for i, line in enumerate(lines) if re.fullmatch(r'Example \d:', line)]
        assert len(starts) == 2
        for start, end in zip(starts, [*starts[1:], len(lines)]):
            assert json.dumps([json.loads(line) for line in lines[start + 1 : end - 1]]) in train
            titles = json.loads(lines[end - 1].removeprefix('Answer: '))['titles']
            assert len(set(titles)) == 20 and set(titles) <= set(system.catalogue.names.values())
    assert '0.00 % are also in the examples' in (folder / 'llm_results.md').read_text('utf-8')


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
        cache_key='hash',
        input_tokens=100,
        output_tokens=20,
        latency_s=0.1,
        cost_usd=0.5,
        replayed=False,
        detail='',
    )
    other = result._replace(cache_key='other', cost_usd=0.25)
    summary = summarize([result, result._replace(replayed=True), other], 10)
    assert (summary['cost_usd'], summary['input_tokens'], summary['output_tokens']) == (0.75, 200, 40)
    assert summary['samples'] == 3 and summary['repairs']['missing'] == 6
    assert summarize([result, other._replace(cost_usd=None)], 10)['cost_usd'] is None


# ---------------------------------------------------------------- wrong options


@pytest.mark.parametrize(
    'settings, message',
    [
        (['llm.modle=x'], 'llm.modle: no such key; did you mean llm.mode?'),
        (['llm.prompt=nope'], "llm.prompt: 'nope' is not a prompt"),
        (['llm.prompt=vanilla'], 'llm.prompt: vanilla asks for titles'),
        (['llm.mode=live'], 'OPENAI_API_KEY'),
        (['llm.mode=replay'], 'llm.store'),
        (['llm.mode=replay', 'llm.store=none.jsonl'], 'none.jsonl'),
        (['llm.mode=alive'], 'llm.mode: '),
        (['llm.prices.x.inptu=1'], 'llm.prices.x.inptu: no such key; did you mean llm.prices.x.input?'),
        (
            ['llm.prices.x.input=1', 'llm.prices.x.output=1', 'llm.prices.x.inptu=1'],
            'llm.prices.x.inptu: no such key; did you mean llm.prices.x.input?',
        ),
        (['llm.prices.x.input=1'], 'llm.prices.x.output: is missing'),
        (['llm.prices.x=1'], 'llm.prices.x'),
        (['llm.budget.dollars=1'], 'llm.budget.dollars: no such key'),
        (['llm=3'], 'llm: '),
        (['llm.samples=0'], 'llm.samples: '),
        (['llm.shuffle=true'], 'llm.shuffle: the offline backend'),
        (['llm.dry_run=true'], 'llm.dry_run: the offline backend'),
        (['llm.batch=batch.jsonl'], 'llm.batch: mode offline'),
        (
            [
                'llm.store=save/ReDial_CausalLLM/mine_seed1/store.jsonl',
                'run_name=mine',
                'llm.mode=live',
                'llm.base_url=http://127.0.0.1:9/v1',
            ],
            'is inside the folder of the run',
        ),
        (['recommender=nowhere'], 'nowhere/best.pth does not exist'),
        (
            ['recommender=nowhere', 'data_path=also_nowhere'],
            'nowhere/best.pth does not exist',
        ),  # before data are loaded
    ],
)
def test_wrong_option_is_reported_in_one_line_before_training(refused, settings, message, tmp_path):
    assert message in refused(MODEL, *settings)
    assert not (tmp_path / 'save').exists()


def test_wrong_option_does_not_change_an_earlier_run(answer, refused, trained):
    _, _, folder = answer('run_name=mine')
    before = sorted(path.name for path in folder.iterdir())
    assert 'nope' in refused(MODEL, f'recommender={trained}', 'run_name=mine', 'llm.prompt=nope')
    assert sorted(path.name for path in folder.iterdir()) == before
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


@pytest.mark.parametrize(
    'setting, message',
    [
        ('kg_emb_dim=8', 'kg_emb_dim is 16 there and 8 here'),
        ('alpha=0', 'alpha is 2.0 there and 0.0 here'),
        ('mention_order=all', "mention_order is 'last' there and 'all' here"),
        ('scale=0.5', 'data (fingerprint) is '),
        ('kg_edge_threshold=50', 'kg_edge_threshold is 0 there and 50 here'),
    ],
)
def test_recommender_with_other_options_or_data_is_rejected(refused, trained, setting, message):
    line = refused(MODEL, f'recommender={trained}', setting)
    assert line.startswith(f'recommender: {trained}') and message in line
    assert line.endswith('name a run that has the same')


def test_recommender_that_is_no_checkpoint_is_rejected(refused, tmp_path):
    (tmp_path / 'broken').mkdir()
    (tmp_path / 'broken' / 'best.pth').write_bytes(b'not a checkpoint')
    assert 'best.pth: no checkpoint of crslab_causal' in refused(MODEL, f'recommender={tmp_path / "broken"}')


def test_failing_server_ends_the_run_in_one_line(refused, trained, live):
    for script, message in (('401', 'OPENAI_API_KEY'), ('404', 'llm.model'), ('html', 'llm.base_url')):
        settings, _ = live(script)
        assert message in refused(MODEL, f'recommender={trained}', *settings)


# ---------------------------------------------------------------- the pool in front of the language model

POOL = ('model=Pool', 'experts=[TargetPopularity,TransitionCounts,EASE,OneHop,Repeat]')


def test_pool_gives_the_candidates(run, load, live, capsys):
    scored, pool_folder = run(*POOL, flags=['-ss'])
    settings, url = live()
    _, folder = run(MODEL, f'recommender={pool_folder}', 'llm.mode=live', *settings, flags=['-ss'])
    results, records, _ = read(folder)
    assert json.loads((folder / 'results.json').read_text('utf-8'))['splits'] == scored['splits']
    pool = load(*POOL)
    recommender, samples = pool.recommender(), pool.test_dataloader.samples
    for record, sample in zip(records, samples):
        text = sample['context_text']
        listed = recommender.probabilities(sample['context_entities'], turns=text)
        best = sorted(listed, key=lambda item: -listed[item].observed)
        assert [listed[item].observed for item in record['candidates']] == pytest.approx(
            [listed[item].observed for item in best[:20]]
        )
    share = sum(record['label'] in record['candidates'] for record in records) / len(records)
    ceiling = f"recall of the recommender's list at 20 is {100 * share:.2f} %; this is the ceiling of re-ranking"
    assert ceiling in (folder / 'run.log').read_text('utf-8')
    assert results['llm']['candidate_recall'] == share
    assert not (folder / 'best.pth').exists()  # the weights are in the folder of the pool

    with load(MODEL, f'recommender={pool_folder}').conversation() as conversation:
        items = conversation.pipeline.catalogue.items
        reply = conversation.reply(f'I loved "{conversation.recommender.names[items[4]]}".')
        assert reply.recommendations and conversation.contributions(reply.recommendations[0].entity)


def test_recommender_that_reads_tokens_cannot_give_candidates(run, refused):
    _, folder = run('model=Seq2Seq', 'rec.epoch=1', 'conv.epoch=1', flags=['-ss'])
    assert 'is of a run of Seq2Seq; name a run of CausalKBRD, ' in refused(MODEL, f'recommender={folder}')
