"""The table of CRSLab's defects: its lines exist, and no defect that the code names is missing.

``python tests/crslab_compat/test_defects.py`` brings the line numbers of this package up to date.
"""

import importlib.util
import re
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / 'crslab_causal'
TABLE = PACKAGE / 'crslab_compat' / '__init__.py'
ROW = re.compile(
    r'^- ``(?P<crslab>[\w/]+\.py):(?P<line>\d+)`` (?P<defect>.+?)\n'
    r'  -> ``(?P<file>[\w/]+\.py):(?P<own_line>\d+)`` (?P<symbol>\w+)$',
    re.MULTILINE,
)
CITATION = re.compile(r'\b((?:[a-z_]+/)+[a-z_]+\.py|download\.py):(\d+)')
"""How the code names a line of CRSLab."""


def rows():
    return list(ROW.finditer(TABLE.read_text('utf-8')))


def line_of(file, symbol):
    """Number of the line that defines a symbol in a file of this package."""
    pattern = re.compile(rf'^\s*(?:def |class )?{symbol}\b(?:\(|:| =)')
    lines = (PACKAGE / file).read_text('utf-8').splitlines()
    return next(number for number, line in enumerate(lines, start=1) if pattern.match(line))


def test_every_row_names_lines_that_exist():
    crslab = Path(importlib.util.find_spec('crslab').origin).parent
    found = rows()
    assert len(found) > 30
    for row in found:
        assert int(row['line']) <= len((crslab / row['crslab']).read_text('utf-8').splitlines()), row[0]
        assert int(row['own_line']) == line_of(row['file'], row['symbol']), row[0]


def test_every_defect_that_the_code_names_is_in_the_table():
    crslab = Path(importlib.util.find_spec('crslab').origin).parent
    known = {row['crslab'] for row in rows()}
    for path in PACKAGE.rglob('*.py'):
        for file, _ in CITATION.findall(path.read_text('utf-8')):
            is_fact = file.endswith('resources.py')  # versions and downloads, no defects
            if (crslab / file).is_file() and not (PACKAGE / file).is_file() and not is_fact:
                assert file in known, f'{path}: {file} is not in the table of {TABLE}'


if __name__ == '__main__':
    text = TABLE.read_text('utf-8')
    for row in rows():
        number = line_of(row['file'], row['symbol'])
        text = text.replace(row[0], row[0].replace(f'{row["file"]}:{row["own_line"]}', f'{row["file"]}:{number}'))
    TABLE.write_text(text, 'utf-8')
