"""Remarks on what a message asks for and the catalogue cannot tell: unknown names, lengths, violence, stories."""

from __future__ import annotations

import re
from typing import Iterable, Mapping

from crslab_causal.chat.constraints import Constraint, Kind
from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.meaning import Understanding
from crslab_causal.chat.understanding.properties import Properties, excluded
from crslab_causal.chat.understanding.wishes.unmet import VIOLENCE, find_unmet_wishes

_HORROR = 'horror'
_GENTLE = 'I do not know how bloody or violent a film is. I leave out horror.'
_END_OF_NAME = re.compile(r"(?:['’]s|[.…,]+)$")
_ANY = 'I take any of them.'
_ALL = 'I ignore this wish; "no {genre}" leaves all of them out.'
_ASKS_ANYTHING = re.compile(r'\b(?:any|some)thing\b[^.!]*\?', re.IGNORECASE)
"""A question that asks for films beside an opinion: "anything Irish? I loved In Bruges"."""
_ASKS = frozenset((Act.WANT, Act.MORE, Act.UNKNOWN))


def leave_out_horror(meaning: Understanding, earlier: Iterable[Constraint], properties: Properties) -> bool:
    """Exclude horror if a message asks for films without blood or violence, unless the seeker wants horror.

    Args:
        meaning: its meaning. The constraint is added to it.
        earlier: constraints before the message.
        properties: constraints of genres.

    Returns:
        Whether the message asks for such films, and horror is left out.
    """
    if not meaning.rejects_gore:
        return False
    stated = [c for c in (*earlier, *meaning.constraints) if c.kind is Kind.GENRE and c.label == _HORROR]
    if not stated:
        meaning.constraints.append(excluded(properties.genre(_HORROR)))
    return not any(constraint.wanted for constraint in stated)


def find_remarks(text: str, meaning: Understanding, leaves_out_horror: bool) -> list[str]:
    """Return the remarks on wishes of a message that no constraint can express.

    Args:
        text: the message.
        meaning: its meaning.
        leaves_out_horror: whether the message asks for films without blood, and horror is left out.
    """
    may_ask = bool((_ASKS | {Act.REJECT}) & {*meaning.acts})
    may_ask = may_ask or _ASKS_ANYTHING.search(text) is not None
    unmet = find_unmet_wishes(text, may_ask) if not meaning.questions else []
    unmet += [
        f'I do not know which {genre} films are meant by "{words}". ' + (_ANY if wanted else _ALL).format(genre=genre)
        for words, genre, wanted in meaning.subgenres
        if may_ask or not wanted
    ]
    found = [VIOLENCE, *unmet] if meaning.rejects_gore else unmet
    if leaves_out_horror:
        found = [_GENTLE, *(remark for remark in found if remark != VIOLENCE)]
    return list(dict.fromkeys(found))


def asks_for_subjects(meaning: Understanding) -> bool:
    """Return whether a message wants or rejects films about subjects that the catalogue does not know."""
    is_told = bool(meaning.unknown or meaning.questions)
    return bool(meaning.unknown_topics) and not is_told and bool(_ASKS & {*meaning.acts})


def find_unknown(meaning: Understanding, remarks: list[str], by_title: Mapping[str, Constraint]) -> list[str]:
    """Return the remarks on names and subjects in a message that the catalogue does not know.

    Args:
        meaning: meaning of the message.
        remarks: remarks on its wishes. A subject is not named beside another remark.
        by_title: constraints for the subjects that titles have, see :func:`.constraints_by_title`.
    """
    if meaning.unknown:
        names = dict.fromkeys(_END_OF_NAME.sub('', name) for name in meaning.unknown)
        return ['I do not know ' + ' and '.join(names) + '.']
    if not asks_for_subjects(meaning) or (remarks and not by_title):
        return []
    found = [
        f'Films with {each.label} come first.' if each.wanted else f'I leave out films with {each.label}.'
        for each in by_title.values()
    ]
    if topics := ' and '.join(f'"{words}"' for words in meaning.unknown_topics if words not in by_title):
        return [f'I do not know what happens in films or where, so I ignore {topics}.', *found]
    return [f'I do not know what happens in films or where. {" ".join(found)}']
