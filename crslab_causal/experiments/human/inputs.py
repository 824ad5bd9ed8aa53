"""What a kit is made of: conversations up to a turn, and what each system answered to them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Iterable, Mapping, NamedTuple, TypeVar

from pydantic import ValidationError

from crslab_causal.errors import UserError
from crslab_causal.evaluator.report import save_records
from crslab_causal.experiments.human.form import mistake
from crslab_causal.llm.examples import readable
from crslab_causal.strict import Options

REFERENCE = 'reference'
"""Instead of a file: the responses of the data."""

Turn = tuple[str, int]
"""Conversation and turn."""
Sample = tuple[str, int, int]
"""Conversation, turn and label, as a turn that recommends several items is several samples."""


class Context(Options):
    """A line of the contexts file: the turns before a response, and the response of the data."""

    conversation: str
    turn: int
    context: list[tuple[str, str]]
    """(role, text)."""
    reference: str


class Answer(Options, extra='ignore'):
    """What is read of a line of ``llm_<split>.jsonl``."""

    conversation: str
    turn: int
    label: int
    response: str
    status: str
    backend: str


class System(NamedTuple):
    """The usable responses of a system."""

    responses: dict[Sample, str]
    file: str
    sha256: str
    backends: list[str]


Line = TypeVar('Line', bound=Options)


def write_contexts(samples: Iterable[Mapping[str, Any]], path: Path, name_of_token: Mapping[str, str]) -> None:
    """Writes the contexts file, a line for each turn.

    Args:
        samples: of a :class:`.MentionDataset`, or of a dataloader.
        path: where to.
        name_of_token: ``knowledge.name_of_token`` of a system; ``@`` tokens become these names.
    """
    turns = {(sample['conv_id'], sample['turn']): sample for sample in samples}
    save_records(path, ({'conversation': conversation, 'turn': turn,
                         'context': [[role, readable(text, name_of_token)] for role, text in sample['context_text']],
                         'reference': readable(sample['response_text'], name_of_token)}
                        for (conversation, turn), sample in turns.items()))


def read_contexts(path: Path) -> dict[Turn, Context]:
    """The lines of a contexts file by conversation and turn.

    Raises:
        UserError: an unreadable file, or a line that is no context or comes twice.
    """
    contexts: dict[Turn, Context] = {}
    for number, context in _lines(path, Context, 'write it with write_contexts'):
        if not context.context:
            raise UserError(f'{path}, line {number}: context is empty; leave out turns with nothing before them')
        if contexts.setdefault((context.conversation, context.turn), context) is not context:
            raise UserError(f'{path}, line {number}: turn {context.turn} of conversation {context.conversation} '
                            'stands on an earlier line, too; leave one of them')
    return contexts


def read_system(path: Path) -> System:
    """The responses of a run of CausalLLM, without those that its language model did not give.

    Raises:
        UserError: an unreadable file, or a line that is no record.
    """
    responses, backends = {}, {}
    for _, answer in _lines(path, Answer, 'name the llm_<split>.jsonl of a run of CausalLLM'):
        backends[answer.backend] = None
        if answer.status == 'ok' and answer.response.strip():
            responses.setdefault((answer.conversation, answer.turn, answer.label), answer.response)
    return System(responses, str(path), file_hash(path), list(backends))


def reference_system(contexts: Mapping[Turn, Context], samples: Iterable[Sample], path: Path) -> System:
    """The responses of the data, to the samples that others have answered."""
    responses = {sample: contexts[sample[:2]].reference for sample in samples
                 if sample[:2] in contexts and contexts[sample[:2]].reference.strip()}
    return System(responses, REFERENCE, file_hash(path), ['responses of the data'])


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


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
                raise UserError(f'{path}, line {number}: {mistake(error)}; {remedy}') from error
