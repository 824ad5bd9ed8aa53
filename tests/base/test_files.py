"""Files are replaced in one step."""

import os
import stat

import pytest

from crslab_causal.base.files import replace_file


def test_a_file_is_made_with_its_folders_and_then_replaced(tmp_path):
    path = tmp_path / 'a' / 'b.txt'
    for content in ('naïve', b'bytes'):
        replace_file(path, content)
        assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert os.listdir(path.parent) == ['b.txt']


def test_file_permissions_follow_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        replace_file(tmp_path / 'a.txt', 'text')
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / 'a.txt').stat().st_mode) == 0o640


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / 'a.txt'
    replace_file(path, 'old')

    def full(*_):
        raise OSError('no space left')

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(OSError, match='no space left'):
        replace_file(path, 'new')
    assert path.read_text() == 'old' and os.listdir(tmp_path) == ['a.txt']
