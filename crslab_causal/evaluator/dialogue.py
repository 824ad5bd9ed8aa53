"""Success Rate and Reward-per-Dialogue-Length, which count what the seeker of a conversation liked or had seen."""

from __future__ import annotations

from typing import Mapping

import numpy as np

from crslab_causal.data.seeker_answers import SeekerAnswers

LIKED_REWARD, SEEN_REWARD = 1.0, 0.5
"""Reward of a first item that the seeker liked, and of a first item that they had only seen."""
DIALOGUES = 'dialogues'
"""Key of the scores of this module among the scores of a split. It is missing if no answers are known."""
SUCCESS_RATE, REWARD = 'success_rate', 'reward_per_dialogue_length'


def dialogue_scores(
    conversation: np.ndarray,
    turn: np.ndarray,
    label: np.ndarray,
    rank: np.ndarray,
    answers: Mapping[str, SeekerAnswers],
) -> dict[str, float] | None:
    r"""Return the Success Rate and the Reward-per-Dialogue-Length of recommendation lists.

    The reward of a turn is 1 if its first item is liked, 0.5 if it is seen but not liked, and 0 otherwise. With
    :math:`r_{ct}` the reward of turn t of conversation c, and :math:`n_c` the number of its messages,

    .. math::
        \mathrm{SR} = \frac{1}{|C|} \sum_c \left[\max_t r_{ct} > 0\right], \qquad
        \mathrm{RDL} = \frac{1}{|C|} \sum_c \frac{1}{n_c} \sum_t r_{ct}.

    Both metrics come from Bernard and Balog, "Limitations of Current Evaluation Practices for Conversational
    Recommender Systems and the Potential of User Simulation" (SIGIR-AP 2025), for conversations with a system. Kostric
    and Balog, "A Standardized Re-evaluation of Conversational Recommender Systems on the ReDial Dataset" (SIGIR 2026),
    compute them for the lists of ReDial, and give these rewards in the README of their repository
    ``iai-group/redial-reproducibility``. Three points are open there. The readings here are:

    - The first item must be a label of its turn. Their naive row, which repeats the latest item, has the score 0 where
      repeated labels are left out. That is possible in this reading only.
    - The length is the number of messages of both speakers, as in the first paper.
    - C contains the conversations with at least one label whose answers are known. A seeker who answered nothing liked
      and saw nothing.

    Their trained systems have four to eight times the RDL of their naive row, most of them at about its SR. This
    definition hardly allows that. Compare with their SR and with their naive row, not with the RDL of the other rows.

    Args:
        conversation: ``(n_sample,)``, ids of the conversations.
        turn: ``(n_sample,)``, numbers of the turns.
        label: ``(n_sample,)``, entity ids of the labels.
        rank: ``(n_sample,)``, rank of each label; 1 if it is the first item alone.
        answers: which films each seeker liked and had seen, by conversation. Samples of other conversations are left
            out.

    Returns:
        The number of ``conversations``, and both scores; None if no conversation has answers.
    """
    rewards: dict[str, dict[int, float]] = {}
    for conv_id, number, item, place in zip(
        conversation.tolist(), turn.tolist(), label.tolist(), rank.tolist(), strict=True
    ):
        if conv_id not in answers:
            continue
        turns = rewards.setdefault(conv_id, {})
        reward = _reward(item, answers[conv_id]) if place <= 1 else 0.0
        turns[number] = max(turns.get(number, 0.0), reward)  # a turn has a sample for each of its labels
    if not rewards:
        return None
    return {
        'conversations': len(rewards),
        SUCCESS_RATE: float(np.mean([any(turns.values()) for turns in rewards.values()])),
        REWARD: float(np.mean([sum(turns.values()) / answers[c].messages for c, turns in rewards.items()])),
    }


def _reward(item: int, answers: SeekerAnswers) -> float:
    if item in answers.liked:
        return LIKED_REWARD
    return SEEN_REWARD if item in answers.seen else 0.0


def scores_of_groups(
    conversation: np.ndarray,
    turn: np.ndarray,
    label: np.ndarray,
    rank: np.ndarray,
    rank_unseen: np.ndarray,
    repeat: np.ndarray,
    answers: Mapping[str, SeekerAnswers],
) -> dict[str, dict[str, float]]:
    """Return the :func:`dialogue_scores` of each group of labels of :data:`.GROUPS`.

    Args:
        conversation: see :func:`dialogue_scores`.
        turn: see :func:`dialogue_scores`.
        label: see :func:`dialogue_scores`.
        rank: ``(n_sample,)``, rank of each label among all items.
        rank_unseen: ``(n_sample,)``, rank of each label among the items that are not in the context.
        repeat: ``(n_sample,)``, whether each label is in the context.
        answers: see :func:`dialogue_scores`.

    Returns:
        Scores by group. A group without a conversation whose answers are known is left out.
    """
    new = ~repeat.astype(bool)
    groups = {'all': (np.ones(len(new), bool), rank), 'new': (new, rank), 'new_unseen': (new, rank_unseen)}
    scores = {
        group: dialogue_scores(conversation[chosen], turn[chosen], label[chosen], ranks[chosen], answers)
        for group, (chosen, ranks) in groups.items()
    }
    return {group: values for group, values in scores.items() if values is not None}
