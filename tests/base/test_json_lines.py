"""The reader of JSON lines: every line that is wrong is named with what to do."""

import json
from typing import Any

import pytest
from pydantic import BaseModel

from crslab_causal.base.errors import UserError
from crslab_causal.base.json_lines import read_json_lines
from crslab_causal.base.options import Options


class Count(BaseModel):
    """A line of a test."""

    n: int
    text: str = ''


class Strict(Options):
    """A line of a test that has no other keys."""

    n: int


def values(path, schema=Count, **keywords):
    return list(read_json_lines(path, schema, 'write it again', **keywords))


@pytest.mark.parametrize(
    'content',
    [
        b'{"n": 1}\n{"n": 2}\n',
        b'{"n": 1}\n{"n": 2}',
        b'{"n": 1}\r\n{"n": 2}\r\n',
        b'\xef\xbb\xbf{"n": 1}\n{"n": 2}\n',
    ],
)
def test_lines_are_read_with_their_numbers(tmp_path, content):
    path = tmp_path / 'lines.jsonl'
    path.write_bytes(content)
    assert values(path) == values(path, skip_blank=False) == [(1, Count(n=1)), (2, Count(n=2))]
    assert values(path, dict[str, Any]) == [(1, {'n': 1}), (2, {'n': 2})]


@pytest.mark.parametrize('mark', ['\u2028', '\u2029', '\x85', '\x7f', '\u00a0'])
def test_line_breaks_of_unicode_stay_in_a_text(tmp_path, mark):
    path = tmp_path / 'lines.jsonl'
    lines = [{'n': 1, 'text': f'a{mark}b'}, {'n': 2, 'text': mark}]
    path.write_text(''.join(json.dumps(line, ensure_ascii=False) + '\n' for line in lines), 'utf-8')
    assert [value.model_dump() for _, value in values(path)] == lines


def test_blank_lines_are_skipped_or_refused_and_empty_files_have_no_lines(tmp_path):
    path = tmp_path / 'lines.jsonl'
    path.write_text('\n{"n": 1}\n \n')
    assert values(path) == [(2, Count(n=1))]
    with pytest.raises(UserError, match=r'lines.jsonl, line 1: is blank; write it again$'):
        values(path, skip_blank=False)
    path.write_text('')
    assert values(path) == values(path, skip_blank=False) == []


@pytest.mark.parametrize(
    ('line', 'said'),
    [
        (b'{"n": 1', 'line 2: not valid JSON (EOF while parsing an object at column 7)'),
        (b'no json', 'line 2: not valid JSON (expected ident at column 2)'),
        (b'{"n": 1} {"n": 2}', 'line 2: not valid JSON (trailing characters at column 10)'),
        (b'[1]', 'line 2: must be an object'),
        (b'null', 'line 2: must be an object'),
        (b'{}', 'line 2: n: is missing'),
        (b'{"n": "one"}', 'line 2: n: must be a whole number'),
        (b'{"n": 1, "a\\nb": 2}', 'line 2: a b: no such key'),
        (b'[' * 100_000, 'line 2: not valid JSON (recursion limit exceeded'),
        (b'{"n": ' * 100_000, 'line 2: not valid JSON (recursion limit exceeded'),
        (b'{"n": "\xe9"}', 'cannot be read (line 2 is not UTF-8)'),
        (b'{"n": 1}\x00', 'line 2: not valid JSON (trailing characters at column 9)'),
    ],
)
def test_a_wrong_line_is_named(tmp_path, line, said):
    path = tmp_path / 'lines.jsonl'
    path.write_bytes(b'{"n": 1}\n' + line + b'\n{"n": 3}\n')
    with pytest.raises(UserError) as caught:
        values(path, Strict)
    message = str(caught.value)
    assert message.startswith((f'{path}, {said}', f'{path}: {said}'))
    assert message.endswith('; write it again') and '\n' not in message


def test_files_that_cannot_be_read_are_named(tmp_path):
    for path in (tmp_path, tmp_path / 'missing.jsonl', tmp_path / 'null\0byte'):
        with pytest.raises(UserError) as caught:
            values(path)
        assert str(caught.value).startswith(f'{path}: cannot be read (') and str(caught.value).endswith(
            'write it again'
        )
    path = tmp_path / 'utf16.jsonl'
    path.write_text('{"n": 1}\n', 'utf-16')
    with pytest.raises(UserError, match=r'utf16.jsonl: cannot be read \(line 1 is not UTF-8\)'):
        values(path)
