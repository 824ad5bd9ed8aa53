"""The chat in the terminal: read messages and commands, print the answers."""

from __future__ import annotations

import io
import sys
from typing import Iterator

from crslab_causal.chat.conversation import Conversation

MAX_CHARACTERS = 10_000
"""Maximum length of a message. The rest of a longer message is ignored."""
HELP = (
    'Say which films, people and genres you like or do not like.\n'
    "/why explains the last answer, /mask shows the recommender's list without your last mention,\n"
    '/reset starts over, /quit ends.'
)


def chat(conversation: Conversation) -> None:
    """Read lines from the standard input and print the answers until ``/quit``, the end of the input, or Ctrl-C."""
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors='replace')  # text in a wrong encoding must not end the conversation
    print(HELP)
    print(f'Answers by: {conversation.pipeline.backend.name}')
    try:
        while True:
            text = input('> ').strip()
            if text.lower() == '/quit':
                return
            for line in _answer(conversation, text):
                print(_printable(line))
    except (EOFError, KeyboardInterrupt):
        print()


def _answer(conversation: Conversation, text: str) -> Iterator[str]:
    """Return the lines of the answer to a message or a command."""
    command = text.partition(' ')[0].lower()
    if not text:
        return
    if command == '/reset':
        conversation.reset()
        yield 'Let us start over.'
    elif command == '/why':
        yield from conversation.why()
    elif command == '/mask':
        yield from conversation.mask()
    elif command.startswith('/'):
        yield HELP if command == '/help' else f'There is no command {command[:20]}. {HELP}'
    else:
        if len(text) > MAX_CHARACTERS:
            yield f'(I read the first {MAX_CHARACTERS:,} characters only.)'
        yield from conversation.respond(text[:MAX_CHARACTERS])


def _printable(line: str) -> str:
    """Return the line without control characters: a model could write terminal commands."""
    return ''.join(char if char.isprintable() or char == '\n' else ' ' for char in line)
