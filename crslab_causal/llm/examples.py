"""From the data's samples to requests and to examples: readable text, and nothing of what is to be predicted."""

from __future__ import annotations

import random
import re
from typing import Any, Iterable, Mapping, NamedTuple, Sequence

from crslab_causal.base.errors import UserError
from crslab_causal.llm.request import Candidate, Request

UNNAMED = '[unnamed item]'
"""Stands for an item token without a name: ReDial has 812 films without a page in DBpedia."""

MAX_CONTEXT, MAX_RESPONSE = 600, 250
"""Characters of an example, at most."""
_MIN_TURNS, _MIN_WORDS = 2, 4
"""Of an example, at least: turns of its context; words of its response besides items, which half of ReDial has not."""

_TOKEN = re.compile(r'(?<![\w@])@\d+\b')
_GAPS = re.compile(r" (?=[.,!?;:)\]]|n't\b|'(?:s|m|re|ve|ll|d)\b)|(?<=[(\[]) ")
_QUOTES = re.compile(r"`` ?| ?''")


class Example(NamedTuple):
    """A conversation, and what was recommended next."""

    context: list[tuple[str, str]]
    """(role, text), readable."""
    titles: list[str]
    response: str


def token_names(item_of_token: Mapping[str, int], names: Mapping[int, str]) -> dict[str, str]:
    """Name of each ``@`` token, from :func:`.learn_item_tokens` and the entities' names."""
    return {token: names[item] for token, item in item_of_token.items() if item in names}


def readable(text: str, name_of_token: Mapping[str, str]) -> str:
    """``I did n't like @101 !`` -> ``I didn't like Alien!``

    Args:
        text: as the data write it: tokens joined by spaces.
        name_of_token: from :func:`token_names`; a token without a name becomes ``UNNAMED``.
    """
    text = _GAPS.sub('', _QUOTES.sub('"', text))
    return _TOKEN.sub(lambda match: name_of_token.get(match[0], UNNAMED), text)


def request_of(sample: Mapping[str, Any], candidates: Sequence[Candidate],
               name_of_token: Mapping[str, str]) -> Request:
    """What is known before a turn; the turn itself and its items are not looked at.

    Args:
        sample: of a :class:`.MentionDataset`.
        candidates: the recommender's list, best first.
        name_of_token: from :func:`token_names`.
    """
    context = [(role, readable(text, name_of_token)) for role, text in sample['context_text']]
    return Request(context, list(sample['context_mentions']), list(sample['context_liked']),
                   list(sample['context_disliked']), list(candidates))


def select_examples(train_samples: Sequence[Mapping[str, Any]], n: int, seed: int, names: Mapping[int, str],
                    name_of_token: Mapping[str, str]) -> list[Example]:
    """Draws short turns in which something is recommended, each of another conversation.

    Args:
        train_samples: the dataset's samples of the training split, in its order; no other split, or labels leak.
        n: how many.
        seed: equal seeds give equal examples.
        names: name of an entity.
        name_of_token: from :func:`token_names`.

    Raises:
        UserError: there are fewer than ``n`` such conversations.
    """
    by_conversation: dict[str, list[Example]] = {}
    for sample, after in zip(train_samples, train_samples[1:]):
        if sample['role'] == 'Recommender' and sample['items'] and _follows(sample, after):
            example = _example(sample, after['context_text'][-1][1], names, name_of_token)
            if example is not None:
                by_conversation.setdefault(sample['conv_id'], []).append(example)
    if len(by_conversation) < n:
        raise UserError(f'few-shot examples: {n} are wanted, but only {len(by_conversation)} training conversations '
                        'have a short turn with words that recommends something; ask for fewer')
    rng = random.Random(f'examples {seed}')
    return [rng.choice(by_conversation[conversation]) for conversation in rng.sample(list(by_conversation), n)]


def _follows(sample: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether ``after`` is the next turn, before which the text of this one stands."""
    return after['conv_id'] == sample['conv_id'] and len(after['context_text']) == len(sample['context_text']) + 1


def _example(sample: Mapping[str, Any], response: str, names: Mapping[int, str],
             name_of_token: Mapping[str, str]) -> Example | None:
    context = [(role, readable(text, name_of_token)) for role, text in sample['context_text']]
    items = list(dict.fromkeys(sample['items']))
    told = readable(response, name_of_token)
    short = sum(len(text) for _, text in context) <= MAX_CONTEXT and len(told) <= MAX_RESPONSE
    worded = all(_words(text) for _, text in sample['context_text']) and _words(response) >= _MIN_WORDS
    named = all(item in names for item in items) and not any(UNNAMED in text for text in (told, *_texts(context)))
    if len(context) < _MIN_TURNS or not (short and worded and named):
        return None
    return Example(context, [names[item] for item in items], told)


def _texts(context: Iterable[tuple[str, str]]) -> list[str]:
    return [text for _, text in context]


def _words(text: str) -> int:
    """Words that are no item token."""
    return len(re.findall(r'[^\W\d_]+', _TOKEN.sub('', text)))
