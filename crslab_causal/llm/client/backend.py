"""The backend of the modes ``live`` and ``replay``: a language model behind a server, or its recorded answers."""

from __future__ import annotations

from contextlib import closing
from typing import Any, ClassVar, Iterator, Self, Sequence

from crslab_causal.llm.backends import Backend
from crslab_causal.llm.catalogue import CatalogueInfo
from crslab_causal.llm.client.addresses import OPENAI_URL, is_openai, server_url
from crslab_causal.llm.client.answer_parser import without_thoughts
from crslab_causal.llm.client.client import LLMClient
from crslab_causal.llm.client.estimate import Estimate
from crslab_causal.llm.client.partial_answer import read_beginning
from crslab_causal.llm.client.result import Completion
from crslab_causal.llm.examples import ExampleIndex
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.prompt_builder import PromptBuilder
from crslab_causal.llm.prompting import Prompt
from crslab_causal.llm.request import RerankRequest


class LLMBackend(Backend):
    """A backend that sends the messages of a prompt to a language model.

    Args:
        client: open client; ``close`` closes it.
        prompts: makes the messages of a request.
    """

    uses_prompt: ClassVar[bool] = True

    def __init__(self, client: LLMClient, prompts: PromptBuilder):
        self._client, self._prompts = client, prompts

    @classmethod
    def build(
        cls,
        options: LLMOptions,
        catalogue: CatalogueInfo,
        prompt: Prompt,
        examples: ExampleIndex | None,
    ) -> Self:
        """Connect to the language model that ``options`` name."""
        prompts = PromptBuilder(prompt, options, catalogue.names, examples)
        return cls(LLMClient(options), prompts)

    @property
    def name(self) -> str:
        """Model and address of the server, and whether its answers are replayed."""
        options = self._client.options
        is_replay = options.mode == 'replay'
        url = options.base_url or OPENAI_URL if is_replay else server_url(options)
        return f'{options.model} at {"api.openai.com" if is_openai(url) else url}{", replayed" if is_replay else ""}'

    def answer(self, requests: Sequence[RerankRequest]) -> Iterator[Completion]:
        """Return one completion for each request, in the order of the requests."""
        yield from self._client.run([self._prompts.build(request) for request in requests])

    def stream(self, request: RerankRequest) -> Iterator[str | Completion]:
        """Yield the part of the response that is written so far, and at the end the completion."""
        messages, schema = self._prompts.build(request)
        with closing(self._client.stream(messages, schema)) as pieces:
            for piece in pieces:
                if isinstance(piece, str):
                    yield read_beginning(without_thoughts(piece), schema, 'response')
                else:
                    yield piece

    def estimate(self, requests: Sequence[RerankRequest]) -> Estimate:
        """Estimate the cost of the answers."""
        return self._client.estimate(self._prompts.build(request) for request in requests)

    def export(self, requests: Sequence[RerankRequest], path: str) -> dict[str, int]:
        """Write the requests that have no answer yet for a Batch API, and return their number in each file."""
        return self._client.export((self._prompts.build(request) for request in requests), path)

    def summary(self) -> dict[str, Any]:
        """Return usage and budget of the client."""
        return {'usage': self._client.usage.summary(), 'budget': self._client.balance.summary()}

    def close(self, give_up: bool = False) -> None:
        """Wait for the answers in flight or, with ``give_up``, cancel them. Then close connections and store."""
        self._client.close(give_up)
