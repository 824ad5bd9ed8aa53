"""Write what a simulated seeker says next, by rules and templates."""

from __future__ import annotations

import random
from typing import NamedTuple, Protocol, Sequence

from crslab_causal.chat.constraints import Kind
from crslab_causal.chat.understanding.spans import SpanKind
from crslab_causal.experiments.seeker.profiles import Fact, Opinion, Profile, Wish, years_of


class Message(NamedTuple):
    """A message of a seeker."""

    text: str
    wishes: tuple[Wish, ...] = ()
    """Constraints of the profile that the message states."""


class Exchange(NamedTuple):
    """A message of a seeker, and the system's reply to it."""

    message: Message
    reply: str
    films: tuple[int, ...]
    """Entity ids of the listed films."""
    names: tuple[str, ...]
    """Their names."""


class Driver(Protocol):
    """The interface of the classes that write the messages of seekers."""

    name: str

    def messages(self, seekers: Sequence[tuple[Profile, Sequence[Exchange]]]) -> list[Message]:
        """Return the next message of each seeker.

        Args:
            seekers: profile of each seeker, and its conversation so far.
        """


_LOOKING = ('I am looking for {}.', 'I would like to watch {}.', 'I am in the mood for {}.', 'Can you recommend {}?')
_LIKES = ('I loved {}.', 'I really liked {}.', 'I enjoyed {}.')
_DISLIKES = ('I hated {}.', 'I did not like {}.')
_SEEN = ('I have seen {}.', 'I have already watched {}.')
_EXCLUDES = ('No {}, please.', 'I do not want {}.')
_NONE = ('None of these.', 'None of those, sorry.', 'I do not want any of these.')
_OTHER = ('Something else, please.', 'Do you have another one?', 'What else do you have?')
_HELLO = ('Hello!', 'Hi there!')


class TemplateDriver:
    """Writes messages from templates. They state the facts of a profile in the order of the real conversation.

    The first message has all wishes up to the first opinion, and this opinion. Every further message turns the list
    down, and adds one fact, or asks for something else when there is none left.

    Args:
        seed: seed of the choice of templates; the words of a seeker depend on the seed and the profile alone.
    """

    name = 'rules and templates'

    def __init__(self, seed: int = 2020):
        self._seed = seed

    def messages(self, seekers: Sequence[tuple[Profile, Sequence[Exchange]]]) -> list[Message]:
        """Return the next message of each seeker."""
        return [self.message(profile, exchanges) for profile, exchanges in seekers]

    def message(self, profile: Profile, exchanges: Sequence[Exchange]) -> Message:
        """Return the next message of a seeker."""
        turn = len(exchanges)
        rng = random.Random(f'{self._seed} {profile.conversation} {turn}')
        parts = _split(profile.facts)
        facts = parts[turn] if turn < len(parts) else ()
        sentences = [say(fact, rng) for fact in facts]
        if not turn:
            sentences.insert(0, rng.choice(_HELLO))
        elif exchanges[-1].films:
            sentences.insert(0, rng.choice(_NONE))
        if turn and not facts:
            sentences.append(rng.choice(_OTHER))
        return Message(' '.join(sentences), tuple(fact for fact in facts if isinstance(fact, Wish)))


def say(fact: Fact, rng: random.Random) -> str:
    """Return a sentence, made from a template, in which the seeker states a fact of its profile."""
    if isinstance(fact, Opinion):
        if fact.kind is SpanKind.GENRE:
            return f'I like {fact.name.lower()} movies.'
        if fact.kind is SpanKind.PERSON:
            return f'I like {fact.name}.'
        return rng.choice({True: _LIKES, False: _DISLIKES, None: _SEEN}[fact.liked]).format(fact.name)
    if not fact.wanted:
        return rng.choice(_EXCLUDES).format(_films(fact, fact.labels[0]))
    joined = ' or '.join(_films(fact, label) for label in fact.labels)
    if len(fact.labels) > 1 and not fact.is_either:
        return ' '.join(f'It should be {_one_film(fact, label)}.' for label in fact.labels)
    if len(fact.labels) > 1:
        return rng.choice(_LOOKING).format(joined)
    return rng.choice(_LOOKING).format(_one_film(fact, fact.labels[0]))


def _one_film(wish: Wish, label: str) -> str:
    if wish.kind is Kind.GENRE:
        return f'{"an" if label[0] in "aeiou" else "a"} {label} movie'
    return f'a movie {_property(wish, label)}'


def _films(wish: Wish, label: str) -> str:
    return f'{label} movies' if wish.kind is Kind.GENRE else f'movies {_property(wish, label)}'


def _property(wish: Wish, label: str) -> str:
    """Return words for the years or the person of a constraint."""
    if wish.kind is Kind.PERSON:
        return f'with {label}'
    years = years_of(label)
    if years.first is None:
        return f'from before {(years.last or 0) + 1}'
    if years.last is None:
        return f'from {years.first} or later'
    if years.first % 10 == 0 and years.last == years.first + 9:
        return f'from the {years.first}s'
    return f'from {years.first}' if years.first == years.last else f'from {years.first} to {years.last}'


def _split(facts: Sequence[Fact]) -> list[tuple[Fact, ...]]:
    """Return the facts of a profile in groups, one group for each message."""
    first = next((i for i, fact in enumerate(facts) if isinstance(fact, Opinion)), len(facts) - 1)
    return [tuple(facts[: first + 1]), *((fact,) for fact in facts[first + 1 :])]
