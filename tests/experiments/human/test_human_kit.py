"""Making a kit: reading contexts and answers, drawing contexts, blinding systems, and writing the form."""

import csv
import io
import itertools
import json
from collections import Counter

import pytest
import yaml
from human_world import AWKWARD, answer, write_lines
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

import tiny
from crslab_causal.base.errors import UserError
from crslab_causal.evaluator.report import save_records
from crslab_causal.experiments.analysis.answers import Context, build_contexts, read_contexts
from crslab_causal.experiments.human.form import FormOptions, read_form
from crslab_causal.experiments.human.inputs import System, read_system, reference_system
from crslab_causal.experiments.human.kit import FORM, KEY, PAGE, csv_text, make_kit, read_key, text_cell
from crslab_causal.experiments.human.sample import draw_items

CONTEXT = {'conversation': 'c', 'turn': 1, 'context': [['Seeker', 'Hi']], 'reference': 'Hello'}


def turns(n_conversation, n_turn=2):
    return {
        (f'conv{i}', turn): Context(conversation=f'conv{i}', turn=turn, context=[('Seeker', 'Hi')], reference='Yes')
        for i in range(n_conversation)
        for turn in range(1, n_turn + 1)
    }


def system(samples):
    return System({sample: f'answer to {sample}' for sample in samples}, 'file', 'hash', [])


def everything(contexts, name=7):
    return system((*turn, name) for turn in contexts)


# ---------------------------------------------------------------- inputs


def test_contexts_are_readable_and_survive_a_file(redial, tmp_path):
    dataset = tiny.load('ReDial', redial)
    path = tmp_path / 'contexts.jsonl'
    samples = [sample for sample in dataset.train_data for _ in sample['items']]  # as a dataloader has them
    found = build_contexts(samples, dataset.side_data['name_of_token'])
    save_records(path, (context.model_dump() for context in found.values()))
    contexts = read_contexts(path)
    assert contexts == found and set(contexts) == {(sample['conv_id'], sample['turn']) for sample in samples}
    assert len(path.read_text().splitlines()) == len(contexts) < len(samples)
    first = contexts['t0', 1]
    assert first.context == [
        ('Seeker', 'Hi, I love Alien and comedies with Tom Hanks Also Heat (1995) with Pacino, and Alien again')
    ]
    assert first.reference == 'Have you seen [unnamed item] or Big?'
    assert len(contexts['t0', 3].context) == 3 and path.read_text().count('@') == 0


@pytest.mark.parametrize(
    ('lines', 'said'),
    [
        (['{'], 'line 1: not valid JSON'),
        ([json.dumps(CONTEXT), '', json.dumps(CONTEXT)], 'line 3: turn 1 of conversation c repeats an earlier line'),
        ([json.dumps(CONTEXT | {'turn': '1'})], 'line 1: turn: must be a whole number'),
        ([json.dumps(CONTEXT | {'context': []})], 'line 1: context is empty'),
        ([json.dumps(CONTEXT | {'context': [['Seeker']]})], r'line 1: context\.0\.1: is missing'),
        ([json.dumps({'conversation': 'c'})], 'line 1: turn: is missing'),
        ([json.dumps(CONTEXT | {'more': 1})], 'line 1: more: no such key'),
    ],
)
def test_a_malformed_context_is_named(tmp_path, lines, said):
    path = tmp_path / 'contexts.jsonl'
    path.write_text('\n'.join(lines))
    with pytest.raises(UserError, match=said) as error:
        read_contexts(path)
    assert str(path) in str(error.value) and '\n' not in str(error.value)


def test_only_answers_of_the_model_are_used(tmp_path):
    path = write_lines(
        tmp_path / 'llm_test.jsonl',
        [
            answer('c', 1, 7, 'good'),
            answer('c', 1, 8, 'of a template', status='refused'),
            answer('c', 2, 7, ' \n'),
            answer('c', 1, 7, 'the same sample again'),
            answer('d', 1, 7, 'other', backend='another model'),
        ],
    )
    found = read_system(path)
    assert found.responses == {('c', 1, 7): 'good', ('d', 1, 7): 'other'}
    assert found.backends == ['a model', 'another model'] and len(found.sha256) == 64


def test_a_trained_decoder_is_a_system(tmp_path):
    line = {'conversation': 'c', 'turn': 1, 'label': 7, 'recommended': 8, 'response': 'hello', 'reference': 'hi'}
    found = read_system(write_lines(tmp_path / 'responses_test.jsonl', [line]))
    assert found.responses == {('c', 1, 7): 'hello'} and found.backends == ['a trained decoder']


@pytest.mark.parametrize(
    ('line', 'said'),
    [
        (
            '{"conversation": "c"}',
            'line 1: turn: is missing; name the llm_<split>.jsonl or responses_<split>.jsonl of a run',
        ),
        ('[]', 'line 1: '),
        ('{"conversation": "\\ud800"}', 'line 1: not valid JSON'),
    ],
)
def test_a_malformed_answer_is_named(tmp_path, line, said):
    path = tmp_path / 'llm_test.jsonl'
    path.write_text(line + '\n')
    with pytest.raises(UserError, match=said):
        read_system(path)


