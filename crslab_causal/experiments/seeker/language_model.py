"""Seekers whose messages a language model writes, through the client of this package."""

from __future__ import annotations

from typing import Sequence

from pydantic import BaseModel, ConfigDict, Field

from crslab_causal.chat.understanding.interpreter import Interpreter
from crslab_causal.experiments.seeker.drivers import Exchange, Message, TemplateDriver
from crslab_causal.experiments.seeker.profiles import Fact, Opinion, Profile, Wish
from crslab_causal.llm.client.client import LLMClient
from crslab_causal.llm.client.result import Messages
from crslab_causal.llm.options import LLMOptions

MAX_MESSAGE = 300
"""Maximum length of a message, in characters."""
MAX_NAMES = 10
"""Maximum number of listed films that the prompt repeats for each turn."""
_SYSTEM = (
    'You play a person who looks for a film, and who talks to a recommender of films. Write what this person says '
    'next: one or two short sentences in everyday English. State only what is listed as known about you. '
    'Say some of it in the first message, and the rest bit by bit. '
    'You do not know the title of the film that you look for, so never guess a title. '
    'None of the films that were listed so far is the right one. Say so, and add what you have not said yet, or ask '
    'for something else.'
)


class SeekerAnswer(BaseModel):
    """The schema of the answer of the language model that writes a seeker's message."""

    model_config = ConfigDict(extra='ignore')

    message: str = Field(min_length=1, max_length=MAX_MESSAGE)
    """Words of the seeker."""


class LanguageModelDriver:
    """Lets a language model write the messages. The model never sees the title of the target, the film to be found.

    A message that the model does not give, for example because the budget is spent, is written by the templates.
    Use the driver as a context manager, or call :meth:`close`.

    Args:
        options: section ``llm``. Its store keeps all answers; mode ``replay`` sends nothing.
        interpreter: finds out which constraints of the profile a message states.
        seed: seed of the templates.
        backoff_s: as of :class:`.LLMClient`.
    """

    def __init__(self, options: LLMOptions, interpreter: Interpreter, seed: int = 2020, backoff_s: float = 0.5):
        self.name = f'language model {options.model}'
        self._client = LLMClient(options, backoff_s=backoff_s)
        self._interpreter, self._substitute = interpreter, TemplateDriver(seed)
        self.n_messages = 0
        """Number of messages so far."""
        self.n_unanswered = 0
        """Number of messages that the templates wrote, because the model gave none."""

    def messages(self, seekers: Sequence[tuple[Profile, Sequence[Exchange]]]) -> list[Message]:
        """Return the next message of each seeker."""
        prompts = [(seeker_prompt(profile, exchanges), SeekerAnswer) for profile, exchanges in seekers]
        messages = []
        for (profile, exchanges), completion in zip(seekers, self._client.run(prompts, desc='seekers')):
            self.n_messages += 1
            text = ' '.join(completion.parsed.message.split()) if isinstance(completion.parsed, SeekerAnswer) else ''
            self.n_unanswered += not text
            messages.append(
                Message(text[:MAX_MESSAGE], self._stated(text, profile))
                if text
                else self._substitute.message(profile, exchanges)
            )
        return messages

    def _stated(self, text: str, profile: Profile) -> tuple[Wish, ...]:
        """Return the constraints of a profile that a text states."""
        constraints = self._interpreter.understand(text).constraints
        said = {(c.kind, c.label, c.wanted) for c in constraints if c.binding}
        return tuple(
            wish for wish in profile.wishes if {(wish.kind, label, wish.wanted) for label in wish.labels} <= said
        )

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    def __enter__(self) -> LanguageModelDriver:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def seeker_prompt(profile: Profile, exchanges: Sequence[Exchange]) -> Messages:
    """Return the prompt for the next message of a seeker. Nothing in it depends on the target."""
    known = '\n'.join(f'- {_describe(fact)}' for fact in profile.facts)
    lines = []
    for exchange in exchanges:
        lines.append(f'You: {exchange.message.text}')
        listed = ', '.join(exchange.names[:MAX_NAMES])
        lines.append(f'Recommender: {exchange.reply}' + (f' Listed: {listed}.' if listed else ''))
    so_far = '\n'.join(lines) or '(You begin.)'
    user = f'Known about you:\n{known}\n\nConversation so far:\n{so_far}\n\nWrite your next message.'
    return [{'role': 'system', 'content': _SYSTEM}, {'role': 'user', 'content': user}]


def _describe(fact: Fact) -> str:
    if isinstance(fact, Opinion):
        verb = {True: 'You like', False: 'You do not like', None: 'You have seen'}[fact.liked]
        return f'{verb} {fact.name}.'
    labels = (' or ' if fact.is_either else ' and ').join(fact.labels)
    return f'The film must {"" if fact.wanted else "not "}be of this {fact.kind}: {labels}.'
