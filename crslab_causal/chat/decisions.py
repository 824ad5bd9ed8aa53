"""Decide how a message is answered: with a list of films or with other words."""

from __future__ import annotations

from typing import Container

from crslab_causal.chat.understanding.acts import ASKS_FOR_FILMS, Act
from crslab_causal.chat.understanding.meaning import Attitude, Understanding
from crslab_causal.chat.understanding.questions import Aspect, Question

STATES_WISH = frozenset((Act.WANT, Act.MORE))
"""Acts of a message that states a wish for films."""
_OTHERS = frozenset((Act.MORE, Act.GREET, Act.THANK, Act.SMALL_TALK))
"""Acts of a message that only asks for other films."""
_ANSWERED_OTHERWISE = frozenset((Act.ASK_FILM, Act.ASK_PERSON, Act.ASK_WHY, Act.ACCEPT, Act.THANK, Act.LEAVE))
"""Acts that have their own answer. A message with one of them gets a list only if it also asks for films."""


def asks_for_films(meaning: Understanding, uses_prompt: bool) -> bool:
    """Return whether a message is answered with a list of films.

    Args:
        meaning: its meaning.
        uses_prompt: whether a language model answers, which may understand what the chat does not.
    """
    acts = set(meaning.acts)
    if all(heard.attitude is not Attitude.ACCEPTED for heard in meaning.heard):
        acts.discard(Act.ACCEPT)  # "so skip those" accepts no film
    if Act.LEAVE in acts:
        return False
    if acts & {Act.FOREIGN, Act.UNKNOWN}:
        return uses_prompt and not meaning.is_gibberish
    if acts & STATES_WISH:
        return not _names_only_unknown(meaning)
    if acts & _ANSWERED_OTHERWISE:
        return bool(acts & {Act.SEEN, Act.REJECT}) and not acts & {Act.ACCEPT, Act.ASK_FILM, Act.ASK_PERSON}
    return bool(acts & ASKS_FOR_FILMS) and not _names_only_unknown(meaning)


def asks_only_for_others(meaning: Understanding) -> bool:
    """Return whether a message only asks for other films. It is answered with films that no list has shown."""
    return Act.MORE in meaning.acts and _OTHERS.issuperset(meaning.acts)


def is_answered_by_lines(meaning: Understanding) -> bool:
    """Return whether the answer consists of lines that are no sentences, such as a list."""
    asks_without = any(question.aspect is Aspect.WITHOUT for question in meaning.questions)
    return asks_without or bool({Act.ASK_WHY, Act.LIST_AGAIN} & {*meaning.acts})


def find_unclear_question(meaning: Understanding, films: Container[int | None]) -> list[Question]:
    """Return a general question about the film that a message asks about in words that are not understood.

    Args:
        meaning: meaning of the message.
        films: entity ids of the films of the catalogue.
    """
    if Act.ASK_FILM not in meaning.acts or meaning.unknown:
        return []
    asked = (heard.entity for heard in meaning.heard if heard.attitude is Attitude.ASKED)
    return [Question(Aspect.GENERAL, film) for film in asked if film in films][:1]


def _names_only_unknown(meaning: Understanding) -> bool:
    return bool(meaning.unknown) and not meaning.heard and not meaning.constraints and Act.MORE not in meaning.acts
