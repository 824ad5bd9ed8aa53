"""Whether a prompt is sent again after its answers so far, with how much room, and which of its answers counts."""

from __future__ import annotations

from typing import Literal, Sequence

from crslab_causal.llm.client.answer_parser import ParsedAnswer
from crslab_causal.llm.client.record import Payload

MAX_PAID_ANSWERS = 3
"""Maximum number of answers paid for one prompt. Refusals are never requested again."""

MORE_ROOM = 4
"""Factor of ``max_tokens`` for the prompt of an answer that was cut off. It is sent once more."""


def reason_to_ask_again(answers: Sequence[ParsedAnswer], payload: Payload) -> Literal['invalid', 'length'] | None:
    """Return why the prompt of these answers is sent again; None: the answers are final.

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
    """Return the payload of the next request. After a cut answer it allows ``MORE_ROOM`` times as many tokens."""
    parameters = payload['parameters']
    if not _count_cut(answers) or parameters['max_tokens'] is None:
        return payload
    return payload | {'parameters': parameters | {'max_tokens': MORE_ROOM * parameters['max_tokens']}}


def best_answer(answers: Sequence[ParsedAnswer]) -> ParsedAnswer | None:
    """Return the answer that counts: a whole one, else the last partial one, else the last one; None without any."""
    for status in ('ok', 'partial'):
        for answer in reversed(answers):
            if answer.status == status:
                return answer
    return answers[-1] if answers else None


def _count_cut(answers: Sequence[ParsedAnswer]) -> int:
    return sum(answer.is_cut for answer in answers)
