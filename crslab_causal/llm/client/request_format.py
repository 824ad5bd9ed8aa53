"""The form of requests that a server accepts, inferred from its responses."""

from __future__ import annotations

import re
from typing import Any, Literal

from loguru import logger

from crslab_causal.base.errors import UserError
from crslab_causal.llm.client.record import Payload, Response
from crslab_causal.llm.client.structured import ParsedAnswer, response_format, with_schema_in_prompt
from crslab_causal.llm.options import LLMOptions

_SCHEMA_COMPLAINT = re.compile(r'response_?format|schema|guided|grammar|structured', re.IGNORECASE)


class RequestFormat:
    """The form of the requests to one server, for the lifetime of a client.

    With ``structured: auto`` the schema goes into ``response_format``, until one of these happens:

    - The server rejects that parameter: status 400, 404, 422 or 501 with a message about it.
    - The first complete answer does not match the schema. The server then accepts the parameter but ignores it: a
      server that enforces schemas gives no such answers.

    From then on the schema goes into the prompt. Requests in flight are sent again in the new form.
    """

    def __init__(self, options: LLMOptions):
        self.form: Literal['schema', 'json'] = 'json' if options.structured == 'json' else 'schema'
        """How the schema is requested: in ``response_format`` or in the prompt."""
        self.fell_back = False
        """Whether the form changed to ``json`` because the server does not enforce schemas."""
        self._is_fixed = options.structured != 'auto'
        self._is_enforced = False
        self._length_parameter = 'max_tokens'

    def build_body(self, payload: Payload, schema_name: str, n_invalid: int) -> dict[str, Any]:
        """Return the JSON body of an HTTP request.

        Args:
            payload: ``{model, messages, schema, parameters}``.
            schema_name: name of the schema.
            n_invalid: number of answers so far that could not be used. It is added to the seed, because a server that
                supports the seed would otherwise repeat its answer.
        """
        parameters = payload['parameters']
        body = {
            'model': payload['model'],
            'messages': payload['messages'],
            'temperature': parameters['temperature'],
            'seed': parameters['seed'] + n_invalid,
        }
        if parameters['max_tokens'] is not None:
            body[self._length_parameter] = parameters['max_tokens']
        if self.form == 'schema':
            body['response_format'] = response_format(schema_name, payload['schema'])
        else:
            body['messages'] = with_schema_in_prompt(payload['messages'], payload['schema'])
        return body

    def drop_rejected_parameter(self, body: dict[str, Any], status: int, complaint: str) -> str | None:
        """Adapt the form to a rejected request, if the server rejected a parameter that the next body can omit.

        Args:
            body: body of the rejected request.
            status: HTTP status.
            complaint: message of the server.

        Returns:
            The rejected parameter, ``max_tokens`` or ``schema``; None: the server rejected something else.

        Raises:
            UserError: the server does not support schemas, but ``structured: schema`` requires one.
        """
        if 'max_tokens' in body and status in (400, 422) and 'max_completion_tokens' in complaint:
            self._length_parameter = 'max_completion_tokens'
            return 'max_tokens'
        if (
            'response_format' not in body
            or status not in (400, 404, 422, 501)
            or not _SCHEMA_COMPLAINT.search(complaint)
        ):
            return None
        if self._is_fixed:
            raise UserError(
                f'llm.structured: schema, but the server rejects schemas ({status}: {complaint}); '
                'set llm.structured to auto or json'
            )
        self._fall_back(f'{status}: {complaint}')
        return 'schema'

    def check_enforcement(self, response: Response, answer: ParsedAnswer) -> None:
        """Infer from an answer whether the server enforces JSON schemas."""
        if response.form != 'schema':
            return
        if answer.status == 'ok':
            self._is_enforced = True
        elif answer.status == 'invalid' and not self._is_enforced and not self._is_fixed:
            self._fall_back(f'its answer {answer.detail}')

    def _fall_back(self, reason: str) -> None:
        if not self.fell_back:
            self.form, self.fell_back = 'json', True
            logger.warning(
                f'[LLM: the server does not enforce JSON schemas ({reason}); the prompt asks for JSON instead]'
            )
