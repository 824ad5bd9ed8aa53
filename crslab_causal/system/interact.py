"""Talking to a trained recommender in the terminal."""

from __future__ import annotations

from typing import Callable

import torch

from crslab_causal.data.dataset.appearance import name_words
from crslab_causal.data.histories import pad_histories
from crslab_causal.model.causal_kbrd import CausalKBRD

SHOWN = 10


class EntityLinker:
    """Finds names of entities in what a user types: the longest name at each place, whatever its case.

    Args:
        names: name of each entity that can be found.
    """

    def __init__(self, names: dict[int, str]):
        self._entity_of_words: dict[tuple[str, ...], int] = {}
        for entity, name in names.items():
            if words := tuple(name_words(name)):
                self._entity_of_words.setdefault(words, entity)
        self._longest = max(map(len, self._entity_of_words), default=0)

    def link(self, text: str) -> list[int]:
        """Entities named in ``text``, in order of appearance."""
        words, start, found = name_words(text), 0, []
        while start < len(words):
            for end in range(min(len(words), start + self._longest), start, -1):
                entity = self._entity_of_words.get(tuple(words[start:end]))
                if entity is not None:
                    found.append(entity)
                    start = end
                    break
            else:
                start += 1
        return found


def recommend(model: CausalKBRD, history: list[int], k: int = SHOWN) -> list[int]:
    """Entity ids of the ``k`` items that rank first after ``history``, without those in it."""
    device = model.row_of_entity.device
    with torch.no_grad():
        scores = model.item_logits(pad_histories([history]).to(device), intervene=False).observed[0]
    rows = model.row_of_entity[torch.tensor(history, dtype=torch.long, device=device)]
    scores[rows[rows < model.n_item]] = -torch.inf
    return model.row_entity_ids[torch.topk(scores, min(k, len(scores))).indices.cpu()].tolist()


def interact(model: CausalKBRD, names: dict[int, str], make_history: Callable[[list[int]], list[int]]) -> None:
    """Reads lines, links what they name, and prints the items that rank first, until ``/quit``.

    Args:
        model: trained.
        names: name of each entity, by id.
        make_history: history of all mentions so far, see :meth:`.CausalDataLoader.history`.
    """
    model.eval()
    linker = EntityLinker({entity: names[entity] for entity in model.row_entity_ids.tolist()})
    mentions: list[int] = []
    print('Name films, people or genres you like. /reset starts anew, /quit ends.')
    while True:
        try:
            text = input('> ').strip()
        except (EOFError, KeyboardInterrupt):
            return
        if text == '/quit':
            return
        if text == '/reset':
            mentions = []
            continue
        mentions += linker.link(text)
        history = make_history(mentions)
        print('So far: ' + (', '.join(names[entity] for entity in history) or 'nothing I know'))
        for rank, item in enumerate(recommend(model, history), start=1):
            print(f'{rank:3d}. {names[item]}')
