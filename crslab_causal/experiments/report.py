"""What the command leaves behind: tables, figures, and the README's blocks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Iterator, Mapping, Sequence

from crslab_causal.errors import UserError
from crslab_causal.experiments import render
from crslab_causal.experiments.figures.style import save
from crslab_causal.experiments.plots import figures_of
from crslab_causal.experiments.runs import Place
from crslab_causal.experiments.suite import Suite
from crslab_causal.experiments.tables import collect
from crslab_causal.files import replace_file


def write_report(suites: Sequence[Suite], place: Place, folder: Path, failures: Mapping[Path, str],
                 readme: Path | None = None) -> Iterator[Path]:
    """Writes ``<suite>.json``, ``.md`` and ``.tex`` and the figures of each suite, and yields each path.

    Args:
        suites: with their runs spelt out.
        place: of the runs.
        folder: where the files go.
        failures: why runs have no result, by their folders.
        readme: file whose blocks are replaced, too.

    Raises:
        UserError: ``readme`` has no place for a table.
    """
    for suite in suites:
        record = collect(suite, place, failures)
        replace_file(folder / f'{suite.name}.json', json.dumps(record, indent=1, ensure_ascii=False) + '\n')
        yield folder / f'{suite.name}.json'
        yield from write_suite(record, folder)
        for name, figure in figures_of(suite, record, place):
            yield from save(figure, folder / name)
        if readme is not None:
            for table in record['tables']:
                if table['readme']:
                    update_block(readme, table['name'], render.markdown(table))
            yield readme


def write_suite(record: dict, folder: Path) -> Iterator[Path]:
    """Tables of a record in Markdown and LaTeX."""
    page = [f"# {record['title']}", record['about'], render.joined(record['tables'])]
    replace_file(folder / f"{record['name']}.md", '\n\n'.join(part for part in page if part) + '\n')
    replace_file(folder / f"{record['name']}.tex", '\n'.join(map(render.latex, record['tables'])))
    yield folder / f"{record['name']}.md"
    yield folder / f"{record['name']}.tex"


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
