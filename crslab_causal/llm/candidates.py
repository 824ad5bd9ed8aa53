"""Controlled variants of a request: shuffled candidates, and candidates that include the label (oracles)."""

from __future__ import annotations

import hashlib
import json
import random
from typing import Sequence

from crslab_causal.llm.request import Candidate, RerankRequest


def rerank_request_seed(request: RerankRequest) -> int:
    """Return a seed in [0, 2**64) that depends on the conversation, the mentions and the candidates of a request.

    It is equal in every process. It does not depend on probabilities, because their rounding errors differ between
    machines.
    """
    names = [(candidate.entity, candidate.name) for candidate in request.candidates]
    content = json.dumps([request.context, request.mentions, request.liked, request.disliked, names])
    return int.from_bytes(hashlib.blake2b(content.encode('ascii'), digest_size=8).digest(), 'big')


def _request_rng(request: RerankRequest, seed: int, purpose: str) -> random.Random:
    """Return a random generator whose seed depends on the request, on ``seed`` and on the purpose."""
    return random.Random(f'{purpose} {seed} {rerank_request_seed(request)}')


def shuffle_candidates(request: RerankRequest, seed: int) -> tuple[RerankRequest, list[int]]:
    """Shuffle the candidates, so that the model cannot copy the recommender's order.

    Returns:
        The request with its candidates in random order, and the order. The candidate at index ``i`` was at index
        ``order[i]`` before, both counted from 0. :func:`unshuffle` reverses this.
    """
    order = list(range(len(request.candidates)))
    _request_rng(request, seed, 'shuffle').shuffle(order)
    return request._replace(candidates=[request.candidates[i] for i in order]), order


def unshuffle(ranking: Sequence[int], order: Sequence[int]) -> list[int]:
    """Translate a ranking of shuffled candidates into numbers of the original candidates.

    Call this before :func:`.repair_ranking`, so that missing candidates follow in the recommender's order.

    Args:
        ranking: numbers counted from 1. A number that no candidate has stays unchanged.
        order: from :func:`shuffle_candidates`.
    """
    return [order[number - 1] + 1 if 1 <= number <= len(order) else number for number in ranking]


def with_oracle(request: RerankRequest, label: Candidate, seed: int) -> RerankRequest:
    """Return the request of the paper's oracle, whose candidates include the label.

    If the label is a candidate already, the request is unchanged. Otherwise the last candidate is removed, and the
    label is inserted at a random position.
    """
    return with_oracle_items(request, [label], seed)


def with_oracle_items(request: RerankRequest, items: Sequence[Candidate], seed: int) -> RerankRequest:
    """Return the request of the paper's oracle†, whose candidates include all items of the whole conversation.

    Args:
        request: the request.
        items: items of the conversation. Repetitions are ignored.
        seed: seed of the random positions at which missing items are inserted.

    Returns:
        The request with as many candidates as before, or with more if there are more items than candidates. The missing
        items replace the last of the other candidates. The remaining candidates stay in the recommender's order.
    """
    required = {item.entity: item for item in items}
    present = {candidate.entity for candidate in request.candidates}
    missing = [item for entity, item in required.items() if entity not in present]
    others = [i for i, candidate in enumerate(request.candidates) if candidate.entity not in required]
    n_dropped = min(len(missing), len(others))
    dropped = set(others[len(others) - n_dropped :])
    candidates = [candidate for i, candidate in enumerate(request.candidates) if i not in dropped]
    rng = _request_rng(request, seed, 'oracle')
    for item in missing:
        candidates.insert(rng.randint(0, len(candidates)), item)
    return request._replace(candidates=candidates)
