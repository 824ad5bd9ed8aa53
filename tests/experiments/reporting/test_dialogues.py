"""Success Rate and Reward-per-Dialogue-Length of runs on an official test set, and the line of this use in the log."""

import json

import pytest

import crslab_causal.official_scores as official
from crslab_causal.data.seeker_answers import ANSWERS_FILE, answers_entry
from crslab_causal.experiments.reporting import dialogues
from crslab_causal.experiments.runner.paths import RunPaths
from crslab_causal.experiments.runner.run_store import RunStore


@pytest.fixture
def scored(write_suite, table, data_path, tmp_path, monkeypatch):
    """Two seeds of a row that were scored on an official test file: in one the liked film is first in the list."""
    suite = write_suite([table(split='official', rows=[{'title': 'Small'}])])
    monkeypatch.setattr(dialogues, 'read_suites', lambda names: [suite])
    monkeypatch.setattr(official, 'check_frozen', lambda commit: commit)
    entities = json.loads((data_path / 'redial' / 'nltk' / 'entity2id.json').read_text('utf-8'))
    film, entity = next((name, number) for name, number in entities.items() if 'resource' in name)
    (data_path / 'redial' / 'nltk' / ANSWERS_FILE).write_text(json.dumps({'7': answers_entry(4, [film], [])}))
    store = RunStore(RunPaths(data_path, tmp_path / 'work'))
    for run, rank in zip(suite.tables[0].rows[0].runs, (1.0, 2.0)):
        path = store.ranks_path(store.folder_name(run), 'official')
        path.parent.mkdir(parents=True)
        line = {
            'conversation': '7',
            'turn': 1,
            'label': entity,
            'label_name': 'A film',
            'rank': rank,
            'rank_unseen': rank,
        }
        line |= {'rank_intervened': None, 'kl': None, 'repeat': False, 'history': 1}
        path.write_text(json.dumps(line) + '\n', 'utf-8')
        (path.parent / 'official.json').write_text(json.dumps({'test_sha256': 'ab' * 32}), 'utf-8')
    yield store, suite
    (data_path / 'redial' / 'nltk' / ANSWERS_FILE).unlink()


def command(store, tmp_path):
    paths = ['--data-path', str(store.paths.data_path), '--work', str(store.paths.work), '--output', str(tmp_path)]
    return dialogues.main(['suite', 'main', *paths, '--log', str(tmp_path / 'log.jsonl')])


def test_table_names_the_test_file_and_the_log_its_use(scored, tmp_path):
    store, _ = scored
    assert command(store, tmp_path) == 0
    page = (tmp_path / 'main.md').read_text('utf-8')
    assert page.splitlines()[2].startswith('| Small | 2 | 50.0 ± ')
    assert page.rstrip().endswith('SHA-256 of the test file: abababababab.')
    record = json.loads((tmp_path / 'main.json').read_text('utf-8'))
    assert [run['scores']['all']['reward_per_dialogue_length'] for run in record['rows'][0]['runs']] == [0.25, 0.0]
    (line,) = official.read_log(tmp_path / 'log.jsonl')
    assert line['test_sha256'] == 'ab' * 32 and line['systems'] == ['Small'] and 'nothing is chosen' in line['use']


def test_ranks_of_different_test_files_are_not_put_into_one_table(scored, tmp_path, capsys):
    store, suite = scored
    last = suite.tables[0].rows[0].runs[-1]
    path = store.ranks_path(store.folder_name(last), 'official').with_name('official.json')
    path.write_text(json.dumps({'test_sha256': 'cd' * 32}), 'utf-8')
    assert command(store, tmp_path) == 2
    assert 'different official test files' in capsys.readouterr().err
    assert not (tmp_path / 'main.md').exists() and not (tmp_path / 'log.jsonl').exists()
