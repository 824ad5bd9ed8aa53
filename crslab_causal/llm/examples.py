"""Few-shot examples: short turns of the training data that recommend an item."""

from __future__ import annotations

import itertools
import random
import re
from typing import Any, Iterable, Mapping, NamedTuple, Sequence

from crslab_causal.base.errors import UserError
from crslab_causal.llm.detokenization import ITEM_TOKEN, UNNAMED, detokenize

MAX_CONTEXT = 600
"""Maximum length of an example's context, in characters."""
MAX_RESPONSE = 250
"""Maximum length of an example's response, in characters."""
_MIN_TURNS = 2
"""Minimum number of turns in an example's context."""
_MIN_WORDS = 4
"""Minimum number of words in an example's response besides item tokens. Half of ReDial's responses have fewer."""


class Example(NamedTuple):
    """A conversation and the recommendation that followed it."""

    context: list[tuple[str, str]]
    """(role, detokenized text) of the turns."""
    titles: list[str]
    response: str


def select_examples(
    train_samples: Sequence[Mapping[str, Any]],
    n: int,
    seed: int,
    names: Mapping[int, str],
    name_of_token: Mapping[str, str],
) -> list[Example]:
    """Draw short turns that recommend something, each from another conversation.

    Args:
        train_samples: the dataset's samples of the training split, in its order. Another split would leak labels.
        n: number of examples.
        seed: seed of the random choice. Equal seeds give equal examples.
        names: name of each entity id.
        name_of_token: from :func:`.token_names`.

    Raises:
        UserError: fewer than ``n`` conversations have such a turn.
    """
    by_conversation: dict[str, list[Example]] = {}
    for sample, next_sample in itertools.pairwise(train_samples):
        if sample['role'] == 'Recommender' and sample['items'] and _is_next_turn(sample, next_sample):
            example = _make_example(sample, next_sample['context_text'][-1][1], names, name_of_token)
            if example is not None:
                by_conversation.setdefault(sample['conv_id'], []).append(example)
    if len(by_conversation) < n:
        raise UserError(
            f'llm.examples: {n} examples requested, but only {len(by_conversation)} training conversations have a '
            'short recommending turn with words; request fewer',
        )
    rng = random.Random(f'examples {seed}')
    return [rng.choice(by_conversation[conversation]) for conversation in rng.sample(list(by_conversation), n)]


def _is_next_turn(sample: Mapping[str, Any], next_sample: Mapping[str, Any]) -> bool:
    """Return whether ``next_sample`` is the next turn, so that its context ends with the text of ``sample``."""
    return (
        next_sample['conv_id'] == sample['conv_id']
        and len(next_sample['context_text']) == len(sample['context_text']) + 1
    )


def _make_example(
    sample: Mapping[str, Any],
    tokenized_response: str,
    names: Mapping[int, str],
    name_of_token: Mapping[str, str],
) -> Example | None:
    """Return the example made from a turn, None if the turn is too long, too short, or has an unnamed item."""
    context = [(role, detokenize(text, name_of_token, quote='"')) for role, text in sample['context_text']]
    items = list(dict.fromkeys(sample['items']))
    response = detokenize(tokenized_response, name_of_token, quote='"')
    is_short = sum(len(text) for _, text in context) <= MAX_CONTEXT and len(response) <= MAX_RESPONSE
    has_words = (
        all(_count_words(text) for _, text in sample['context_text']) and _count_words(tokenized_response) >= _MIN_WORDS
    )
    has_names = all(item in names for item in items) and not any(
        UNNAMED in text for text in (response, *_texts(context))
    )
    if len(context) < _MIN_TURNS or not (is_short and has_words and has_names):
        return None
    return Example(context, [names[item] for item in items], response)


def _texts(context: Iterable[tuple[str, str]]) -> list[str]:
    return [text for _, text in context]


def _count_words(text: str) -> int:
    """Return the number of words that are not item tokens."""
    return len(re.findall(r'[^\W\d_]+', ITEM_TOKEN.sub('', text)))
