"""The command line, what is said, and what happens where a folder is there already."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest
import stand_ins

import tiny
from crslab_causal.base.errors import UserError
from crslab_causal.command_line.prepare import build_parser
from crslab_causal.prepare.command import run


def parse(*arguments: str) -> argparse.Namespace:
    return build_parser().parse_args(arguments)


def test_command_prepares_a_folder(server, manifest, tmp_path, monkeypatch, capsys):
    from crslab_causal.prepare import preparation

    monkeypatch.setattr(
        preparation.prepare, '__kwdefaults__', preparation.prepare.__kwdefaults__ | {'manifest': manifest}
    )
    options = parse('redial', '--data_path', str(tmp_path / 'data'), '--source', 'official', '--mirror', server.address)
    assert run(options) == 0
    assert (tmp_path / 'data' / 'redial' / 'nltk' / '.built').read_text().splitlines()[1] == '0.31'
    output = capsys.readouterr()
    assert 'CC BY 4.0' in output.out and 'Please cite: Li et al.' in output.out and '2 train' in output.out
    assert output.err == ''  # a bar is for a terminal


def test_folder_is_data_dataset_by_default():
    assert Path(parse('inspired').data_path) == Path('data', 'dataset')


@pytest.mark.parametrize(
    'arguments',
    [['durecdial'], ['redial', '--source', 'x'], ['opendialkg', '--split', 'x'], ['redial', '--no-check'], []],
)
def test_unknown_arguments_end_with_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        parse(*arguments)
    assert end.value.code == 2


def test_dry_run_lists_files_hashes_sizes_and_licences_and_touches_nothing(tmp_path, capsys):
    assert run(parse('redial', '--data_path', str(tmp_path / 'data'), '--dry-run')) == 0
    text = capsys.readouterr().out
    assert 'redial_valid: 3,441,680 bytes, git blob SHA-1 67fda41b4a8e72959266ed3ae961ab84a79f03ad' in text
    assert 'redial_train: size not known, git blob SHA-1 b09d8f3926a05e83703d8a96eb0530d9694dd6ce' in text
    assert 'LATTE2/2e031513cdc77b5cf90ed5a4abc4febaf52a8c09/data/redial/valid_data.json (Apache-2.0)' in text
    assert '(no licence stated)' in text
    assert not (tmp_path / 'data').exists()


def test_dry_run_of_an_archive_names_its_hash(tmp_path, capsys):
    assert run(parse('opendialkg', '--from-zip', 'copy.zip', '--dry-run')) == 0
    assert '6487f251ac74911e35bec690469fba52a7df14908575229b63ee30f63885c32f' in capsys.readouterr().out


def test_repository_without_a_licence_is_reported_before_the_download(prepare, tmp_path, server):
    before = []
    server.fault = lambda path, number: before.append(list(prepare.said))
    prepare('redial', tmp_path / 'data')
    assert any('the repository of redial_tokens states no licence' in line for line in before[0])
    assert not any('redial_valid' in line for line in before[0])


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'source': 'x'}, "--source of redial: 'x' does not exist; choose one of crslab, official"),
        ({'split': 'turn'}, "--split of redial: 'turn' does not exist; choose one of published"),
        ({'mirror': 'ftp://x'}, "--mirror: 'ftp://x' is not an address"),
        ({'mirror': 'folder'}, "--mirror: 'folder' is not an address"),
    ],
)
def test_mistakes_are_reported_before_anything_happens(prepare, tmp_path, arguments, message):
    with pytest.raises(UserError, match=message.replace('(', r'\(')):
        prepare('redial', tmp_path / 'data', **arguments)
    assert not (tmp_path / 'data').exists()


def test_second_call_downloads_nothing_and_changes_nothing(prepare, tmp_path, server):
    folder = prepare('opendialkg', tmp_path / 'data')
    before, asked = tiny.snapshot(folder), server.requests.total()
    prepare('opendialkg', tmp_path / 'data')
    assert (tiny.snapshot(folder), server.requests.total()) == (before, asked)
    assert prepare.said[-1] == f'{folder} is there already'


def test_other_source_or_split_is_not_written_over(prepare, tmp_path):
    folder = prepare('opendialkg', tmp_path / 'data')
    before = tiny.snapshot(folder)
    with pytest.raises(
        UserError, match='was prepared with --source ievalm --split dialogue; move it away, or choose another'
    ):
        prepare('opendialkg', tmp_path / 'data', split='turn')
    assert tiny.snapshot(folder) == before


def test_users_own_folder_is_not_written_over(prepare, tmp_path):
    folder = tiny.write_redial(tmp_path / 'data')
    before = tiny.snapshot(folder)
    with pytest.raises(UserError, match='holds other data; move it away'):
        prepare('redial', tmp_path / 'data')
    assert tiny.snapshot(folder) == before


def test_folder_with_hidden_files_alone_is_free(prepare, tmp_path):
    folder = tmp_path / 'data' / 'redial' / 'nltk'
    folder.mkdir(parents=True)
    (folder / '.built').write_text('2020-01-01\n0.31')
    assert (prepare('redial', tmp_path / 'data') / 'train_data.json').is_file()


def test_another_dataset_uses_the_files_that_are_there(prepare, tmp_path, server):
    prepare('redial', tmp_path / 'data')
    prepare('inspired', tmp_path / 'data')
    shared = f'/{stand_ins.LICENSED}/{stand_ins.COMMIT}/film_info'
    assert server.requests[shared] == 1


def test_record_says_what_the_folder_was_made_from(prepare, tmp_path):
    record = json.loads((prepare('redial', tmp_path / 'data', source='official') / 'prepared.json').read_text('utf-8'))
    assert record['source'] == 'official' and record['counts']['test'] == 1
    assert record['files']['redial_raw'] == {'sha1': stand_ins.git_blob(stand_ins.PUBLISHED['redial_raw'])}


def test_bar_shows_bytes_rate_and_remaining_time(prepare, tmp_path, server, capsys):
    prepare('redial', tmp_path / 'data', progress=True)
    text = capsys.readouterr().err
    assert 'Downloading redial' in text and 'B/s' in text and '<00:' in text


def test_folder_that_cannot_be_written_is_reported(prepare, tmp_path):
    (tmp_path / 'data').write_text('a file')
    with pytest.raises(UserError, match='choose another --data-path'):
        prepare('redial', tmp_path / 'data')


def test_prepare_starts_without_torch_and_crslab():
    code = (
        'import sys; import crslab_causal.prepare.command, crslab_causal.prepare.preparation; '
        'print(sorted({"torch", "crslab", "nltk", "pandas"} & set(sys.modules)))'
    )
    done = subprocess.run([sys.executable, '-c', code], cwd=tiny.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == '[]'
