"""The order in which an utterance mentions entities and items, and the names of entities.

CRSLab puts all entities of a turn before its items and keeps only the first mention of each. The last of its
``context_entities`` is therefore often not the last mention (data/dataset/redial/redial.py:200).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Iterable, Literal, Mapping, NamedTuple, Sequence
from urllib.parse import unquote

ITEM_TOKEN = re.compile(r'^@\d+$')
_LOCAL_NAME = re.compile(r'^<?(?:https?://[^/]*/(?:resource/)?)?(.*?)>?$')
_LAST_BRACKETS = re.compile(r'(.*\S) \(([^()]*)\)')
_QUALIFIER = re.compile(r'[ _]\([^()]*\)$')
_STEM_LENGTH = 5
"""Number of first letters in which two longer words must agree to count as forms of one word."""


MentionOrder = Literal['last', 'first', 'all']
"""The mentions of an entity that a history keeps: its last one, its first one, or all."""


def reduce_mentions(mentions: Sequence[int], order: str) -> list[int]:
    """Return the history that consists of ``mentions``, with repetitions removed as ``order`` says.

    Args:
        mentions: entity ids in the order in which they were mentioned.
        order: a :data:`MentionOrder`.
    """
    if order == 'all':
        return list(mentions)
    if order == 'first':
        return list(dict.fromkeys(mentions))
    return list(dict.fromkeys(reversed(mentions)))[::-1]


def is_item_token(token: str) -> bool:
    """Return whether a token represents an item, as ``@1234`` represents a film in ReDial's text."""
    return token[:1] == '@' and ITEM_TOKEN.match(token) is not None


def entity_name(uri: str) -> str:
    """Return the readable name of an entity without its qualifier.

    ``<http://dbpedia.org/resource/Going_the_Distance_(2010_film)>`` -> ``Going the Distance``.
    """
    name = local_name(uri)
    return (_QUALIFIER.sub('', name) or name).replace('_', ' ')


def display_name(uri: str) -> str:
    """Return a name as people write it: ``<http://dbpedia.org/resource/It_(2017_film)>`` -> ``It (2017)``.

    A qualifier keeps the year and words such as "TV series"; the words "film" and "movie" are dropped.
    """
    name = unquote(local_name(uri)).replace('_', ' ')
    match = _LAST_BRACKETS.fullmatch(name)
    if match is None:
        return name
    qualifier = ' '.join(word for word in match[2].split() if word not in ('film', 'movie'))
    return f'{match[1]} ({qualifier})' if qualifier else match[1]


def local_name(uri: str) -> str:
    """Return a URI without its namespace. A plain name is returned unchanged."""
    match = _LOCAL_NAME.match(uri)
    return uri if match is None else match[1]


def name_words(name: str) -> list[str]:
    """Return the words of a name or a token in lower case, without punctuation."""
    return re.findall(r'[^\W_]+', name.lower())


def learn_item_tokens(utterances: Iterable[tuple[Sequence[str], Sequence[int]]]) -> dict[str, int]:
    """Return the item that each ``@<ReDial id>`` token represents.

    CRSLab's files do not contain this mapping. An utterance lists its items, but not those without a page in DBpedia.
    So each utterance with as many tokens as items is a vote for its pairs, and the majority decides.

    Args:
        utterances: tokens and item ids of each utterance, both in the order of the text.
    """
    votes: dict[str, Counter[int]] = defaultdict(Counter)
    for tokens, items in utterances:
        item_tokens = [token for token in tokens if is_item_token(token)]
        if len(item_tokens) == len(items):
            for token, item in zip(item_tokens, items):
                votes[token][item] += 1
    return {token: counts.most_common(1)[0][0] for token, counts in votes.items()}


class _Word(NamedTuple):
    text: str
    position: int
    """Index of the token that contains the word."""


def order_mentions(
    tokens: Sequence[str],
    entities: Sequence[int],
    items: Sequence[int],
    names: Mapping[int, str],
    item_of_token: Mapping[str, int],
) -> list[int]:
    """Return all mentions of an utterance, entities and items, in the order of the text.

    An item is located by its ``@`` token. Everything else is located by its full name; if this fails, by its last word
    (people are named by surname); if this fails, too, by a word with the same beginning ("comedies", Comedy film). A
    mention that cannot be located follows the mention listed before it. If there is none, it comes first. An id that is
    listed both as entity and as item is one mention, repeated as often as in the longer list.

    Args:
        tokens: the text.
        entities: entity ids as listed in the utterance.
        items: item ids as listed in the utterance.
        names: readable name of each id.
        item_of_token: item of each token, see :func:`learn_item_tokens`.
    """
    if len(entities) + len(items) < 2:  # this is so for most utterances
        return [*entities, *items]
    only_entities = Counter(entities) - Counter(items)
    listed = [e for e in dict.fromkeys(entities) for _ in range(only_entities[e])] + list(items)
    if len(listed) < 2:
        return listed
    free_tokens = {i: item_of_token.get(token) for i, token in enumerate(tokens) if is_item_token(token)}
    words = [_Word(word, i) for i, token in enumerate(tokens) if i not in free_tokens for word in name_words(token)]

    positions: list[int] = []
    last_position: dict[int, int] = {}
    for mention in listed:
        position = next((i for i, item in free_tokens.items() if item == mention), None)
        if position is not None:
            del free_tokens[position]
        else:
            # if a name is listed twice, search the second one after the first position
            start = last_position.get(mention, -1)
            position = _find_name(name_words(names[mention]), [word for word in words if word.position > start])
            last_position[mention] = start if position is None else position
        if position is None:
            position = positions[-1] if positions else -1
        positions.append(position)
    return [listed[i] for i in sorted(range(len(listed)), key=positions.__getitem__)]


def _find_name(name: Sequence[str], words: Sequence[_Word]) -> int | None:
    """Return the index of the token where ``name`` begins, or None if ``words`` do not contain the name."""
    n = len(name)
    for start in range(len(words) - n + 1):
        if n and all(words[start + k].text == name[k] for k in range(n)):
            return words[start].position
    for part in reversed(name):
        for word, position in words:
            if word == part or (len(part) >= _STEM_LENGTH and word[:_STEM_LENGTH] == part[:_STEM_LENGTH]):
                return position
    return None
