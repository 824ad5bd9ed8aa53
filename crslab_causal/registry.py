"""The registry: an entry for every model and every dataset of this package.

To add a model, write its file and its entry in :data:`MODELS`. To add a dataset, write its file and its entry in
:data:`DATASETS`. Nothing else has to change: the configuration, the dataloader, the system, the tables of CRSLab and
the tests read the entries.

Classes are given as text, ``'package.module:Class'``, and are imported when they are first used. A mistake in a
configuration is therefore reported without loading PyTorch.
"""

from __future__ import annotations

from typing import Any

from crslab_causal.registry_entries import SHARED_NAME, DatasetEntry, ModelEntry

__all__ = [
    'DATASETS',
    'LANGUAGE_MODEL',
    'MODELS',
    'NOT_SUPPORTED',
    'SHARED_NAME',
    'DatasetEntry',
    'ModelEntry',
    'find_model',
]

LANGUAGE_MODEL = 'CausalLLM'
"""Name of the model that puts a language model behind the recommender."""

_ADAPTERS = 'crslab_causal.system.adapters'
_EXPERT_ADAPTER = f'{_ADAPTERS}:ExpertAdapter'
_EXPERTS = 'crslab_causal.model.experts'
_OPTIONS = 'crslab_causal.model.options'
_CRSLAB_OPTIONS = 'crslab_causal.model.crslab_options'
_CAUSAL_KBRD = 'crslab_causal.model.causal_kbrd:CausalKBRD'
_TEXT_SYSTEM = 'crslab_causal.system.text:TextSystem'


def _by_name(*entries: Any) -> dict[str, Any]:
    return {entry.name: entry for entry in entries}


