"""What systems answered, and to what: files of contexts, and of answers as runs write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterable, Mapping, TypeVar

from pydantic import ValidationError

from crslab_causal.base.errors import UserError
from crslab_causal.base.options import Options, first_mistake
from crslab_causal.llm.detokenization import detokenize

Turn = tuple[str, int]
"""Conversation and turn."""
Sample = tuple[str, int, int]
"""Conversation, turn and label, as a turn that recommends several items is several samples."""

ANSWER_FILES = ('llm_{split}.jsonl', 'responses_{split}.jsonl')
"""In the folder of a run of CausalLLM, and of a model with a decoder."""
NAME_ONE = 'name the llm_<split>.jsonl or responses_<split>.jsonl of a run'


class Context(Options):
    """A line of the contexts file: the turns before a response, and the response of the data."""

    conversation: str
    turn: int
    context: list[tuple[str, str]]
    """(role, text)."""
    reference: str


class Answer(Options, extra='ignore'):
    """What is read of a line of ``llm_<split>.jsonl`` or ``responses_<split>.jsonl``; the latter lacks what has a default."""

    conversation: str
    turn: int
    label: int
    """Entity id."""
    response: str
    status: str = 'ok'
    backend: str = 'a trained decoder'
    explanation: str = ''
    ranking: list[int] = []
    """Entity ids of the re-ranked candidates, best first."""
    recommended: int | None = None
    """Entity id that the recommender of a model with a decoder puts first."""
    rank_before: int | None = None
    """Of the label among the candidates; None: it is none of them."""
    rank_after: int | None = None

    @property
    def sample(self) -> Sample:
        """Which sample it answers."""
        return self.conversation, self.turn, self.label


Line = TypeVar('Line', bound=Options)


def contexts_of(samples: Iterable[Mapping[str, Any]], name_of_token: Mapping[str, str]) -> dict[Turn, Context]:
    """The contexts of samples, one for each turn.

    Args:
        samples: of a :class:`.MentionDataset`, or of a dataloader.
        name_of_token: from :func:`.token_names`; ``@`` tokens become these names.
    """
    turns = {(sample['conv_id'], sample['turn']): sample for sample in samples}
    return {turn: Context(conversation=turn[0], turn=turn[1], reference=detokenize(sample['response_text'], name_of_token),
                          context=[(role, detokenize(text, name_of_token)) for role, text in sample['context_text']])
            for turn, sample in turns.items()}


def read_contexts(path: Path) -> dict[Turn, Context]:
    """The lines of a contexts file by conversation and turn.

    Raises:
        UserError: an unreadable file, or a line that is no context or comes twice.
    """
    contexts: dict[Turn, Context] = {}
    for number, context in _lines(path, Context, 'write it with the command contexts'):
        if not context.context:
            raise UserError(f'{path}, line {number}: context is empty; leave out turns with nothing before them')
        if contexts.setdefault((context.conversation, context.turn), context) is not context:
            raise UserError(f'{path}, line {number}: turn {context.turn} of conversation {context.conversation} '
                            'stands on an earlier line, too; leave one of them')
    return contexts


def read_answers(path: Path) -> list[Answer]:
    """The answers of a run.

    Raises:
        UserError: an unreadable file, or a line that is no answer.
    """
    return [answer for _, answer in _lines(path, Answer, NAME_ONE)]


def _lines(path: Path, kind: type[Line], remedy: str) -> Iterable[tuple[int, Line]]:
    """Numbered lines of JSON, checked; empty ones are passed over."""
    try:
        lines = path.read_text('utf-8').split('\n')  # splitlines would also cut at U+2028, which JSON may hold
    except OSError as error:
        raise UserError(f'{path}: cannot be read ({error.strerror}); {remedy}') from error
    except UnicodeDecodeError as error:
        raise UserError(f'{path}: is not UTF-8; {remedy}') from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield number, kind.model_validate_json(line)
            except ValidationError as error:
                raise UserError(f'{path}, line {number}: {first_mistake(error)}; {remedy}') from error
