"""Only plain containers come out of a pickle; nothing in it runs."""

import datetime
import os
import pickle
from collections import Counter, OrderedDict, defaultdict

import pytest

from crslab_causal.base.errors import UserError
from crslab_causal.prepare.pickles import read_containers


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_containers_are_read(tmp_path, protocol):
    value = {
        'a': [1, 2.5, None, True],
        'b': ({'c'}, frozenset({1})),
        'd': OrderedDict(x=1),
        'e': defaultdict(list, {'text': ['uri']}),
    }
    (tmp_path / 'file.pkl').write_bytes(pickle.dumps(value, protocol))
    read = read_containers(tmp_path / 'file.pkl')
    assert read == value and read['e'].default_factory is list


class Runs:
    def __init__(self, call, *args):
        self._reduced = call, args

    def __reduce__(self):
        return self._reduced


@pytest.mark.parametrize(
    'value',
    [
        Runs(os.system, 'touch ran'),
        Runs(eval, '1'),
        Runs(exec, '1'),
        Runs(getattr, {}, 'keys'),
        Runs(__import__, 'os'),
        Runs(open, 'ran', 'w'),
        Counter('a'),
        datetime.date(2026, 1, 1),
        len,
        pytest.raises,
    ],
)
def test_anything_else_is_refused_before_it_runs(tmp_path, monkeypatch, value):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'file.pkl').write_bytes(pickle.dumps({'a': value}))
    with pytest.raises(UserError, match='file.pkl: not read.*which is not a plain container.*--source'):
        read_containers(tmp_path / 'file.pkl')
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'no pickle',
        b'\x80\x05',
        pickle.dumps({'a': 1})[:-3],
        b'cos\nsystem\n.',
        b'cbuiltins\ndict.fromkeys\n.',
        b'Pid\n.',
    ],
)
def test_broken_file_is_reported_in_one_line(tmp_path, content):
    (tmp_path / 'file.pkl').write_bytes(content)
    with pytest.raises(UserError) as error:
        read_containers(tmp_path / 'file.pkl')
    assert '\n' not in str(error.value)
