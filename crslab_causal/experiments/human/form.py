"""The criteria and the scale of a rating form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, ValidationError, model_validator

from crslab_causal.base.errors import UserError
from crslab_causal.base.options import Options, first_mistake

ROW_COLUMNS = ('kit', 'context_id', 'letter', 'context', 'response')
"""First columns of the form. A column for each criterion follows."""

Label = Annotated[str, Field(min_length=1, max_length=40)]
Step = Annotated[int, Field(ge=0, le=9)]


class Criterion(Options):
    """A question to the raters, which is a column of the form."""

    name: Annotated[str, Field(pattern=r'^\w[\w -]{0,39}$')]
    """Name of the criterion, and of its column."""
    question: Annotated[str, Field(min_length=1)]
    """Question to the rater."""
    low: Label
    """Meaning of the lowest rating."""
    high: Label
    """Meaning of the highest rating."""


PAPER_CRITERIA = [
    Criterion(
        name='fluency',
        question='Is the response natural and correct English?',
        low='not at all fluent',
        high='as a person writes',
    ),
    Criterion(
        name='informativeness',
        question='Does it tell the seeker something of use about what it recommends?',
        low='tells nothing',
        high='tells much',
    ),
    Criterion(
        name='coherence',
        question='Does it fit the conversation: what it recommends, the reason it gives, and how it goes on?',
        low='does not fit',
        high='fits very well',
    ),
]
"""Criteria of the paper: fluency, informativeness and coherence. The paper does not print its questions, so these are
our own."""


class FormOptions(Options):
    """Options of a file for ``--criteria``.

    The defaults are those of the paper: three criteria, each rated 0, 1 or 2.
    """

    criteria: Annotated[list[Criterion], Field(min_length=1)] = PAPER_CRITERIA
    """Criteria, in the order of the columns."""
    lowest: Step = 0
    """Lowest rating of the scale."""
    highest: Step = 2
    """Highest rating of the scale."""

    @model_validator(mode='after')
    def _consistent(self) -> FormOptions:
        if self.lowest >= self.highest:
            raise ValueError(f'lowest {self.lowest} is not below highest {self.highest}')
        names = [*ROW_COLUMNS, *self.names]
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            raise ValueError(f'{repeated} would name two columns of the form')
        return self

    @property
    def names(self) -> list[str]:
        """Names of the criteria."""
        return [criterion.name for criterion in self.criteria]

    @property
    def steps(self) -> range:
        """All ratings that the scale allows."""
        return range(self.lowest, self.highest + 1)


def read_form(path: Path) -> FormOptions:
    """Read the form of a YAML file.

    Raises:
        UserError: the file cannot be read, or contains no form.
    """
    try:
        content = yaml.safe_load(path.read_text('utf-8'))
        return FormOptions.model_validate({} if content is None else content)
    except OSError as error:
        raise UserError(f'{path}: cannot be read ({error.strerror}); name a YAML file with criteria') from error
    except ValidationError as error:
        raise UserError(f'{path}: {first_mistake(error)}; see FormOptions for the keys of a form') from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f'{path}: not valid YAML ({" ".join(str(error).split())})') from error
