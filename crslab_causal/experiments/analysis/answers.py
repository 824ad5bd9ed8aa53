"""Read and write the answers of systems, and the contexts that they answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterable, Mapping

from crslab_causal.base import artifacts
from crslab_causal.base.errors import UserError
from crslab_causal.base.json_lines import read_json_lines
from crslab_causal.base.options import Options
from crslab_causal.llm.detokenization import detokenize

Turn = tuple[str, int]
"""Key of a turn: id of the conversation and number of the turn."""
Sample = tuple[str, int, int]
"""Key of a sample: conversation, turn and label. A turn that recommends several items has several samples."""

ANSWER_FILES = (artifacts.llm_file, artifacts.responses_file)
"""Functions that return the name of the file of answers in the folder of a run, for CausalLLM and for a model with a
decoder."""
NAME_A_RUN = 'name the llm_<split>.jsonl or responses_<split>.jsonl of a run'
"""Advice in error messages: name the folder of a run."""


class Context(Options):
    """The turns before a response, and the response of the human recommender. It is a line of a file of contexts."""

    conversation: str
    turn: int
    context: list[tuple[str, str]]
    """Role of the speaker and text of each turn."""
    reference: str
    """Response that the human recommender gave."""


class Answer(Options, extra='ignore'):
    """The fields that are read from a line of ``llm_<split>.jsonl`` or ``responses_<split>.jsonl``: a system's answer.

    The fields with a default occur in ``llm_<split>.jsonl`` only.
    """

    conversation: str
    turn: int
    label: int
    """Entity id of the item that the human recommender names."""
    response: str
    status: str = 'ok'
    backend: str = 'a trained decoder'
    explanation: str = ''
    ranking: list[int] = []
    """Entity ids of the re-ranked candidates, best first."""
    recommended: int | None = None
    """Entity id of the first item of the recommender's list, for a model with a decoder."""
    rank_before: int | None = None
    """Rank of the label among the candidates before re-ranking; None if it is not a candidate."""
    rank_after: int | None = None
    """Rank of the label among the candidates after re-ranking; None if it is not a candidate."""

    @property
    def sample(self) -> Sample:
        """Key of the sample that the answer belongs to."""
        return self.conversation, self.turn, self.label


def build_contexts(samples: Iterable[Mapping[str, Any]], name_of_token: Mapping[str, str]) -> dict[Turn, Context]:
    """Return the context of each turn that occurs in ``samples``.

    Args:
        samples: samples of a :class:`.MentionDataset` or of a dataloader.
        name_of_token: names that replace ``@`` tokens, from :func:`.token_names`.
    """
    turns = {(sample['conv_id'], sample['turn']): sample for sample in samples}
    return {
        turn: Context(
            conversation=turn[0],
            turn=turn[1],
            reference=detokenize(sample['response_text'], name_of_token),
            context=[(role, detokenize(text, name_of_token)) for role, text in sample['context_text']],
        )
        for turn, sample in turns.items()
    }


def read_contexts(path: Path) -> dict[Turn, Context]:
    """Read a file of contexts, and return them by conversation and turn.

    Raises:
        UserError: the file cannot be read, or a line is not a context or repeats another one.
    """
    contexts: dict[Turn, Context] = {}
    for number, context in read_json_lines(path, Context, 'write it with the command contexts'):
        if not context.context:
            raise UserError(f'{path}, line {number}: context is empty; leave out turns without a turn before them')
        if contexts.setdefault((context.conversation, context.turn), context) is not context:
            raise UserError(
                f'{path}, line {number}: turn {context.turn} of conversation {context.conversation} '
                'repeats an earlier line; remove one of them'
            )
    return contexts


def read_answers(path: Path) -> list[Answer]:
    """Read the answers of a run, one for each sample, in the order of the file.

    Raises:
        UserError: the file cannot be read, or a line is not an answer.
    """
    return [answer for _, answer in read_json_lines(path, Answer, NAME_A_RUN)]
