"""The text of a context, in the form that a sentence encoder reads."""

from __future__ import annotations

from typing import Mapping

from crslab_causal.data.dataset.mention_order import is_item_token
from crslab_causal.data.schema import Sample


def context_text(sample: Sample, titles: Mapping[str, str], turns: int) -> str:
    """Return the last turns of a context in one line, with the titles of items in the place of their tokens.

    A token of an item without a title is left out.

    Args:
        sample: the sample.
        titles: title of each item token, such as ``@1234``.
        turns: number of last turns to read.

    Returns:
        The text; empty if the words of the conversation are not known, or if no turn has words.
    """
    if not sample['has_text']:
        return ''
    words = (word for _, text in sample['context_text'][-turns:] for word in text.split())
    readable = (titles.get(word, '') if is_item_token(word) else word for word in words)
    return ' '.join(word for word in readable if word)
