"""Extract the opinions of the seeker by cue words, for data that do not annotate opinions."""

from __future__ import annotations

import re
from typing import Iterable, Mapping, Sequence

from crslab_causal.data.dataset.mention_order import name_words

OPINION_CUES = {
    'dislike': re.compile(
        r'\b(?:hate[ds]?|dislike[ds]?|bor(?:ed|ing|es)|awful|terrible|horrible|worst|disappoint\w*|overrated|'
        r"not for me|nothing like|fell asleep|could(?:n'?t| not) (?:finish|stand)|can(?:'?t|not) stand)\b|"
        r"(?:n't|\b(?:not|never|dont|didnt|isnt|wasnt))(?: \w+)? "
        r'(?:like|enjoy|love|care|into|good|great|fan)(?:ed|d)?\b'
    ),
    'like': re.compile(
        r'\b(?:love[ds]?|loving|like[ds]?|enjoy(?:ed|s|ing)?|great|good|favou?rites?|fan|into|awesome|amazing|'
        r'excellent|fantastic|wonderful)\b'
    ),
}
"""Cues of likes and dislikes, in lower case. A clause with both kinds states a dislike."""

_CLAUSE_END = re.compile(r'[.!?;]+(?=\s|$)|\n|\b(?:but|though|although|however|whereas)\b', re.IGNORECASE)
_FINAL_BRACKETS = re.compile(r' \([^()]*\)$')
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_MIN_NAME_LETTERS = 5
"""Minimum number of letters of a one-word name that may be in lower case. A shorter name ("It", "Up") needs a capital.
"""


def extract_opinions(
    context: Sequence[tuple[str, str]],
    mentions: Iterable[int],
    names: Mapping[int, str],
) -> tuple[list[int], list[int]]:
    """Return the ``mentions`` that the seeker likes and those that the seeker dislikes.

    A clause of the seeker with a cue states an opinion on each mention that it names. If there are several opinions on
    one mention, the last one counts. A name matches without its final brackets: in full or, if it is one word (besides
    a final "film"), by its beginning ("comedies", Comedy film). The rest of the text has no effect.

    Args:
        context: role of the speaker and text of each turn, with names in place of tokens.
        mentions: entity ids.
        names: name of each entity id. A mention without a name is ignored.

    Returns:
        Liked and disliked entity ids, each in the order of ``mentions``.
    """
    name_of = {mention: names[mention] for mention in mentions if mention in names}
    likes: dict[int, bool] = {}
    for role, text in context:
        if role != 'Seeker':
            continue
        for clause in _CLAUSE_END.split(re.sub(r" (?=n't\b)", '', text).replace('’', "'")):
            is_like = _clause_opinion(clause.lower())
            if is_like is None:
                continue
            words = [part for word in _WORD.findall(clause) for part in re.findall(r'[^\W_]+', word)]
            likes.update((mention, is_like) for mention, name in name_of.items() if _contains_name(words, name))
    return (
        [mention for mention in name_of if likes.get(mention) is True],
        [mention for mention in name_of if likes.get(mention) is False],
    )


def _clause_opinion(clause: str) -> bool | None:
    """Return True if the clause states a like, False if it states a dislike, None if it states neither."""
    if OPINION_CUES['dislike'].search(clause):
        return False
    return True if OPINION_CUES['like'].search(clause) else None


def _contains_name(words: Sequence[str], name: str) -> bool:
    """Return whether ``words``, in their original case, contain ``name``."""
    parts = name_words(_FINAL_BRACKETS.sub('', name))
    if len(parts) > 1 and parts[-1] in ('film', 'films'):
        parts = parts[:-1]
    if len(parts) == 1:
        part = parts[0]
        if len(part) < _MIN_NAME_LETTERS:
            return any(word.lower() == part and (word[0].isupper() or word[0].isdigit()) for word in words)
        return any(word.lower()[:_MIN_NAME_LETTERS] == part[:_MIN_NAME_LETTERS] for word in words)
    return bool(parts) and f' {" ".join(parts)} ' in f' {" ".join(words).lower()} '
