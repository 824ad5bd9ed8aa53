"""Runs on data with the seekers' answers have two more scores, and runs on data without them are as before."""

import json

import pytest

import tiny
from crslab_causal.command_line.main import main
from crslab_causal.data.seeker_answers import ANSWERS_FILE, answers_entry
from crslab_causal.experiments.reporting import dialogues

REPEAT = ('model=Repeat',)


@pytest.fixture
def answers(data_path):
    """Write answers for half of the test conversations beside the data: every recommended film is liked."""
    folder = data_path / 'redial' / 'nltk'
    conversations = json.loads((folder / 'test_data.json').read_text('utf-8'))
    content = {
        str(conversation['conv_id']): answers_entry(
            len(conversation['dialog']), [film for one in conversation['dialog'] for film in one['movies']], []
        )
        for conversation in conversations[: len(conversations) // 2]
    }
    (folder / ANSWERS_FILE).write_text(json.dumps(content), 'utf-8')
    yield content
    (folder / ANSWERS_FILE).unlink()


def test_answers_add_two_scores_and_change_nothing_else(run, data_path, request):
    before, folder = run(*REPEAT, 'run_name=before')
    answers = request.getfixturevalue('answers')
    after, new_folder = run(*REPEAT, 'run_name=after')
    added = after['splits']['test'].pop('dialogues')
    assert after['splits'] == before['splits'] and after['data'] == before['data']  # not even on valid
    assert (new_folder / 'ranks_test.jsonl').read_bytes() == (folder / 'ranks_test.jsonl').read_bytes()
    lines = [json.loads(line) for line in (folder / 'ranks_test.jsonl').read_text('utf-8').splitlines()]
    successful = {line['conversation'] for line in lines if line['rank'] == 1} & answers.keys()
    scored = {line['conversation'] for line in lines} & answers.keys()
    assert added['all']['conversations'] == len(scored) > 0
    assert added['all']['success_rate'] == pytest.approx(len(successful) / len(scored))
    old, new = ((f / 'results.md').read_text('utf-8') for f in (folder, new_folder))
    line = next(line for line in new.splitlines() if "with the seeker's answers" in line)
    assert new.replace(f'{line}\n\n', '') == old


def test_scores_on_another_test_file_have_them_too(run, answers, data_path, tmp_path, monkeypatch):
    import crslab_causal.official_scores as official

    result, _ = run(*REPEAT, flags=['-ss'])
    monkeypatch.setattr(official, 'check_frozen', lambda commit: commit)
    monkeypatch.setattr('crslab_causal.command_line.official.check_frozen', lambda commit: commit)
    arguments = ['official', '-c', str(tmp_path / 'small.yaml'), '--data_path', str(data_path), '--seed', '1']
    arguments += ['--set', *REPEAT, '--log', 'log.jsonl']
    assert main([*arguments, '--test_data', str(data_path / 'redial' / 'nltk' / 'test_data.json')]) == 0
    line = json.loads((tmp_path / 'log.jsonl').read_text('utf-8'))
    assert line['scores']['dialogues'] == result['splits']['test']['dialogues']


# ---------------------------------------------------------------- the table of finished runs

RUN = {'all': {'conversations': 7, 'success_rate': 0.125, 'reward_per_dialogue_length': 0.0104}}


def test_the_table_has_a_mean_and_an_interval_over_seeds():
    other = {'all': {**RUN['all'], 'success_rate': 0.225}}
    record = {
        'split': 'valid',
        'data': {'ReDial': 'abcdef0123456789'},
        'rows': [
            {'title': 'a | b', 'runs': [{'seed': 1, 'scores': RUN}]},
            {'title': 'c', 'runs': [{'seed': 1, 'scores': RUN}, {'seed': 2, 'scores': other}]},
        ],
    }
    lines = dialogues.dialogue_page(record).splitlines()
    assert lines[0] == '| valid | seeds | ALL SR | ALL RDL |'
    assert lines[2] == r'| a \| b | 1 | 12.5 | 0.0104 |'
    assert lines[3] == '| c | 2 | 17.5 ± 63.5 | 0.0104 ± 0.0000 |'
    assert lines[-1].startswith('7 conversations') and lines[-1].endswith('ReDial abcdef012345.')


def test_the_committed_tables_are_those_of_their_records():
    records = sorted((tiny.ROOT / 'results' / 'dialogues').glob('*.json'))
    assert records
    for path in records:
        page = dialogues.dialogue_page(json.loads(path.read_text('utf-8')))
        assert path.with_suffix('.md').read_text('utf-8') == page + '\n'


@pytest.mark.parametrize(
    'arguments, message',
    [
        (['pool', 'none'], 'pool: has no table none'),
        (['pool', 'pool_redial_valid'], 'has no seeker_answers.json; crslab-causal prepare redial --answers-only'),
    ],
)
def test_a_mistake_is_reported_in_one_line(arguments, message, tmp_path, capsys):
    assert dialogues.main([*arguments, '--data-path', str(tmp_path), '--output', str(tmp_path)]) == 2
    error = capsys.readouterr().err.strip()
    assert message in error and '\n' not in error
