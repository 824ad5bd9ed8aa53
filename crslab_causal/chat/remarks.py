"""Remarks on what a message asks for and the catalogue cannot tell: unknown names, lengths, violence, stories."""

from __future__ import annotations

import re

from crslab_causal.chat.constraints import ConstraintSet, Kind
from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.meaning import Attitude, Understanding
from crslab_causal.chat.understanding.properties import Properties, excluded
from crslab_causal.chat.understanding.spans import SpanKind
from crslab_causal.chat.understanding.unmet import VIOLENCE, find_unmet_wishes

_HORROR = 'horror'
_GENTLE = 'I do not know how bloody or violent a film is. I leave out horror.'
_END_OF_NAME = re.compile(r"(?:['’]s|[.…,]+)$")
_ANY = 'I take any of them.'
_ALL = 'This wish changes nothing; "no {genre}" leaves all of them out.'
_ASKS_FOR_OTHER = re.compile(
    r'\b(?:(?:some|any)(?:thing|one)?|another|others?|more|instead|movies?|films?|ones?|recommend|suggest|have|got|show|'
    r'give|find|(?!never|ever|over|under|after|her|rather|whether|either)\w+er)\b',
    re.IGNORECASE,
)
"""Words of a message that asks for another film."""
_ASKS_ANYTHING = re.compile(r'\b(?:any|some)thing\b[^.!]*\?', re.IGNORECASE)
"""A question that asks for films beside an opinion: "anything Irish? I loved In Bruges"."""
_ASKS = frozenset((Act.WANT, Act.MORE, Act.UNKNOWN))


def leave_out_horror(meaning: Understanding, earlier: ConstraintSet, properties: Properties) -> bool:
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


def changes_nothing(text: str, meaning: Understanding, remarks: list[str]) -> bool:
    """Return whether a message only states wishes that the catalogue cannot meet: "English only, please".

    A message that asks for another film is no such message: "something shorter".

    Args:
        text: the message.
        meaning: its meaning.
        remarks: remarks on its wishes.
    """
    is_met = meaning.constraints or meaning.heard or meaning.forgotten or meaning.unknown or meaning.is_wildcard
    acts = {*meaning.acts} - {Act.THANK, Act.SMALL_TALK}
    return bool(remarks) and acts == {Act.WANT} and not is_met and not _ASKS_FOR_OTHER.search(text)


def only_excludes(text: str, meaning: Understanding) -> bool:
    """Return whether a message only says what films must not be, and asks for no other film: "no musicals".

    Args:
        text: the message.
        meaning: its meaning.
    """
    others = meaning.forgotten or meaning.unknown or meaning.questions or meaning.is_wildcard
    acts = {*meaning.acts} - {Act.THANK, Act.SMALL_TALK}
    return (
        bool(meaning.constraints)
        and not any(constraint.wanted for constraint in meaning.constraints)
        and all(heard.attitude is Attitude.DISLIKED and heard.kind is not SpanKind.FILM for heard in meaning.heard)
        and acts <= {Act.WANT, Act.DISLIKE}
        and not others
        and not _ASKS_FOR_OTHER.search(text)
    )


def find_unknown(meaning: Understanding, remarks: list[str]) -> list[str]:
    """Return the remarks on names and subjects in a message that the catalogue does not know.

    Args:
        meaning: meaning of the message.
        remarks: remarks on its wishes. A subject is not named beside another remark.
    """
    if meaning.unknown:
        names = dict.fromkeys(_END_OF_NAME.sub('', name) for name in meaning.unknown)
        return ['I do not know ' + ' and '.join(names) + '.']
    if meaning.unknown_topics and not remarks and not meaning.questions and _ASKS & {*meaning.acts}:
        topics = ' and '.join(f'"{words}"' for words in meaning.unknown_topics)
        return [f'I do not know what happens in films or where, so {topics} changes nothing.']
    return []
