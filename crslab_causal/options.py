"""Every key that a configuration may hold: its type, its default and its meaning.

The layout is CRSLab's: flat, with a section ``rec`` for the recommendation stage. Keys that belong
to a model stand in that model's class; a configuration may hold keys of several models, so that one
line, ``model:``, chooses among them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crslab_causal.data.confounders import ADJUSTMENTS
from crslab_causal.data.histories import MENTION_ORDERS
from crslab_causal.llm.options import LLMOptions
from crslab_causal.model.intervention import INTERVENTIONS, POSITIONS
from crslab_causal.model.text.options import CTACRSOptions, TokenOptions, TransformerOptions
from crslab_causal.strict import Count, Fraction, NonNegative, Options, Positive, Share


class OptimizerOptions(Options):
    """``rec.optimizer``: a class of ``torch.optim`` and its arguments."""

    name: Literal['Adam', 'AdamW', 'SGD', 'Adagrad', 'RMSprop'] = 'Adam'
    lr: Positive = 1e-3
    weight_decay: NonNegative = 0.0


class SchedulerOptions(Options):
    """``rec.lr_scheduler``: linear warm-up, then decay; steps are updates of the parameters."""

    name: Literal['TransformersPolynomialDecayLR', 'Constant'] = 'TransformersPolynomialDecayLR'
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    training_steps: Count | None = None
    """Update at which the decay ends; None: the last update of the last epoch."""
    lr_end: NonNegative = 1e-7
    power: Positive = 1.0


class TrainingOptions(Options):
    """How a stage is trained."""

    epoch: Count = 20
    batch_size: Count = 32
    update_freq: Count = 1
    """Batches whose gradients are accumulated for one update."""
    early_stop: bool = True
    impatience: Count = 3
    """Epochs without a better validation metric before training stops."""
    gradient_clip: Positive | None = None
    optimizer: OptimizerOptions = OptimizerOptions()
    lr_scheduler: SchedulerOptions = SchedulerOptions(name='Constant')


class StageOptions(TrainingOptions):
    """``rec``: how the recommender is trained."""

    metric: str = 'recall'
    """Validation metric of early stopping, the larger the better: ``recall``, ``ndcg`` or ``mrr``,
    ``@K`` with one of the cutoffs (default: the largest), ``new_`` before it for labels not in the context."""


class ConversationOptions(TrainingOptions):
    """``conv``: how the writer of responses is trained, after the recommender; early stopping is by perplexity."""

    epoch: Annotated[int, Field(ge=0)] = 10
    """0: no responses."""
    gradient_clip: Positive | None = 1.0


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
    mention_order: Literal[MENTION_ORDERS] = 'last'
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


class CausalKBRDOptions(Options):
    """The recommender of the paper."""

    kg_emb_dim: Count = 128
    num_bases: Count | None = None
    """None: one vector for each (relation, entity) pair, as Eq 2 has it."""
    rgcn_aggr: Literal['add', 'mean'] = 'add'
    """Z of Eq 2: ``add`` for Z = 1, ``mean`` for the number of neighbours by that relation."""
    num_neighbors: Count | None = None
    """Edges into each entity that are drawn for an update, on graphs too large for all; None: all of them."""
    attention_decay: Positive = 1.5
    """Lambda of Eq 3."""
    intervention: Literal[INTERVENTIONS] = 'zero'
    """M of Eq 5."""
    intervention_position: Literal[POSITIONS] = 'last'
    alpha: NonNegative = 2.0
    """Weight of the causal loss, Eq 7."""
    beta: NonNegative = 0.5
    """Weight of the KL term of Eq 8."""
    item_bias: bool = False
    adjustment: Literal[ADJUSTMENTS] = 'none'
    """The confounder that the backdoor adjustment sums over; ``random`` is a control without one, ``context`` for
    ``dataset: CausalDemo`` only."""
    adjustment_strata: Count = 5
    """Quantile bins of ``popularity`` and ``turn``, clusters of ``genre``."""
    embedding_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    entity_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Probability that a mention is left out of a history in training: a regulariser without a causal reading."""


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


class ResponseOptions(Options):
    """A model that writes responses."""

    response_truncate: Annotated[int, Field(ge=2)] = 40
    """Most tokens of a response, in training and in writing."""
    response_min_count: Count = 2
    """How often the training data's responses have a token that is learned to be written."""
    conv: ConversationOptions = ConversationOptions()


class Seq2SeqOptions(ResponseOptions, TokenOptions):
    """Encoder and decoder with GRUs."""


class TransformerSeq2SeqOptions(ResponseOptions, TransformerOptions):
    """Encoder and decoder of the Transformer."""


class TransitionCountsOptions(Options):
    """Entity to item transition counts."""

    transition_decay: Positive = 1.5
    """Weight of the later mentions, as lambda in Eq 3."""
    transition_smoothing: Positive = 10.0
    """Count at which a mention's own transitions and the prior weigh the same."""
    neighbour_weight: Fraction = 0.2
    """Share of the knowledge graph's one-hop items in the prior, the rest being popularity."""


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
