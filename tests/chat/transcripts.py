"""The table of labelled messages, ``transcripts.tsv``."""

from pathlib import Path
from typing import Iterator

from benchmarks.understanding import messages
from benchmarks.understanding.messages import Message
from crslab_causal.chat.films.facts import FilmFacts
from crslab_causal.chat.understanding.interpreter import Interpreter
from crslab_causal.chat.understanding.meaning import Understanding


def read_transcripts() -> list[Message]:
    """Return the messages of the table."""
    return messages.read_messages(Path(__file__).with_name('transcripts.tsv'))


def understand_all(interpreter: Interpreter, facts: FilmFacts) -> Iterator[tuple[Message, Understanding]]:
    """Yield each message with what the interpreter understands, in the state of its conversation."""
    return messages.understand_all(interpreter, facts, read_transcripts(), repeats_list=True)
