"""Decide whether a message may be about a film that it does not name.

In "we watched Speed, and it was ok", the film of the conversation is not meant. In "seen it, I like Speed", it is.
"""

from __future__ import annotations

import re
from typing import Iterable

from crslab_causal.chat.understanding.acts import Act, find_acts
from crslab_causal.chat.understanding.draft import Draft
from crslab_causal.chat.understanding.meaning import Attitude, Heard
from crslab_causal.chat.understanding.phrases import read_phrases
from crslab_causal.chat.understanding.spans import SpanKind

_ABOUT_CHAT = re.compile(
    r'\b(?:it|that|this) (?:is|has been|was) (?:\w+ )?(?:fun|helpful|(?:a )?(?:great|big|huge|such a) help)\W*'
    r'(?:$|\||bye|thank)|'
    r'\bsaved (?:my|our)\b|\benough for (?:now|today|tonight)\b|'
    r'\b(?:chatting|talking|speaking)(?: (?:to|with) you)?\W*(?:$|\|)'
)
"""Words about the conversation in a farewell or in thanks: "it's been fun, bye". They concern no film."""
_OF_PERSON = re.compile(r'\b(?:most|all|some|many|few|none|any|everything) of (?:them|his|hers?)\b')
"""Words after a person that mean the films of the person."""
_WISHES = frozenset((Act.WANT, Act.MORE, Act.GREET, Act.THANK, Act.SMALL_TALK))
"""Acts of a message that only wishes for films."""
POINTING_ACTS = frozenset((Act.ACCEPT, Act.REJECT, Act.SEEN, Act.NOT_SEEN, Act.LIKE, Act.DISLIKE))
"""Acts that are about a film. Without a name, this is the film of the conversation."""


def speaks_of_chat(draft: Draft, words: str) -> bool:
    """Return whether a farewell or thanks speak of the conversation, and of no film: "it's been fun, bye".

    Args:
        draft: what the rules understand of the message.
        words: the words of the message, normalized.
    """
    return bool({Act.LEAVE, Act.THANK} & {*draft.meaning.acts}) and _ABOUT_CHAT.search(words) is not None


def is_plain_wish(draft: Draft) -> bool:
    """Return whether a message only wishes for films, and points to none: "a hidden gem from the 80s"."""
    acts = {*draft.meaning.acts}
    return Act.WANT in acts <= _WISHES and not _points_to_film(draft)


def _points_to_film(draft: Draft) -> bool:
    """Return whether a message has words for a film that it does not name, or answers the recommender."""
    forms = read_phrases('forms.txt')
    return any(forms['points'].search(each.text) or forms['answers'].search(each.text) for each in draft.clauses)


def tells_of_viewers(draft: Draft) -> bool:
    """Return whether a message tells who watches or how much time there is: "I am watching with my grandma"."""
    forms, texts = read_phrases('forms.txt'), [clause.text for clause in draft.clauses]
    return any(map(forms['viewers'].search, texts)) and not any(map(forms['pronoun'].search, texts))


def names_all_films(draft: Draft) -> bool:
    """Return whether a message names all films that it is about, so that "it" means no other one.

    In "we watched Speed, and it was ok", the film of the conversation is not meant. In "seen it, I like Speed", it is.
    """
    if any(heard.films for heard in draft.meaning.heard):
        return True  # "I have seen everything by Nolan"
    people = any(span.kind is SpanKind.PERSON for group in draft.groups for span in group)
    if people and any(_OF_PERSON.search(clause.text) for clause in draft.clauses):
        return True  # "my grandad likes John Wayne, but he has seen most of them"
    if is_plain_wish(draft) or tells_of_viewers(draft):
        return True  # "a hidden gem from the 80s", "we are four friends"
    points = read_phrases('forms.txt')['points']
    films = {
        number
        for number, group in enumerate(draft.groups)
        if any(span.kind is SpanKind.FILM and span.id is not None for span in group)
    }
    for clause in draft.clauses:
        first = min((start for group, (start, _) in clause.places.items() if group in films), default=None)
        if points.search(clause.text[:first]):
            return False
        if first is not None:
            return True
        if POINTING_ACTS & {*find_acts(clause.text)}:
            return False
    return False


def concerns_no_film(draft: Draft, heard: Iterable[Heard], person: int | None) -> bool:
    """Return whether a message is about a person or a kind of films alone: "not keen on horror", "I don't like him".

    Args:
        draft: the message.
        heard: what the message names.
        person: person whom the message means by "he" or "she"; None if it means nobody.
    """
    if _points_to_film(draft):
        return False
    kinds = {each.kind for each in heard if each.attitude is Attitude.DISLIKED}
    return person is not None or (bool(kinds) and SpanKind.FILM not in kinds)


def accepts_one_named_film(draft: Draft) -> bool:
    """Return whether a message accepts one film by its name, and speaks of no others: "great, I'll watch Alien"."""
    accepted = [heard for heard in draft.meaning.heard if heard.attitude is Attitude.ACCEPTED]
    several = read_phrases('forms.txt')['several']
    return len(accepted) == 1 and not any(several.search(clause.text) for clause in draft.clauses)
