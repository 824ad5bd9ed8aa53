"""Options of every run and of the datasets, each with its type, its default and its meaning.

The layout is CRSLab's: flat, with a section ``rec`` for the recommendation stage. Keys that belong to a model are in
:mod:`crslab_causal.model.options` and :mod:`crslab_causal.model.crslab_options`. A configuration may hold keys of
several models. The line ``model:`` then chooses among them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crslab_causal.base.options import Count, Fraction, Options, Share
from crslab_causal.base.training_options import RecTrainingOptions
from crslab_causal.data.dataset.mention_order import MentionOrder


class RunOptions(Options):
    """Options of every run."""

    dataset: str
    """Name of the dataset, see ``crslab-causal list datasets``."""
    tokenize: str = 'nltk'
    """Tokenizer of the data: name of the subfolder that is read, for example ``nltk`` in ``redial/nltk``."""
    model: str
    """Name of the model, see ``crslab-causal list models``."""
    evaluator: Literal['causal'] = 'causal'
    """Evaluator. This package's evaluator scores all models in the same way."""
    rec: RecTrainingOptions = RecTrainingOptions()
    """Section with the training of the recommender."""
    cutoffs: Annotated[list[Count], Field(min_length=1)] = [1, 10, 50]
    """Values of K of Recall@K, NDCG@K and MRR@K."""
    seed: Annotated[int, Field(ge=0)] = 2020
    """Seed of all random draws: initial parameters, order of the batches, dropout."""
    scale: Share = 1.0
    """Share of each split that is used."""
    data_path: Annotated[str, Field(min_length=1)] | None = None
    """Folder of the datasets, with subfolders such as ``redial/nltk``; None: ``data/dataset``."""
    save_path: Annotated[str, Field(min_length=1)] = 'save'
    """Folder of all runs. Each run has a folder below it."""
    run_name: Annotated[str, Field(pattern=r'^[\w,=+-][\w.,=+-]{0,149}$')] | None = None
    """Name of the run's folder below ``save_path``; None: the name of the configuration file."""
    valid: Literal['given', 'late'] = 'given'
    """Validation split. ``given``: that of the data. ``late``: the latest tenth of the training conversations, by their
    ids; the model does not train on them. ReDial's ids follow time, and its official test data are later than its
    training data."""
    kg_edge_threshold: Annotated[int, Field(ge=0)] | None = None
    """Relations with at most this many edges are dropped. None: CRSLab's threshold, which is 1,000 for ReDial, 20,000
    for OpenDialKG and 0 for others."""
    mention_order: MentionOrder = 'last'
    """Which mentions of an entity the history contains: the last one, the first one, or all of them."""
    entity_truncate: Count | None = None
    """Maximum length of a history. The last mentions are kept. None: all mentions."""
    sparse_rgcn: bool = True
    """Whether CRSLab's models compute PyG's RGCNConv as one sparse product, which is faster and gives equal results."""


class DemoOptions(Options):
    """Options of ``dataset: CausalDemo``, the generated corpus."""

    demo_seed: Annotated[int, Field(ge=0)] = 2024
    """Seed of the generated catalogue and conversations."""
    confounding: Fraction = 0.8
    """Strength of the confounder from 0 to 1: how strongly the context determines the mentions and the reason."""
    demo_train: Count = 1200
    """Number of training conversations."""
