"""Find the mentions of each turn: the items and entities that the user lists, and those in the text."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Iterator, Sequence

from tqdm import tqdm

from crslab_causal.base.errors import UserError
from crslab_causal.prepare.own_data.catalogue import Catalogue, nearest
from crslab_causal.prepare.own_data.conversations import Conversation, Turn
from crslab_causal.prepare.own_data.graph import Vertices
from crslab_causal.prepare.own_data.linking import TextLinker
from crslab_causal.prepare.own_data.text_files import place
from crslab_causal.prepare.own_data.tokens import tokenize

MOST_QUESTIONS = 100
"""Maximum number of unknown entities for which a similar known one is searched, because this is slow in a large graph.
"""


@dataclass(frozen=True)
class Utterance:
    """A turn, and the names of the items and entities that it mentions."""

    role: str
    text: str
    items: list[str]
    entities: list[str]
    liked: list[str]
    disliked: list[str]

    @cached_property
    def tokens(self) -> list[str]:
        """The tokens of the text."""
        return tokenize(self.text)


@dataclass(frozen=True)
class Dialog:
    """A conversation whose mentions are known."""

    source: Conversation
    utterances: list[Utterance]

    @property
    def recommends(self) -> bool:
        """Whether a recommender's turn after the first turn names an item.

        Only such an item has a context and can be predicted.
        """
        first = self.utterances[0].role
        spoken = [utterance.role for utterance in self.utterances]
        start = next(
            (i for i, role in enumerate(spoken) if role != first), len(spoken)
        )  # CRSLab merges the earlier turns
        return any(utterance.role == 'Recommender' and utterance.items for utterance in self.utterances[start:])


class MentionResolver:
    """Replaces the references in conversations by names of vertices, and links the text of turns without references.

    Args:
        path: the conversations' file, for messages.
        catalogue: the items.
        vertices: vertices of the graph; entities that occur only in conversations are added.
        link: whether to search the text of turns that do not list what they mention.
    """

    def __init__(self, path: Path, catalogue: Catalogue, vertices: Vertices, link: bool = True):
        self._path, self._catalogue, self._vertices, self._link = path, catalogue, vertices, link
        self.count: Counter[str] = Counter()
        """Numbers of mentions that were listed and that were linked, by kind."""
        self._new: dict[str, tuple[str, int]] = {}
        self._known = vertices.other_names

    def resolve(self, conversations: Sequence[Conversation]) -> list[Dialog]:
        """Return the conversations with the names of the items and entities that they mention.

        All listed references are read before any text is linked. Texts are therefore also searched for entities that
        are listed later.

        Raises:
            UserError: a reference names no item, or several.
        """
        given = [
            [self._given(conversation, number, turn) for number, turn in enumerate(conversation.row.turns, start=1)]
            for conversation in conversations
        ]
        weight = Counter(
            name for utterances in given for utterance in utterances for name in (*utterance.items, *utterance.entities)
        )
        linker = TextLinker(self._vertices.ids, self._vertices.items, weight) if self._link else None
        pairs = tqdm(
            zip(conversations, given), 'conversations', len(given), leave=False, disable=None
        )  # show the bar on a terminal only
        return [
            Dialog(
                conversation,
                [self._linked(turn, utterance, linker) for turn, utterance in zip(conversation.row.turns, utterances)],
            )
            for conversation, utterances in pairs
        ]

    def warnings(self) -> Iterator[str]:
        """Yield a line about each entity that a conversation lists but the graph does not have."""
        for i, (name, (where, n)) in enumerate(self._new.items()):
            question = nearest(name, self._known) if i < MOST_QUESTIONS else ''
            yield (
                f'{where}: the entity {name!r} is in no edge of the graph, here and {n - 1} times more; '
                f'it gets no neighbours{question}'
            )

    def _given(self, conversation: Conversation, number: int, turn: Turn) -> Utterance:
        where = place(self._path, conversation.line, number)
        items = [self._item(reference, where) for reference in turn.items or ()]
        entities = [self._entity(reference, where, 'entities') for reference in turn.entities or ()]
        self.count.update(items_given=len(items), entities_given=len(entities))
        return Utterance(
            turn.role,
            turn.text,
            items,
            entities,
            *(
                [self._either(reference, where, key) for reference in getattr(turn, key)]
                for key in ('liked', 'disliked')
            ),
        )

    def _linked(self, turn: Turn, utterance: Utterance, linker: TextLinker | None) -> Utterance:
        if linker is None or (turn.items is not None and turn.entities is not None):
            return utterance
        found = linker.link(turn.text)
        items = found.items if turn.items is None else utterance.items
        entities = found.entities if turn.entities is None else utterance.entities
        self.count.update(
            items_linked=len(items) if turn.items is None else 0,
            entities_linked=len(entities) if turn.entities is None else 0,
        )
        return Utterance(utterance.role, utterance.text, items, entities, utterance.liked, utterance.disliked)

    def _item(self, reference: str | int, where: str) -> str:
        try:
            return self._catalogue.find(reference).name
        except LookupError as error:
            raise UserError(f'{where}: items: {error.args[0]}') from error

    def _either(self, reference: str | int, where: str, key: str) -> str:
        """Return the item with this id or title, or else the entity with this name."""
        try:
            return self._catalogue.find(reference).name
        except LookupError as error:
            if type(reference) is int or self._catalogue.titled(str(reference)):
                raise UserError(f'{where}: {key}: {error.args[0]}') from error
        return self._entity(reference, where, key)

    def _entity(self, reference: str | int, where: str, key: str) -> str:
        """Return the entity with this name, or else the item with this id or title, or else a new entity."""
        name = str(reference)
        found = [] if type(reference) is int else self._vertices.find(name)
        if len(found) > 1:
            raise UserError(f'{where}: {key}: {name!r} may be {" or ".join(map(repr, found[:4]))}; write one of these')
        if not found:
            try:
                found = [self._catalogue.find(reference).name]
            except LookupError as error:
                if type(reference) is int or self._catalogue.titled(name):
                    raise UserError(f'{where}: {key}: {error.args[0]}') from error
                self._vertices.add(name)
                self._new[name] = where, 0
                found = [name]
        if found[0] in self._new:
            first, n = self._new[found[0]]
            self._new[found[0]] = first, n + 1
        return found[0]
