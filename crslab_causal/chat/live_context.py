"""Samples of a conversation that is being held, for models that were trained on recorded ones."""

from __future__ import annotations

import re
from typing import Sequence

from crslab_causal.data.schema import LIVE, RecSample, SideData, Vocab
from crslab_causal.llm.entity_linking.linking import MentionLinker
from crslab_causal.llm.entity_linking.links import Mention

Turns = Sequence[tuple[str, str]]
"""(role, text) of each turn. The role is ``Seeker`` or ``Recommender``."""
_WORD = re.compile(r"@\d+|\w+(?:'\w+)?|[^\w\s]")


class LiveContexts:
    """Makes samples of a history and of the messages so far.

    A title in the text becomes the token of its item, such as ``@1234``, as in the data, if the item is in the history.
    A :class:`.MentionLinker` finds the titles, so that "it" and "up" stay words unless something marks them as a title.
    Words are looked up as they are written, then without punctuation marks, and then in lower case.

    Args:
        vocab: the vocabulary of the dataset.
        side_data: its side data.
    """

    def __init__(self, vocab: Vocab, side_data: SideData):
        self._tokens, self._words, self._unknown = vocab['tok2ind'], vocab.get('word2id', {}), vocab['unk']
        self._items = frozenset(side_data['item_entity_ids'])
        self._any_item = min(self._items)
        self._token_of_item = {item: token for token, item in side_data['item_of_token'].items()}
        self._names = {
            item: film.name for item, film in side_data['films'].items() if film.title and item in self._token_of_item
        }

    def sample(self, history: Sequence[int], turns: Turns) -> RecSample:
        """Return a sample whose label is any item, because no model reads the label of a context that it scores.

        The seeker counts as the speaker of every mention: a chat puts what the seeker has named or accepted into
        the history.

        Args:
            history: entity ids in order of mention.
            turns: the turns so far; empty: no text is known.
        """
        mentions = list(history)
        words = [self._split(text) for text in self._with_tokens([text for _, text in turns], mentions)]
        looked_up = (self._words.get(word, self._words.get(word.lower())) for turn in words for word in turn)
        return {
            'role': 'Recommender',
            'context_tokens': [[self._token_id(word) for word in turn] for turn in words],
            'response': [],
            'context_entities': mentions,
            'context_words': list(dict.fromkeys(word for word in looked_up if word is not None)),
            'context_items': [entity for entity in mentions if entity in self._items],
            'items': [],
            'conv_id': LIVE,
            'turn': len(words),
            'context_mentions': mentions,
            'context_mention_roles': ['Seeker'] * len(mentions),
            'context_text': [(role, text) for role, text in turns],
            'context_liked': [],
            'context_disliked': [],
            'response_text': '',
            'has_text': bool(words),
            'item': self._any_item,
        }

    def _split(self, text: str) -> list[str]:
        pieces = ([piece] if piece in self._tokens else _WORD.findall(piece) for piece in text.split())
        return [word for words in pieces for word in words]

    def _token_id(self, word: str) -> int:
        return self._tokens.get(word, self._tokens.get(word.lower(), self._unknown))

    def _with_tokens(self, texts: Sequence[str], mentions: Sequence[int]) -> list[str]:
        """Return the texts with the tokens of the items among the mentions in the place of their titles."""
        names = {entity: self._names[entity] for entity in mentions if entity in self._names}
        if not names:
            return list(texts)
        linker = MentionLinker(names, names)
        return [self._replaced(text, linker.link(text)) for text in texts]

    def _replaced(self, text: str, found: Sequence[Mention]) -> str:
        for mention in reversed(found):  # from the end, so that the earlier positions stay right
            text = f'{text[: mention.start]} {self._token_of_item[mention.entity]} {text[mention.end :]}'
        return text
