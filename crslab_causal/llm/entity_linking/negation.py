"""Whether a name in a text is turned down.

A name is turned down behind "not", "no", "never", "hate", "anything but", "instead of" and the like, up to the end
of the sentence, a "but", or what is liked ("and I loved"); behind a comma only while a list goes on. "Haven't seen X",
"can't wait", "not only", "don't hate" turn nothing down. "X was terrible" does. Irony and "less of X" are beyond these
rules.
"""

from __future__ import annotations

import re
from typing import Sequence

from crslab_causal.llm.entity_linking.titles import ARTICLES
from crslab_causal.llm.entity_linking.words import Word

_NOT = re.compile(r'(?:not|no|never|neither|nor|nothing|without|cannot|'
                  r'(?:ai|are|ca|could|did|do|does|had|has|have|is|should|was|were|wo|would)?nt)$')
_DISLIKES = frozenset('avoid avoided despise despised detest detested dislike disliked except excluding hate hated '
                      'hates hating loathe loathed regret skip'.split())
_DISLIKE_PAIRS = frozenset(('anything but', 'everything but', 'other than', 'rather than', 'instead of', 'apart from',
                            'aside from', 'away from', 'enough of', 'tired of', 'sick of', 'bored of'))
_LIKES = frozenset('adore adored care enjoy enjoyed enjoying fan feel finish interested into like liked likes liking '
                   'love loved loves loving prefer preferred recommend stand want wanted'.split())
_NEUTRAL = frozenset('beat beats forget forgot hear heard knew know mean mind miss missed remember saw see seen stop '
                     'tried try wait watch watched wrong'.split())
_PRONOUNS = frozenset('he i im ive it she they we you'.split())
_NO_NEGATION = _PRONOUNS | frozenset('bad doubt idea just one only problem sure worries'.split())
_LIST = ARTICLES | frozenset('and also any as especially including nor or particularly such'.split())
_CONTRAST = frozenset('although because but however since so though yet'.split())
_BAD_AFTER = re.compile(
    r"""["”’'*_)]*\s+(?:(?:really|just|kinda)\s+)?(?:suck(?:s|ed)\b|(?:is|was|were|are)(?:
    (?:\s?n['’]?t|\s+not)\s+(?:\w+\s+){0,2}?(?:good|great|funny|enjoyable|for\s+me|my\s+\w+)\b|
    \s+(?:(?!not\b)\w+\s+){0,2}?(?:awful|bad|boring|dumb|garbage|horrible|overrated|stupid|terrible|trash|worst)\b))""",
    re.IGNORECASE | re.VERBOSE)


def turned_down(text: str, words: Sequence[Word], spans: Sequence[tuple[int, int]]) -> list[bool]:
    """Of each span, of positions in ``words`` and in order, whether it is negated."""
    result: list[bool] = []
    behind = dict(spans)
    # state 1: a "not" that may still turn out harmless; 2: a dislike
    state, since, comma, named, at = 0, 0, False, False, 0
    while at < len(words):
        word, following = words[at], words[at + 1].plain if at + 1 < len(words) else ''
        if word.opens or (state == 1 and at - since > 8):
            state = 0
        comma = comma or ',' in text[words[at - 1].end if at else 0:word.start]
        if at in behind:
            at = behind[at]
            result.append(state > 0 or bool(_BAD_AFTER.match(text, words[at - 1].end)))
            comma, named = False, True
            continue
        if (comma and word.plain not in _LIST) or (named and word.plain in _PRONOUNS):
            state = 0
        comma, named = comma and word.plain in _LIST, named and state > 0
        if f'{word.plain} {following}' in _DISLIKE_PAIRS and at + 1 not in behind:
            state, at = 0 if state == 1 else 2, at + 1
        elif word.plain in _CONTRAST:
            state = 0
        elif _NOT.match(word.plain):
            if following not in _NO_NEGATION and not (at and words[at - 1].plain == 'why'):
                state, since = max(state, 1), at
        elif word.plain in _DISLIKES:
            state = 0 if state == 1 else 2
        elif word.plain in _LIKES:
            before = words[at - 1].plain if at else ''
            preposition = word.plain in ('like', 'into') and before not in _PRONOUNS | {'really', 'also'}
            state = 2 if state == 1 or (state == 2 and preposition) else 0
        elif word.plain in _NEUTRAL and state == 1:
            state = 0
        at += 1
    return result
