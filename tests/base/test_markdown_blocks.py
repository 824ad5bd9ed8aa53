"""Blocks of a Markdown file that commands write."""

import pytest

from crslab_causal.base.errors import UserError
from crslab_causal.base.markdown_blocks import update_block
from page_blocks import read_block

TEXT = '# Mine\n<!-- main -->\nold\n<!-- /main -->\nbetween\n<!-- other -->\nkept\n<!-- /other -->\nend\n'


@pytest.fixture
def path(tmp_path):
    path = tmp_path / 'README.md'
    path.write_text(TEXT, 'utf-8')
    return path


def test_an_update_changes_its_block_only(path):
    update_block(path, 'main', r'| new \1 |')
    assert path.read_text('utf-8') == TEXT.replace('old\n', '\n| new \\1 |\n\n')
    assert read_block(path, 'main') == r'| new \1 |' and read_block(path, 'other') == 'kept'


def test_a_missing_block_is_named_and_nothing_is_written(path):
    with pytest.raises(UserError, match=r'README.md has no markers <!-- mai --> and <!-- /mai -->'):
        update_block(path, 'mai', 'x')
    assert path.read_text('utf-8') == TEXT
