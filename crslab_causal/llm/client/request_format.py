"""The form of requests that a server accepts, inferred from its responses."""

from __future__ import annotations

import re
from typing import Any, Literal

from loguru import logger

from crslab_causal.base.errors import UserError
from crslab_causal.llm.client.answer_parser import ParsedAnswer
from crslab_causal.llm.client.error_body import ErrorBody
from crslab_causal.llm.client.record import Payload, Response
from crslab_causal.llm.client.structured import (
    merge_system_message,
    response_format,
    with_schema_in_prompt,
    without_bounds,
)
from crslab_causal.llm.first_token import PARAMETERS
from crslab_causal.llm.options import LLMOptions

_NAMES: dict[str, tuple[str, ...]] = {
    'seed': ('random_seed',),
    'temperature': (),
    'max_tokens': ('max_completion_tokens', 'max_output_tokens', 'max_new_tokens'),
    'response_format': ('json_schema', 'response_schema', 'guided_json', 'structured_outputs'),
}
"""Optional parameters of a request, each with the other names that servers use for it in errors."""

_STREAM_NAMES: dict[str, tuple[str, ...]] = {'stream_options': ('include_usage',), 'stream': ('streaming',)}
"""Parameters of a request whose answer is to arrive piece by piece, with other names that errors have for them."""

_SCHEMA_COMPLAINT = re.compile(
    r'response.?format|schema|guided|grammar|structured|json_validate|failed_generation', re.I
)
_SYSTEM_COMPLAINT = re.compile(
    r'(system|developer)\W{0,3}(role|message|instruction|prompt)|role\W.{0,30}\W(system|developer)\b'
    r'|roles must alternate',
    re.I,
)
_SIZE_COMPLAINT = re.compile(
    r'too (large|long|high|big|many)|exceed|at most|less than or equal|reduce the|token limit'
    r'|maximum (context|value|allowed|number|length)|context.(length|window|size)',
    re.I,
)
"""Errors that say that the prompt or its answer is too long. Leaving out a parameter would not help."""

_VALUE_COMPLAINT = re.compile(
    r'(greater|more|larger|less|lower|higher|smaller) than|<=|>=|≤|≥|range|between|must be', re.I
)
"""Errors that say that the value of a parameter is wrong, and not the parameter itself."""

_REFUSALS = (400, 404, 405, 415, 422, 500, 501)
"""HTTP statuses with which servers refuse a parameter."""

_TRIALS = ('response_format', 'seed', 'temperature')
"""Parameters that are left out one after the other if a server refuses a request without a reason."""