MODELS: dict[str, ModelEntry] = _by_name(
    ModelEntry(
        'CausalKBRD',
        "the paper's recommender: R-GCN, time-aware attention, intervention on a mention",
        model=_CAUSAL_KBRD,
        options=f'{_OPTIONS}:CausalKBRDOptions',
        adapter=f'{_ADAPTERS}:CausalKBRDAdapter',
        is_expert=True,
    ),
    ModelEntry(
        LANGUAGE_MODEL,
        'CausalKBRD, and a language model that explains, re-ranks and responds',
        model=_CAUSAL_KBRD,
        options='crslab_causal.system.options:CausalLLMOptions',
        adapter=f'{_ADAPTERS}:CausalKBRDAdapter',
        system='crslab_causal.system.causal_llm:CausalLLMSystem',
    ),
    ModelEntry(
        'TargetPopularity',
        'popularity: ranks items by how often they are a label in the training data',
        model='crslab_causal.model.baselines.popularity:TargetPopularity',
        is_expert=True,
    ),
    ModelEntry(
        'Repeat',
        'the items of the context, the latest first',
        model='crslab_causal.model.baselines.repeat:Repeat',
        is_expert=True,
    ),
    ModelEntry(
        'TransitionCounts',
        'counts of (mention, label) pairs, smoothed by the knowledge graph',
        model='crslab_causal.model.transition:TransitionCounts',
        options=f'{_OPTIONS}:TransitionCountsOptions',
        adapter=_EXPERT_ADAPTER,
        is_expert=True,
    ),
    ModelEntry(
        'EASE',
        'a linear autoencoder of the mentions of a conversation, in closed form',
        model=f'{_EXPERTS}.ease:EASE',
        options=f'{_EXPERTS}.options:EASEOptions',
        adapter=_EXPERT_ADAPTER,
        is_expert=True,
    ),
    ModelEntry(
        'ItemCosine',
        'cosine similarity of items and mentions; each is the vector of the conversations that mention it',
        model=f'{_EXPERTS}.item_cosine:ItemCosine',
        options=f'{_EXPERTS}.options:ItemCosineOptions',
        adapter=_EXPERT_ADAPTER,
        is_expert=True,
    ),
    ModelEntry(
        'OneHop',
        'items that are neighbours of the mentions in the knowledge graph',
        model=f'{_EXPERTS}.one_hop:OneHop',
        options=f'{_EXPERTS}.options:OneHopOptions',
        adapter=_EXPERT_ADAPTER,
        is_expert=True,
    ),
    ModelEntry(
        'TextToItem',
        'a linear softmax classifier over the items; its input is a frozen sentence embedding of the last turns',
        model=f'{_EXPERTS}.text_to_item:TextToItem',
        options=f'{_EXPERTS}.options:TextToItemOptions',
        adapter=_EXPERT_ADAPTER,
        reads_samples=True,
        is_expert=True,
    ),
    ModelEntry(
        'TextNeighbours',
        'the labels of the training contexts with the most similar last turns',
        model=f'{_EXPERTS}.text_neighbours:TextNeighbours',
        options=f'{_EXPERTS}.options:TextNeighboursOptions',
        adapter=_EXPERT_ADAPTER,
        reads_samples=True,
        is_expert=True,
    ),
    ModelEntry(
        'TextSimilarity',
        'the items whose texts are most similar to the last turns, by a frozen encoder',
        model=f'{_EXPERTS}.text_similarity:TextSimilarity',
        options=f'{_EXPERTS}.options:TextSimilarityOptions',
        adapter=_EXPERT_ADAPTER,
        reads_samples=True,
        is_expert=True,
    ),
    ModelEntry(
        'DualEncoder',
        'a sentence encoder, fine-tuned with a softmax over the texts of all items',
        model=f'{_EXPERTS}.dual_encoder:DualEncoder',
        options=f'{_EXPERTS}.options:DualEncoderOptions',
        adapter=_EXPERT_ADAPTER,
        reads_samples=True,
        is_expert=True,
    ),
    ModelEntry(
        'MentionTransformer',
        'a small Transformer over the mentions and their speakers, initialised from EASE',
        model=f'{_EXPERTS}.mention_transformer:MentionTransformer',
        options=f'{_EXPERTS}.options:MentionTransformerOptions',
        adapter=_EXPERT_ADAPTER,
        reads_samples=True,
        is_expert=True,
    ),
    ModelEntry(
        'Pool',
        'a log-linear pool of experts, weighted by the context',
        model='crslab_causal.model.pool.pool:Pool',
        options='crslab_causal.model.pool.options:PoolOptions',
        adapter='crslab_causal.system.pool:PoolAdapter',
        system='crslab_causal.system.pool:PoolSystem',
        reads_samples=True,
    ),
    ModelEntry(
        'CTACRS',
        'CTA-CRS: an R-GCN over the mentions, mixed with an encoder of the words',
        model='crslab_causal.model.baselines.cta_crs:CTACRS',
        options=f'{_OPTIONS}:CTACRSOptions',
        adapter=f'{_ADAPTERS}:CTACRSAdapter',
        reads_tokens=True,
    ),
    ModelEntry(
        'Seq2Seq',
        'a GRU encoder and decoder over the words',
        model='crslab_causal.model.baselines.text:Seq2Seq',
        options=f'{_OPTIONS}:Seq2SeqOptions',
        system=_TEXT_SYSTEM,
        reads_tokens=True,
    ),
    ModelEntry(
        'TransformerSeq2Seq',
        'a Transformer encoder and decoder over the words',
        model='crslab_causal.model.baselines.text:TransformerSeq2Seq',
        options=f'{_OPTIONS}:TransformerSeq2SeqOptions',
        system=_TEXT_SYSTEM,
        reads_tokens=True,
        aliases=('Transformer',),  # CRSLab's own Transformer does not recommend
    ),
    ModelEntry(
        'KBRD',
        "CRSLab's KBRD as shipped: all users get the same scores",
        options=f'{_CRSLAB_OPTIONS}:KBRDOptions',
        adapter=f'{_ADAPTERS}:KBRDAdapter',
        crslab_loader='KBRD',
    ),
    ModelEntry(
        'KBRDRepaired',
        "CRSLab's KBRD with its user vector repaired",
        model='crslab_causal.model.baselines.kbrd_repaired:KBRDRepaired',
        options=f'{_CRSLAB_OPTIONS}:KBRDRepairedOptions',
        adapter=f'{_ADAPTERS}:KBRDAdapter',
        crslab_loader='KBRD',
    ),
    ModelEntry(
        'KGSF',
        "CRSLab's KGSF: two knowledge graphs, of entities and of words",
        options=f'{_CRSLAB_OPTIONS}:KGSFOptions',
        adapter=f'{_ADAPTERS}:KGSFAdapter',
        crslab_loader='KGSF',
    ),
    ModelEntry(
        'ReDialRec',
        "CRSLab's autoencoder of ReDial",
        options=f'{_CRSLAB_OPTIONS}:ReDialRecOptions',
        adapter=f'{_ADAPTERS}:ModelAdapter',
        crslab_loader='ReDialRec',
    ),
    ModelEntry(
        'TextCNN',
        "CRSLab's convolution over the words",
        options=f'{_CRSLAB_OPTIONS}:TextCNNOptions',
        adapter=f'{_ADAPTERS}:ModelAdapter',
        crslab_loader='TextCNN',
    ),
    ModelEntry(
        'GRU4REC',
        "CRSLab's GRU over the items",
        options=f'{_CRSLAB_OPTIONS}:GRU4RECOptions',
        adapter=f'{_ADAPTERS}:ModelAdapter',
        crslab_loader='GRU4REC',
    ),
    ModelEntry(
        'SASREC',
        "CRSLab's self-attention over the items",
        options=f'{_CRSLAB_OPTIONS}:SASRECOptions',
        adapter=f'{_ADAPTERS}:ModelAdapter',
        crslab_loader='SASREC',
    ),
    ModelEntry(
        'Popularity',
        "CRSLab's counts of the items in contexts",
        options=f'{_CRSLAB_OPTIONS}:SequenceOptions',
        adapter=f'{_ADAPTERS}:ModelAdapter',
        crslab_loader='Popularity',
    ),
)
"""Models that ``evaluator: causal`` can run."""

