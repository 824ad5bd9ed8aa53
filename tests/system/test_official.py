"""A saved run is scored on another test file, without training, and every score is logged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import crslab_causal.base.provenance as provenance_module
import tiny
from crslab_causal.base.errors import UserError
from crslab_causal.command_line.main import main
from crslab_causal.official_scores import append_entry, check_frozen, known_samples


@pytest.fixture
def official(data_path, run, tmp_path, monkeypatch):
    """Train and save a run; give its results, its folder, and the command that scores it on a file."""
    results, folder = run(flags=['-ss'])

    def official(test_data, *more: str) -> int:
        arguments = ['official', '-c', str(tmp_path / 'small.yaml'), '--data_path', str(data_path), '--seed', '1']
        return main([*arguments, '--test_data', str(test_data), '--log', 'log.jsonl', *more])

    monkeypatch.setattr(provenance_module, '_git_commit', lambda: 'abc')
    provenance_module.provenance.cache_clear()
    yield results, folder, official
    provenance_module.provenance.cache_clear()


def same_scores(line: dict, split: dict) -> bool:
    """Return whether a line of the log has the scores of a split; it also has those of the paper's cutoffs."""
    logged = line['scores']['all']
    return 'recall@25' in logged and {name: logged[name] for name in split['all']} == pytest.approx(split['all'])


def test_the_own_test_file_has_the_scores_of_the_run_and_nothing_is_trained(official, data_path, tmp_path):
    results, folder, score = official
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    stand_in = tmp_path / 'stand_in.json'
    shutil.copy(data_path / 'redial' / 'nltk' / 'test_data.json', stand_in)
    assert score(stand_in) == 0 and score(stand_in) == 0
    first, second = map(json.loads, (tmp_path / 'log.jsonl').read_text('utf-8').splitlines())
    assert same_scores(first, results['splits']['test'])
    assert (first['commit'], first['configuration'], first['seed'], first['mentions_left_out']) == (
        'abc',
        'small',
        1,
        0,
    )
    assert (first['count'], second['count']) == (1, 2)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_another_file_is_scored_with_the_same_weights_and_counted_apart(official, data_path, tmp_path):
    results, _, score = official
    folder = data_path / 'redial' / 'nltk'
    assert score(folder / 'test_data.json') == 0
    assert score(folder / 'valid_data.json') == 0  # its scores are known
    own, other = map(json.loads, (tmp_path / 'log.jsonl').read_text('utf-8').splitlines())
    assert other['count'] == 1 and other['test_sha256'] != own['test_sha256'] and other['config'] == own['config']
    assert same_scores(other, results['splits']['valid'])


def test_a_mention_that_the_data_lack_is_left_out_and_counted(official, data_path, tmp_path):
    """The recommender has no vector for an entity that no split of its data mentions."""
    _, _, score = official
    changed = with_unknown_mentions(data_path, tmp_path)
    n_conversations = len(json.loads(changed.read_text('utf-8')))
    assert score(changed) == 0
    (line,) = map(json.loads, (tmp_path / 'log.jsonl').read_text('utf-8').splitlines())
    assert line['mentions_left_out'] > 0 and line['samples'] == n_conversations


def test_mentions_keep_their_speakers_when_an_unknown_one_is_left_out(data_path, tmp_path):
    changed = with_unknown_mentions(data_path, tmp_path)
    dataset = tiny.load('ReDial', data_path)
    whole, (samples, left_out) = dataset.read_other_test(changed), known_samples(dataset, changed)
    known = {*dataset.side_data['item_entity_ids'], *dataset.side_data['mentioned_entity_ids']}
    assert left_out == sum(entity not in known for sample in whole for entity in sample['context_mentions']) > 0
    assert [spoken(sample) for sample in samples] == [
        [(entity, role) for entity, role in spoken(sample) if entity in known] for sample in whole
    ]


def spoken(sample: dict) -> list[tuple[int, str]]:
    """Return each mention with its speaker."""
    return list(zip(sample['context_mentions'], sample['context_mention_roles'], strict=True))


def with_unknown_mentions(data_path: Path, folder: Path) -> Path:
    """Write the test file again, with an entity that no split mentions in the first utterances, and return its path."""
    source = data_path / 'redial' / 'nltk'
    read = {name: json.loads((source / f'{name}_data.json').read_text('utf-8')) for name in ('train', 'valid', 'test')}
    mentioned = {
        name
        for conversations in read.values()
        for conversation in conversations
        for utterance in conversation['dialog']
        for name in [*utterance['movies'], *utterance['entity']]
    }
    ids = json.loads((source / 'entity2id.json').read_text('utf-8'))
    items = set(json.loads((source / 'movie_ids.json').read_text('utf-8')))
    unknown = next(name for name, entity in ids.items() if name not in mentioned and entity not in items)
    for conversation in read['test']:
        conversation['dialog'][0]['entity'].append(unknown)
    changed = folder / 'changed.json'
    changed.write_text(json.dumps(read['test']), 'utf-8')
    return changed


def test_mistakes_are_one_line_and_log_nothing(official, tmp_path, capsys):
    _, _, score = official
    bad = tmp_path / 'bad.json'
    bad.write_text('[{"dialog": 1}]', 'utf-8')
    for file, more, said in (
        (tmp_path / 'none.json', (), 'does not exist'),
        (bad, (), 'bad.json'),
        (bad, ('--set', 'run_name=nobody'), 'train first with --save-system'),
    ):
        capsys.readouterr()
        assert score(file, *more) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert said in line
    assert not (tmp_path / 'log.jsonl').exists()


def test_code_that_is_not_committed_is_refused(official, monkeypatch, tmp_path, capsys, data_path):
    _, _, score = official
    monkeypatch.setattr(provenance_module, '_git_commit', lambda: 'abc with changes')
    provenance_module.provenance.cache_clear()
    assert score(data_path / 'redial' / 'nltk' / 'test_data.json') == 2
    assert 'not committed' in capsys.readouterr().err and not (tmp_path / 'log.jsonl').exists()
    with pytest.raises(UserError, match='not in a git repository'):
        check_frozen(None)


def test_a_damaged_log_is_refused(tmp_path):
    log = tmp_path / 'log.jsonl'
    log.write_text('{}\nno json\n', 'utf-8')
    with pytest.raises(UserError, match=r'log.jsonl, line 2: not valid JSON .*; restore the log'):
        append_entry(log, {})
