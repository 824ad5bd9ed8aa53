"""What a suite's YAML file may say."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from crslab_causal.base.options import Count, Options

Name = Annotated[str, Field(pattern=r'^\w+$')]
Scalar = str | int | float | bool | None
METRICS = {
    'recommendation': r'(?:recall|ndcg|mrr)@\d+',
    'generation': r'(?:(?:intra_)?dist|dist_per_response|(?:corpus_)?bleu)-\d|crslab_(?:dist|bleu)@\d|names_\w+|perplexity',
    'deconfounding': r'(?:interventional|test)_(?:recall@(?:1|10)|(?:model|model_to_observational|observational|popularity)_(?:tv|kl))',
    'corpus': r'conversations|utterances|words|pairs|items|items mentioned|repeated labels \(%\)|entities|relations|triples'}
"""Names of scores, as regular expressions, by the kind of a table."""
SPLITS = {'recommendation': ('valid', 'test', 'interventional'), 'generation': ('valid', 'test'),
          'deconfounding': ('interventional',), 'corpus': ('train', 'valid', 'test')}
"""Splits that a table of a kind can be of."""


class RowOptions(Options):
    """A row of a table: a configuration that is run, or figures that somebody reported."""

    title: str
    config: str | None = None
    """Below ``config/``, without ending; None: that of the table."""
    set: dict[str, Any] = {}
    """Keys of the configuration that the row changes, dotted for sections."""
    id: Name | None = None
    """For references to the row from elsewhere."""
    seeds: Count | None = None
    """How many of the suite's seeds it is run with; None: all."""
    deterministic: bool = False
    """Nothing in it depends on a seed: it is run once, and tested against the reference, as other rows are only with two
    seeds or more."""
    hidden: bool = False
    """Not shown: only there for the rows that take its recommender."""
    quick: bool = True
    """Whether ``--quick`` makes it, too."""
    reported: dict[str, float] | None = None
    """In percent, by metric: what ``source`` reports. Such a row is not run."""
    source: str | None = None
    metrics: list[str] | None = None
    """Those that make sense for the row; the others stay empty. None: all of the table's."""
    recommender: Name | None = None
    """``id`` of the row of this table whose recommender a row of CausalLLM re-ranks."""
    needs: Literal['llm'] | None = None
    """Without recorded answers of a language model, or a server to ask, the row says so and has no number."""


class SweepOptions(Options):
    """Values of one key; they are drawn as a curve, too."""

    key: str
    values: Annotated[list[Scalar], Field(min_length=1)]
    label: str
    """Of the axis, and in the titles of the rows."""
    default: Scalar = None
    """The value that the others are tested against."""


class TableOptions(Options):
    """A table: rows over one dataset."""

    name: Name
    title: str
    kind: Literal['recommendation', 'generation', 'deconfounding', 'corpus'] = 'recommendation'
    """What is scored: the ranks of labels, the responses, the distance to the true P(Y | do(X)); or counts of the data,
    for which nothing is trained."""
    config: str
    set: dict[str, Any] = {}
    """Keys that all rows change."""
    seeded: list[str] = []
    """Keys that take the seed, too: with ``demo_seed`` every seed has a corpus of its own."""
    split: Literal['train', 'valid', 'test', 'interventional'] = 'valid'
    metrics: Annotated[list[str], Field(min_length=1)]
    groups: list[Literal['all', 'new', 'new_unseen']] = ['all', 'new']
    rows: list[RowOptions] = []
    sweep: SweepOptions | None = None
    """Every row once for each value of a key; without ``rows``, of the table's configuration."""
    reference: Name | None = None
    """``id`` of the row that the others are tested against."""
    quick: bool = True
    """Whether ``--quick`` makes it, too."""
    readme: bool = False
    """Whether ``--readme`` shows it."""


class PanelOptions(Options):
    """A panel of Figure 4: two rows of a table."""

    title: str
    table: Name
    with_: Name
    """``id`` of the row that is trained with the intervention."""
    without: Name
    split: Literal['valid', 'test'] = 'valid'


class RankShiftOptions(Options):
    """Figure 4, in both readings of "with intervention"."""

    name: Name
    panels: Annotated[list[PanelOptions], Field(min_length=1)]


class CaseOptions(Options):
    """Table 7: turns drawn by chance, and what each system of a table of responses says there."""

    name: Name
    title: str
    table: Name
    turns: Count = 1
    context: Count = 3
    """Utterances before a turn, at least."""


class QuickOptions(Options):
    """What ``--quick`` changes."""

    seeds: Count = 1
    set: dict[str, Any] = {}


class SuiteOptions(Options):
    """A file under ``config/experiments``."""

    title: str
    about: str = ''
    """Printed below the title."""
    seeds: Annotated[list[int], Field(min_length=1)]
    tables: Annotated[list[TableOptions], Field(min_length=1)]
    quick: QuickOptions = QuickOptions()
    figures: list[RankShiftOptions] = []
    cases: list[CaseOptions] = []
