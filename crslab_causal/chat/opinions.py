"""Which of the mentions in a message the seeker says to like."""

from __future__ import annotations

import re
from typing import Sequence

from crslab_causal.llm.entity_linking.linking import Mention
from crslab_causal.llm.offline.opinion_cues import extract_opinions

_PLACEHOLDER = 'Zzyzx'
"""Replaces the name of a mention. It occurs in no text and is no cue."""
_PREDICATE = re.compile(r'\s+(?:is|was|are|were)\b')


def liked_mentions(text: str, mentions: Sequence[Mention]) -> list[bool]:
    """Return for each mention whether the words around it state a like.

    Names are removed first, because they may contain cues (Love Actually). So is the text up to a negated mention ("I
    hated this and loved that"). The text after a mention counts only if no other mention follows, or if it starts with
    "is" or "was"; otherwise it usually belongs to the next mention.

    Args:
        text: message of the seeker.
        mentions: all mentions in ``text``, in order of appearance.
    """
    is_liked: list[bool] = []
    before, previous_end = '', 0
    for mention, next_mention in zip(mentions, [*mentions[1:], None]):
        before += text[previous_end : mention.start]
        previous_end = mention.end
        if mention.negated:
            before = ''
            is_liked.append(False)
            continue
        after = text[mention.end : next_mention.start if next_mention else None]
        if next_mention and not _PREDICATE.match(after):
            after = ''
        liked, _ = extract_opinions([('Seeker', f'{before}{_PLACEHOLDER}{after}')], [0], {0: _PLACEHOLDER})
        is_liked.append(bool(liked))
        before += 'that'
    return is_liked
