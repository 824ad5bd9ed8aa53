"""Files of words and phrases, with comments and sections."""

import pytest

from crslab_causal.base.word_lists import read_lines, read_sections

TEXT = '# a comment\n\n[first]\none two\n# another\n  [ab] three  \n[second]\n\n[third]\nfour\n'


def test_lines_have_no_comments(tmp_path):
    (tmp_path / 'words.txt').write_text('# a comment\none\n\n two\t2\n', 'utf-8')
    assert read_lines(tmp_path / 'words.txt') == ['one', 'two\t2']


def test_sections_keep_the_order_of_their_lines(tmp_path):
    (tmp_path / 'words.txt').write_text(TEXT, 'utf-8')
    sections = read_sections(tmp_path / 'words.txt')
    assert sections == {'first': ['one two', '[ab] three'], 'second': [], 'third': ['four']}


def test_line_before_the_first_section_is_an_error(tmp_path):
    (tmp_path / 'words.txt').write_text('one\n[first]\ntwo\n', 'utf-8')
    with pytest.raises(ValueError, match='"one" stands before the first section'):
        read_sections(tmp_path / 'words.txt')
