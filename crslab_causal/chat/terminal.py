"""The chat in the terminal: read messages and commands, print the answers."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Iterator

from crslab_causal.base.errors import UserError
from crslab_causal.base.optional_packages import INSTALL_ENCODER
from crslab_causal.chat.conversation import Conversation
from crslab_causal.chat.live_output import print_reply
from crslab_causal.chat.session import ChatSession

HELP = (
    'Say which films, people and genres you like or do not like, what you have seen, and what you want to see.\n'
    'Ask "who is in it?", "who directed it?", "something else?".\n'
    "/why explains the last recommendation, /mask shows the recommender's list without your last mention,\n"
    '/list shows the last list again, /undo takes your last message back,\n'
    '/forget lists what you asked for, /forget 1 takes the first of it back,\n'
    '/save FILE writes the conversation to a new file, /replay FILE holds a saved conversation again,\n'
    '/reset starts over, /help shows this, /quit ends.'
)
_MORE = f'The chat understands more with a sentence encoder: {INSTALL_ENCODER}'
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
    if conversation.interpreter.encoder is None:
        print(_MORE)
    session = ChatSession(conversation)
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
            print_reply(_answer(session, text), sys.stdout)
        except KeyboardInterrupt:
            print('\n(Stopped. Go on, or /quit.)')


def _enable_line_editing() -> None:
    """Let ``input`` edit lines and recall earlier ones with the arrow keys, if the platform supports it."""
    try:
        import readline  # noqa: F401  importing it is enough
    except ImportError:  # Windows has its own line editing
        pass


def _answer(session: ChatSession, text: str) -> Iterator[str]:
    """Return the lines of the answer to a message or a command."""
    conversation = session.conversation
    command, _, argument = text.partition(' ')
    argument = argument.strip()
    match command.lower():
        case '':
            return
        case '/reset':
            session.reset()
            yield 'Let us start over.'
        case '/why':
            yield from conversation.why()
        case '/mask':
            yield from conversation.mask()
        case '/list':
            yield from conversation.list_again()
        case '/forget':
            yield from session.forget(argument)
        case '/undo':
            turn = session.undo()
            yield f'Undid your message "{_shorten(turn.text)}".' if turn else 'There is no message to undo.'
        case '/save':
            yield _save(session, argument)
        case '/replay':
            yield from _replay(session, argument)
        case '/help':
            yield HELP
        case other if other.startswith('/'):
            yield f'There is no command {other[:20]}. {HELP}'
        case _:
            yield from session.say(text, drafts=sys.stdout.isatty())


def _save(session: ChatSession, name: str) -> str:
    """Save the transcript, and return a line that says where, or why it was not saved."""
    if not name:
        return 'Name a file: /save chat.jsonl'
    if not session.turns:
        return 'Nothing was said yet.'
    try:
        session.save(Path(name))
    except FileExistsError:
        return f'{name} exists; name another file.'
    except (OSError, ValueError) as error:  # a ValueError: the name has a null byte
        return f'{name}: {getattr(error, "strerror", None) or error}'
    n = len(session.turns)
    return f'Saved {n} message{"s" if n > 1 else ""} in {name}.'


def _replay(session: ChatSession, name: str) -> Iterator[str]:
    """Repeat a saved conversation, and yield its lines."""
    if not name:
        yield 'Name a file: /replay chat.jsonl'
        return
    n_turns, changed = 0, 0
    try:
        for turn, lines in session.replay(Path(name)):
            yield f'> {turn.text}'
            replied = []
            for line in lines:
                replied.append(line)
                yield line
            n_turns, changed = n_turns + 1, changed + (replied != turn.lines)
    except UserError as error:
        yield str(error)
        return
    yield f'(Replayed {n_turns}; {changed or "none"} of the replies changed.)'


def _shorten(text: str) -> str:
    return text if len(text) <= 60 else f'{text[:59]}…'
