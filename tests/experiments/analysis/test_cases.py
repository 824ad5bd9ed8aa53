"""Cases (Table 7): turns drawn from the answers of real runs."""

import json

import pytest

import tiny
from crslab_causal.base.errors import UserError
from crslab_causal.experiments.analysis.answers import read_answers
from crslab_causal.experiments.analysis.collect import collect
from crslab_causal.experiments.analysis.previous_results import PreviousReport
from crslab_causal.experiments.reporting import render_case
from crslab_causal.experiments.reporting.report import write_tables

DECODER = {'model': 'Seq2Seq', 'token_emb_dim': 4, 'n_layers': 1, 'conv.epoch': 1}
ROWS = [
    {'title': 'recommender', 'id': 'recommender', 'hidden': True},
    {'title': 'decoder', 'set': DECODER},
    {'title': 'A | B', 'config': 'llm', 'set': {'llm.mode': 'offline'}, 'recommender': 'recommender'},
    {'title': 'live', 'config': 'llm', 'recommender': 'recommender', 'needs': 'llm'},
]
CASE = {'name': 'table7', 'title': 'Table 7', 'table': 'responses', 'turns': 2, 'context': 1}


@pytest.fixture
def suite(write_suite, table, tmp_path):
    """Return a suite with a case over two systems that answer and one that does not; keywords are those of the case."""

    def suite(**case):
        tiny.write_yaml(
            tmp_path / 'config' / 'llm.yaml', model='CausalLLM', kg_emb_dim=8, llm={'candidates': 3, 'mode': 'live'}
        )
        return write_suite(
            [table(name='responses', kind='generation', split='test', metrics=['dist-2'], rows=ROWS)],
            seeds=[1],
            cases=[{**CASE, **case}],
        )

    return suite


@pytest.fixture
def finish(store, execute):
    """Execute the runs that need no language model, and return the folders of all rows by title."""

    def finish(suite):
        for row in suite.tables[0].rows[:3]:
            for run in row.runs:
                execute(run)
        return {row.options.title: store.folder(row.runs[0]) for row in suite.tables[0].rows}

    return finish


def find_row(suite, title):
    return next(row for row in suite.tables[0].rows if row.options.title == title)


def test_a_run_without_enough_answers_has_no_scores(suite, store, finish):
    """Otherwise the row of a language model would show the recommender's order once the budget is spent."""
    small = suite()
    path = finish(small)['A | B'] / 'llm_results.json'
    run = find_row(small, 'A | B').runs[0]
    results = json.loads(path.read_text('utf-8'))
    samples = results['llm']['samples']

    def note_with(**statuses):
        results['llm']['statuses'] = statuses
        path.write_text(json.dumps(results), 'utf-8')
        row = next(row for row in collect(small, store).tables[0].rows if row.title == 'A | B')
        assert (row.note is None) == bool(row.scores) == (store.unfinished([run]) == [])
        return row.note

    assert note_with(ok=1, partial=1, refusal=samples - 2) is None  # a refusal is an answer
    for status in ('budget', 'error', 'missing', 'invalid', 'length'):
        assert note_with(ok=samples - 1, **{status: 1}) == f'needs an LLM: 1 of {samples} samples have no answer'


def test_a_case_shows_the_answers_of_the_runs(suite, store, finish):
    small = suite()
    assert collect(small, store).cases == []
    folders = finish(small)
    cases = collect(small, store).cases
    assert len(cases) == 2
    files = {'decoder': 'responses_test.jsonl', 'A | B': 'llm_test.jsonl'}
    ranks = [json.loads(line) for line in (folders['decoder'] / 'ranks_test.jsonl').read_text('utf-8').splitlines()]
    for number, case in enumerate(cases, start=1):
        turn = case.conversation, case.turn
        assert case.name == f'table7_{number}' and len(case.context) >= 1 and case.reference
        assert [system.title for system in case.systems] == list(files)
        for system in case.systems:
            answer = next(a for a in read_answers(folders[system.title] / files[system.title]) if a.sample[:2] == turn)
            assert (system.response, system.explanation) == (answer.response, answer.explanation)
            if system.title == 'decoder':
                (rank,) = [r['rank'] for r in ranks if (r['conversation'], r['turn'], r['label']) == answer.sample]
                assert system.rank_before == system.rank_after == rank and len(system.listed) == 1
            else:
                assert (system.rank_before, system.rank_after) == (answer.rank_before, answer.rank_after)
                assert len(system.listed) == len(answer.ranking) == 3 and 'offline' in system.backend


