"""The command from the records of a real run to the summary."""

import csv
import io
import json
import subprocess
import sys

import pytest
import yaml
from human_world import write_lines

import tiny
from crslab_causal.command_line.run import main as run_crslab
from crslab_causal.data.demo.corpus import write_corpus
from crslab_causal.experiments.human.__main__ import main
from crslab_causal.experiments.human.kit import csv_text


def test_from_a_run_to_the_summary(workplace, fill_all, capsys):
    write_corpus(
        workplace / 'data' / 'redial' / 'nltk',
        seed=7,
        strength=0.8,
        n_train=60,
        n_valid=10,
        n_test=20,
        n_interventional=5,
    )
    settings = {
        'dataset': 'ReDial',
        'model': 'CausalLLM',
        'kg_edge_threshold': 0,
        'kg_emb_dim': 4,
        'cutoffs': [1],
        'rec': {'epoch': 1, 'batch_size': 8},
        'data_path': 'data',
        'llm': {'candidates': 10},
    }
    (workplace / 'small.yaml').write_text(yaml.safe_dump(settings))
    assert run_crslab(['-c', 'small.yaml', '--seed', '1']) == 0
    (records,) = workplace.glob('save/*/*/llm_test.jsonl')

    assert main(['contexts', '-c', 'small.yaml', '--data_path', 'nowhere', '--out', 'contexts.jsonl']) == 2
    assert 'nowhere' in capsys.readouterr().err
    assert main(['contexts', '-c', 'small.yaml', '--out', 'contexts.jsonl']) == 0
    assert (
        main(
            [
                'make',
                '--systems',
                f'ours={records}',
                'data=reference',
                '--contexts',
                'contexts.jsonl',
                '--n',
                '6',
                '--seed',
                '4',
                '--out',
                'kit',
            ]
        )
        == 0
    )
    assert 'not for raters: kit/key.json' in capsys.readouterr().out
    shown = {
        (row['context'], row['response'])
        for row in csv.DictReader(
            io.StringIO((workplace / 'kit' / 'form.csv').read_bytes().decode('utf-8-sig'), newline='')
        )
    }
    known = {line['response'] for line in map(json.loads, records.read_text('utf-8').splitlines())}
    assert len(shown) == 12 and sum(response in known for _, response in shown) >= 6
    assert not any(word.startswith('@') for texts in shown for text in texts for word in text.split())

    for i, rater in enumerate(('ann', 'bob')):
        fill_all(workplace / 'kit' / 'form.csv', workplace / f'{rater}.csv', i)
    assert main(['read', '--key', 'kit/key.json', 'ann.csv', 'bob.csv', '--out', 'summary']) == 0
    summary = json.loads((workplace / 'summary' / 'summary.json').read_text('utf-8'))
    assert summary['raters'].keys() == {'ann', 'bob'} and summary['systems'].keys() == {'ours', 'data'}
    assert (workplace / 'summary' / 'summary.md').read_text('utf-8') == capsys.readouterr().out


@pytest.fixture
def fill_all():
    """Rate a form by a rule."""

    def fill_all(form, path, offset):
        header, *rows = csv.reader(io.StringIO(form.read_bytes().decode('utf-8-sig'), newline=''))
        for i, row in enumerate(rows):
            row[5:] = [str((3 * i + c + offset * (i % 2)) % 3) for c in range(3)]
        path.write_bytes(csv_text([header, *rows]).encode())

    return fill_all


def test_other_criteria_can_be_rated(world, tmp_path):
    contexts, systems = world()
    (tmp_path / 'form.yaml').write_text('highest: 3\ncriteria: [{name: fun, question: Is it, low: none, high: much}]')
    assert (
        main(
            [
                'make',
                '--systems',
                f'a={systems["causal"]}',
                '--contexts',
                str(contexts),
                '--n',
                '2',
                '--criteria',
                str(tmp_path / 'form.yaml'),
                '--out',
                str(tmp_path / 'kit'),
            ]
        )
        == 0
    )
    head = (tmp_path / 'kit' / 'form.csv').read_text('utf-8-sig').splitlines()[0]
    assert head == '"kit","context_id","letter","context","response","fun"'


@pytest.mark.parametrize(
    ('systems', 'said'),
    [
        (['a'], '--systems a: write name=path'),
        (['=x'], '--systems =x: write name=path'),
        (['a=reference', 'a=x'], '--systems a=x: a is named twice'),
        (['a=none.jsonl'], 'none.jsonl: cannot be read'),
        (['a=reference'], '--systems: no run among them'),
    ],
)
def test_a_mistake_is_reported_in_one_line(workplace, world, systems, said, capsys):
    contexts, _ = world()
    assert main(['make', '--systems', *systems, '--contexts', str(contexts), '--out', 'kit']) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f'error: {said}') and not (workplace / 'kit').exists()


def test_an_unwritable_folder_is_reported_in_one_line(workplace, world, capsys):
    contexts, systems = world()
    (workplace / 'file').write_text('')
    assert (
        main(
            [
                'make',
                '--systems',
                f'a={systems["causal"]}',
                '--contexts',
                str(contexts),
                '--n',
                '2',
                '--out',
                'file/kit',
            ]
        )
        == 2
    )
    assert 'Not a directory' in capsys.readouterr().err


@pytest.mark.parametrize('n', ['0', '-1', 'x'])
def test_the_number_of_contexts_must_be_a_positive_integer(n, capsys):
    with pytest.raises(SystemExit):
        main(['make', '--systems', 'a=b', '--contexts', 'c', '--out', 'kit', '--n', n])
    assert 'argument --n' in capsys.readouterr().err


def test_the_command_runs_without_torch(workplace):
    """Ratings are read quickly, also on a machine that runs no models."""
    write_lines(workplace / 'key.json', [{}])
    arguments = ['-m', 'crslab_causal.experiments.human', 'read', '--key', 'key.json', 'a.csv', '--out', 'x']
    done = subprocess.run(
        [sys.executable, '-X', 'importtime', *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={'PYTHONPATH': str(tiny.ROOT)},
    )
    assert done.returncode == 2 and 'error: key.json: kit: is missing' in done.stderr
    assert 'pydantic' in done.stderr and ' torch' not in done.stderr
