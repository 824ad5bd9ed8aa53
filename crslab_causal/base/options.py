"""What every class of options is made of."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Fraction = Annotated[float, Field(ge=0, le=1)]
Share = Annotated[float, Field(gt=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]


class Options(BaseModel):
    """Strict: no unknown key, and no string where a number belongs."""

    model_config = ConfigDict(extra='forbid', strict=True, frozen=True, allow_inf_nan=False)

    @classmethod
    def of(cls, opt) -> Self:
        """The keys of this class in a configuration, which may hold those of others; what it leaves out by default.

        Args:
            opt: CRSLab's configuration or a dict.
        """
        return cls(**{name: opt[name] for name in cls.model_fields if name in opt})


def mistake(error: ValidationError) -> str:
    """The first mistake, in one line: where, and what."""
    first = error.errors(include_url=False)[0]
    where = '.'.join(map(str, first['loc']))
    return f'{where}: {first["msg"]}' if where else first['msg']
