"""A language model rates a kit over HTTP, in both orders, and is compared with people."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from human_world import AWKWARD
from sklearn.metrics import cohen_kappa_score

from crslab_causal.base.errors import UserError
from crslab_causal.experiments.human.__main__ import main
from crslab_causal.experiments.human.form import Criterion, FormOptions
from crslab_causal.experiments.human.judge import (
    BlindContext,
    answer_schema,
    estimate_judge,
    field_names,
    judge_kit,
    judge_prompt,
)
from crslab_causal.experiments.human.judge_summary import BETWEEN_ORDERS, read_judge, summarise_judge
from crslab_causal.experiments.human.kit import KEY, make_kit, read_key
from crslab_causal.experiments.human.ratings import read_ratings
from crslab_causal.llm.options import BudgetOptions, LLMOptions

pytestmark = pytest.mark.usefixtures('no_key')


@pytest.fixture
def paper_kit(world, tmp_path):
    """A kit of the paper's form, with 6 contexts and three systems."""
    contexts, systems = world()
    folder = tmp_path / 'paper_kit'
    make_kit(folder, systems | {'human': 'reference'}, contexts, n=6, seed=3)
    return folder


BY_PLACE = {'ratings': [{'fluency': i, 'informativeness': 2 - i, 'coherence': 1} for i in range(3)]}
"""An answer that rates the place in the prompt: what a biased judge does."""


def options(base_url, **keys):
    return LLMOptions(**{'mode': 'live', 'base_url': base_url, 'retries': 1, 'timeout_s': 20.0} | keys)


def rows_of(path):
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode('utf-8-sig'), newline='')))


def test_a_judge_rates_each_context_in_both_orders_and_sees_no_system(paper_kit, llm_server, tmp_path):
    url = llm_server.plan(answer=BY_PLACE)
    files = judge_kit(paper_kit, options(url), tmp_path / 'judge', backoff_s=0.002)
    log = llm_server.log(url)
    assert len(log) == 2 * 6
    key = read_key(paper_kit / KEY)
    sent = [json.dumps(entry['body']['messages']) for entry in log]
    assert all('fluency' in text and 'from 0 to 2' in text for text in sent)
    for text in sent:  # what would reveal a system
        assert key.kit not in text and 'key.json' not in text and '.jsonl' not in text
        assert not any(f'{item.id}' in text for item in key.items)
    forward, backward = map(rows_of, files)
    for row, other in zip(forward, backward, strict=True):
        place = 'ABC'.index(row['letter'])
        assert (row['fluency'], row['informativeness'], row['coherence']) == (str(place), str(2 - place), '1')
        assert (other['context_id'], other['letter']) == (row['context_id'], row['letter'])
        assert other['fluency'] == str(2 - place)  # the last response comes first


def test_both_forms_of_a_judge_are_read_and_compared_with_people(paper_kit, llm_server, tmp_path, capsys):
    url = llm_server.plan(answer=BY_PLACE)
    out = tmp_path / 'judge'
    files = judge_kit(paper_kit, options(url), out, backoff_s=0.002)
    for name, order in (
        ('ann', 0),
        ('bob', 1),
    ):  # bob changes one cell
        text = files[order].read_text('utf-8-sig')
        if name == 'bob':
            text = text[: text.rindex('"1"')] + '"2"\r\n'
        (tmp_path / f'{name}.csv').write_text(text, 'utf-8')
    command = ['read', '--key', str(paper_kit / KEY), str(tmp_path / 'ann.csv'), str(tmp_path / 'bob.csv')]
    command += ['--judge', *map(str, files), '--out', str(tmp_path / 'summary')]
    assert main(command) == 0
    assert '## A language model as judge' in capsys.readouterr().out
    summary = json.loads((tmp_path / 'summary' / 'summary.json').read_text('utf-8'))
    assert summary['raters'].keys() == {'ann', 'bob'}  # the judge is not among the people
    pairs = {row['pair']: row['kappa'] for row in summary['judge']['agreement']['fluency']}
    key = read_key(paper_kit / KEY)
    judge, people = read_judge(key, files), read_ratings(key, [tmp_path / 'ann.csv', tmp_path / 'bob.csv'])
    first, second = (judge.scores[i, ..., 0].ravel() for i in range(2))
    assert pairs[BETWEEN_ORDERS] == pytest.approx(cohen_kappa_score(first, second))
    assert pairs['ann and judge_forward'] == pytest.approx(1)
    assert pairs['bob and judge_forward'] == pytest.approx(cohen_kappa_score(people.scores[1, ..., 0].ravel(), first))
    assert pairs['mean against people'] == pytest.approx(
        np.mean([value for name, value in pairs.items() if ' and judge' in name])
    )
    means = summary['judge']['systems']['causal']['fluency']['mean']
    assert means == pytest.approx(judge.scores[:, :, 0, 0].mean())


