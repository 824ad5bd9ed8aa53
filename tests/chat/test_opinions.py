"""Which mentions of a message are liked."""

import re

import pytest

from crslab_causal.chat.opinions import liked_mentions
from crslab_causal.llm.entity_linking.linking import Mention


@pytest.mark.parametrize(
    'text, expected',
    [
        ('I loved A!', [True]),
        ('A was great', [True]),
        ('I saw A', [False]),
        ('A', [False]),
        ('', []),
        ('A was great. B?', [True, False]),
        ('A and B were great', [False, True]),
        ('I love A and B', [True, True]),
        ('I loved A and hated -B', [True, False]),
        ('I hated -A and loved B', [False, True]),
        ('I hated -A, and B?', [False, False]),
        ('I saw A and loved B', [False, True]),
        ('I love A. I saw B', [True, False]),
        ('I saw A. I love B', [False, True]),
        ("I didn't like -A, what about B?", [False, False]),
    ],
)
def test_liked_mentions(text, expected):
    """A and B are mentions whose titles contain cues. A mention after a hyphen is negated."""
    mentions, typed = [], ''
    for part in re.split(r'(-?\b[AB]\b)', text):
        if re.fullmatch('-?[AB]', part):
            title = 'Great Love' if part[-1] == 'A' else 'Enjoy (1999)'
            mentions.append(Mention(7, len(typed), len(typed) + len(title), part[0] == '-'))
            part = title
        typed += part
    assert liked_mentions(typed, mentions) == expected
