"""Read pickle files of plain containers without running code from them."""

from __future__ import annotations

import pickle
from collections import OrderedDict, defaultdict
from pathlib import Path
from typing import Any

from crslab_causal.base.errors import UserError

_ALLOWED = {
    ('collections', 'OrderedDict'): OrderedDict,
    ('collections', 'defaultdict'): defaultdict,
    **{
        (module, kind.__name__): kind
        for module in ('builtins', '__builtin__')
        for kind in (bool, bytes, dict, float, frozenset, int, list, set, str, tuple)
    },
}


class _ContainersOnly(pickle.Unpickler):
    """An unpickler that builds nothing but the allowed containers."""

    def find_class(self, module: str, name: str) -> type:
        kind = _ALLOWED.get((module, name))
        if kind is None:
            raise pickle.UnpicklingError(f'it asks for {module}.{name}, which is not a plain container')
        return kind


def read_containers(path: Path) -> Any:
    """Read a pickle file of dictionaries, lists, strings and numbers.

    Raises:
        UserError: The file is broken, or contains any other object.
    """
    try:
        with open(path, 'rb') as file:
            return _ContainersOnly(file).load()
    except OSError:
        raise
    except Exception as error:  # a broken pickle can raise nearly anything
        reason = ' '.join(str(error).split()) or type(error).__name__
        raise UserError(
            f'{path}: not read, since it is not a pickle of plain containers ({reason}); choose another --source'
        ) from error
