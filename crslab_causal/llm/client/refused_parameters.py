"""The parameters that a Batch API has refused, beside the store: the next batch leaves them out.

A live run finds this out from request to request. A batch learns it a day later, in its file of results. The file
``<store>.refused.json`` has, for each model, the refused parameters and the values that they had::

    {"gpt-5": {"seed": 2020, "temperature": 1.0}}

The values are part of the keys of the answers, see :mod:`.record`. With them, the payload of a request without these
parameters can be restored.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from crslab_causal.base.errors import UserError
from crslab_causal.llm.client.error_body import ErrorBody
from crslab_causal.llm.client.record import Payload

_NAMES: dict[str, tuple[str, ...]] = {
    'temperature': (),
    'seed': ('random_seed',),
    'max_completion_tokens': ('max_tokens', 'max_output_tokens'),
}
"""Parameters that a request can do without, each with other names that errors have for it."""


class RefusedParameters:
    """The refused parameters of each model.

    Args:
        store: file of the store. None: no parameter is known to be refused, and nothing is written.

    Raises:
        UserError: the file ``<store>.refused.json`` has another format.
    """

    def __init__(self, store: str | Path | None):
        self._path = None if store is None else Path(f'{store}.refused.json')
        self._values: dict[str, dict[str, Any]] = {}
        if self._path is not None and self._path.exists():
            try:
                values = json.loads(self._path.read_text('utf-8'))
                self._values = {model: dict(of_model) for model, of_model in values.items()}
            except (ValueError, TypeError, AttributeError):
                raise UserError(f'{self._path}: is not a list of refused parameters; delete it') from None

    def of_model(self, model: str) -> dict[str, Any]:
        """Return the refused parameters of a model, with the values that they had."""
        return self._values.get(model, {})

    def add(self, payload: Payload, status: int, body: Any) -> str | None:
        """Note the parameter that an error refuses, and return its name; None if it refuses something else.

        Args:
            payload: payload of the refused request.
            status: HTTP status.
            body: body of the error.
        """
        if status not in (400, 422):
            return None
        name = ErrorBody(to_json(body), {}, time.time(), status).named(_NAMES)
        if name is None:
            return None
        parameters = payload['parameters']
        value = parameters['max_tokens' if name == 'max_completion_tokens' else name]
        self._values.setdefault(payload['model'], {})[name] = value
        return name

    def save(self) -> None:
        """Write the file, if anything is refused."""
        if self._path is not None and self._values:
            self._path.write_text(json.dumps(self._values) + '\n', 'utf-8')
