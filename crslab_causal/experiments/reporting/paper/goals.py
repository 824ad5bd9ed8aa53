"""The goals of the official test sets, which were written down before the first score."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import model_validator

from crslab_causal.base.errors import UserError
from crslab_causal.base.options import Options

FILE = 'official_goals.yaml'


class Goal(Options):
    """Bounds for a score of a row, or for its difference from another row, in percent."""

    table: str
    row: str
    minus: str | None = None
    """Row whose score is subtracted; None: the score itself is meant."""
    group: str
    metric: str
    at_least: float | None = None
    at_most: float | None = None
    why: str
    """Reason for the goal."""

    @model_validator(mode='after')
    def _has_bound(self) -> Goal:
        if self.at_least is None and self.at_most is None:
            raise ValueError(f'{self.row}: give at_least or at_most')
        return self

    def holds(self, value: float) -> bool:
        """Return whether a measured value is within the bounds."""
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)

    def expected(self) -> str:
        """Return the bounds as text."""
        sign = '+.1f' if self.minus is not None else '.1f'
        if self.at_most is None:
            return f'at least {self.at_least:{sign}}'
        if self.at_least is None:
            return f'at most {self.at_most:{sign}}'
        return f'{self.at_least:{sign}} to {self.at_most:{sign}}'


class Goals(Options):
    """The file ``official_goals.yaml`` of the results."""

    about: str
    goals: list[Goal]


def read_goals(folder: Path) -> Goals:
    """Read the goals from the folder of the results.

    Raises:
        UserError: the folder has no such file.
    """
    path = folder / FILE
    if not path.is_file():
        raise UserError(f'{path}: does not exist; restore it')
    return Goals.model_validate(yaml.safe_load(path.read_text('utf-8')))
