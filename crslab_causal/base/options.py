"""The base class of every class of options, and the types of their fields."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Fraction = Annotated[float, Field(ge=0, le=1)]
Share = Annotated[float, Field(gt=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]


class Options(BaseModel):
    """Base class of options. It refuses unknown keys, and strings in the place of numbers."""

    model_config = ConfigDict(extra='forbid', strict=True, frozen=True, allow_inf_nan=False)

    @classmethod
    def of(cls, opt: Any) -> Self:
        """Return the options of this class that a configuration holds.

        A :class:`crslab_causal.config.Config` holds validated options, and these are returned unchanged. From a dict,
        or from CRSLab's own ``Config``, new options are built. Keys of other classes are ignored, and missing keys get
        their default.

        Args:
            opt: a configuration, a dict, or options of this class.

        Raises:
            ValidationError: a value in a dict is wrong.
        """
        for section in (opt, *getattr(opt, 'sections', ())):
            if isinstance(section, cls):
                return section
        return cls(**{name: opt[name] for name in cls.model_fields if name in opt})


def first_mistake(error: ValidationError) -> str:
    """Return the first mistake of a failed validation in one line: the key, and what is wrong with its value."""
    first = error.errors(include_url=False)[0]
    where = ' '.join('.'.join(map(str, first['loc'])).split())  # a key may have line breaks
    return f'{where}: {first["msg"]}' if where else first['msg']
