"""Table 7: turns drawn from what real runs have answered."""

import json

import pytest
import tiny

from crslab_causal.base.errors import UserError
from crslab_causal.experiments.analysis.answers import read_answers
from crslab_causal.experiments.analysis.previous_results import Earlier
from crslab_causal.experiments.analysis.tables import collect
from crslab_causal.experiments.reporting import render_case
from crslab_causal.experiments.reporting.report import write_record
from crslab_causal.experiments.runner.execution import execute
from crslab_causal.experiments.runner.runs import folder_of, unfinished

DECODER = {'model': 'Seq2Seq', 'token_emb_dim': 4, 'n_layers': 1, 'conv.epoch': 1}
ROWS = [{'title': 'recommender', 'id': 'recommender', 'hidden': True}, {'title': 'decoder', 'set': DECODER},
        {'title': 'A | B', 'config': 'llm', 'set': {'llm.mode': 'offline'}, 'recommender': 'recommender'},
        {'title': 'live', 'config': 'llm', 'recommender': 'recommender', 'needs': 'llm'}]
CASE = {'name': 'table7', 'title': 'Table 7', 'table': 'responses', 'turns': 2, 'context': 1}


@pytest.fixture
def suite(write_suite, table, tmp_path):
    """A suite with a case over two systems that answer and one that does not; keywords are those of the case."""
    def suite(**case):
        tiny.write_yaml(tmp_path / 'config' / 'llm.yaml', model='CausalLLM', kg_emb_dim=8,
                        llm={'candidates': 3, 'mode': 'live'})
        return write_suite([table(name='responses', kind='generation', split='test', metrics=['dist-2'], rows=ROWS)],
                           seeds=[1], cases=[{**CASE, **case}])
    return suite


def finish(suite, place):
    """Executes what needs no language model, and gives the folders by title."""
    for row in suite.tables[0].rows[:3]:
        for run in row.runs:
            execute(run, place)
    return {row.options.title: folder_of(row.runs[0], place) for row in suite.tables[0].rows}


def as_json(value):
    return json.loads(json.dumps(value))


def test_a_run_whose_questions_were_not_answered_has_no_number(suite, place):
    """Else the row of a language model would show the recommender's order, with the budget spent."""
    made = suite()
    path = finish(made, place)['A | B'] / 'llm_results.json'
    run = next(row for row in made.tables[0].rows if row.options.title == 'A | B').runs[0]
    found = json.loads(path.read_text('utf-8'))
    samples = found['llm']['samples']

    def record(**statuses):
        found['llm']['statuses'] = statuses
        path.write_text(json.dumps(found), 'utf-8')
        row = next(row for row in collect(made, place)['tables'][0]['rows'] if row['title'] == 'A | B')
        assert (row['note'] is None) == bool(row['scores']) == (unfinished([run], place) == [])
        return row['note']

    assert record(ok=1, refusal=1, invalid=samples - 2) is None  # answers, if no good ones
    for status in ('budget', 'error', 'missing'):
        assert record(ok=samples - 1, **{status: 1}) == f'needs an LLM: 1 of {samples} samples have no answer'


def test_a_case_is_what_the_runs_have_answered(suite, place):
    made = suite()
    assert collect(made, place)['cases'] == []
    folders = finish(made, place)
    cases = collect(made, place)['cases']
    assert len(cases) == 2
    files = {'decoder': 'responses_test.jsonl', 'A | B': 'llm_test.jsonl'}
    ranks = [json.loads(line) for line in (folders['decoder'] / 'ranks_test.jsonl').read_text('utf-8').splitlines()]
    for number, case in enumerate(cases, start=1):
        turn = case['conversation'], case['turn']
        assert case['name'] == f'table7_{number}' and len(case['context']) >= 1 and case['reference']
        assert [system['title'] for system in case['systems']] == list(files)
        for system in case['systems']:
            answer = next(a for a in read_answers(folders[system['title']] / files[system['title']]) if a.sample[:2] == turn)
            assert (system['response'], system['explanation']) == (answer.response, answer.explanation)
            if system['title'] == 'decoder':
                (rank,) = [r['rank'] for r in ranks if (r['conversation'], r['turn'], r['label']) == answer.sample]
                assert system['rank_before'] == system['rank_after'] == rank and len(system['listed']) == 1
            else:
                assert (system['rank_before'], system['rank_after']) == (answer.rank_before, answer.rank_after)
                assert len(system['listed']) == len(answer.ranking) == 3 and 'offline' in system['backend']


