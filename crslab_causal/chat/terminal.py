"""The chat in the terminal: read messages and commands, print the answers."""

from __future__ import annotations

import io
import sys
from typing import Iterator

from crslab_causal.chat.conversation import Conversation
from crslab_causal.chat.spinner import with_spinner

MAX_CHARACTERS = 10_000
"""Maximum length of a message. The rest of a longer message is ignored."""
HELP = (
    'Say which films, people and genres you like or do not like, what you have seen, and what you want to see.\n'
    'Ask "who is in it?", "what is it about?", "something else?".\n'
    "/why explains the last recommendation, /mask shows the recommender's list without your last mention,\n"
    '/forget lists what you asked for, /forget 1 takes the first of it back,\n'
    '/reset starts over, /quit ends.'
)
_HINT = '(Ctrl-C again, Ctrl-D or /quit ends the chat.)'


def chat(conversation: Conversation) -> None:
    """Read lines from the standard input and print the answers until ``/quit``, the end of the input, or two Ctrl-C.

    Ctrl-C during an answer ends the answer, not the conversation.
    """
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors='replace')  # text in a wrong encoding must not end the conversation
    _enable_line_editing()
    print(HELP)
    print(f'Answers by: {conversation.pipeline.backend.name}')
    was_interrupted = False
    while True:
        try:
            text = input('> ').strip()
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            print()
            if was_interrupted:
                return
            was_interrupted = True
            print(_HINT)
            continue
        was_interrupted = False
        if text.lower() == '/quit':
            return
        try:
            for line in with_spinner(_answer(conversation, text), sys.stdout):
                print(_printable(line))
        except KeyboardInterrupt:
            print('\n(Stopped. Go on, or /quit.)')


def _enable_line_editing() -> None:
    """Let ``input`` edit lines and recall earlier ones by the arrow keys, where the platform can."""
    try:
        import readline  # noqa: F401  importing it is enough
    except ImportError:  # Windows has its own line editing
        pass


def _answer(conversation: Conversation, text: str) -> Iterator[str]:
    """Return the lines of the answer to a message or a command."""
    command, _, argument = text.partition(' ')
    command = command.lower()
    if not text:
        return
    if command == '/reset':
        conversation.reset()
        yield 'Let us start over.'
    elif command == '/why':
        yield from conversation.why()
    elif command == '/mask':
        yield from conversation.mask()
    elif command == '/forget':
        yield from conversation.forget(argument)
    elif command.startswith('/'):
        yield HELP if command == '/help' else f'There is no command {command[:20]}. {HELP}'
    else:
        if len(text) > MAX_CHARACTERS:
            yield f'(I read the first {MAX_CHARACTERS:,} characters only.)'
        yield from conversation.respond(text[:MAX_CHARACTERS])


def _printable(line: str) -> str:
    """Return the line without control characters: a model could write terminal commands."""
    return ''.join(char if char.isprintable() or char == '\n' else ' ' for char in line)
