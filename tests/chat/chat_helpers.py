"""Helpers that make situations of a chat, and read its answers and what it understood."""

import re

from crslab_causal.chat.state import DialogueState
from crslab_causal.chat.understanding.meaning import Situation

LLM = 'model=CausalLLM'


def name_of(film):
    return f'{film["title"]} ({film["year"]})'


def listed(answer):
    """Return the names in the numbered list of an answer."""
    return re.findall(r'^ *\d+\. (.*)$', answer, re.MULTILINE)


def response(answer):
    """Return the line before the numbered list of an answer."""
    return re.search(r'^(.*)\n *1\. ', answer, re.MULTILINE).group(1)


def heard(answer):
    """Return the linked mentions that an answer repeats."""
    return re.search('^Heard: (.*)$', answer, re.MULTILINE).group(1)


def situation_of(entity, *names):
    """Return the situation after a list of films."""
    shown = tuple(entity[name] for name in names)
    return Situation(
        film=shown[0], shown=shown, last_turn=('Recommender', f'How about {names[0]}?'), recommended=shown[:1]
    )


def state_after(interpreter, *texts):
    """Return the state of a dialogue after these messages."""
    state = DialogueState()
    for text in texts:
        state.hear(text, interpreter.understand(text, state.situation))
    return state


def attitudes(meaning):
    """Return the attitude to each name of a message."""
    return {heard.name: heard.attitude for heard in meaning.heard}


def labels(meaning):
    """Return the label of each constraint of a message, and whether it is wanted."""
    return {(constraint.label, constraint.wanted) for constraint in meaning.constraints}
