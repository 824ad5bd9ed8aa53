"""Talking to a trained recommender in the terminal."""

from __future__ import annotations

from typing import Callable

from crslab_causal.data.dataset.appearance import name_words
from crslab_causal.system.recommender import Recommender

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


def interact(recommender: Recommender, make_history: Callable[[list[int]], list[int]]) -> None:
    """Reads lines, links what they name, and prints the items that rank first, until ``/quit``.

    Args:
        recommender: of a trained model.
        make_history: history of all mentions so far, see :meth:`.CausalDataLoader.history`.
    """
    names = recommender.names
    linker = EntityLinker({entity: names[entity] for entity in recommender.entities})
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
        for rank, item in enumerate(recommender.recommend(history, SHOWN), start=1):
            print(f'{rank:3d}. {item.name}')