class RequestFormat:
    """The form of the requests to one server, for the lifetime of a client.

    An optional parameter is left out of all further requests, with one warning, when the server names it in an error.
    ``max_tokens`` is renamed to ``max_completion_tokens`` first.

    A schema that the server refuses is sent once more without its bounds on numbers and lengths. With
    ``structured: auto`` the schema goes into ``response_format``, until one of these happens:

    - The server refuses that parameter, or fails at every request that has it.
    - The first complete answer does not match the schema. The server then accepts the parameter but ignores it: a
      server that enforces schemas gives no such answers.

    From then on the schema goes into the prompt. Requests in flight are sent again in the new form.

    If a server refuses to stream, whole answers are requested from then on. The store does not record this, because
    the answer is the same.
    """

    def __init__(self, options: LLMOptions):
        self.form: Literal['schema', 'json'] = 'json' if options.structured == 'json' else 'schema'
        """How the schema is requested: in ``response_format`` or in the prompt."""
        self.fell_back = False
        """Whether the form changed to ``json`` because the server does not enforce schemas."""
        self.omitted: list[str] = []
        """Parameters that are no longer sent because the server refuses them."""
        self.streams = True
        """Whether the server can send an answer piece by piece."""
        self._has_stream_options = True
        self._is_fixed = options.structured != 'auto'
        self._is_enforced = False
        self._has_bounds = True
        self._length_parameter = 'max_tokens'
        self._has_system_role = True
        self._needs_length = options.budget.tokens is not None or options.budget.usd is not None

    def build_body(
        self,
        payload: Payload,
        schema_name: str,
        n_invalid: int,
        left_out: tuple[str, ...] = (),
        is_streamed: bool = False,
    ) -> dict[str, Any]:
        """Return the JSON body of an HTTP request.

        Args:
            payload: ``{model, messages, schema, parameters}``.
            schema_name: name of the schema.
            n_invalid: number of answers so far that could not be used. It is added to the seed, because a server that
                supports the seed would otherwise repeat its answer.
            left_out: parameters from ``next_trial``, which this request does not have.
            is_streamed: whether the answer is to arrive piece by piece.
        """
        parameters = payload['parameters']
        seed = parameters['seed']
        optional = {
            'temperature': parameters['temperature'],
            'seed': None if seed is None else seed + n_invalid,
            self._length_parameter: parameters['max_tokens'],
        }
        body = {'model': payload['model'], 'messages': payload['messages'], **parameters.get('extra', {})}
        for name, value in optional.items():
            if value is not None and name not in self.omitted and name not in left_out:
                body[name] = value
        if 'logprobs' in parameters:
            body |= {name: parameters[name] for name in PARAMETERS}
        elif self.form == 'schema' and 'response_format' not in left_out:
            schema = payload['schema'] if self._has_bounds else without_bounds(payload['schema'])
            body['response_format'] = response_format(schema_name, schema)
        else:
            body['messages'] = with_schema_in_prompt(body['messages'], payload['schema'])
        if not self._has_system_role:
            body['messages'] = merge_system_message(body['messages'])
        if is_streamed and 'logprobs' not in parameters and self.streams and 'stream' not in left_out:
            body['stream'] = True
            if self._has_stream_options:
                body['stream_options'] = {'include_usage': True}
        return body

    def adapt(self, body: dict[str, Any], status: int, error: ErrorBody) -> str | None:
        """Change the form of all further requests if the server refuses a part that they can do without.

        Args:
            body: body of the refused request.
            status: HTTP status.
            error: body of the server's response.

        Returns:
            The refused part: ``schema``, ``system`` or a parameter; None if the server refused something else.

        Raises:
            UserError: the server refuses a parameter that the options require.
        """
        if status not in _REFUSALS:
            return None
        reason = f'{status}: {error.message}'
        own = {'model', 'messages', 'max_completion_tokens', *_STREAM_NAMES}
        extra: dict[str, tuple[str, ...]] = dict.fromkeys(body.keys() - _NAMES.keys() - own, ())
        if 'stream' in body and (stream_name := error.named(_NAMES | extra | _STREAM_NAMES)) in _STREAM_NAMES:
            if stream_name == 'stream_options' and stream_name in body:
                self._has_stream_options = False
            else:
                self.stop_streaming(reason)
            return 'stream'
        name = error.named(_NAMES | extra)
        if status >= 500 and name != 'response_format' and not _SCHEMA_COMPLAINT.search(error.message):
            return None
        if name in PARAMETERS:
            raise UserError(
                f'llm.prompt: ranks by log-probabilities, but the server refuses {name} ({reason}); choose a server '
                'that gives them (llama.cpp, vLLM, OpenAI), or another prompt'
            )
        if name in extra:
            raise UserError(f'llm.extra.{name}: the server refuses it ({reason}); remove it or change its value')
        if name == 'max_tokens' or 'max_completion_tokens' in error.message:
            return self._adapt_length(body, reason)
        if name in body and name != 'response_format':
            self._omit(name, reason)
            return name
        if 'response_format' in body and (name == 'response_format' or _SCHEMA_COMPLAINT.search(error.message)):
            if _has_bounds(body):
                self._drop_bounds(reason)
                return 'schema'
            if self._is_fixed:
                raise UserError(
                    f'llm.structured: schema, but the server rejects schemas ({reason}); '
                    'set llm.structured to auto or json'
                )
            self._fall_back(reason)
            return 'schema'
        if status == 400 and _SYSTEM_COMPLAINT.search(error.message) and body['messages'][0]['role'] == 'system':
            self._merge_system(reason)
            return 'system'
        return None

    def is_outdated(self, body: dict[str, Any]) -> bool:
        """Return whether a body has a part that is no longer sent.

        The server has refused this part in another request in the meantime.
        """
        return (
            any(name in body for name in self.omitted)
            or ('max_tokens' in body and self._length_parameter != 'max_tokens')
            or ('response_format' in body and self.form == 'json')
            or (not self._has_system_role and body['messages'][0]['role'] == 'system')
            or ('stream' in body and not self.streams)
            or ('stream_options' in body and not self._has_stream_options)
        )

    def next_trial(
        self,
        left_out: tuple[str, ...],
        status: int,
        error: ErrorBody,
        is_streamed: bool = False,
    ) -> tuple[str, ...] | None:
        """Return which parameters to leave out of a request that a server refused without naming one.

        Args:
            left_out: parameters that the refused request did not have, from the last call.
            status: HTTP status.
            error: body of the server's answer.
            is_streamed: whether the answer was to arrive piece by piece.

        Returns:
            ``left_out`` and one more parameter; None if the request must not be tried again.
        """
        if is_streamed and status in _REFUSALS and status not in (400, 422) and 'stream' not in left_out:
            return (*left_out, 'stream')
        if status < 500 and (status not in (400, 422) or _SIZE_COMPLAINT.search(error.message)):
            return None
        has_schema = self.form == 'schema' and not self._is_fixed
        names = [
            name
            for name in (_TRIALS[:1] if status >= 500 else _TRIALS)
            if name not in self.omitted and (has_schema or name != 'response_format')
        ]
        if is_streamed or 'stream' in left_out:
            names.insert(0, 'stream')
        return tuple(names[: len(left_out) + 1]) if len(left_out) < len(names) else None

    def adopt(self, left_out: tuple[str, ...], reason: str) -> None:
        """Leave these parameters out of all further requests.

        Call this if the server refused a request with them and then answered the same request without them.

        Args:
            left_out: parameters that the answered request did not have.
            reason: reason for which the server refused the request with them.
        """
        for name in left_out:
            if name == 'response_format':
                self._fall_back(reason)
            elif name == 'stream':
                self.stop_streaming(reason)
            else:
                self._omit(name, reason)

    def stop_streaming(self, reason: str) -> None:
        """Request whole answers from now on, because the server does not send them piece by piece."""
        if self.streams:
            self.streams = False
            logger.info(f'[LLM: the server does not stream its answers ({reason}); they are shown when they are whole]')

    def check_enforcement(self, response: Response, answer: ParsedAnswer) -> None:
        """Infer from an answer whether the server enforces JSON schemas."""
        if response.form != 'schema':
            return
        if answer.is_exact:
            self._is_enforced = True
        elif answer.status == 'invalid' and not self._is_enforced and not self._is_fixed:
            self._fall_back(f'its answer {answer.detail}')

    def _adapt_length(self, body: dict[str, Any], reason: str) -> str | None:
        """Rename the parameter of the maximum length, or leave it out. Do nothing if only its value was refused."""
        if _SIZE_COMPLAINT.search(reason) or _VALUE_COMPLAINT.search(reason):
            return None
        if 'max_tokens' in body:
            self._length_parameter = 'max_completion_tokens'
            return 'max_tokens'
        if 'max_completion_tokens' not in body:
            return None
        if self._needs_length:
            raise UserError(
                f'llm.budget: the server accepts no maximum length of an answer ({reason}), so that limits on tokens '
                'and usd cannot be kept; set them to null, or limit llm.budget.calls'
            )
        self._omit('max_completion_tokens', reason)
        return 'max_completion_tokens'

    def _omit(self, name: str, reason: str) -> None:
        if name not in self.omitted:
            self.omitted.append(name)
            logger.warning(f'[LLM: the server refuses the parameter {name} ({reason}); it is not sent any more]')

    def _drop_bounds(self, reason: str) -> None:
        if self._has_bounds:
            self._has_bounds = False
            logger.warning(
                f'[LLM: the server refuses the schema ({reason}); from now on it is sent without bounds on numbers and '
                'lengths]'
            )

    def _merge_system(self, reason: str) -> None:
        if self._has_system_role:
            self._has_system_role = False
            logger.warning(
                f'[LLM: the server refuses system messages ({reason}); the user message has their text from now on]'
            )

    def _fall_back(self, reason: str) -> None:
        if not self.fell_back:
            self.form, self.fell_back = 'json', True
            logger.warning(
                f'[LLM: the server does not enforce JSON schemas ({reason}); the prompt asks for JSON instead]'
            )


def _has_bounds(body: dict[str, Any]) -> bool:
    """Return whether the body of a request has a schema with bounds on numbers or lengths."""
    schema = body.get('response_format', {}).get('json_schema', {}).get('schema')
    return without_bounds(schema) != schema
