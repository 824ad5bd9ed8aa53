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
    return _readable(' '.join(text for _, text in sample['context_text'][-turns:]), titles)


def spoken_context(sample: Sample, titles: Mapping[str, str], turns: int) -> str:
    """Return the last turns of a context in one line, each behind the name of its speaker, see :func:`context_text`."""
    if not sample['has_text']:
        return ''
    read = [(role, _readable(text, titles)) for role, text in sample['context_text'][-turns:]]
    return ' '.join(f'{role}: {text}' for role, text in read if text)


def _readable(text: str, titles: Mapping[str, str]) -> str:
    """Return a text with the titles of items in the place of their tokens."""
    words = (titles.get(word, '') if is_item_token(word) else word for word in text.split())
    return ' '.join(word for word in words if word)
