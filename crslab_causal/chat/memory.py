"""Describe what a conversation remembers of the seeker, and take parts of it back."""

from __future__ import annotations

from typing import Iterator, Mapping

from crslab_causal.chat.constraints import describe, describe_withdrawn, names_words
from crslab_causal.chat.state import DialogueState, list_names


def describe_memory(state: DialogueState, names: Mapping[int, str]) -> str:
    """Return sentences with everything that the seeker has said so far.

    Args:
        state: state of the conversation.
        names: name of each entity.
    """
    of_constraints = {constraint.entity for constraint in state.constraints.binding}
    parts = [
        ('You like', list_names((entity for entity in state.liked if entity not in of_constraints), names)),
        ('You do not like', list_names((entity for entity in state.disliked if entity not in of_constraints), names)),
        ('You have seen', list_names(sorted(state.seen), names)),
        ('You asked for', describe(state.constraints.binding)),
    ]
    return ' '.join(f'{start}: {text}.' for start, text in parts if text) or 'You have not told me anything yet.'


def list_wishes(state: DialogueState) -> str:
    """Return the line that lists the constraints which decide about the films; empty if there are none."""
    binding = state.constraints.binding
    listed = [f'[{n}] {constraint.words}' for n, constraint in enumerate(binding, start=1)]
    for n in range(1, len(binding)):
        if binding[n].alternatives and binding[n].alternatives == binding[n - 1].alternatives:
            listed[n] = f'or {listed[n]}'
    return f'You asked for: {"  ".join(listed)}  (/forget 1 takes back the first)' if listed else ''


def take_back(state: DialogueState, names: Mapping[int, str], text: str) -> Iterator[str]:
    """Take constraints or a mention back, and yield the lines that say so.

    Args:
        state: state of the conversation.
        names: name of each entity.
        text: number or name of a constraint, a kind such as "genre", or "all"; the whole name of a mention; empty: only
            list the constraints.
    """
    exact = [entity for entity in state.opinions if text.strip() and names.get(entity, '') == text.strip()]
    found = [] if exact else state.constraints.find(text)
    state.forget(found)
    mentions = exact or ([] if found else _mentions_with(text, state, names))
    if mentions:
        for entity in mentions:
            state.drop_mention(entity)
        yield f'Forgotten: {", ".join(names[entity] for entity in mentions)}.'
    elif found:
        yield describe_withdrawn(found)
    elif text.strip():
        yield f'There is no "{text.strip()}" among what you asked for or mentioned.'
    yield list_wishes(state) or 'Nothing limits the list.'


def _mentions_with(text: str, state: DialogueState, names: Mapping[int, str]) -> list[int]:
    """Return the mentions with a title; without one of exactly this title, those whose names contain the text."""
    wanted = text.strip().lower()
    if not wanted or wanted.isdigit():  # "9" is the number of a constraint
        return []
    lower = {entity: names.get(entity, '').lower() for entity in state.opinions}
    exact = [entity for entity, name in lower.items() if wanted in (name, name.partition(' (')[0])]
    return exact or [entity for entity, name in lower.items() if names_words(name, wanted)]
