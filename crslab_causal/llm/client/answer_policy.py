"""Decide whether a prompt is sent again, how long its next answer may be, and which of its answers is used."""

from __future__ import annotations

from typing import Literal, Sequence

from crslab_causal.llm.client.answer_parser import ParsedAnswer
from crslab_causal.llm.client.record import Payload

MAX_PAID_ANSWERS = 3
"""Maximum number of paid answers to one prompt. After a refusal a prompt is not sent again."""

MORE_ROOM = 4
"""Factor by which ``max_tokens`` is raised if an answer was cut off. The prompt is then sent once more."""


def reason_to_ask_again(answers: Sequence[ParsedAnswer], payload: Payload) -> Literal['invalid', 'length'] | None:
    """Return the reason why a prompt is sent again after these answers; None if the answers are final.

    Args:
        answers: answers so far, one or more.
        payload: ``{model, messages, schema, parameters}``.
    """
    if len(answers) >= MAX_PAID_ANSWERS or 'logprobs' in payload['parameters']:
        return None  # log-probabilities do not change
    if answers[-1].status == 'invalid':
        return 'invalid'
    can_have_more_room = payload['parameters']['max_tokens'] is not None
    return 'length' if answers[-1].is_cut and can_have_more_room and _count_cut(answers) == 1 else None


def with_room(payload: Payload, answers: Sequence[ParsedAnswer]) -> Payload:
    """Return the payload of the next request for the same prompt.

    If an earlier answer was cut off, the next one may have ``MORE_ROOM`` times as many tokens.
    """
    parameters = payload['parameters']
    if not _count_cut(answers) or parameters['max_tokens'] is None:
        return payload
    return payload | {'parameters': parameters | {'max_tokens': MORE_ROOM * parameters['max_tokens']}}


def best_answer(answers: Sequence[ParsedAnswer]) -> ParsedAnswer | None:
    """Return the answer that is used: a complete one, or else the last partial one, or else the last one.

    Return None if there are no answers.
    """
    for status in ('ok', 'partial'):
        for answer in reversed(answers):
            if answer.status == status:
                return answer
    return answers[-1] if answers else None


def _count_cut(answers: Sequence[ParsedAnswer]) -> int:
    return sum(answer.is_cut for answer in answers)
