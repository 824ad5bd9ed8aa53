"""The pages of the documentation and the README, and their code blocks."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import tiny

DOCS = tiny.ROOT / 'docs'
PAGES = [*sorted(DOCS.rglob('*.md')), tiny.ROOT / 'README.md']


def page_name(page: Path) -> str:
    """Return the path of a page in the repository."""
    return page.relative_to(tiny.ROOT).as_posix()


def code_blocks(page: Path, *languages: str) -> list[str]:
    """Return the code blocks of a page in these languages."""
    return re.findall(rf'^```(?:{"|".join(languages)})\n(.*?)^```', page.read_text('utf-8'), re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[list[str]]:
    """Return the calls of ``crslab-causal`` and ``run_crslab.py`` in a page's shell blocks, as lists of arguments."""
    found = []
    for block in code_blocks(page, 'sh', 'bash', 'console'):
        for line in block.splitlines():
            program = re.search(r'\S*crslab-causal (.*)|run_crslab\.py (.*)', line.removeprefix('$ '))
            if program is not None:
                found.append(shlex.split(program[1] or f'run {program[2]}', comments=True))
    return found