_TOKENIZERS = ('nltk', 'bert', 'gpt2')
_CONVERSATIONS = ('train_data.json', 'valid_data.json', 'test_data.json', 'token2id.json', 'entity2id.json')
_WORDS = ('word2id.json', 'concept_subkg.txt')
_REDIAL_FILES = (
    *_CONVERSATIONS,
    'dbpedia_subkg.json',
    'concept2id.json',
    'conceptnet_subkg.txt',
    'movie_ids.json',
)
_OPENDIALKG_FILES = (*_CONVERSATIONS, 'opendialkg_subkg.txt', *_WORDS, 'item_ids.json')
_INSPIRED_FILES = (*_CONVERSATIONS, 'dbpedia_subkg.txt', *_WORDS, 'movie_ids.json')

DATASETS: dict[str, DatasetEntry] = _by_name(
    DatasetEntry(
        'ReDial',
        'film recommendation, 10,000 conversations',
        'redial',
        'crslab_causal.data.dataset.redial:CausalReDialDataset',
        files=_REDIAL_FILES,
        tokenizers=_TOKENIZERS,
        public=True,
    ),
    DatasetEntry(
        'OpenDialKG',
        'film and book recommendation over a knowledge graph',
        'opendialkg',
        'crslab_causal.data.dataset.opendialkg:CausalOpenDialKGDataset',
        files=_OPENDIALKG_FILES,
        tokenizers=_TOKENIZERS,
        public=True,
    ),
    DatasetEntry(
        'Inspired',
        'film recommendation with sociable strategies, 1,000 conversations',
        'inspired',
        'crslab_causal.data.dataset.inspired:CausalInspiredDataset',
        files=_INSPIRED_FILES,
        tokenizers=_TOKENIZERS,
        public=True,
    ),
    DatasetEntry(
        'Own',
        'your own conversations, from `crslab-causal prepare own`',
        'own',
        'crslab_causal.data.dataset.own:OwnDataset',
        files=_INSPIRED_FILES,
        tokenizers=_TOKENIZERS,
    ),
    DatasetEntry(
        'CausalDemo',
        'a corpus that is generated from a known causal model',
        'causal_demo',
        'crslab_causal.data.dataset.causal_demo:CausalDemoDataset',
        files=_REDIAL_FILES,
        tokenizers=('nltk',),
        options='crslab_causal.run_options:DemoOptions',
        generated=True,
        splits=('valid', 'test', 'interventional'),
        knows_confounder=True,
    ),
)
"""Datasets that this package reads."""


_BERT = 'it needs weights of BERT from a dead link of CRSLab'
_RESPONSES = 'it writes responses and recommends nothing'
_TOPICS = 'it predicts topics of TG-ReDial, and no items'
_CHINESE = 'it is in Chinese, and this package links English names'
NOT_SUPPORTED = {
    'model': {
        'BERT': _BERT,
        'InspiredRec': _BERT,
        'TGRec': _BERT,
        'GPT2': _RESPONSES,
        'InspiredConv': _RESPONSES,
        'ReDialConv': _RESPONSES,
        'TGConv': _RESPONSES,
        'ConvBERT': _TOPICS,
        'MGCG': _TOPICS,
        'PMI': _TOPICS,
        'ProfileBERT': _TOPICS,
        'TGPolicy': _TOPICS,
        'TopicBERT': _TOPICS,
    },
    'dataset': {
        'DuRecDial': _CHINESE,
        'TGReDial': _CHINESE,
        'GoRecDial': 'its conversations are a game with given items, not a recommendation',
    },
}
"""Models and datasets of CRSLab that have no entry, with the reason."""


def find_model(name: str) -> ModelEntry | None:
    """Return the entry of a value of ``model:``; None if there is none."""
    return next((entry for entry in MODELS.values() if name == entry.name or name in entry.aliases), None)
