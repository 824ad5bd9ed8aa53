"""Estimate the cost of a run before its first request."""

from __future__ import annotations

import statistics
from typing import Any, Iterable, NamedTuple

from pydantic import BaseModel

from crslab_causal.llm.client.addresses import default_concurrency, is_local, server_url
from crslab_causal.llm.client.answer_parser import parse_answer
from crslab_causal.llm.client.answer_policy import reason_to_ask_again
from crslab_causal.llm.client.budget import cost_usd
from crslab_causal.llm.client.record import Payload, cache_key
from crslab_causal.llm.client.store import MemoryStore
from crslab_causal.llm.client.token_counts import count_tokens
from crslab_causal.llm.options import LLMOptions

TOKENS_PER_SECOND = {'remote': 50, 'local': 10}
"""Assumed speed of an answer, in output tokens per second and request, if the store has no answer of the model."""

_CHARACTERS_PER_TOKEN = 4
_CHARACTERS_PER_TOKEN_OF_NAMES = 3
"""Characters per token of a prompt. A prompt has many names of films and people, whose tokens are shorter than those of
plain English."""
_FILLED = 0.5
"""Expected length of a text, as a share of the maximum length in the schema."""
_TOKENS_OF_A_NUMBER = 3
_TOKENS_OF_A_KEY = 6


class Estimate(NamedTuple):
    """The requests of a run and their probable cost. One request is assumed for each answer."""

    prompts: int
    """Number of prompts of the run."""
    answered: int
    """Number of prompts that need no request: the store has a final answer, or the prompt equals an earlier one."""
    input_tokens: int
    output_tokens: int
    max_output_tokens: int | None
    """Output tokens if every answer is as long as ``llm.max_tokens`` allows; None if there is no limit."""
    usd: float | None
    """Expected cost in USD; None if the model has no price."""
    max_usd: float | None
    """Cost in USD if every answer is as long as possible; None if the model has no price or there is no limit."""
    seconds: float
    is_measured: bool
    """Whether tokens and speed are measured on the answers in the store."""

    @property
    def calls(self) -> int:
        """Number of requests that the run will send."""
        return self.prompts - self.answered

    def line(self) -> str:
        """Return the estimate as one line."""
        if not self.calls:
            return f'{self.prompts} prompts, all answered by the store: nothing to send'
        known = f', {self.answered} answered by the store or equal' if self.answered else ''
        usd = 'no price in llm.prices' if self.usd is None else f'about {self.usd:.2f} USD'
        usd += '' if self.max_usd is None else f' (at most {self.max_usd:.2f})'
        basis = 'as the answers in the store' if self.is_measured else 'tokens and speed of the answers are assumed'
        return (
            f'{self.prompts} prompts{known}: {self.calls} requests, about {self.input_tokens} input and '
            f'{self.output_tokens} output tokens, {usd}, about {format_seconds(self.seconds)} ({basis})'
        )


def estimate_run(
    options: LLMOptions,
    store: MemoryStore,
    payloads: Iterable[tuple[Payload, type[BaseModel]]],
) -> Estimate:
    """Estimate the cost of prompts. Nothing is sent.

    Args:
        options: section ``llm``.
        store: answers so far.
        payloads: payload and schema of each prompt.
    """
    prompts, missing = 0, {}
    lengths, latencies, shares = [], [], []
    for payload, schema in payloads:
        prompts += 1
        key = cache_key(payload)
        responses = store.responses(key)
        answers = [parse_answer(response, schema) for response in responses]
        if not answers or reason_to_ask_again(answers, payload) is not None:
            missing[key] = payload
        for response in responses[-1:]:
            lengths.append(count_tokens(payload, response).output)
            latencies.append(response.latency_s)
            shares.append(count_tokens(payload, response).input / _prompt_length(payload))
    limit = next((payload['parameters']['max_tokens'] for payload in missing.values()), options.max_tokens)
    share = statistics.fmean(shares) if shares else 1 / _CHARACTERS_PER_TOKEN_OF_NAMES
    n_input = round(share * sum(map(_prompt_length, missing.values())))
    if lengths:
        length, latency = statistics.fmean(lengths), statistics.fmean(latencies)
    else:
        schemas = [payload['schema'] for payload in missing.values()]
        length = statistics.fmean(map(_expected_length, schemas)) if schemas else 0.0
        length = length if limit is None else min(length, limit)
        latency = length / TOKENS_PER_SECOND['local' if is_local(server_url(options)) else 'remote']
    price = options.prices.get(options.model)
    n_output, n_max_output = round(length * len(missing)), None if limit is None else limit * len(missing)
    return Estimate(
        prompts=prompts,
        answered=prompts - len(missing),
        input_tokens=n_input,
        output_tokens=n_output,
        max_output_tokens=n_max_output,
        usd=cost_usd(price, n_input, n_output),
        max_usd=None if n_max_output is None else cost_usd(price, n_input, n_max_output),
        seconds=latency * len(missing) / default_concurrency(options),
        is_measured=bool(lengths),
    )


def format_seconds(seconds: float) -> str:
    """Return a duration in the unit that suits it: ``40 s``, ``12 min`` or ``3.5 h``."""
    if seconds < 90:
        return f'{seconds:.0f} s'
    return f'{seconds / 60:.0f} min' if seconds < 5400 else f'{seconds / 3600:.1f} h'


def _prompt_length(payload: Payload) -> int:
    """Return the length of a prompt in characters."""
    return sum(len(message['content']) for message in payload['messages'])


def _expected_length(schema: dict[str, Any]) -> float:
    """Return the expected length of an answer in tokens, from the bounds of its schema."""
    if schema.get('type') == 'object':
        return sum(_TOKENS_OF_A_KEY + _expected_length(entry) for entry in schema['properties'].values())
    if schema.get('type') == 'array':
        return schema.get('maxItems', 1) * _expected_length(schema.get('items', {}))
    if schema.get('type') == 'string':
        return _FILLED * schema.get('maxLength', 400) / _CHARACTERS_PER_TOKEN
    return _TOKENS_OF_A_NUMBER
