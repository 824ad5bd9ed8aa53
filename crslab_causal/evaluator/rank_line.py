"""Schema of a line of ``ranks_<split>.jsonl``: the rank that a recommender gives the label of a sample."""

from __future__ import annotations

from pydantic import BaseModel


class RankLine(BaseModel):
    """The rank of the label of a sample. Null stands for infinity and NaN, which JSON does not have."""

    conversation: str
    """Id of the conversation."""
    turn: int
    label: int
    """Entity id of the item that the human recommender names."""
    label_name: str | None = None
    """Readable name of the label; null for an item without one."""
    rank: float | None = None
    """Expected rank of the label among all items, from 1; null if it is not ranked."""
    rank_unseen: float | None = None
    """Expected rank among the items that are not in the context."""
    rank_intervened: float | None = None
    """Expected rank among all items after the intervention; null for models without one."""
    kl: float | None = None
    r""":math:`\mathrm{KL}(\bar p \| p)` of Eq 8 in nats; null for models without an intervention."""
    repeat: bool
    """Whether the label is in the context."""
    history: int
    """Number of entities in the context."""
