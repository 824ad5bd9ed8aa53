"""Options of a suite, which is a YAML file in ``config/experiments``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from crslab_causal.base.options import Count, Options
from crslab_causal.evaluator.metrics import GROUPS, RANKING_METRIC_PATTERN

Scalar = str | int | float | bool | None
Kind = Literal['recommendation', 'generation', 'deconfounding', 'corpus']
Split = Literal['train', 'valid', 'test', 'interventional', 'official']
"""Split of a table."""
OFFICIAL: Split = 'official'
"""Another test file of the same dataset, which the command line names. Runs are trained without it."""

METRICS: dict[Kind, str] = {
    'recommendation': RANKING_METRIC_PATTERN,
    'generation': r'(?:(?:intra_)?dist|dist_per_response|(?:corpus_)?bleu)-\d|crslab_(?:dist|bleu)@\d|names_\w+'
    r'|perplexity',
    'deconfounding': r'(?:interventional|test)_(?:recall@(?:1|10)'
    r'|(?:model|model_to_observational|observational|popularity)_(?:tv|kl))',
    'corpus': r'conversations|utterances|words|pairs|items|items mentioned|repeated labels \(%\)|entities|relations'
    r'|triples',
}
"""Regular expressions of the metrics that a table of a kind may show."""

SPLITS: dict[Kind, tuple[Split, ...]] = {
    'recommendation': ('valid', 'test', 'interventional', OFFICIAL),
    'generation': ('valid', 'test'),
    'deconfounding': ('interventional',),
    'corpus': ('train', 'valid', 'test'),
}
"""Splits that a table of a kind may show."""


def _check_group(name: str) -> str:
    if name not in GROUPS:
        raise ValueError(f'no such group; choose among {", ".join(GROUPS)}')
    return name


Name = Annotated[str, Field(pattern=r'^\w+$')]
Group = Annotated[str, AfterValidator(_check_group)]


class RowOptions(Options):
    """Options of a row of a table: a configuration to run, or scores that a publication reports."""

    title: str
    """First cell of the row."""
    config: str | None = None
    """Path of the configuration below ``config/``, without its suffix; None: the configuration of the table."""
    set: dict[str, Any] = {}
    """Keys of the configuration that the row changes; dots separate sections."""
    id: Name | None = None
    """Name for references to the row."""
    seeds: Count | None = None
    """Number of the suite's seeds to run; None: all of them."""
    deterministic: bool = False
    """Whether the result does not depend on a seed. Such a row is run once and can be tested against the reference.
    Other rows need two seeds for a test."""
    hidden: bool = False
    """Whether the row is left out of the table. It is run because other rows use its recommender."""
    quick: bool = True
    """Whether ``--quick`` includes the row."""
    reported: dict[str, float] | None = None
    """Scores in percent by metric, as the publication in ``source`` reports them. Such a row is not run."""
    source: str | None = None
    """Publication of the reported scores."""
    footnote: str | None = None
    """Remark on the reported scores, such as what another source reports."""
    metrics: list[str] | None = None
    """Metrics of the table that make sense for the row; None: all of them."""
    recommender: Name | None = None
    """``id`` of the row of this table whose recommender is used: by a row of CausalLLM to get candidates, by a row of
    Pool as an expert."""
    needs: Literal['llm'] | None = None
    """``llm``: the row needs recorded answers of a language model, or a server. Without them it has no scores, and the
    table says so."""


class SuiteSweepOptions(Options):
    """Options of a sweep: several values of one key. The scores are also drawn as a curve over the values."""

    key: str
    """Key of the configuration; dots separate sections."""
    values: Annotated[list[Scalar], Field(min_length=1)]
    """Values of the key, one run each."""
    label: str
    """Label of the axis, which is also part of the titles of the rows."""
    default: Scalar = None
    """Value whose row is the reference of the tests."""


