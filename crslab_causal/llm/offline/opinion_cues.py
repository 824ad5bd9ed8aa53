"""What the seeker says to like and to dislike, by a few words; for data that do not say so."""

from __future__ import annotations

import re
from typing import Iterable, Mapping, Sequence

from crslab_causal.data.dataset.mention_order import name_words

_CLAUSE = re.compile(r'[.!?;]+(?=\s|$)|\n|\b(?:but|though|although|however|whereas)\b', re.IGNORECASE)
_BRACKETS = re.compile(r' \([^()]*\)$')
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_DISLIKE = re.compile(
    r"\b(?:hate[ds]?|dislike[ds]?|bor(?:ed|ing|es)|awful|terrible|horrible|worst|disappoint\w*|overrated|"
    r"not for me|nothing like|fell asleep|could(?:n'?t| not) (?:finish|stand)|can(?:'?t|not) stand)\b|"
    r"(?:n't|\b(?:not|never|dont|didnt|isnt|wasnt))(?: \w+)? (?:like|enjoy|love|care|into|good|great|fan)(?:ed|d)?\b")
_LIKE = re.compile(
    r"\b(?:love[ds]?|loving|like[ds]?|enjoy(?:ed|s|ing)?|great|good|favou?rites?|fan|into|awesome|amazing|"
    r"excellent|fantastic|wonderful)\b")
_SURE = 5
"""Letters of a word that is a name in any case; shorter ones ("It", "Up") must begin with a capital."""


def stated(context: Sequence[tuple[str, str]], mentions: Iterable[int],
           names: Mapping[int, str]) -> tuple[list[int], list[int]]:
    """Which of the ``mentions`` the seeker likes and dislikes; of several statements the last one counts.

    A clause of the seeker's that has a mention's name speaks about it. The name, less what is in brackets at its end,
    is found in full or, if it is one word (not counting a "film" behind it), by its beginning ("comedies", Comedy
    film). Nothing else in a text matters.

    Args:
        context: (role, text) of the turns, with names in place of tokens.
        mentions: entity ids.
        names: name of an entity; one without is passed over.

    Returns:
        Liked and disliked entity ids, in the order of ``mentions``.
    """
    wanted = {mention: names[mention] for mention in mentions if mention in names}
    opinion: dict[int, bool] = {}
    for role, text in context:
        if role != 'Seeker':
            continue
        for clause in _CLAUSE.split(re.sub(r" (?=n't\b)", '', text).replace('’', "'")):
            likes = _opinion(clause.lower())
            if likes is None:
                continue
            words = [part for word in _WORD.findall(clause) for part in re.findall(r'[^\W_]+', word)]
            opinion.update((mention, likes) for mention, name in wanted.items() if _names(name, words))
    return ([mention for mention in wanted if opinion.get(mention) is True],
            [mention for mention in wanted if opinion.get(mention) is False])


def _opinion(clause: str) -> bool | None:
    """Whether it likes something; None if it does not say."""
    if _DISLIKE.search(clause):
        return False
    return True if _LIKE.search(clause) else None


def _names(name: str, words: Sequence[str]) -> bool:
    """Whether ``words``, as written, have ``name``."""
    parts = name_words(_BRACKETS.sub('', name))
    if len(parts) > 1 and parts[-1] in ('film', 'films'):
        parts = parts[:-1]
    if len(parts) == 1:
        part = parts[0]
        if len(part) < _SURE:
            return any(word.lower() == part and (word[0].isupper() or word[0].isdigit()) for word in words)
        return any(word.lower()[:_SURE] == part[:_SURE] for word in words)
    return bool(parts) and f' {" ".join(parts)} ' in f' {" ".join(words).lower()} '