def test_equal_suites_draw_equal_turns_and_only_such_with_enough_before_them(suite, place):
    finish(suite(), place)
    every = collect(suite(turns=99), place)['cases']
    turns = [(case['conversation'], case['turn']) for case in every]
    assert len(set(turns)) == len(turns) > 2
    assert turns == [(case['conversation'], case['turn']) for case in collect(suite(turns=99), place)['cases']]
    long = collect(suite(turns=99, context=2), place)['cases']
    assert {len(case['context']) for case in every} > {len(case['context']) for case in long} >= {2}


def test_recorded_cases_stay_until_a_system_more_has_answered(suite, place, tmp_path):
    made = suite(turns=99)
    folders = finish(made, place)
    whole = collect(made, place)

    def extended(*at_hand):
        for title in ('decoder', 'A | B'):
            hidden = folders[title].with_name(f'{folders[title].name}.hidden')
            if title in at_hand and hidden.exists():
                hidden.rename(folders[title])
            elif title not in at_hand and folders[title].exists():
                folders[title].rename(hidden)
        return as_json(collect(made, place, earlier=Earlier(tmp_path / 'results'))['cases'])

    assert extended() == [] and len(extended('A | B')[0]['systems']) == 1  # there is no record yet
    recorded = [{**case, 'reference': 'recorded', 'systems': case['systems'][1:]} for case in whole['cases']]
    list(write_record({**whole, 'cases': recorded}, tmp_path / 'results'))
    assert extended() == extended('A | B') == extended('decoder') == as_json(recorded)
    assert extended('decoder', 'A | B') == as_json(whole['cases'])


def test_the_first_run_of_a_system_that_is_at_hand_answers(suite, place, tmp_path):
    made = suite(turns=1)
    row = made.tables[0].rows[1]
    several = made.tables[0]._replace(rows=[row._replace(runs=(row.runs[0]._replace(seed=9, settings=(
        *(s for s in row.runs[0].settings if not s.startswith('seed=')), 'seed=9')), *row.runs))])
    finish(made, place)
    (case,) = collect(made._replace(tables=(several,)), place)['cases']
    (wanted,) = collect(made._replace(tables=(several._replace(rows=[row]),)), place)['cases']
    assert case == wanted


def test_pages(suite, place):
    made = suite(turns=1)
    finish(made, place)
    (case,) = collect(made, place)['cases']
    case['systems'][1] |= {'explanation': 'Liked:\nAlien & co_', 'rank_before': 2, 'rank_after': None, 'status': 'refused'}
    case['systems'][0]['rank_before'] = case['systems'][0]['rank_after'] = 2.5
    page, tex = render_case.markdown(case), render_case.latex(case)
    rows = [line for line in page.splitlines() if line.startswith('|')]
    assert len(rows) == 5 and all(row.replace('\\|', '').count('|') == 6 for row in rows)
    assert ' 2.5 ' in rows[2] and 'A \\| B (refused)' in rows[3] and '2 → none' in rows[3] and 'Liked: Alien & co_' in rows[3]
    assert rows[4].startswith('| the data |') and case['reference'] in rows[4]
    assert r'Alien \& co\_' in tex and r'2 $\rightarrow$ none' in tex and tex.count(r'\\') == len(case['context']) + 4


def test_a_case_over_a_table_without_responses_is_a_mistake(suite):
    with pytest.raises(UserError, match='case table7: other is no table of the kind generation'):
        suite(table='other')
