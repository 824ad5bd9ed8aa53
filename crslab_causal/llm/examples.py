"""Few-shot examples: training turns that recommend an item, chosen by the similarity of their conversations.

An example shows as many titles as the prompt asks for, because a model that sees lists of one title writes lists of one
title. The list begins with the items that were recommended in the turn. Then follow the items that training turns
recommended most often after the same mentions.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any, Mapping, NamedTuple, Sequence

from crslab_causal.base.errors import UserError
from crslab_causal.llm.catalogue import CatalogueInfo
from crslab_causal.llm.detokenization import ITEM_TOKEN, UNNAMED, detokenize
from crslab_causal.llm.request import RerankRequest, build_rerank_request

MAX_CONTEXT = 600
"""Maximum length of an example's context, in characters."""
MAX_RESPONSE = 250
"""Maximum length of an example's response, in characters."""
_MIN_TURNS = 2
"""Minimum number of turns in an example's context."""
_MIN_WORDS = 4
"""Minimum number of words in an example's response besides item tokens. Half of ReDial's responses have fewer."""
_DIGITS = 6
"""Number of digits to which similarities are compared. Smaller differences may be rounding errors of a machine."""


class Example(NamedTuple):
    """A conversation and the recommendation that followed it, as they are shown in a prompt."""

    context: list[tuple[str, str]]
    """Role of the speaker and detokenized text of each turn."""
    titles: list[str]
    response: str
    items: list[int] = []
    """Entity ids of the titles."""


class _Turn(NamedTuple):
    """A training turn that can be an example."""

    conversation: str
    request: RerankRequest
    items: list[int]
    response: str


class ExampleIndex:
    """The training turns that can be examples, which can be searched by their conversations.

    Two conversations are similar if they share rare words and mentions: the cosine of their TF-IDF vectors.

    Args:
        train_samples: the dataset's samples of the training split, in its order. Another split would leak labels.
        catalogue: facts about the dataset.
        n: number of examples of a prompt.
        n_titles: number of titles of an example.

    Raises:
        UserError: fewer than ``n`` conversations have such a turn.
    """

    def __init__(self, train_samples: Sequence[Mapping[str, Any]], catalogue: CatalogueInfo, n: int, n_titles: int):
        self._catalogue, self._n, self._n_titles = catalogue, n, n_titles
        self._turns = [
            turn
            for sample, following in pairwise(train_samples)
            if _is_recommendation(sample, following)
            and (turn := _make_turn(sample, following['context_text'][-1][1], catalogue)) is not None
        ]
        n_conversations = len({turn.conversation for turn in self._turns})
        if n_conversations < n:
            raise UserError(
                f'llm.examples: {n} examples requested, but only {n_conversations} training conversations have a '
                'short recommending turn with words; request fewer',
            )
        self._followers = _count_followers(train_samples)
        self._popular = sorted(catalogue.items, key=lambda item: (-catalogue.label_count.get(item, 0), item))

        from sklearn.feature_extraction.text import TfidfVectorizer  # only here, because the import takes a second

        self._vectorizer = TfidfVectorizer(analyzer=_features, sublinear_tf=True)
        self._vectors = self._vectorizer.fit_transform([turn.request for turn in self._turns])

    def similar(self, request: RerankRequest) -> list[Example]:
        """Return the examples for a request, most similar one first, each from another conversation."""
        scores = (self._vectors @ self._vectorizer.transform([request]).T).toarray().ravel().round(_DIGITS).tolist()
        chosen: dict[str, _Turn] = {}
        for i in sorted(range(len(scores)), key=lambda i: -scores[i]):
            chosen.setdefault(self._turns[i].conversation, self._turns[i])
            if len(chosen) == self._n:
                break
        return [self._example(turn) for turn in chosen.values()]

    def _example(self, turn: _Turn) -> Example:
        names = self._catalogue.names
        items = [*turn.items, *(item for item in self._related(turn) if item not in turn.items)][: self._n_titles]
        return Example(turn.request.context, [names[item] for item in items], turn.response, items)

    def _related(self, turn: _Turn) -> list[int]:
        """Return the items that training turns recommend after the same mentions, most frequent ones first.

        Items with equal counts are sorted by popularity.
        """
        mentions = set(turn.request.mentions)
        count: Counter[int] = Counter()
        for mention in mentions:
            count.update(self._followers.get(mention, {}))
        related = sorted(count, key=lambda item: (-count[item], item))
        n_needed = self._n_titles + len(mentions)
        allowed = [item for item in (*related, *self._popular[:n_needed]) if item not in mentions]
        return list(dict.fromkeys(allowed))


def _features(request: RerankRequest) -> list[str]:
    """Return the words and mentions of a conversation."""
    words = [word for _, text in request.context for word in re.findall(r'[^\W_]+', text.lower())]
    return words + [f'#{mention}' for mention in request.mentions]


def _is_recommendation(sample: Mapping[str, Any], following: Mapping[str, Any]) -> bool:
    """Return whether a turn recommends something and ``following`` is the turn after it."""
    return (
        sample['role'] == 'Recommender'
        and bool(sample['items'])
        and following['conv_id'] == sample['conv_id']
        and len(following['context_text']) == len(sample['context_text']) + 1
    )


def _make_turn(sample: Mapping[str, Any], tokenized_response: str, catalogue: CatalogueInfo) -> _Turn | None:
    """Return a training turn as a possible example; None if it is too long, too short, or has an unnamed item."""
    request = build_rerank_request(sample, [], catalogue.name_of_token)
    response = detokenize(tokenized_response, catalogue.name_of_token, quote='"')
    texts = [text for _, text in request.context]
    items = list(dict.fromkeys(sample['items']))
    is_short = sum(map(len, texts)) <= MAX_CONTEXT and len(response) <= MAX_RESPONSE
    has_words = (
        all(_count_words(text) for _, text in sample['context_text']) and _count_words(tokenized_response) >= _MIN_WORDS
    )
    has_names = all(item in catalogue.names for item in items) and not any(
        UNNAMED in text for text in (response, *texts)
    )
    if len(texts) < _MIN_TURNS or not (is_short and has_words and has_names):
        return None
    return _Turn(sample['conv_id'], request, items, response)


def _count_followers(train_samples: Sequence[Mapping[str, Any]]) -> dict[int, Counter[int]]:
    """Return how often the recommender names each item after each mention."""
    followers: dict[int, Counter[int]] = defaultdict(Counter)
    for sample in train_samples:
        if sample['role'] == 'Recommender' and sample['items']:
            for mention in set(sample['context_mentions']):
                followers[mention].update(set(sample['items']))
    return dict(followers)


def _count_words(text: str) -> int:
    """Return the number of words that are not item tokens."""
    return len(re.findall(r'[^\W\d_]+', ITEM_TOKEN.sub('', text)))
