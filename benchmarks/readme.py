"""Blocks of the README that commands write."""

import re
from pathlib import Path

README = Path(__file__).resolve().parents[1] / 'README.md'


def update_block(name: str, block: str) -> None:
    """Puts ``block`` between the markers ``<!-- name -->`` and ``<!-- /name -->``."""
    text, count = re.subn(rf'(<!-- {name} -->\n).*?(<!-- /{name} -->)', lambda m: f'{m[1]}\n{block}\n\n{m[2]}',
                          README.read_text('utf-8'), flags=re.DOTALL)
    if not count:
        raise SystemExit(f'{README} has no markers <!-- {name} --> and <!-- /{name} -->')
    README.write_text(text, 'utf-8')
