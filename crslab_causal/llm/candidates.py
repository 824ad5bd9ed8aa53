"""Controls: the same request with its candidates in another order, or with the right answer among them."""

from __future__ import annotations

import hashlib
import json
import random
from typing import Sequence

from crslab_causal.llm.request import Candidate, Request


def request_hash(request: Request) -> int:
    """A number in [0, 2**64) that depends on all of a request and on nothing else, in every process alike."""
    return int.from_bytes(hashlib.blake2b(json.dumps(request).encode('ascii'), digest_size=8).digest(), 'big')


def _generator(request: Request, seed: int, purpose: str) -> random.Random:
    """Its numbers differ between requests, seeds and purposes, and depend on nothing else."""
    return random.Random(f'{purpose} {seed} {request_hash(request)}')


def shuffle_candidates(request: Request, seed: int) -> tuple[Request, list[int]]:
    """Takes the recommender's order from the candidates; what a model then gets right, it does not copy.

    Returns:
        The request with its candidates in random order, and that order: place ``i`` now holds what was at place
        ``order[i]``, both from 0. :func:`unshuffle` leads back.
    """
    order = list(range(len(request.candidates)))
    _generator(request, seed, 'shuffle').shuffle(order)
    return request._replace(candidates=[request.candidates[i] for i in order]), order


def unshuffle(ranking: Sequence[int], order: Sequence[int]) -> list[int]:
    """What a model wrote about shuffled candidates, in the numbers of the request as it was.

    To be used before :func:`.repair_ranking`, so that candidates left out follow in the recommender's order.

    Args:
        ranking: numbers from 1. Those that no candidate has stay as they are.
        order: from :func:`shuffle_candidates`.
    """
    return [order[number - 1] + 1 if 1 <= number <= len(order) else number for number in ranking]


def with_oracle(request: Request, label: Candidate, seed: int) -> Request:
    """The paper's oracle: the label is one of the candidates.

    If the recommender has it, nothing changes. Else it takes the last one's room, at a random place. Prompts
    stay as they are.
    """
    return with_oracle_items(request, [label], seed)


def with_oracle_items(request: Request, items: Sequence[Candidate], seed: int) -> Request:
    """The paper's oracle†: all items of the whole conversation are among the candidates.

    Args:
        items: those of the conversation; each counts once.
        seed: of the places of those that the recommender does not have.

    Returns:
        As many candidates as before, the missing items in the room of the last others, each at a random place; more
        only if there are more items than candidates. The rest stays in the recommender's order.
    """
    wanted = {item.entity: item for item in items}
    present = {candidate.entity for candidate in request.candidates}
    missing = [item for entity, item in wanted.items() if entity not in present]
    room = len(request.candidates) - sum(candidate.entity in wanted for candidate in request.candidates)
    dropped = min(len(missing), room)
    others = [i for i, candidate in enumerate(request.candidates) if candidate.entity not in wanted]
    last = set(others[len(others) - dropped:])
    candidates = [candidate for i, candidate in enumerate(request.candidates) if i not in last]
    rng = _generator(request, seed, 'oracle')
    for item in missing:
        candidates.insert(rng.randint(0, len(candidates)), item)
    return request._replace(candidates=candidates)
