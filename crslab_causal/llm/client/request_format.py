"""What a server understands, found out from what it says."""

from __future__ import annotations

import re
from typing import Any, Literal

from loguru import logger

from crslab_causal.base.errors import UserError
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.client.record import Response
from crslab_causal.llm.client.structured import Verdict, response_format, with_schema_in_prompt

_ABOUT_SCHEMAS = re.compile(r'response_?format|schema|guided|grammar|structured', re.IGNORECASE)


class Dialect:
    """How requests are put to one server, for the life of a client.

    With ``structured: auto`` the schema goes into ``response_format``, until

    - the server refuses that (400, 404, 422 or 501 with a word about it), or
    - an answer that came to its own end is no JSON of that schema, although none was of it before: the server takes the
      parameter and does nothing with it. A server that enforces schemas has no such answers.

    From then on it goes into the prompt. Requests that were on their way are asked again in the new form.
    """

    def __init__(self, options: LLMOptions):
        self.form: Literal['schema', 'json'] = 'json' if options.structured == 'json' else 'schema'
        self.fell_back = False
        """The prompt asks for JSON because the server does not enforce schemas."""
        self._fixed = options.structured != 'auto'
        self._enforced = False
        self._length_key = 'max_tokens'

    def body(self, request: dict[str, Any], name: str, number: int) -> dict[str, Any]:
        """The JSON body that is sent.

        Args:
            request: ``{model, messages, schema, parameters}``.
            name: of the schema.
            number: of answers that could not be used; the seed moves by it, else a server that obeys it says the same.
        """
        parameters = request['parameters']
        body = {'model': request['model'], 'messages': request['messages'], 'temperature': parameters['temperature'],
                'seed': parameters['seed'] + number}
        if parameters['max_tokens'] is not None:
            body[self._length_key] = parameters['max_tokens']
        if self.form == 'schema':
            body['response_format'] = response_format(name, request['schema'])
        else:
            body['messages'] = with_schema_in_prompt(request['messages'], request['schema'])
        return body

    def adapt(self, body: dict[str, Any], status: int, complaint: str) -> str | None:
        """The parameter that the server does not know, if it is one that the next body can do without.

        Raises:
            UserError: it does not know schemas, and ``structured: schema`` asks for one.
        """
        if 'max_tokens' in body and status in (400, 422) and 'max_completion_tokens' in complaint:
            self._length_key = 'max_completion_tokens'
            return 'max_tokens'
        if 'response_format' not in body or status not in (400, 404, 422, 501) or not _ABOUT_SCHEMAS.search(complaint):
            return None
        if self._fixed:
            raise UserError(f'llm.structured: schema, but the server does not take one ({status}: {complaint}); '
                            'set llm.structured to auto or json')
        self._fall_back(f'{status}: {complaint}')
        return 'schema'

    def learn(self, response: Response, verdict: Verdict) -> None:
        """Sees whether the server enforces what it has accepted."""
        if response.form != 'schema':
            return
        if verdict.status == 'ok':
            self._enforced = True
        elif verdict.status == 'invalid' and not self._enforced and not self._fixed:
            self._fall_back(f'its answer {verdict.detail}')

    def _fall_back(self, reason: str) -> None:
        if not self.fell_back:
            self.form, self.fell_back = 'json', True
            logger.warning(f'[LLM: the server does not enforce JSON schemas ({reason}); '
                           'the prompt asks for JSON instead]')
