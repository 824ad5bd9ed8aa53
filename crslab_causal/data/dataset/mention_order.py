"""The order in which the entities of one utterance appear in its text.

CRSLab puts all entities of a turn before its items, and keeps a mention at its first place only, so
that the last of ``context_entities`` is not the last one mentioned (data/dataset/redial/redial.py:200).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Iterable, Mapping, Sequence
from urllib.parse import unquote

ITEM_TOKEN = re.compile(r'^@\d+$')
_NAMESPACE = re.compile(r'^<?(?:https?://[^/]*/(?:resource/)?)?(.*?)>?$')
_LAST_BRACKETS = re.compile(r'(.*\S) \(([^()]*)\)')
_QUALIFIER = re.compile(r'[ _]\([^()]*\)$')


def is_item_token(token: str) -> bool:
    """Whether a token of ReDial's text stands for a film."""
    return token[:1] == '@' and ITEM_TOKEN.match(token) is not None


def entity_name(uri: str) -> str:
    """A readable name: ``<http://dbpedia.org/resource/Going_the_Distance_(2010_film)>`` -> ``Going the Distance``."""
    name = _NAMESPACE.match(uri).group(1)
    return (_QUALIFIER.sub('', name) or name).replace('_', ' ')


def display_name(uri: str) -> str:
    """A name as people write it: ``<http://dbpedia.org/resource/It_(2017_film)>`` -> ``It (2017)``.

    Of a qualifier the year stays, and what is no film ("TV series").
    """
    name = unquote(_NAMESPACE.match(uri).group(1)).replace('_', ' ')
    match = _LAST_BRACKETS.fullmatch(name)
    if match is None:
        return name
    qualifier = ' '.join(word for word in match[2].split() if word not in ('film', 'movie'))
    return f'{match[1]} ({qualifier})' if qualifier else match[1]


def display_names(id2entity: Mapping[int, str]) -> dict[int, str]:
    """The name of each entity, as people write it."""
    return {entity: display_name(uri) for entity, uri in id2entity.items()}


def name_words(name: str) -> list[str]:
    """Lower-cased words of a name or a token, without punctuation."""
    return re.findall(r"[^\W_]+", name.lower())


def learn_item_tokens(utterances: Iterable[tuple[Sequence[str], Sequence[int]]]) -> dict[str, int]:
    """Which item each ``@<ReDial id>`` token stands for.

    CRSLab's files do not say so, and leave items without a DBpedia page out of an utterance's list.
    Utterances with as many tokens as items vote.

    Args:
        utterances: tokens and item ids of each, both in order of appearance.
    """
    votes: dict[str, Counter] = defaultdict(Counter)
    for tokens, items in utterances:
        item_tokens = [token for token in tokens if is_item_token(token)]
        if len(item_tokens) == len(items):
            for token, item in zip(item_tokens, items):
                votes[token][item] += 1
    return {token: counts.most_common(1)[0][0] for token, counts in votes.items()}


def order_of_appearance(tokens: Sequence[str], entities: Sequence[int], items: Sequence[int],
                        names: Mapping[int, str], item_of_token: Mapping[str, int]) -> list[int]:
    """All mentions of an utterance, entities and items, in the order of the text.

    Items are found by their ``@`` token, others by their name: in full, else by its last word (people
    are named by surname), else by a word that begins alike ("comedies", Comedy film). A mention that
    is not found stays behind the one listed before it; without one it comes first. An id that is
    both entity and item is one mention, as often as the longer list has it.

    Args:
        tokens: the text.
        entities: entity ids as listed in the utterance.
        items: item ids as listed.
        names: readable name of an id.
        item_of_token: from :func:`learn_item_tokens`.
    """
    if len(entities) + len(items) < 2:  # most utterances
        return [*entities, *items]
    missing = Counter(entities) - Counter(items)
    listed = [e for e in dict.fromkeys(entities) for _ in range(missing[e])] + list(items)
    if len(listed) < 2:
        return listed
    free = {i: item_of_token.get(token) for i, token in enumerate(tokens) if is_item_token(token)}
    words = [(word, i) for i, token in enumerate(tokens) if i not in free for word in name_words(token)]

    positions, previous, last_of = [], -1, {}
    for mention in listed:
        at = next((i for i, item in free.items() if item == mention), None)
        if at is not None:
            del free[at]
        else:
            behind = last_of.get(mention, -1)  # of a name listed twice, the second place
            at = _find_name(name_words(names[mention]), [(word, i) for word, i in words if i > behind])
            last_of[mention] = behind if at is None else at
        previous = at if at is not None else previous
        positions.append(previous)
    return [listed[i] for i in sorted(range(len(listed)), key=positions.__getitem__)]


def _find_name(name: list[str], words: list[tuple[str, int]]) -> int | None:
    """Index of the token where ``name`` begins in ``words``, pairs of a word and its token's index."""
    n = len(name)
    for start in range(len(words) - n + 1):
        if n and all(words[start + k][0] == name[k] for k in range(n)):
            return words[start][1]
    for part in reversed(name):
        for word, at in words:
            if word == part or (len(part) > 4 and word[:5] == part[:5]):
                return at
    return None
