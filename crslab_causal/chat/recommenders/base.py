"""The interface between the chat and a model that scores items."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from typing import ClassVar, Final, Mapping, NamedTuple, Sequence

import torch
from torch import Tensor

from crslab_causal.chat.live_context import Turns
from crslab_causal.llm.request import Probability

AS_THE_MODEL_MASKS: Final = -1
"""In the place of the index of a mention: what the model itself masks."""
_REMEMBERED = 4
"""Number of contexts whose scores are kept. A reply asks for the same context several times."""


class Recommendation(NamedTuple):
    """An item of a recommendation list."""

    entity: int
    """Entity id."""
    name: str
    score: float
    """Score of the model. Scores of one list can be compared."""


class Scores(NamedTuple):
    """Scores of all items, in the order of the items."""

    observed: Tensor
    """``(n_item,)``: for the history."""
    masked: Tensor | None
    """``(n_item,)``: for the history with a mention masked; None: no mention was to be masked."""


class Contribution(NamedTuple):
    """The contribution of a part of a model to the score of an item, compared with the mean over all items."""

    name: str
    """Name of the part."""
    words: str
    """Description of the part in words."""
    added: float
    """Amount that the part adds to the score of this item, minus its mean over all items."""
    evidence: str = ''
    """Evidence of the part for this item, as a clause without a full stop; empty if there is none."""
    reason: str = ''
    """The evidence, if it names something that the seeker can check and is a reason for this item; else empty."""


class ListRecommender(ABC):
    """The base class of recommenders for the chat, which recommend items for one history at a time.

    The scores of the most recent histories are kept in memory, so that they are computed only once for a reply. The
    parameters of the model must therefore not change once the recommender exists. Several threads may call
    recommenders; only one of them computes at a time.

    Args:
        item_entity_ids: entity id of each item.
        names: name of each entity id.
    """

    masking = 'it is taken out of the history'
    """How a mention is masked, in words."""
    reads_text = False
    """Whether the scores depend on the text of the conversation."""
    lock: ClassVar = threading.RLock()
    """Held while a model computes. All recommenders share it, because several may share a model."""

    def __init__(self, item_entity_ids: Sequence[int], names: Mapping[int, str]):
        self.item_entity_ids, self.names = list(item_entity_ids), names
        self._index = {entity: index for index, entity in enumerate(self.item_entity_ids)}
        self._known: OrderedDict[tuple, dict[int | None, Tensor]] = OrderedDict()

    @property
    def n_item(self) -> int:
        """Number of items."""
        return len(self.item_entity_ids)

    @property
    @abstractmethod
    def entities(self) -> list[int]:
        """Entity ids that a history may contain."""

    @abstractmethod
    def compute_scores(self, history: Sequence[int], turns: Turns, masked: int | None) -> Scores:
        """Score all items.

        Args:
            history: entity ids in order of mention; may be empty.
            turns: turns of the conversation with their text; empty if no text is known.
            masked: index of the mention to mask, :data:`AS_THE_MODEL_MASKS`, or None for no mask.
        """

    def recommend(
        self, history: Sequence[int], k: int = 10, masked: bool = False, turns: Turns = ()
    ) -> list[Recommendation]:
        """Return the top ``k`` items for ``history``, best first, without the items in it.

        Args:
            history: entity ids in order of mention; may be empty.
            k: length of the list. It is shorter if there are fewer items.
            masked: whether to mask a mention, by default the last one.
            turns: what was said, for models that read it.

        Raises:
            ValueError: an id of the history is not that of an entity, or ``k`` is not positive.
        """
        if k < 1:
            raise ValueError(f'k is {k}; it must be at least 1')
        for entity in history:
            if entity not in self.names:
                raise ValueError(
                    f'entity {entity!r} is not known; the attribute names has the names of all entity ids, for example '
                    f'{self.item_entity_ids[0]}: {self.names[self.item_entity_ids[0]]!r}'
                )
        scores = self._scores(history, turns, self._default_mask(history) if masked else None).clone()
        seen = [self._index[entity] for entity in history if entity in self._index]
        scores[seen] = -torch.inf
        best = torch.topk(scores, min(k, len(scores)))
        ranked = [
            (self.item_entity_ids[index], score)
            for index, score in zip(best.indices.tolist(), best.values.tolist())
            if score > -torch.inf
        ]
        return [Recommendation(entity, self.names[entity], score) for entity, score in ranked]

    def warm_up(self) -> None:
        """Score once, so that the first answer does not wait for what the model loads and computes only once."""
        self.recommend([], k=1, turns=[('Seeker', 'Hello!')])

    def masked_mention(self, history: Sequence[int]) -> int | None:
        """Return the last mention of ``history`` if it is the one that :meth:`probabilities` masks, else None."""
        return history[-1] if history else None

    def masked_part(self, history: Sequence[int]) -> str:
        """Return words for the part of the history that the mask removes. The history must not be empty."""
        return self.names[history[-1]]

    def probabilities(
        self, history: Sequence[int], masked: int | None = None, turns: Turns = ()
    ) -> dict[int, Probability]:
        """Return two probabilities of every item: for ``history``, and for ``history`` with one mention masked.

        The second one is None if ``masked`` is None and :meth:`masked_mention` is None.

        Args:
            history: entity ids in order of mention; may be empty.
            masked: index of the mention to mask, from 0. None: the mention that :meth:`masked_mention` returns, if any.
            turns: turns of the conversation, for models that read text. The mask does not change the text.

        Raises:
            IndexError: the history has no such mention.
        """
        if masked is not None and not 0 <= masked < len(history):
            raise IndexError(f'the history has {len(history)} mentions, so there is no mention {masked}')
        if masked is None and self.masked_mention(history) is not None:
            masked = len(history) - 1
        after: list[float | None] = [None] * self.n_item
        if masked is not None:  # first, because one computation gives both
            after = self._scores(history, turns, masked).softmax(-1).tolist()
        observed = self._scores(history, turns, None).softmax(-1).tolist()
        return {item: Probability(p, q) for item, p, q in zip(self.item_entity_ids, observed, after)}

    def contributions(self, history: Sequence[int], entity: int, turns: Turns = ()) -> list[Contribution] | None:
        """Return what each part of the model adds to the score of an item, largest first.

        The contributions sum to the score of the item minus the mean score of all items. The result is None if the
        model does not consist of parts.

        Args:
            history: entity ids in order of mention; may be empty.
            entity: entity id of the item.
            turns: what was said.
        """
        return None

    def _default_mask(self, history: Sequence[int]) -> int:
        return len(history) - 1 if self.masked_mention(history) is not None else AS_THE_MODEL_MASKS

    def _scores(self, history: Sequence[int], turns: Turns, masked: int | None) -> Tensor:
        """Return the scores of all items, from memory if possible. Callers must not change the arrays in place."""
        key = tuple(history), tuple(turns) if self.reads_text else ()
        with self.lock:
            known = self._known.setdefault(key, {})
            self._known.move_to_end(key)
            if masked not in known or masked == AS_THE_MODEL_MASKS:  # which may draw at random
                computed = self.compute_scores(history, turns, masked)
                known[None] = computed.observed
                if masked is not None:
                    assert computed.masked is not None
                    known[masked] = computed.masked
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
            return known[masked]
