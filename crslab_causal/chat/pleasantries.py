"""Answer what a message says besides films: greetings, thanks, farewells, and words that are not understood."""

from __future__ import annotations

from typing import Collection, Iterator

from crslab_causal.chat.reply import Reply
from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.meaning import Attitude, Understanding
from crslab_causal.chat.understanding.questions import ABOUT_CHAT

NOT_UNDERSTOOD = 'I did not understand that. Name films, people or genres, or ask "who is in it?", "something else?".'
HOW_TO_UNDO = 'On the page, the button "Undo" takes your last message back. In the terminal, type /undo.'
HOW_TO_SAVE = (
    'On the page, the button "Save conversation" keeps a copy of our conversation as a file. In the terminal, type '
    '/save FILE, with the name of a new file.'
)
_ABOUT_ME = (
    'I recommend films that fit what you name: from recorded conversations I learned which films fit. '
    'Say what you like, what you have seen, and what you are in the mood for; '
    'ask who is in a film, who directed it or when it was made.'
)
_FOREIGN = 'I understand English only. For example: "a funny film from the 90s", "I loved Alien".'
_SMALL_TALK = 'Let us talk about films: what have you liked lately?'

_SMALL_TALK_AFTER_CHOICE = (
    'If you would like other films, say "something else", or tell me what you are in the mood for.'
)
_SMALL_TALK_AFTER_LIST = (
    'Would you like to watch {film}, or shall I look for something else? You can also say what you think of it.'
)


def greet(meaning: Understanding, reply: Reply) -> Iterator[str]:
    """Answer a greeting, and yield the line.

    Args:
        meaning: meaning of the message.
        reply: reply to which the sentence is added.
    """
    acts = set(meaning.acts)
    if Act.GREET in acts:
        is_alone = not acts - {Act.GREET, Act.SMALL_TALK}
        question = ' What have you liked lately, or what are you in the mood for?' if is_alone else ''
        yield reply.say(f'Hello!{question}')


def say_first(meaning: Understanding, reply: Reply, chosen: Collection[int]) -> Iterator[str]:
    """Answer thanks and the choice of a film, and yield the lines.

    Args:
        meaning: meaning of the message.
        reply: reply to which the sentences are added.
        chosen: films that the seeker chose before the message. A choice that is only repeated gets no answer.
    """
    acts = set(meaning.acts)
    accepted = [
        heard.name for heard in meaning.heard if heard.attitude is Attitude.ACCEPTED and heard.entity not in chosen
    ]
    if Act.ACCEPT in acts and accepted and not meaning.questions:  # "that sounds fun, who is in it?" is not decided yet
        names = ' and '.join(accepted)
        yield reply.say(f'Good choice: enjoy {names}!')
        yield reply.note(f'I have noted {names}, and will not recommend {"it" if len(accepted) < 2 else "them"} again.')
    if Act.THANK in acts:
        yield reply.say('You are welcome.')


def say_last(
    meaning: Understanding,
    reply: Reply,
    *,
    asks_for_films: bool,
    uses_prompt: bool,
    offered: str | None,
    is_decided: bool,
    has_chosen: bool,
) -> Iterator[str]:
    """Answer a farewell, a request for help, small talk and words that are not understood, and yield the lines.

    Args:
        meaning: meaning of the message.
        reply: reply to which the sentences are added.
        asks_for_films: whether the message is answered with a list, too.
        uses_prompt: whether a language model answers, which understands other languages.
        offered: name of the first film of the last list; None if there was no list.
        is_decided: whether the seeker has chosen this film, or has said something about it.
        has_chosen: whether the seeker has chosen any film.
    """
    acts = set(meaning.acts)
    if Act.LEAVE in acts:
        yield reply.say('Goodbye, and enjoy your film!' if has_chosen else 'Goodbye!')
    if Act.ASK_HELP in acts and not any(question.aspect in ABOUT_CHAT for question in meaning.questions):
        yield reply.say(_ABOUT_ME)
        yield reply.say(HOW_TO_SAVE)
    elif acts == {Act.SMALL_TALK}:
        if meaning.asks_how_are_you:
            yield reply.say('I am well, thank you.')
        if offered is None:
            yield reply.say(_SMALL_TALK)
        else:
            yield reply.say(_SMALL_TALK_AFTER_CHOICE if is_decided else _SMALL_TALK_AFTER_LIST.format(film=offered))
    elif Act.FOREIGN in acts and not uses_prompt:
        yield reply.say(_FOREIGN)
    elif acts == {Act.UNKNOWN} and not asks_for_films:
        place = meaning.missing_place
        yield reply.say(NOT_UNDERSTOOD if place is None else f'There is no number {place} in the last list.')