def test_equal_suites_draw_equal_turns_with_a_long_enough_context(suite, store, finish):
    finish(suite())

    def draw(**case):
        return collect(suite(turns=99, **case), store).cases

    turns = [(case.conversation, case.turn) for case in draw()]
    assert len(set(turns)) == len(turns) > 2
    assert turns == [(case.conversation, case.turn) for case in draw()]
    lengths, longer = ({len(case.context) for case in cases} for cases in (draw(), draw(context=2)))
    assert lengths > longer >= {2}


def test_recorded_cases_are_kept_until_one_more_system_has_answered(suite, store, finish, tmp_path):
    small = suite(turns=99)
    folders = finish(small)
    whole = collect(small, store)

    def extend_with(*titles):
        for title in ('decoder', 'A | B'):
            hidden = folders[title].with_name(f'{folders[title].name}.hidden')
            if title in titles and hidden.exists():
                hidden.rename(folders[title])
            elif title not in titles and folders[title].exists():
                folders[title].rename(hidden)
        return collect(small, store, previous=PreviousReport(tmp_path / 'results')).cases

    assert extend_with() == [] and len(extend_with('A | B')[0].systems) == 1  # there is no record yet
    recorded = [case.model_copy(update={'reference': 'recorded', 'systems': case.systems[1:]}) for case in whole.cases]
    list(write_tables(whole.model_copy(update={'cases': recorded}), tmp_path / 'results'))
    assert extend_with() == extend_with('A | B') == extend_with('decoder') == recorded
    assert extend_with('decoder', 'A | B') == whole.cases


def test_case_shows_the_answers_of_the_first_finished_run_of_a_system(suite, store, finish):
    small = suite(turns=1)
    table, row = small.tables[0], small.tables[0].rows[1]
    settings = tuple(setting for setting in row.runs[0].settings if not setting.startswith('seed='))
    unfinished = row.runs[0]._replace(seed=9, settings=(*settings, 'seed=9'))
    finish(small)

    def only_case(*runs):
        suite_of_row = small._replace(tables=(table._replace(rows=(row._replace(runs=runs),)),))
        (case,) = collect(suite_of_row, store).cases
        return case

    assert only_case(unfinished, *row.runs) == only_case(*row.runs)


def test_pages_of_the_paper_are_complete(suite, store, finish):
    small = suite(turns=1)
    finish(small)
    (case,) = collect(small, store).cases
    decoder, offline = case.systems
    case = case.model_copy(
        update={
            'systems': [
                decoder.model_copy(update={'rank_before': 2.5, 'rank_after': 2.5}),
                offline.model_copy(
                    update={
                        'explanation': 'Liked:\nAlien & co_',
                        'rank_before': 2,
                        'rank_after': None,
                        'status': 'refused',
                    }
                ),
            ]
        }
    )
    page, tex = render_case.markdown(case), render_case.latex(case)
    rows = [line for line in page.splitlines() if line.startswith('|')]
    assert len(rows) == 5 and all(row.replace('\\|', '').count('|') == 6 for row in rows)
    assert (
        ' 2.5 ' in rows[2]
        and 'A \\| B (refused)' in rows[3]
        and '2 → none' in rows[3]
        and 'Liked: Alien & co_' in rows[3]
    )
    assert rows[4].startswith('| the data |') and case.reference in rows[4]
    assert r'Alien \& co\_' in tex and r'2 $\rightarrow$ none' in tex and tex.count(r'\\') == len(case.context) + 4


def test_a_case_needs_a_table_of_responses(suite):
    with pytest.raises(UserError, match='case table7: other is not a table of the kind generation'):
        suite(table='other')
