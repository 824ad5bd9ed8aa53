"""Table 7 from files as the runs write them."""

import json

import pytest

from crslab_causal.experiments.case import main

CONTEXT = {'conversation': '7', 'turn': 2, 'context': [['Recommender', 'hi'], ['Seeker', 'I liked A | B']], 'reference': 'C then'}
LLM = {'conversation': '7', 'turn': 2, 'label': 3, 'backend': 'offline', 'explanation': 'Liked: A.\nSo C.', 'response': 'Try C!',
       'rank_before': 4, 'rank_after': None, 'status': 'ok'}
PLAIN = {'conversation': '7', 'turn': 2, 'label': 3, 'recommended': 3, 'response': 'i like it', 'reference': 'C then'}


@pytest.fixture
def files(tmp_path):
    for name, records in (('contexts', [CONTEXT]), ('llm', [{**LLM, 'turn': 4}, LLM]), ('plain', [PLAIN])):
        (tmp_path / f'{name}.jsonl').write_text(''.join(json.dumps(r) + '\n' for r in records), 'utf-8')
    return tmp_path


def call(files, *systems, turn='2'):
    return main(['--systems', *(f'{name}={files / path}' for name, path in systems), '--contexts',
                 str(files / 'contexts.jsonl'), '--conversation', '7', '--turn', turn, '--out', str(files / 'out.md')])


def test_a_row_for_each_system_and_the_data(files, capsys):
    assert call(files, ('full', 'llm.jsonl'), ('seq2seq', 'plain.jsonl')) == 0
    page = (files / 'out.md').read_text('utf-8')
    assert '> **Seeker**: I liked A | B' in page
    assert '| full (offline) | 4 → none | Liked: A. So C. | Try C! |' in page
    assert '| seq2seq |  |  | i like it |' in page and page.endswith('| the data |  |  | C then |\n')


@pytest.mark.parametrize('systems, turn, message', [
    ([('full', 'none.jsonl')], '2', 'cannot be read'), ([('full', 'llm.jsonl')], '9', 'has no turn 9 of conversation 7'),
    ([('full', 'contexts.jsonl')], '2', 'not a file of answers')])
def test_mistakes_are_one_line(files, systems, turn, message, capsys):
    assert call(files, *systems, turn=turn) == 2
    error = capsys.readouterr().err
    assert message in error and error.count('\n') == 1 and not (files / 'out.md').exists()
