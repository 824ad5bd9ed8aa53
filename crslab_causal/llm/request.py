"""The request for one answer of a backend: the conversation so far, and the recommender's candidates."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Sequence

from crslab_causal.llm.detokenization import detokenize


class Probability(NamedTuple):
    """The probabilities that the recommender gives an item."""

    observed: float
    """Probability p of Eq 4."""
    masked: float | None = None
    """Probability of Eq 6, with the last mention masked; None if the recommender masks nothing, or another mention."""


class Candidate(NamedTuple):
    """An item of the recommender's list, which the language model can choose."""

    entity: int
    """Entity id."""
    name: str
    facts: str = ''
    """Genres and people in words; empty if nothing is known."""
    probability: Probability | None = None


class RerankRequest(NamedTuple):
    """All inputs of one answer: the conversation S and the list I_rec of Eq 9."""

    context: list[tuple[str, str]]
    """Role of the speaker and text of each turn so far. The role is ``Seeker`` or ``Recommender``."""
    mentions: list[int]
    """Entity ids in order of mention."""
    liked: list[int]
    """Entity ids that the seeker likes, from the data or from the chat. May be empty."""
    disliked: list[int]
    """Entity ids that the seeker dislikes, from the data or from the chat. May be empty."""
    candidates: list[Candidate]
    """The recommender's list, best first. Empty for baselines without candidates."""
    masked: int | None = None
    """Entity id of the mention that is masked in the candidates' probabilities; None if no mention is."""


def build_rerank_request(
    sample: Mapping[str, Any],
    candidates: Sequence[Candidate],
    name_of_token: Mapping[str, str],
    masked: int | None = None,
) -> RerankRequest:
    """Return the request for a sample. It depends on the earlier turns only, not on the turn or its items.

    Names of films are quoted in the turns.

    Args:
        sample: a sample of a :class:`.MentionDataset`.
        candidates: the recommender's list, best first.
        name_of_token: result of :func:`.token_names`.
        masked: entity id of the mention that is masked in the candidates' probabilities.
    """
    context = [(role, detokenize(text, name_of_token, quote='"')) for role, text in sample['context_text']]
    return RerankRequest(
        context,
        list(sample['context_mentions']),
        list(sample['context_liked']),
        list(sample['context_disliked']),
        list(candidates),
        masked,
    )
