"""The examples run from an empty folder, and print what they compute."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import runpy
import subprocess
import sys

import pytest

import forked
import tiny

EXAMPLES = tiny.ROOT / 'examples'
SCRIPTS = ('train_and_read_scores', 'explain_by_masking', 'chat_from_python')
NOTEBOOKS = sorted(EXAMPLES.glob('*.ipynb'))
MAX_LINES = 40
HATED = 'The Drowsy Observatory (1962)'


def run_script(name, folder):
    """Run a script in another process, and return the lines that it prints after the log."""
    output = folder / 'output'
    process = forked.start(_run, name, output=output, folder=folder)
    process.join(300)
    assert process.exitcode == 0, output.read_text('utf-8')
    return after_the_log(output.read_text('utf-8'))


def _run(name):
    runpy.run_path(str(EXAMPLES / f'{name}.py'), run_name='__main__')


def after_the_log(output):
    lines = output.splitlines()
    last_of_log = max(i for i, line in enumerate(lines) if re.search(r' \| (?:INFO|DEBUG) ', line))
    return lines[last_of_log + 1 :]


def test_there_is_a_test_for_every_example_and_each_is_short():
    assert {path.stem for path in EXAMPLES.glob('*.py')} == set(SCRIPTS)
    for path in EXAMPLES.glob('*.py'):
        assert len(path.read_text('utf-8').splitlines()) < MAX_LINES


def test_scores_printed_by_the_script_are_those_of_the_result_files(tmp_path):
    done = subprocess.run(
        [sys.executable, EXAMPLES / 'train_and_read_scores.py'],
        cwd=tmp_path,
        env={**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(tiny.ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = after_the_log(done.stdout)
    for model in ('CausalKBRD', 'TransitionCounts'):
        (path,) = tmp_path.glob(f'save/CausalDemo_{model}/*/results.json')
        test = json.loads(path.read_text('utf-8'))['splits']['test']
        (line,) = (line for line in lines if line.startswith(model))
        printed = [float(number) for number in re.findall(r'\d+\.\d', line)]
        assert printed == pytest.approx([100 * test[group]['recall@10'] for group in ('all', 'new')], abs=0.051)
        assert printed[0] > 15  # 10 of 120 films by chance are 8


def test_masking_the_last_mention_changes_the_ranks_that_the_script_prints(tmp_path):
    lines = run_script('explain_by_masking', tmp_path)
    rows = [re.match(r'(\d)\. (.*\S) +rank without "The Folded Keepers \(1984\)": (\d+)', line) for line in lines]
    rows = [row for row in rows if row is not None]
    assert [int(row[1]) for row in rows] == [1, 2, 3, 4, 5]
    names = [row[2] for row in rows]
    assert len(set(names)) == 5 and 'The Folded Keepers (1984)' not in names
    after = [int(row[3]) for row in rows]
    assert len(set(after)) == 5 and after != [1, 2, 3, 4, 5]


def test_the_chat_hears_names_and_never_recommends_what_was_mentioned(tmp_path):
    text = '\n'.join(run_script('chat_from_python', tmp_path))
    greeting, opinion, request = text.partition('\nWhy?')[0].split('\n> ')[1:]
    assert 'Hello!' in greeting and 'Heard' not in greeting
    assert f'Heard: The Folded Keepers (1984) (liked), not {HATED}' in opinion
    heard = next(line for line in request.splitlines() if line.startswith('Heard: '))
    assert 'Thriller' in heard and '(seen)' in heard
    lists = [re.findall(r'^ *\d+\. (.*)', answer, flags=re.MULTILINE) for answer in (opinion, request)]
    assert [len(names) for names in lists] == [10, 10]
    assert not {HATED, 'The Folded Keepers (1984)'} & {name for names in lists for name in names}
    assert lists[0][0] not in lists[1]  # "I have seen that one"
    why = text.partition('\nWhy?')[2]
    assert f'Disliked: {HATED}' in why and lists[1][0] in why
    assert 'Thriller masked' in why


def test_the_notebook_is_saved_with_its_outputs_and_without_errors():
    (path,) = NOTEBOOKS
    cells = [cell for cell in json.loads(path.read_text('utf-8'))['cells'] if cell['cell_type'] == 'code']
    outputs = [output['output_type'] for cell in cells for output in cell['outputs']]
    assert 'error' not in outputs and len(outputs) >= 4


@pytest.mark.parametrize('path', NOTEBOOKS, ids=lambda path: path.name)
def test_the_notebook_runs(path, tmp_path, monkeypatch):
    missing = [name for name in ('nbclient', 'nbformat', 'ipykernel') if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f'not installed: {", ".join(missing)}; run pip install -r docs/requirements.txt')
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv('PYTHONPATH', str(tiny.ROOT))
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == 'code':
            cell.outputs = []
    NotebookClient(notebook, timeout=280, resources={'metadata': {'path': str(tmp_path)}}).execute()
    printed = ''.join(output.text for cell in notebook.cells for output in cell.get('outputs', []) if 'text' in output)
    scores = re.findall(r'^(.{20}) test (\d+\.\d) interventional (\d+\.\d)$', printed, flags=re.MULTILINE)
    assert [name.strip() for name, *_ in scores] == ['with causal terms', 'without causal terms', 'transition counts']
    assert all(float(score) > 15 for _, *values in scores for score in values)
    assert f'not {HATED}' in printed
