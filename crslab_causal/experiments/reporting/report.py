"""Write the report of a suite: JSON with all numbers, tables, figures, and the tables inside a Markdown page."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

from crslab_causal.base.files import replace_file
from crslab_causal.base.markdown_blocks import update_block
from crslab_causal.experiments.analysis.record import NEEDS_LLM, SuiteRecord
from crslab_causal.experiments.reporting import render, render_case
from crslab_causal.experiments.reporting.figures.style import save
from crslab_causal.experiments.reporting.plots import figures_of


def write_report(record: SuiteRecord, folder: Path, readme: Path | None = None) -> Iterator[Path]:
    """Write the report of a suite, and yield the path of each file.

    The files are ``<suite>.json`` (the record), ``<suite>.md`` and ``<suite>.tex`` (its tables), and each figure as PDF
    and PNG.

    Args:
        record: all numbers of the suite.
        folder: folder to write into.
        readme: Markdown file whose blocks are also replaced.

    Raises:
        UserError: ``readme`` has no block for a table.
    """
    yield from write_tables(record, folder)
    for name, figure in figures_of(record):
        yield from save(figure, folder / name)
    if readme is not None:
        for table in record.tables:
            if table.readme:
                update_block(readme, table.name, render.markdown(table))
        yield readme


def write_tables(record: SuiteRecord, folder: Path) -> Iterator[Path]:
    """Write the results of a suite as JSON, and its tables in Markdown and LaTeX; yield the path of each file."""
    pages = {'json': record.to_json(), 'md': markdown_page(record), 'tex': latex_page(record)}
    for suffix, content in pages.items():
        path = folder / f'{record.name}.{suffix}'
        replace_file(path, content)
        yield path


def markdown_page(record: SuiteRecord) -> str:
    """Return all tables of a suite in Markdown, below its title."""
    page = [f'# {record.title}', record.about, _command_line(record), render.joined(record.tables)]
    page += map(render_case.markdown, record.cases)
    return '\n\n'.join(part for part in page if part) + '\n'


def _command_line(record: SuiteRecord) -> str:
    """Return the line that names the command for the rows that need a language model; empty if there are none."""
    if not any((row.note or '').startswith(NEEDS_LLM) for table in record.tables for row in table.rows):
        return ''
    return f'The rows that need an LLM are measured by `crslab-causal experiments {record.name} --extend --llm live`.'


def latex_page(record: SuiteRecord) -> str:
    """Return all tables of a suite in LaTeX."""
    return '\n'.join([*map(render.latex, record.tables), *map(render_case.latex, record.cases)])
