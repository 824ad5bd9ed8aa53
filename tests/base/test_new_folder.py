"""Folders are written in one step, and the old one stays if that fails."""

import os
from pathlib import Path

import pytest

from crslab_causal.base.files import new_folder, remove_leftovers


def write(folder, text):
    with new_folder(folder) as new:
        (new / 'a.txt').write_text(text)


def test_a_folder_replaces_an_old_one_and_leaves_nothing_else(tmp_path):
    folder = tmp_path / 'parent' / 'data'
    write(folder, 'first')
    (folder / 'b.txt').write_text('only in the first')
    write(folder, 'second')
    assert [path.name for path in folder.iterdir()] == ['a.txt'] and (folder / 'a.txt').read_text() == 'second'
    assert list(folder.parent.iterdir()) == [folder]


def test_the_old_folder_stays_if_the_block_fails(tmp_path):
    write(tmp_path / 'data', 'first')
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / 'data') as new:
        (new / 'a.txt').write_text('half')
        raise KeyboardInterrupt
    assert (tmp_path / 'data' / 'a.txt').read_text() == 'first' and len(list(tmp_path.iterdir())) == 1


def test_the_old_folder_is_restored_if_the_renaming_fails(tmp_path, monkeypatch):
    write(tmp_path / 'data', 'first')
    real = os.replace

    def fail_with_the_new_one(source, target):
        if Path(source).name == 'new':
            raise OSError('full')
        real(source, target)

    monkeypatch.setattr(os, 'replace', fail_with_the_new_one)
    with pytest.raises(OSError, match='full'):
        write(tmp_path / 'data', 'second')
    assert (tmp_path / 'data' / 'a.txt').read_text() == 'first' and len(list(tmp_path.iterdir())) == 1


def test_what_killed_processes_left_is_removed(tmp_path):
    (tmp_path / '.data-0123abcd.partial' / 'new').mkdir(parents=True)
    (tmp_path / '.other-0123abcd.partial').mkdir()
    remove_leftovers(tmp_path / 'data')
    assert [path.name for path in tmp_path.iterdir()] == ['.other-0123abcd.partial']
