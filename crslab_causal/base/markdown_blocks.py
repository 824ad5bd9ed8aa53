"""Blocks of a Markdown file that commands write, between the markers ``<!-- name -->`` and ``<!-- /name -->``."""

from __future__ import annotations

import re
from pathlib import Path

from crslab_causal.base.errors import UserError
from crslab_causal.base.files import replace_file


def update_block(path: Path, name: str, content: str) -> None:
    """Replace the content of a block of a file.

    Raises:
        UserError: the file has no such block.
    """
    block = re.compile(rf'(<!-- {re.escape(name)} -->\n)(.*?)(<!-- /{re.escape(name)} -->)', re.DOTALL)
    text, count = block.subn(lambda match: f'{match[1]}\n{content}\n\n{match[3]}', path.read_text('utf-8'))
    if not count:
        raise UserError(f'{path} has no markers <!-- {name} --> and <!-- /{name} -->; put them where the block belongs')
    replace_file(path, text)
