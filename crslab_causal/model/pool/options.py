"""Options of the pool."""

from __future__ import annotations

from typing import Annotated, Any, Iterator, Literal, NamedTuple, Sequence

from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, field_validator

from crslab_causal.base.options import Count, Options, Positive, first_mistake
from crslab_causal.model.experts.options import Smoothing
from crslab_causal.registry import MODELS

RECOMMENDER = 'CausalKBRD'
"""Name of the expert that comes from a saved run."""
REPEAT_CHANNELS = ('in the context', 'latest item')
"""Names of the two values of ``Repeat``: whether an item is in the context, and whether it is its latest item."""

ExpertEntry = str | dict[str, Any]
"""An entry of ``experts``: the name of a model, or a mapping with ``model`` and options of this model."""


class ExpertSpec(NamedTuple):
    """The specification of an expert of a pool."""

    name: str
    """Name of the expert: its model, and the options that its entry sets."""
    model: str
    options: dict[str, Any]


def read_experts(entries: Sequence[ExpertEntry]) -> Iterator[ExpertSpec]:
    """Yield the specification of each expert in ``experts``.

    Raises:
        ValueError: a model or an option is unknown, or an expert is listed twice.
    """
    names = set()
    for entry in entries:
        options = dict(entry) if isinstance(entry, dict) else {'model': entry}
        model = options.pop('model', None)
        known = [name for name, other in MODELS.items() if other.is_expert]
        if model not in known:
            raise ValueError(f'{model!r} is not an expert; choose among {", ".join(known)}')
        if model == RECOMMENDER and options:
            raise ValueError(f'{RECOMMENDER} has the options of the run that recommender names; write its name alone')
        try:
            MODELS[model].load_options()(**options)
        except ValidationError as error:
            raise ValueError(f'{model}: {first_mistake(error)}') from error
        changes = ', '.join(f'{key} {value}' for key, value in options.items())
        name = f'{model} ({changes})' if changes else model
        if name in names:
            raise ValueError(f'{name} is listed twice')
        names.add(name)
        yield ExpertSpec(name, model, options)


def _check_experts(entries: list[ExpertEntry]) -> list[ExpertEntry]:
    list(read_experts(entries))
    return entries


class PoolOptions(Options):
    """A log-linear pool of experts."""

    experts: Annotated[list[ExpertEntry], Field(min_length=1), AfterValidator(_check_experts)] = [
        'TargetPopularity',
        'TransitionCounts',
        {'model': 'TransitionCounts', 'seeker_weight': 0.5},
        'EASE',
        {'model': 'EASE', 'history_base': 4.0},
        'OneHop',
        'TextToItem',
        'TextNeighbours',
        'Repeat',
        RECOMMENDER,
    ]
    """Names of models, or mappings with ``model`` and options of this model. An expert whose requirement is missing,
    such as a sentence encoder or a ``recommender``, is left out."""
    objective: Literal['all', 'new'] = 'all'
    """Labels to which the weights are fitted. ``all``: all labels. ``new``: labels that are not in the context; items
    of the context are then never recommended."""
    fit_on: Literal['out_of_fold', 'late', 'valid'] = 'out_of_fold'
    """Samples to which the weights are fitted, and which the experts have not seen. ``out_of_fold``: each part of the
    training data in turn. ``late``: the latest tenth of the training data by the ids of the conversations. ``valid``:
    the validation split, whose scores are then not those of unseen data."""
    recommender: str | None = None
    """Folder of a saved run of CausalKBRD, for the expert CausalKBRD; None: the pool has no such expert."""
    pool_folds: Annotated[int, Field(ge=2)] = 5
    """Number of parts of the training data with ``fit_on: out_of_fold``."""
    pool_samples: Count | None = 5000
    """Approximate number of samples to which the weights are fitted; whole conversations are drawn. None: all samples.
    Each sample needs four bytes of memory for each expert and item."""
    pool_ridge: Positive = 1.0
    """Weight of the squared norm of the weights."""
    expert_smoothing: Smoothing = 0.25
    """Share of popularity in the prediction of each expert whose entry in ``experts`` sets no ``expert_smoothing``. It
    replaces the default of the expert, also the smaller one of DualEncoder and MentionTransformer."""

    @field_validator('recommender')
    @classmethod
    def _check_recommender(cls, folder: str | None, info: ValidationInfo) -> str | None:
        if folder is not None and RECOMMENDER not in info.data.get('experts', [RECOMMENDER]):
            raise ValueError(f'experts does not list {RECOMMENDER}')
        if folder is not None and info.data.get('fit_on', 'valid') != 'valid':
            raise ValueError('the run has learned the samples that fit_on names; write fit_on: valid')
        return folder
