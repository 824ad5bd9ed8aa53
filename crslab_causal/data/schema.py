"""Types of the data that datasets, dataloaders, models and systems exchange.

CRSLab passes plain dictionaries. These classes document their keys for readers and type checkers; at run time the
data remain dictionaries. ``TypedDict`` comes from ``typing_extensions``, because pydantic, which can check data
against these classes, does not accept the standard library's before Python 3.12.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal, NotRequired, Protocol

import numpy as np
from typing_extensions import TypedDict

if TYPE_CHECKING:
    from crslab_causal.data.confounders import Confounder
    from crslab_causal.data.dataset.films import Film
    from crslab_causal.data.seeker_answers import SeekerAnswers

Role = Literal['Seeker', 'Recommender']
LIVE = 'live'
"""Conversation id of all samples that come from a chat. Messages of a chat are not written to disk."""


class Settings(Protocol):
    """The configuration as CRSLab passes it on: its ``Config`` or a plain dictionary."""

    def __getitem__(self, key: str, /) -> Any: ...

    def get(self, key: str, default: Any = None, /) -> Any:
        """Return the value of a key, or ``default`` if there is none."""


class DemoDraw(TypedDict):
    """The values of the causal model's variables in a demo conversation."""

    context: dict[str, str]
    """Value of each factor of the context C."""
    explanation: str
    """Value of the explanation E."""
    history: list[dict[str, Any]]
    """The mentions X in order. Each has the keys ``entity``, a URI, and ``liked``."""
    target: str
    """URI of the recommended film Y."""


class Sample(TypedDict):
    """One turn of a conversation and everything that comes before it.

    A conversation of n turns has n - 1 samples: the first turn has no context.
    """

    # keys of CRSLab
    role: Role
    """Speaker of the turn."""
    context_tokens: list[list[int]]
    """Token ids of each earlier turn."""
    response: list[int]
    """Token ids of the turn."""
    context_entities: list[int]
    """Ids of the entities and items of the earlier turns, each once. In CRSLab's samples the entities of a turn come
    before its items; a :class:`.CausalDataLoader` sorts the history by ``mention_order``."""
    context_words: list[int]
    """Ids of those words of the earlier turns that are in the word graph, each once."""
    context_items: list[int]
    """Entity ids of the items of the earlier turns, with repetitions."""
    items: list[int]
    """Entity ids of the items that the turn mentions, with repetitions."""

    # keys of this package
    conv_id: str
    """Id of the conversation."""
    turn: int
    """Number of the turn in its conversation, from 0; the first sample of a conversation is its turn 1."""
    context_mentions: list[int]
    """Ids of all entities and items of the earlier turns, in the order of the text, with repetitions."""
    context_mention_roles: list[Role]
    """Speaker of each of the ``context_mentions``."""
    context_text: list[tuple[str, str]]
    """Role of the speaker and original text of each earlier turn."""
    context_liked: list[int]
    """Ids of the earlier mentions that the speaker liked; empty if the data have no opinions."""
    context_disliked: list[int]
    """Ids of the earlier mentions that the speaker disliked; empty if the data have no opinions."""
    response_text: str
    """Original text of the turn."""
    has_text: bool
    """Whether the words of the conversation are known. If not, only its items are known."""
    scm: NotRequired[DemoDraw]
    """In the demo corpus, the values that the conversation was generated from."""


class RecSample(Sample):
    """One recommendation: a turn of the recommender together with one of its items."""

    item: int
    """Entity id of the label."""
    stratum: NotRequired[int]
    """Stratum of the confounder, see :meth:`.CausalDataLoader.stratify`."""


class EntityGraph(TypedDict):
    """The knowledge graph of entities and items."""

    edge: list[tuple[int, int, int]]
    """(head, tail, relation): two entity ids and a relation id; self-loops are included."""
    n_relation: int
    """Number of relations; their ids are 0 to ``n_relation - 1``."""
    entity: list[str]
    """Names of the entities that have an edge."""


class WordGraph(TypedDict):
    """The graph of related words."""

    edge: list[tuple[int, int]]
    """Pairs of word ids, in both directions."""
    entity: list[str]
    """The words that have an edge."""


class SideData(TypedDict):
    """The data of a dataset besides the conversations: graphs, items, names and facts."""

    # keys of CRSLab
    entity_kg: EntityGraph
    word_kg: WordGraph
    item_entity_ids: list[int]
    """Entity id of each item of the catalogue; an item's position here is its index."""
    embedding: NotRequired[np.ndarray]
    """Pre-trained word vectors, if the option ``embedding`` names a file."""

    # keys of this package
    mentioned_entity_ids: list[int]
    """Ids of the entities that occur in the context of any sample, sorted."""
    item_names: list[str]
    """Name of each item, in the order of ``item_entity_ids``."""
    item_genres: list[tuple[str, ...]]
    """Genres of each item, in the order of ``item_entity_ids``; empty where they are unknown."""
    films: dict[int, Film]
    """Title, year, genres and people of each item with known facts, by entity id."""
    display_names: dict[int, str]
    """Name of each entity id as people write it: title and year of a film."""
    name_of_token: dict[str, str]
    """Name of the film that a token such as ``@1234`` represents."""
    item_of_token: dict[str, int]
    """Entity id of the item that a token such as ``@1234`` represents."""
    relation_names: dict[int, str]
    """Names of the relations of ``entity_kg`` by id, if known."""
    response_token_count: Counter[int]
    """Number of occurrences of each token id in the recommender's turns of the training data whose words are known."""
    interventional_data: NotRequired[list[Sample]]
    """A second test split in which the history was set by intervention; only the demo corpus has one."""
    seeker_answers: NotRequired[dict[str, SeekerAnswers]]
    """Items that the seekers liked and had seen, by conversation, if the data have the file ``seeker_answers.json``."""
    confounder: NotRequired[Confounder]
    """The fitted confounder, if the option ``adjustment`` names one; the system adds it."""


class Vocab(TypedDict):
    """Ids of tokens, entities and words."""

    # keys of CRSLab
    tok2ind: dict[str, int]
    """Id of each token."""
    ind2tok: dict[int, str]
    """Token of each id."""
    entity2id: dict[str, int]
    """Id of each entity by its name or URI; items are entities, too."""
    id2entity: dict[int, str]
    """Name or URI of each entity id."""
    word2id: dict[str, int]
    """Id of each word of the word graph."""
    vocab_size: int
    """Number of tokens."""
    n_entity: int
    """Largest entity id plus 1."""
    n_word: int
    """Largest word id plus 1."""
    pad: int
    """Token id of padding."""
    start: int
    """Token id of the beginning of a text."""
    end: int
    """Token id of the end of a text."""
    unk: int
    """Token id of an unknown token."""
    sent_split: NotRequired[int]
    """Token id that separates sentences; the tokenizations ``bert`` and ``gpt2`` have one."""
    word_split: NotRequired[int]
    """Token id that separates words; the tokenizations ``bert`` and ``gpt2`` have one."""
    pad_entity: int
    """Entity id with which CRSLab's models pad."""
    pad_word: int
    """Word id with which CRSLab's models pad."""

    # key of this package
    item_entity_ids: list[int]
    """The same list as in :class:`SideData`. It is repeated here because dataloaders receive the vocabulary only."""
