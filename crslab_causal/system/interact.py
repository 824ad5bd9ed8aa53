"""Talking to a trained recommender in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from crslab_causal.data.dataset.appearance import entity_name, name_words
from crslab_causal.data.histories import pad_histories
from crslab_causal.model.causal_kbrd import CausalKBRD

if TYPE_CHECKING:
    from crslab_causal.system.causal import CausalSystem

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


def interact(system: CausalSystem) -> None:
    """Reads lines, links what they name, and prints the items that rank first, until ``/quit``."""
    if not isinstance(system.driver.module, CausalKBRD):
        print(f"--interact: only CausalKBRD can be talked to, not {system.opt['model']}")
        return
    model, id2entity = system.driver.module, system.vocab['id2entity']
    names = {e: entity_name(id2entity[e]) for e in model.row_entity_ids.tolist()}
    linker, mentions = EntityLinker(names), []
    model.eval()
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
        history = system.test_dataloader.history(mentions)
        with torch.no_grad():
            scores = model.item_logits(pad_histories([history]).to(system.device), intervene=False).observed[0]
        scores[[system.item_ids.index(e) for e in history if e in system.item_ids]] = -torch.inf
        print('So far: ' + (', '.join(names[e] for e in history) or 'nothing I know'))
        for rank, item in enumerate(torch.topk(scores, min(SHOWN, len(scores))).indices.tolist(), start=1):
            print(f'{rank:3d}. {names[system.item_ids[item]]}')
