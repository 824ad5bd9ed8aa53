"""The ranks that a run has left, sample by sample."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from crslab_causal.errors import UserError


class Ranks(NamedTuple):
    """Columns of a ``ranks_<split>.jsonl``, ``(n_sample,)`` each; NaN where the file has null."""

    conversation: np.ndarray
    turn: np.ndarray
    label: np.ndarray
    rank: np.ndarray
    rank_unseen: np.ndarray
    rank_intervened: np.ndarray
    kl: np.ndarray
    repeat: np.ndarray
    """Whether the label is in the context."""

    def take(self, index: np.ndarray) -> Ranks:
        """The samples at ``index``, a mask or positions."""
        return Ranks(*(column[index] for column in self))


def read_ranks(path: Path) -> Ranks:
    """Reads what :class:`crslab_causal.system.causal.CausalSystem` has written.

    Raises:
        UserError: the file cannot be read, or is of another format.
    """
    try:
        records = [json.loads(line) for line in path.read_text('utf-8').splitlines()]
        columns = {name: [record.get(name) if name == 'kl' else record[name] for record in records]
                   for name in Ranks._fields}
    except OSError as error:
        raise UserError(f'{path}: cannot be read ({error.strerror}); run it again') from error
    except (ValueError, KeyError) as error:
        raise UserError(f'{path}: not a file of ranks ({error}); remove its folder, and run it again') from error
    kinds = {'conversation': str, 'turn': int, 'label': int, 'repeat': bool}
    return Ranks(*(np.array(column, dtype=kinds.get(name, float)) for name, column in columns.items()))


def pair(first: Ranks, second: Ranks) -> tuple[Ranks, Ranks]:
    """Two runs' ranks, the same sample at the same place; an item named twice in a turn is two samples.

    Raises:
        UserError: they are not of the same samples.
    """
    order = [np.lexsort((ranks.label, ranks.turn, ranks.conversation)) for ranks in (first, second)]
    first, second = first.take(order[0]), second.take(order[1])
    if len(first.rank) != len(second.rank) or any(
            (getattr(first, name) != getattr(second, name)).any() for name in ('conversation', 'turn', 'label')):
        raise UserError('two runs are compared that were not scored on the same samples; use the same data and split '
                        'for both')
    return first, second
