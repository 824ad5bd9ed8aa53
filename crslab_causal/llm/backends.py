"""Backends, which explain, re-rank and respond, with a language model or without one.

``llm.mode`` chooses one of ``BACKENDS``.

To add a backend, write a class with the members of :class:`Backend`, and add one entry to ``BACKENDS``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, ClassVar, Iterator, Protocol, Self, Sequence

from pydantic_core import PydanticKnownError

if TYPE_CHECKING:  # the options import this module, and must not load OpenAI's client
    from crslab_causal.llm.catalogue import CatalogueInfo
    from crslab_causal.llm.client.estimate import Estimate
    from crslab_causal.llm.client.result import Completion
    from crslab_causal.llm.examples import ExampleIndex
    from crslab_causal.llm.options import LLMOptions
    from crslab_causal.llm.prompting import Prompt
    from crslab_causal.llm.request import RerankRequest

BACKENDS = {
    'live': 'crslab_causal.llm.client.backend:LLMBackend',
    'replay': 'crslab_causal.llm.client.backend:LLMBackend',
    'offline': 'crslab_causal.llm.offline.backend:OfflineBackend',
}
"""Class of each backend, as ``module:class``."""


class Backend(Protocol):
    """The interface of a backend, which answers requests."""

    uses_prompt: ClassVar[bool]
    """Whether answers are generated from the prompt's messages. If not, the backend ranks the candidates by the fields
    of the request. It then supports neither prompts for titles nor shuffled candidates."""

    @classmethod
    def build(
        cls,
        options: LLMOptions,
        catalogue: CatalogueInfo,
        prompt: Prompt,
        examples: ExampleIndex | None,
    ) -> Self:
        """Make the backend from the section ``llm``.

        Args:
            options: section ``llm`` of the configuration.
            catalogue: facts about the dataset.
            prompt: prompt of ``llm.prompt``.
            examples: examples for the prompt; None if the prompt shows none.

        Raises:
            UserError: the options do not suffice, for example a key is missing.
        """

    @property
    def name(self) -> str:
        """Name of the backend for tables, logs and the chat."""

    def answer(self, requests: Sequence[RerankRequest]) -> Iterator[Completion]:
        """Return one completion for each request, in the order of the requests.

        Args:
            requests: requests with their candidates in the order in which the backend sees them.
        """

    def stream(self, request: RerankRequest) -> Iterator[str | Completion]:
        """Yield the response written so far, several times a second, and at the end the completion.

        Args:
            request: as for :meth:`answer`.
        """
        yield from self.answer([request])

    def estimate(self, requests: Sequence[RerankRequest]) -> Estimate | None:
        """Estimate the cost of the answers; None if they cost nothing.

        Args:
            requests: as for :meth:`answer`.
        """
        return None

    def export(self, requests: Sequence[RerankRequest], path: str) -> dict[str, int]:
        """Write the requests that have no answer yet for a Batch API, and return their number in each file.

        Args:
            requests: as for :meth:`answer`.
            path: file to write, the first one if there are too many requests for one file.
        """
        return {}

    def summary(self) -> dict[str, Any]:
        """Return the usage and the budget as a dict for the results file; empty if answers cost nothing."""

    def close(self, give_up: bool = False) -> None:
        """Release connections and files.

        Args:
            give_up: cancel requests in flight instead of waiting for their answers.
        """


def backend_class(mode: str) -> type[Backend]:
    """Import the class of a backend.

    Args:
        mode: key of ``BACKENDS``.
    """
    module, _, name = BACKENDS[mode].partition(':')
    return getattr(importlib.import_module(module), name)


def check_backend_name(mode: str) -> str:
    """Return ``mode`` if it is a key of ``BACKENDS``, else raise an error. It is used as a pydantic validator."""
    if mode not in BACKENDS:
        *first, last = map(repr, BACKENDS)
        raise PydanticKnownError('literal_error', {'expected': f'{", ".join(first)} or {last}'})
    return mode