@pytest.mark.parametrize('read', [read_contexts, read_system, read_key, read_form])
def test_unreadable_files_are_reported(tmp_path, read):
    with pytest.raises(UserError, match='none: cannot be read'):
        read(tmp_path / 'none')
    (tmp_path / 'latin').write_bytes('"Élan"'.encode('latin-1'))
    with pytest.raises(UserError, match='latin: ') as error:
        read(tmp_path / 'latin')
    assert '\n' not in str(error.value)


def test_the_responses_of_the_data_are_a_system(tmp_path):
    path = write_lines(tmp_path / 'contexts.jsonl', [CONTEXT, CONTEXT | {'turn': 2, 'reference': ' '}])
    contexts = read_contexts(path)
    found = reference_system(contexts, [('c', 1, 7), ('c', 1, 8), ('c', 2, 7), ('x', 1, 7)], path)
    assert found.responses == {('c', 1, 7): 'Hello', ('c', 1, 8): 'Hello'}


# ---------------------------------------------------------------- drawing


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_draw_has_its_properties_for_random_input(data):
    contexts = turns(8)
    samples = [(*turn, label) for turn in contexts for label in (7, 9)]
    systems = {name: system(data.draw(st.sets(st.sampled_from(samples)), name)) for name in 'abc'}
    systems['a'].responses['gone', 1, 7] = systems['b'].responses['gone', 1, 7] = 'not among the contexts'
    common = {s for s in samples if all(s in of.responses for of in systems.values())}
    possible = len({s[0] for s in common})
    n, seed = data.draw(st.integers(1, 9)), data.draw(st.integers(0, 3))
    if n > possible:
        with pytest.raises(UserError, match=f'--n {n}: only {possible} conversations'):
            draw_items(contexts, systems, n, seed)
        return
    items = draw_items(contexts, systems, n, seed)
    assert len({item.sample[0] for item in items}) == len({item.id for item in items}) == len(items) == n
    for item in items:
        assert item.sample in common
        assert list(item.systems) == ['A', 'B', 'C'] and sorted(item.systems.values()) == ['a', 'b', 'c']
        assert item.responses == {letter: systems[name].responses[item.sample] for letter, name in item.systems.items()}
    assert items == draw_items(contexts, dict(reversed(systems.items())), n, seed)


def test_the_letters_are_balanced_and_independent():
    contexts = turns(3000, 1)
    items = draw_items(contexts, {name: everything(contexts) for name in 'abc'}, 3000, 5)
    orders = [tuple(item.systems.values()) for item in items]
    assert chisquare(list(Counter(orders).values())).pvalue > 0.01 and len(set(orders)) == 6
    pairs = Counter(itertools.pairwise(orders))
    assert len(pairs) == 36 and chisquare(list(pairs.values())).pvalue > 0.01


def test_contexts_are_drawn_uniformly_and_depend_on_the_seed():
    contexts = turns(20)
    systems = {name: everything(contexts) for name in 'ab'}
    drawn = Counter(item.sample for seed in range(400) for item in draw_items(contexts, systems, 5, seed))
    assert len(drawn) == 40 and chisquare(list(drawn.values())).pvalue > 0.01
    few, many = draw_items(contexts, systems, 5, 1), draw_items(contexts, systems, 20, 1)
    letters = {item.sample: item.systems for item in many}
    assert all(letters.get(item.sample, item.systems) == item.systems for item in few)


def test_more_systems_than_letters_are_refused():
    contexts = turns(2)
    with pytest.raises(UserError, match='27 systems, but only 26 letters'):
        draw_items(contexts, {f's{i}': everything(contexts) for i in range(27)}, 1, 0)


# ---------------------------------------------------------------- the kit


def test_the_form_has_a_row_for_each_response_in_one_line_and_no_rating(kit):
    folder, key = kit
    text = (folder / FORM).read_bytes().decode('utf-8-sig')
    header, *rows = csv.reader(io.StringIO(text, newline=''))
    assert header == [
        'kit',
        'context_id',
        'letter',
        'context',
        'response',
        'fluency',
        'informativeness',
        'coherence',
    ]
    assert [(row[1], row[2]) for row in rows] == [(f'c00{i}', letter) for i in range(1, 9) for letter in 'ABC']
    assert all(row[0] == key.kit and row[5:] == [''] * 3 for row in rows)
    assert len(text.split('\r\n')) == len(rows) + 2 and len(text.splitlines()) == len(rows) + 1
    assert all(row[3].startswith('Seeker: Hello from conv') for row in rows)
    assert not any(row[4].startswith(tuple('=+-@')) for row in rows)


