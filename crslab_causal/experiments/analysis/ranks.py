"""Read the ranks of labels that runs have written (``ranks_<split>.jsonl``), and match the samples of two runs."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from crslab_causal.base.errors import UserError
from crslab_causal.base.json_lines import read_json_lines
from crslab_causal.evaluator.rank_line import RankLine

SampleKey = tuple[str, int, int, int]
"""Key of a sample: conversation, turn, label, and the number of earlier samples with the same three."""


@dataclass(frozen=True)
class LabelRanks:
    """The ranks of the labels of a split. Each array has the shape ``(n_sample,)``.

    The fields are those of :class:`.RankLine`. A label that is not ranked has rank infinity. NaN stands for a number
    that the run does not have.
    """

    conversation: np.ndarray
    """Ids of the conversations, as strings."""
    turn: np.ndarray
    label: np.ndarray
    rank: np.ndarray
    rank_unseen: np.ndarray
    rank_intervened: np.ndarray
    kl: np.ndarray
    repeat: np.ndarray
    history: np.ndarray
    source: str = 'ranks'
    """Path of the file, for error messages."""

    def take(self, chosen: np.ndarray) -> LabelRanks:
        """Return the ranks of some of the samples.

        Args:
            chosen: mask or indices of the samples.
        """
        columns: dict[str, Any] = {name: getattr(self, name)[chosen] for name in _COLUMNS}
        return replace(self, **columns)

    def sample_keys(self) -> list[SampleKey]:
        """Return a unique key of each sample.

        A turn that names an item twice has two samples with the same conversation, turn and label. A number tells them
        apart.
        """
        keys: list[SampleKey] = []
        counts: dict[tuple, int] = {}
        for key in zip(self.conversation.tolist(), self.turn.tolist(), self.label.tolist()):
            counts[key] = counts.get(key, -1) + 1
            keys.append((*key, counts[key]))
        return keys


_COLUMNS = tuple(field.name for field in fields(LabelRanks) if field.name != 'source')
_RANKS = ('rank', 'rank_unseen')
_TYPES: dict[str, type] = {'conversation': str, 'turn': int, 'label': int, 'repeat': bool, 'history': int}


def read_ranks(path: Path) -> LabelRanks:
    """Read a file ``ranks_<split>.jsonl`` of a run.

    Raises:
        UserError: the file cannot be read, or a line does not match the schema.
    """
    remedy = 'remove the file, if there is one, and repeat the run'
    records = [record for _, record in read_json_lines(path, RankLine, remedy, skip_blank=False)]
    columns: dict[str, Any] = {
        name: np.array([_value(record, name) for record in records], _TYPES.get(name, float)) for name in _COLUMNS
    }
    return LabelRanks(**columns, source=str(path))


def _value(line: RankLine, name: str) -> Any:
    """Return a field of a line. JSON has no infinity, so null in a field of ranks means a label that is not ranked."""
    value = getattr(line, name)
    return math.inf if value is None and name in _RANKS and name in line.model_fields_set else value


def align(first: LabelRanks, second: LabelRanks) -> LabelRanks:
    """Return the ranks of ``second`` in the order of the samples of ``first``.

    Raises:
        UserError: the two do not have the same samples.
    """
    keys = dict.fromkeys(first.sample_keys())
    index = {key: i for i, key in enumerate(second.sample_keys())}
    if keys.keys() != index.keys():
        differing = [key for key in (*keys, *index) if (key in keys) != (key in index)]
        conversation, turn, label, _ = differing[0]
        holder = first if differing[0] in keys else second
        raise UserError(
            f'{first.source} and {second.source} are not of the same samples: {len(differing)} are in one '
            f'of them only, the first of these (conversation {conversation}, turn {turn}, label {label}) '
            f'in {holder.source}; compare runs on the same split of the same data'
        )
    return second.take(np.array([index[key] for key in keys], int))