def test_equal_forms_of_a_judge_are_accepted(paper_kit, llm_server, tmp_path):
    url = llm_server.plan(answer={'ratings': [{'fluency': 2, 'informativeness': 1, 'coherence': 0}] * 3})
    files = judge_kit(paper_kit, options(url), tmp_path / 'judge', backoff_s=0.002)
    key = read_key(paper_kit / KEY)
    judge = read_judge(key, files)
    summary = summarise_judge(judge, judge)
    assert summary['systems']['human']['fluency']['mean'] == 2
    assert summary['agreement']['fluency'][0]['kappa'] is None  # one rating for all says nothing
    with pytest.raises(UserError, match='name the two forms'):
        read_judge(key, files[:1])


def test_no_answer_is_paid_for_twice_and_the_budget_holds(paper_kit, llm_server, tmp_path):
    url = llm_server.plan(answer=BY_PLACE)
    keys = {'store': str(tmp_path / 'judge.db')}
    limited = options(url, **keys, budget=BudgetOptions(calls=5), concurrency=1)
    with pytest.raises(UserError, match='7 of 12 prompts of the judge have no answer: budget'):
        judge_kit(paper_kit, limited, tmp_path / 'judge', backoff_s=0.002)
    assert len(llm_server.log(url)) == 5 and not (tmp_path / 'judge').exists()
    judge_kit(paper_kit, options(url, **keys), tmp_path / 'judge', backoff_s=0.002)
    assert len(llm_server.log(url)) == 12
    judge_kit(paper_kit, options(url, **keys, mode='replay'), tmp_path / 'again', backoff_s=0.002)
    assert len(llm_server.log(url)) == 12


@pytest.mark.parametrize(
    'answer',
    [
        {'ratings': BY_PLACE['ratings'][:2]},
        {'ratings': [row | {'fluency': 3} for row in BY_PLACE['ratings']]},
        {'ratings': [{'fluency': 1, 'coherence': 1}] * 3},
    ],
    ids=['too few', 'off the scale', 'a criterion is missing'],
)
def test_an_answer_that_does_not_fit_the_form_is_refused(paper_kit, llm_server, tmp_path, answer):
    with pytest.raises(UserError, match='12 of 12 prompts of the judge have no answer: invalid'):
        judge_kit(paper_kit, options(llm_server.plan(answer=answer)), tmp_path / 'judge', backoff_s=0.002)
    assert not (tmp_path / 'judge').exists()


def test_the_prompt_has_the_criteria_of_any_form_and_numbers_the_responses():
    criterion = Criterion(name='is it-fun', question='Fun?', low='no', high='yes')
    form = FormOptions(criteria=[criterion, criterion.model_copy(update={'name': '1st'})], lowest=1, highest=7)
    context = BlindContext('c001', 'Seeker: hi | Recommender: yo', {'A': 'first', 'B': AWKWARD[0]})
    (system, user), schema = judge_prompt(form, context, 'backward')
    assert 'is it-fun: Fun? 1: no; 7: yes.' in system['content']
    assert user['content'].index('Response 1:\n<script>') < user['content'].index('Response 2:\nfirst')
    assert field_names(form) == ['is_it_fun', 'criterion_2']
    assert schema.model_validate({'ratings': [{'is_it_fun': 7, 'criterion_2': 1}] * 2})
    assert answer_schema(form, 1).model_json_schema()['properties']['ratings']['maxItems'] == 1


def test_a_judge_can_be_estimated_and_a_form_of_another_kit_is_refused(paper_kit, tmp_path):
    estimate = estimate_judge(paper_kit, LLMOptions(mode='live', base_url='http://127.0.0.1:9/v1'))
    assert estimate.prompts == 12 and estimate.calls == 12
    form = paper_kit / 'form.csv'
    form.write_text(form.read_text('utf-8-sig').replace('"kit-', '"kat-'), 'utf-8')
    with pytest.raises(UserError, match='is not the form of kit-'):
        estimate_judge(paper_kit, LLMOptions(mode='live', base_url='http://127.0.0.1:9/v1'))


def test_the_command_judges_with_the_section_llm_of_a_configuration(paper_kit, llm_server, tmp_path, capsys):
    url = llm_server.plan(answer=BY_PLACE)
    command = ['judge', '-c', 'llm_redial_full', '--kit', str(paper_kit), '--out', str(tmp_path / 'judge')]
    settings = [f'llm.base_url={json.dumps(url)}', 'llm.mode=live', f'llm.store={json.dumps(str(tmp_path / "x.db"))}']
    assert main([*command, *(word for setting in settings for word in ('--set', setting))]) == 0
    printed = capsys.readouterr().out
    assert 'judge_backward.csv' in printed and (tmp_path / 'judge' / 'judge_forward.csv').is_file()
    # of three places, only the middle one keeps its rating when the order is reversed
    forward, backward = ([i if order else 2 - i for i in range(3)] * 6 for order in (True, False))
    kappa = cohen_kappa_score(forward, backward)
    assert f'| fluency | {BETWEEN_ORDERS} | {kappa:.2f} [' in printed and 'against people' not in printed
    assert main(['judge', '-c', 'causal_redial', *command[3:]]) == 2
    assert 'has no section llm' in capsys.readouterr().err
