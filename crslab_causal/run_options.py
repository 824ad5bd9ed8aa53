"""Keys of every run and of the datasets: type, default and meaning of each.

The layout is CRSLab's: flat, with a section ``rec`` for the recommendation stage. Keys that belong to a model are in
:mod:`crslab_causal.model.options` and :mod:`crslab_causal.model.crslab_options`. A configuration may hold keys of
several models, so that the one line ``model:`` chooses among them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crslab_causal.base.options import Count, Fraction, Options, Share
from crslab_causal.base.training_options import RecTrainingOptions
from crslab_causal.data.dataset.mention_order import MentionOrder


class RunOptions(Options):
    """Keys of every run."""

    dataset: str
    tokenize: str = 'nltk'
    model: str
    evaluator: Literal['causal'] = 'causal'
    rec: RecTrainingOptions = RecTrainingOptions()
    cutoffs: Annotated[list[Count], Field(min_length=1)] = [1, 10, 50]
    """The K of Recall@K, NDCG@K and MRR@K."""
    seed: Annotated[int, Field(ge=0)] = 2020
    scale: Share = 1.0
    """Share of each split that is used."""
    data_path: str | None = None
    """Folder that holds ``redial/nltk`` and the like; None: ``data/dataset``."""
    save_path: str = 'save'
    run_name: Annotated[str, Field(pattern=r'^[\w,=+-][\w.,=+-]{0,149}$')] | None = None
    """Folder below ``save_path``; None: the name of the configuration file."""
    valid: Literal['given', 'late'] = 'given'
    """``late``: the latest tenth of the training conversations, by their ids, is held out of training and takes the
    place of valid. ReDial's ids follow time, and its official test data are later than the training data."""
    kg_edge_threshold: Annotated[int, Field(ge=0)] | None = None
    """Relations with at most that many edges are dropped; None: CRSLab's 1,000 (ReDial), 20,000 (OpenDialKG), 0."""
    mention_order: MentionOrder = 'last'
    """Which mentions of an entity make the history: its last, its first, or all."""
    entity_truncate: Count | None = None
    """Longest history, of which the last mentions are kept."""
    sparse_rgcn: bool = True
    """Whether PyG's RGCNConv in CRSLab's models is computed as one sparse product: equal, and faster."""


class DemoOptions(Options):
    """Keys of ``dataset: CausalDemo``, the generated corpus."""

    demo_seed: Annotated[int, Field(ge=0)] = 2024
    confounding: Fraction = 0.8
    """How strongly the context drives history and explanation."""
    demo_train: Count = 1200
    """Training conversations."""
