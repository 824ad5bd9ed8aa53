"""What the command leaves behind: tables, figures, and the README's blocks."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Iterator, Mapping, Sequence

from crslab_causal.base.errors import UserError
from crslab_causal.experiments.analysis.previous_results import Earlier
from crslab_causal.experiments.analysis.tables import collect
from crslab_causal.experiments.reporting import render, render_case
from crslab_causal.experiments.reporting.figures.style import save
from crslab_causal.experiments.reporting.plots import figures_of
from crslab_causal.experiments.runner.runs import Place
from crslab_causal.experiments.suite.suite import Suite
from crslab_causal.base.files import replace_file


def write_report(suites: Sequence[Suite], place: Place, folder: Path, failures: Mapping[Path, str],
                 readme: Path | None = None, earlier: Earlier = Earlier()) -> Iterator[Path]:
    """Writes ``<suite>.json``, ``.md`` and ``.tex`` and the figures of each suite, and yields each path.

    A suite without any finished run is left out, so that nothing takes the place of an earlier result.

    Args:
        suites: with their runs spelt out.
        place: of the runs.
        folder: where the files go.
        failures: why runs have no result, by their folders.
        readme: file whose blocks are replaced, too.
        earlier: a report whose runs stand for those that are not at hand.

    Raises:
        UserError: the earlier report is damaged, or ``readme`` has no place for a table.
    """
    for suite in suites:
        record = collect(suite, place, failures, earlier)
        if not any(row['runs'] for table in record['tables'] for row in table['rows']):
            print(f'{suite.name}: no run is finished, so that there is nothing to write', file=sys.stderr)
            continue
        yield from write_record(record, folder)
        for name, figure in figures_of(suite, record, place, earlier):
            yield from save(figure, folder / name)
        if readme is not None:
            for table in record['tables']:
                if table['readme']:
                    update_block(readme, table['name'], render.markdown(table))
            yield readme


def write_record(record: dict, folder: Path) -> Iterator[Path]:
    """A suite's record, and its tables in Markdown and LaTeX."""
    pages = {'json': json.dumps(record, indent=1, ensure_ascii=False) + '\n', 'md': markdown_page(record),
             'tex': latex_page(record)}
    for suffix, content in pages.items():
        replace_file(folder / f"{record['name']}.{suffix}", content)
        yield folder / f"{record['name']}.{suffix}"


def markdown_page(record: dict) -> str:
    """All tables of a suite, under its title."""
    page = [f"# {record['title']}", record['about'], render.joined(record['tables']),
            *map(render_case.markdown, record['cases'])]
    return '\n\n'.join(part for part in page if part) + '\n'


def latex_page(record: dict) -> str:
    """The same for LaTeX."""
    return '\n'.join([*map(render.latex, record['tables']), *map(render_case.latex, record['cases'])])


def update_block(path: Path, name: str, block: str) -> None:
    """Puts ``block`` between the markers ``<!-- name -->`` and ``<!-- /name -->`` of a file.

    Raises:
        UserError: the file has no such markers.
    """
    text, count = re.subn(rf'(<!-- {name} -->\n).*?(<!-- /{name} -->)', lambda m: f'{m[1]}\n{block}\n\n{m[2]}',
                          path.read_text('utf-8'), flags=re.DOTALL)
    if not count:
        raise UserError(f'{path} has no markers <!-- {name} --> and <!-- /{name} -->; put them where the table goes')
    replace_file(path, text)
