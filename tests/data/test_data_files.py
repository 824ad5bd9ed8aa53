"""The digest by which tables name their data."""

import shutil

import pytest

import tiny
from crslab_causal.data.data_files import data_line, digest_of_files
from crslab_causal.registry import DATASETS


@pytest.fixture
def folder(tmp_path):
    return tiny.write_redial(tmp_path / 'data')


def digest(folder):
    return digest_of_files(folder, DATASETS['ReDial'].load().files)


def test_a_copy_has_the_same_digest_and_a_changed_file_another(folder, tmp_path):
    before = digest(folder)
    assert digest(shutil.copytree(folder, tmp_path / 'copy')) == before
    with (folder / 'valid_data.json').open('a') as file:
        file.write('\n')
    assert digest(folder) != before


def test_a_file_that_no_run_reads_does_not_count(folder):
    before = digest(folder)
    (folder / 'prepared.json').write_text('{}')
    assert digest(folder) == before
    (folder / 'movie_titles.json').write_text('{}')  # optional, but read
    assert digest(folder) != before


def test_a_folder_without_data_has_no_digest_and_no_line(tmp_path):
    assert digest(tmp_path) is None
    assert data_line({}) == ''
