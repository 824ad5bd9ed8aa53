"""Each equation of the paper is found by one search, at the line that computes it."""

import re

import pytest

import tiny

WHERE = {
    1: 'causal_kbrd.py',
    2: 'rgcn.py',
    3: 'attention.py',
    4: 'causal_kbrd.py',
    5: 'causal_kbrd.py',
    6: 'causal_kbrd.py',
    7: 'losses.py',
    8: 'losses.py',
    9: 'pipeline.py',
}


@pytest.mark.parametrize('number, file', WHERE.items())
def test_a_comment_marks_the_line_of_each_equation(number, file):
    marked = {
        path.name
        for path in (tiny.ROOT / 'crslab_causal').rglob('*.py')
        for line in path.read_text('utf-8').splitlines()
        if re.search(rf'#.*\bEq {number}\b', line)
    }
    assert file in marked
