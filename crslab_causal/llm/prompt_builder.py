"""Build the messages for a language model, and the schema of its answer, from a request."""

from __future__ import annotations

from typing import Mapping

from crslab_causal.base.errors import UserError
from crslab_causal.llm.answer import LABELS, Answer, LabelAnswer, bounded_schema
from crslab_causal.llm.examples import ExampleIndex
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.prompt_blocks import (
    MAX_CHARACTERS,
    candidates_block,
    conversation_block,
    examples_block,
    mentions_block,
)
from crslab_causal.llm.prompting import Prompt
from crslab_causal.llm.request import RerankRequest


class PromptBuilder:
    """Fills in the placeholders of a prompt for each request.

    Args:
        prompt: the prompt.
        options: section ``llm``.
        names: name of each entity id, for ``$mentions``.
        examples: examples for ``$examples``; None if the prompt shows none.

    Raises:
        UserError: the options turn off an anchor that the prompt does not have.
    """

    def __init__(
        self,
        prompt: Prompt,
        options: LLMOptions,
        names: Mapping[int, str],
        examples: ExampleIndex | None = None,
    ):
        self.prompt, self._options, self._names, self._examples = prompt, options, names, examples
        if not options.anchor and prompt.anchor is None:
            raise UserError(
                f"llm.anchor: false, but prompt {prompt.name} has no part '--- anchor ---'; set llm.anchor to true, or "
                'choose a prompt that has one'
            )

    def build(
        self,
        request: RerankRequest,
        max_characters: int = MAX_CHARACTERS,
    ) -> tuple[list[dict[str, str]], type[Answer]]:
        """Return the messages of a request, and the schema of its answer.

        Args:
            request: request whose context is detokenized text, see :func:`.build_rerank_request`.
            max_characters: maximum length of the conversation, see :func:`.conversation_block`.

        Raises:
            UserError: the prompt has a placeholder without a value.
        """
        options, candidates = self._options, request.candidates
        n_ranked = min(options.ranked or len(candidates), len(candidates))
        labels = LABELS if issubclass(self.prompt.answer, LabelAnswer) else None
        values = {
            'conversation': conversation_block(request.context, max_characters),
            'mentions': mentions_block(request, self._names),
            'candidates': candidates_block(candidates, labels=labels) if candidates else None,
            'candidates_with_facts': candidates_block(candidates, True, labels) if candidates else None,
            'n_candidates': len(candidates),
            'n_ranked': n_ranked,
            'examples': self._examples_block(request),
            'n_titles': options.titles,
            'anchor': self.prompt.anchor if options.anchor else '',
        }
        return (
            self.prompt.fill(values),
            bounded_schema(self.prompt.answer, len(candidates), n_ranked, options.titles),
        )

    def _examples_block(self, request: RerankRequest) -> str | None:
        if self._examples is None:
            return None
        return examples_block(self._examples.similar(request), list(self.prompt.answer.model_fields))
