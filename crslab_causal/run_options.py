"""Every key that a configuration may hold: its type, its default and its meaning.

The layout is CRSLab's: flat, with a section ``rec`` for the recommendation stage. Keys that belong
to a model stand in that model's class, those of this package's models in :mod:`crslab_causal.model.options`; a
configuration may hold keys of several models, so that one line, ``model:``, chooses among them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crslab_causal.data.histories import MentionOrder
from crslab_causal.llm.options import LLMOptions
from crslab_causal.model.options import (CausalKBRDOptions, CTACRSOptions, Seq2SeqOptions, TransformerSeq2SeqOptions,
                                         TransitionCountsOptions)
from crslab_causal.base.training_options import StageOptions
from crslab_causal.base.options import Count, Fraction, NonNegative, Options, Positive, Share


class RunOptions(Options):
    """Keys of every run."""

    dataset: str
    tokenize: str = 'nltk'
    model: str
    evaluator: Literal['causal'] = 'causal'
    rec: StageOptions = StageOptions()
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
    kg_edge_threshold: Annotated[int, Field(ge=0)] | None = None
    """Relations with at most that many edges are dropped; None: CRSLab's 1,000 (ReDial), 20,000 (OpenDialKG), 0."""
    mention_order: MentionOrder = 'last'
    """Which mentions of an entity make the history: its last, its first, or all."""
    entity_truncate: Count | None = None
    """Longest history, of which the last mentions are kept."""
    mend_rgcn: bool = True
    """Compute PyG's RGCNConv in CRSLab's models as one sparse product, which is equal, and faster."""


class DemoOptions(Options):
    """``dataset: CausalDemo``: the generated corpus."""

    demo_seed: Annotated[int, Field(ge=0)] = 2024
    confounding: Fraction = 0.8
    """How strongly the context drives history and explanation."""
    demo_train: Count = 1200
    """Training conversations."""


class CausalLLMOptions(CausalKBRDOptions):
    """The recommender of the paper, and a language model behind it."""

    recommender: str | None = None
    """Folder of a run of CausalKBRD with ``--save_system`` whose recommender is taken; None: it is trained first."""
    llm: LLMOptions = LLMOptions()


class KBRDRepairedOptions(Options):
    """CRSLab's KBRD with its user vector mended, and without the conversation stage."""

    kg_emb_dim: Count = 128
    num_bases: Count | None = 8


class KBRDOptions(KBRDRepairedOptions):
    """CRSLab's KBRD, with the values of its ``config/crs/kbrd/redial.yaml``."""

    token_emb_dim: Count = 300
    n_heads: Count = 2
    n_layers: Count = 2
    ffn_size: Count = 300
    dropout: Fraction = 0.1
    attention_dropout: Fraction = 0.0
    relu_dropout: Fraction = 0.1
    learn_positional_embeddings: bool = False
    reduction: bool = False
    n_positions: Count = 1024
    user_proj_dim: Count = 512


class KGSFOptions(KBRDOptions):
    """CRSLab's KGSF."""

    embeddings_scale: bool = True
    context_truncate: Count = 256
    response_truncate: Count = 30
    word_truncate: Count | None = None
    info_loss_weight: NonNegative = 0.025
    """Weight of the mutual information loss (system/kgsf.py:86)."""
    pretrain_epoch: Annotated[int, Field(ge=0)] = 3
    """Epochs of mutual information pre-training (the section ``pretrain`` of CRSLab)."""


class ReDialRecOptions(Options):
    """CRSLab's ReDialRec, an autoencoder."""

    autorec_layer_sizes: list[Count] = [1000]
    autorec_f: Literal['identity', 'sigmoid', 'relu'] = 'sigmoid'
    autorec_g: Literal['identity', 'sigmoid', 'relu'] = 'sigmoid'


class SequenceOptions(Options):
    """What CRSLab's ``TGReDialDataLoader`` reads."""

    context_truncate: Annotated[int, Field(ge=8)] = 256
    item_truncate: Count = 100
    word_truncate: Count | None = None
    response_truncate: Count | None = None


class TextCNNOptions(SequenceOptions):
    """CRSLab's TextCNN."""

    num_filters: Count = 256
    embed: Count = 300
    filter_sizes: Annotated[str, Field(pattern=r"^\([0-9, ]+\)$")] = '(2, 3, 4)'
    dropout: Fraction = 0.1


class GRU4RECOptions(SequenceOptions):
    """CRSLab's GRU4REC."""

    gru_hidden_size: Count = 50
    num_layers: Count = 3
    dropout_hidden: Fraction = 0.2
    dropout_input: Fraction = 0.2
    embedding_dim: Count = 50


class SASRECOptions(SequenceOptions):
    """CRSLab's SASREC."""

    hidden_dropout_prob: Fraction = 0.2
    initializer_range: Positive = 0.02
    hidden_size: Count = 64
    max_history_items: Count = 100
    num_attention_heads: Count = 2
    attention_probs_dropout_prob: Fraction = 0.2
    hidden_act: Literal['gelu', 'relu', 'swish'] = 'gelu'
    num_hidden_layers: Count = 2


MODEL_OPTIONS: dict[str, type[Options]] = {
    'CausalKBRD': CausalKBRDOptions,
    'CausalLLM': CausalLLMOptions,
    'TargetPopularity': Options,
    'Repeat': Options,
    'TransitionCounts': TransitionCountsOptions,
    'CTACRS': CTACRSOptions,
    'Seq2Seq': Seq2SeqOptions,
    'TransformerSeq2Seq': TransformerSeq2SeqOptions,
    'KBRD': KBRDOptions,
    'KBRDRepaired': KBRDRepairedOptions,
    'KGSF': KGSFOptions,
    'ReDialRec': ReDialRecOptions,
    'TextCNN': TextCNNOptions,
    'GRU4REC': GRU4RECOptions,
    'SASREC': SASRECOptions,
    'Popularity': SequenceOptions,
}
"""Models that ``evaluator: causal`` can run, and their keys."""

MODEL_ALIASES = {'Transformer': 'TransformerSeq2Seq'}
"""Other spellings of ``model:``. CRSLab's tables have a ``Transformer`` of its own, which does not recommend."""

DATASET_OPTIONS: dict[str, type[Options]] = {
    'ReDial': Options, 'OpenDialKG': Options, 'Inspired': Options, 'CausalDemo': DemoOptions,
}
"""Datasets, and their keys."""
