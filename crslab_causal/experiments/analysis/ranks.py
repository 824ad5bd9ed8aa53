"""The ranks that a run has left behind, ``ranks_<split>.jsonl``, and those of two runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel, ValidationError

from crslab_causal.base.errors import UserError


class _Record(BaseModel):
    """A line, as :class:`.CausalSystem` writes it; null, and nothing at all, is NaN."""

    conversation: str
    turn: int
    label: int
    rank: float | None = None
    rank_unseen: float | None = None
    rank_intervened: float | None = None
    kl: float | None = None
    repeat: bool
    history: int


class Ranks(NamedTuple):
    """One value for each sample, ``(n_sample,)`` each."""

    conversation: np.ndarray
    """Its id, a string."""
    turn: np.ndarray
    label: np.ndarray
    """Entity id of the item."""
    rank: np.ndarray
    """Expected rank of the label from 1, NaN where it has none."""
    rank_unseen: np.ndarray
    """The same among the items that are not in the context."""
    rank_intervened: np.ndarray
    """The same as ``rank`` after the intervention; NaN for models without one."""
    kl: np.ndarray
    r""":math:`\mathrm{KL}(\bar p \| p)` of Eq 8 in nats; NaN for models without an intervention."""
    repeat: np.ndarray
    """Whether the label is in the context."""
    history: np.ndarray
    """Number of entities in the context."""
    source: str = 'ranks'
    """Where they are from, for messages."""

    def take(self, chosen: np.ndarray) -> Ranks:
        """Some of the samples: a mask or indices."""
        return Ranks(*(column[chosen] for column in self[:-1]), source=self.source)


_TYPES = {'conversation': str, 'turn': int, 'label': int, 'repeat': bool, 'history': int}


def read_ranks(path: Path) -> Ranks:
    """Reads a file ``ranks_<split>.jsonl`` of a run.

    Raises:
        UserError: the file cannot be read, or a line is no such record.
    """
    try:
        lines = path.read_text('utf-8').splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, 'strerror', None) or 'it is not UTF-8'
        raise UserError(f'{path}: cannot be read ({reason}); name a file ranks_<split>.jsonl of a run') from error
    records = []
    for number, line in enumerate(lines, 1):
        try:
            records.append(_Record.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            where = ''.join(f'{key}: ' for key in first['loc'])
            raise UserError(f"{path}, line {number}: {where}{first['msg']}; let the run write the file anew") from error
    columns = {name: np.array([getattr(record, name) for record in records], _TYPES.get(name, float))
               for name in _Record.model_fields}
    return Ranks(**columns, source=str(path))


def pair(first: Ranks, second: Ranks) -> tuple[Ranks, Ranks]:
    """The same samples of two runs, in the order of the first.

    A sample is known by its conversation, turn and label. An item that is named twice in a turn makes two samples that
    are known by the same, and these are joined in the order in which they stand.

    Raises:
        UserError: the two are not of the same samples.
    """
    keys, other = _keys(first), _keys(second)
    if keys.keys() != other.keys():
        differing = [key for key in (*keys, *other) if (key in keys) != (key in other)]
        conversation, turn, label, _ = differing[0]
        holder = first if differing[0] in keys else second
        raise UserError(f'{first.source} and {second.source} are not of the same samples: {len(differing)} are in one '
                        f'of them only, the first of these (conversation {conversation}, turn {turn}, label {label}) '
                        f'in {holder.source}; compare runs on the same split of the same data')
    return first, second.take(np.array([other[key] for key in keys], int))


def _keys(ranks: Ranks) -> dict[tuple, int]:
    """Row of each sample by its conversation, turn, label, and how many like it stand before it."""
    rows: dict[tuple, int] = {}
    met: dict[tuple, int] = {}
    for row, key in enumerate(zip(ranks.conversation.tolist(), ranks.turn.tolist(), ranks.label.tolist())):
        met[key] = met.get(key, -1) + 1
        rows[(*key, met[key])] = row
    return rows
