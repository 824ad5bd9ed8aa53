"""The schema of ``figures.yaml``, which contains every figure of the paper that this repository prints."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import model_validator

from crslab_causal.base.options import Options
from crslab_causal.experiments.analysis.record import Reading

FILE = Path(__file__).with_name('figures.yaml')


class PaperRow(Options):
    """A row of a table of the paper."""

    title: str
    paper: list[float | None]
    """Figures of the paper, one for each metric of the table; None if the paper prints none."""
    here: str | None = None
    """Row of a record with our figures, as ``suite/table/row``."""
    other_cutoffs: str | None = None
    """Row of a record with metrics that ``here`` lacks, as ``suite/table/row``."""
    reason: str | None = None
    """Reason why there is no counterpart."""
    official: str | None = None
    """Row of the record of the official test sets that is the counterpart, as ``suite/table/row``."""
    command: str | None = None
    """Command that measures our figures, for a row that needs a language model."""
    quoted: bool = False
    """Whether the paper quotes the row from another task."""
    footnote: str | None = None

    @model_validator(mode='after')
    def _has_counterpart_or_reason(self) -> PaperRow:
        if (self.here is None) == (self.reason is None):
            raise ValueError(f'{self.title}: give either here or a reason')
        return self


class PaperTable(Options):
    """A table of the paper."""

    name: str
    title: str
    unit: Literal['percent', 'counts', 'points']
    metrics: dict[str, str]
    """Title of each metric, by its name in the records."""
    note: str | None = None
    rows: list[PaperRow]

    @model_validator(mode='after')
    def _rows_are_complete(self) -> PaperTable:
        for row in self.rows:
            if len(row.paper) != len(self.metrics):
                raise ValueError(f'{self.name}, {row.title}: {len(row.paper)} figures for {len(self.metrics)} metrics')
        return self


class Figure4(Options):
    """The counts of Figure 4 in the paper and in our records."""

    note: str
    readings: dict[Reading, str]
    """Meaning of each reading of "with intervention"."""


class Claim(Options):
    """A claim of the paper's Section 5, and our finding. The texts may contain placeholders, see :mod:`.places`."""

    claim: str
    paper: str
    here: str
    verdict: str
    readings: str
    """Other readings of an unclear definition that we tried."""


class PublishedRow(Options):
    """Figures that other people published: R@1, R@10 and R@50 in percent."""

    title: str
    source: str
    data: str
    samples: str
    all: list[float | None]
    new: list[float | None]


class Published(Options):
    """A list of figures that other people published for the official test conversations."""

    note: str
    rows: list[PublishedRow]


class Official(Options):
    """The section about the official test sets."""

    note: str
    ours: dict[str, str]
    """Rows of the record that stand below the published ones, by the title that they get there."""


class PaperFigures(Options):
    """The content of ``figures.yaml``."""

    note: str
    tables: list[PaperTable]
    official: Official
    table7: str
    figure4: Figure4
    claims: list[Claim]
    published: Published

    def row(self, table: str, title: str) -> tuple[PaperTable, PaperRow]:
        """Return a table and one of its rows.

        Raises:
            KeyError: there is no such row.
        """
        for candidate in self.tables:
            for row in candidate.rows:
                if (candidate.name, row.title) == (table, title):
                    return candidate, row
        raise KeyError(f'{table}/{title}')


def read_figures(path: Path = FILE) -> PaperFigures:
    """Read the paper's figures."""
    return PaperFigures.model_validate(yaml.safe_load(path.read_text('utf-8')))