@pytest.mark.parametrize(
    ('text', 'cell'),
    [
        ('=1+1', "'=1+1"),
        ('  -5', "'-5"),
        ('@SUM', "'@SUM"),
        ('+x', "'+x"),
        ("'=x", "'=x"),
        ('a\n\n b\t', 'a b'),
        ('', ''),
        ('a = b', 'a = b'),
    ],
)
def test_a_cell_is_one_line_and_no_formula(text, cell):
    assert text_cell(text) == cell


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=['Cs'])), min_size=1), max_size=5))
def test_the_csv_survives_a_file(rows):
    text = csv_text(rows)
    assert list(csv.reader(io.StringIO(text.removeprefix('\ufeff'), newline=''))) == rows


def test_the_key_names_all_sources(kit, world):
    folder, key = kit
    contexts, systems = world()
    assert read_key(folder / KEY) == key
    assert key.seed == 3
    assert (key.systems['causal'].file, key.systems['human'].file) == (systems['causal'], 'reference')
    assert key.systems['causal'].backends == ['a model'] and key.versions['crslab_causal']
    rows = list(csv.DictReader(io.StringIO((folder / FORM).read_bytes().decode('utf-8-sig'), newline='')))
    known = {(row['context_id'], row['letter']): row['response'] for row in rows}
    for item in key.items:
        for letter, name in item.letters.items():
            said = 'Reference to' if name == 'human' else f'by {name}, {item.conversation}, {item.turn}, {item.label}'
            assert said in known[item.id, letter]


def test_a_kit_depends_on_its_arguments_only(world, tmp_path):
    contexts, systems = world()
    made = {}
    for name, arguments in {
        'one': {},
        'same': {},
        'seed': {'seed': 1},
        'n': {'n': 5},
        'form': {'form': FormOptions(highest=7)},
    }.items():
        made[name] = make_kit(tmp_path / name, systems, contexts, **{'n': 4} | arguments)
    for file in (FORM, PAGE, KEY):
        assert (tmp_path / 'one' / file).read_bytes() == (tmp_path / 'same' / file).read_bytes()
    assert len({key.kit for key in made.values()}) == len(made) - 1


def test_a_key_is_not_overwritten(kit, world):
    contexts, systems = world()
    before = tiny.snapshot(kit[0])
    with pytest.raises(UserError, match='belongs to another kit'):
        make_kit(kit[0], systems, contexts, n=2)
    assert tiny.snapshot(kit[0]) == before


def test_a_kit_needs_a_run(world, tmp_path):
    contexts, _ = world()
    with pytest.raises(UserError, match='no run among them'):
        make_kit(tmp_path / 'kit', {'human': 'reference'}, contexts)


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        (lambda key: key['items'][0]['letters'].update(A=key['items'][0]['letters']['B']), 'do not name each system'),
        (lambda key: key['items'].append(key['items'][0]), 'an id is repeated'),
        (lambda key: key.pop('kit'), 'kit: is missing'),
    ],
)
def test_a_damaged_key_is_refused(kit, change, said):
    path = kit[0] / KEY
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match=said):
        read_key(path)


# ---------------------------------------------------------------- criteria


def test_the_default_form_is_that_of_the_paper():
    form = FormOptions()
    assert form.names == ['fluency', 'informativeness', 'coherence'] and list(form.steps) == [0, 1, 2]


def test_criteria_survive_a_yaml_file(tmp_path):
    path = tmp_path / 'form.yaml'
    path.write_text(yaml.safe_dump(FormOptions().model_dump()))
    assert read_form(path) == FormOptions()
    path.write_text(
        'lowest: 1\nhighest: 4\ncriteria: [{name: humanness, question: Is it a person, low: never, high: surely}]'
    )
    form = read_form(path)
    assert form.names == ['humanness'] and list(form.steps) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('lowest: 2', 'lowest 2 is not below highest 2'),
        ('highest: 12', 'highest: '),
        ('more: []', 'more: no such key'),
        ('criteria: []', 'criteria: must be a list with 1 or more entries'),
        ('[', 'not valid YAML'),
        ('- 1', 'form.yaml: '),
        ('criteria: [{name: letter, question: q, low: l, high: h}]', 'letter would name two columns'),
        ('criteria: [{name: a, question: q, low: l}]', r'criteria\.0\.high: is missing'),
    ],
)
def test_a_mistake_in_the_criteria_is_reported(tmp_path, text, said):
    path = tmp_path / 'form.yaml'
    path.write_text(text)
    with pytest.raises(UserError, match=said) as error:
        read_form(path)
    assert '\n' not in str(error.value)


def test_awkward_texts_are_among_the_shown_ones(kit):
    """Otherwise the tests of escaping would not test much."""
    text = (kit[0] / FORM).read_text('utf-8')
    assert sum(' '.join(awkward.split()).replace('"', '""') in text for awkward in AWKWARD) >= 5