class TableOptions(Options):
    """Options of a table, whose rows are runs on one dataset."""

    name: Name
    """Name of the table, for references and file names."""
    title: str
    """Title of the table."""
    kind: Kind = 'recommendation'
    """Kind of the scores. ``recommendation``: ranks of labels. ``generation``: responses. ``deconfounding``: distances
    to the true P(Y | do(X)). ``corpus``: counts of the data, for which nothing is trained."""
    config: str
    """Path of the configuration below ``config/``, without its suffix."""
    set: dict[str, Any] = {}
    """Keys of the configuration that all rows change."""
    seeded: list[str] = []
    """Further keys whose value is the seed. With ``demo_seed`` every seed has its own corpus."""
    split: Split = 'valid'
    """Split on which the rows are scored."""
    metrics: Annotated[list[str], Field(min_length=1)]
    """Columns of the table, for example ``recall@50``."""
    groups: list[Group] = ['all', 'new']
    """Groups of labels, see :data:`.GROUPS`."""
    rows: list[RowOptions] = []
    """Rows, in order."""
    sweep: SuiteSweepOptions | None = None
    """Sweep over one key. Every row is run once for each value. If there are no ``rows``, the configuration of the
    table is run."""
    reference: Name | None = None
    """``id`` of the row that the other rows are tested against."""
    quick: bool = True
    """Whether ``--quick`` includes the table."""
    readme: bool = False
    """Whether ``--readme`` writes the table into the Markdown file that it names."""


class PanelOptions(Options):
    """Options of a panel of Figure 4, which compares two rows of a table."""

    title: str
    """Title of the panel."""
    table: Name
    """Name of the table that contains both rows."""
    with_: Name
    """``id`` of the row that is trained with the intervention."""
    without: Name
    """``id`` of the row that is trained without the intervention."""
    split: Literal['valid', 'test'] = 'valid'
    """Split whose ranks are drawn."""


class RankShiftOptions(Options):
    """Options of Figure 4, which is drawn in both readings of "with intervention" (see :mod:`..analysis.figure4`)."""

    name: Name
    """Name of the file of the figure."""
    panels: Annotated[list[PanelOptions], Field(min_length=1)]
    """Panels, from left to right."""


class AskedOptions(Options):
    """Options of a language model that answers the named turn of an example."""

    title: str
    """First cell of the row."""
    config: str
    """Path of a configuration of CausalLLM below ``config/``, without its suffix."""
    recommender: Name
    """``id`` of the row of the example's table whose list the language model gets."""


class CaseOptions(Options):
    """Options of the examples of Table 7: some turns, with the response of every system of a table to each.

    The turns are drawn at random. If ``conversation`` and ``turn`` are set, this turn is shown instead.
    """

    name: Name
    """Name of the case table, for references and file names."""
    title: str
    """Title of the case table."""
    table: Name
    """Name of a table of the kind ``generation``; with ``conversation``, of a table of the split ``official``."""
    conversation: int | str | None = None
    """Conversation of the official test to show; None: turns are drawn."""
    turn: Annotated[int, Field(ge=0)] | None = None
    """Number of the turn in ``conversation``."""
    offline: Name | None = None
    """``id`` of the row whose list the offline backend also re-ranks and puts into words, for a named turn."""
    llm: list[AskedOptions] = []
    """Language models that answer a named turn. Each is asked when the command line has ``--llm``; until then its row
    names the command."""
    turns: Count = 1
    """Number of turns."""
    context: Count = 3
    """Minimum number of utterances before a turn."""


class QuickOptions(Options):
    """Options of the section ``quick``: changes that ``--quick`` makes."""

    seeds: Count = 1
    """Number of seeds."""
    set: dict[str, Any] = {}
    """Keys of the configuration that all rows change."""


class SuiteOptions(Options):
    """Options of a suite, which is a file in ``config/experiments``."""

    title: str
    """Title of the page."""
    about: str = ''
    """Paragraph below the title."""
    seeds: Annotated[list[int], Field(min_length=1)]
    """Seeds of the runs of every row."""
    tables: Annotated[list[TableOptions], Field(min_length=1)]
    """Tables, in order."""
    quick: QuickOptions = QuickOptions()
    """Changes that ``--quick`` makes."""
    figures: list[RankShiftOptions] = []
    """Figures that show shifts of ranks."""
    cases: list[CaseOptions] = []
    """Tables of single turns and responses."""


def is_reference_row(row_id: str | None, x: Scalar, reference: str | None, sweep: SuiteSweepOptions | None) -> bool:
    """Return whether a row is the one that the other rows of its table are tested against.

    Args:
        row_id: ``id`` of the row.
        x: value of the sweep's key in the row.
        reference: ``reference`` of the table.
        sweep: sweep of the table; with a sweep, the row of its default value is the reference.
    """
    if sweep is not None:
        return sweep.default is not None and x == sweep.default
    return row_id is not None and row_id == reference
