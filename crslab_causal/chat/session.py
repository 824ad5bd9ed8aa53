"""A chat session: a conversation whose messages can be undone, saved and replayed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator

from crslab_causal.base.json_lines import read_json_lines
from crslab_causal.base.options import Options
from crslab_causal.chat.conversation import Conversation, Snapshot
from crslab_causal.chat.reply import DraftLine
from crslab_causal.llm.client.answer_parser import replace_surrogates

MAX_CHARACTERS = 10_000
"""Maximum length of a message. The rest of a longer message is ignored."""


@dataclass
class Turn:
    """A message, or a command that takes a constraint back, and the lines of the reply."""

    text: str
    lines: list[str] = field(default_factory=list)
    list_anew: bool = False
    """Whether a new list follows a command that takes something back."""


class ChatSession:
    """A conversation and its transcript.

    Args:
        conversation: a conversation in which nothing was said yet.
    """

    def __init__(self, conversation: Conversation):
        self.conversation = conversation
        self.turns: list[Turn] = []
        """Turns of the transcript. A command ``/forget ...`` is a turn, too."""
        self._before: list[Snapshot] = []

    def reset(self) -> None:
        """Start a new conversation with an empty transcript."""
        self.conversation.reset()
        self.turns, self._before = [], []

    def say(self, text: str, *, drafts: bool = False) -> Iterator[str]:
        """Yield the lines of the reply to a message, with drafts as in :meth:`.Conversation.respond`."""
        text = replace_surrogates(text)
        if len(text) > MAX_CHARACTERS:
            yield f'(I read the first {MAX_CHARACTERS:,} characters only.)'
            text = text[:MAX_CHARACTERS]
        yield from self._record(Turn(text), self.conversation.respond(text, drafts=drafts))

    def forget(self, text: str, *, list_anew: bool = False) -> Iterator[str]:
        """Take constraints or a mention back, and yield the lines that say so; see :meth:`.Conversation.forget`.

        Args:
            text: what is taken back.
            list_anew: whether a new list follows if something was taken back.
        """
        if text.strip():
            lines = self._forget_and_list(text) if list_anew else self.conversation.forget(text)
            yield from self._record(Turn(f'/forget {text.strip()}', list_anew=list_anew), lines)
        else:
            yield from self.conversation.forget(text)

    def _forget_and_list(self, text: str) -> Iterator[str]:
        before = self.conversation.snapshot().state
        yield from self.conversation.forget(text)
        now = self.conversation.state
        if len(now.constraints) < len(before.constraints) or len(now.opinions) < len(before.opinions):
            yield from self.conversation.list_anew()

    def undo(self) -> Turn | None:
        """Undo the last turn, and return it. Return None if the conversation has no turn."""
        if not self.turns:
            return None
        self.conversation.restore(self._before.pop())
        return self.turns.pop()

    def transcript(self) -> str:
        """Return the transcript as JSON lines, one for each turn."""
        rows = (
            {'text': turn.text, 'lines': turn.lines} | ({'list_anew': True} if turn.list_anew else {})
            for turn in self.turns
        )
        return ''.join(json.dumps(row, ensure_ascii=False) + '\n' for row in rows)

    def save(self, path: Path) -> None:
        """Write the transcript to a file, see :meth:`transcript`.

        Raises:
            FileExistsError: the file exists.
        """
        with path.open('x', encoding='utf-8') as file:
            file.write(self.transcript())

    def replay(self, path: Path) -> Iterator[tuple[Turn, Iterator[str]]]:
        """Start over, and yield each turn of a saved transcript with the lines of the new reply to it.

        Raises:
            UserError: the file cannot be read, or is not a transcript.
        """
        turns = read_transcript(path)
        self.reset()
        for turn in turns:
            command, _, argument = turn.text.partition(' ')
            if command == '/forget':
                yield turn, self.forget(argument, list_anew=turn.list_anew)
            else:
                yield turn, self.say(turn.text)

    def _record(self, turn: Turn, lines: Iterator[str]) -> Iterator[str]:
        """Add a turn to the transcript, yield the lines of the reply, and add them to the turn.

        If a reply is stopped, the lines so far are added.
        """
        self._before.append(self.conversation.snapshot())
        self.turns.append(turn)
        for line in lines:
            if not isinstance(line, DraftLine):
                turn.lines.append(line)
            yield line


def read_transcript(path: Path) -> list[Turn]:
    """Read the turns that :meth:`ChatSession.save` has written.

    Raises:
        UserError: the file cannot be read, or is not a transcript. The message names the line.
    """
    saved = read_json_lines(path, _SavedTurn, 'name a file that /save has written', skip_blank=False)
    return [Turn(turn.text, turn.lines, turn.list_anew) for _, turn in saved]


class _SavedTurn(Options, extra='ignore'):
    """A line of a saved transcript: the fields of a :class:`Turn`."""

    text: str
    lines: list[str]
    list_anew: bool = False
