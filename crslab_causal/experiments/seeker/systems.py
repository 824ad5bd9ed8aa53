"""The systems that simulated seekers talk to: the chat, and lists that do not listen."""

from __future__ import annotations

import random
from typing import Mapping, NamedTuple, Protocol, Sequence

from crslab_causal.chat.constraints import Constraint
from crslab_causal.chat.conversation import Conversation
from crslab_causal.chat.inspection import TOP_SHOWN
from crslab_causal.chat.recommenders.base import ListRecommender
from crslab_causal.experiments.seeker.profiles import Profile


class Shown(NamedTuple):
    """The answer of a system."""

    films: tuple[int, ...]
    """Entity ids of the listed films, best first."""
    text: str = ''
    """Words beside the list."""
    relaxed: tuple[Constraint, ...] = ()
    """Constraints that the answer openly leaves out."""


class Talk(Protocol):
    """A conversation of a system with one seeker."""

    def reply(self, text: str) -> Shown:
        """Return the answer to a message."""


class System(Protocol):
    """A system that seekers talk to."""

    name: str

    def talk(self, profile: Profile) -> Talk:
        """Begin a conversation.

        Args:
            profile: the seeker. Only systems without conversation look at it, and never at its target.
        """


class ChatSystem:
    """The chat with a trained recommender.

    Args:
        name: name for the table.
        conversation: a conversation; each seeker gets another one over the same model.
    """

    def __init__(self, name: str, conversation: Conversation):
        self.name, self._conversation = name, conversation

    def talk(self, profile: Profile) -> Talk:
        """Begin a conversation."""
        return _Chat(self._conversation.another())


class _Chat:
    def __init__(self, conversation: Conversation):
        self._conversation = conversation

    def reply(self, text: str) -> Shown:
        reply = self._conversation.reply(text)
        return Shown(tuple(film.entity for film in reply.recommendations), ' '.join(reply.sentences), reply.relaxed)


class FirstMessageList:
    """The list that the chat's recommender makes from the first message. Every turn shows the next part of it.

    Args:
        name: name for the table.
        conversation: a conversation, which understands the first message.
    """

    def __init__(self, name: str, conversation: Conversation):
        self.name, self._conversation = name, conversation

    def talk(self, profile: Profile) -> Talk:
        """Begin a conversation."""
        return _ListAfterFirst(self._conversation.another())


class ProfileList:
    """The list that a recommender makes from all that the seeker likes. Every turn shows the next part of it.

    Args:
        name: name for the table.
        conversation: a conversation with the recommender.
    """

    def __init__(self, name: str, conversation: Conversation):
        self.name, self._recommender = name, conversation.recommender
        self._known = frozenset(self._recommender.entities)

    def talk(self, profile: Profile) -> Talk:
        """Begin a conversation."""
        history = [entity for entity in profile.liked if entity in self._known]
        return Pages(_ranked(self._recommender, history))


class PopularityList:
    """The films by popularity in the training data. Every turn shows the next part.

    Args:
        conversation: a conversation about the films.
    """

    name = 'popularity'

    def __init__(self, conversation: Conversation):
        popularity = conversation.facts.popularity
        self._films = sorted(conversation.facts.films, key=lambda film: (-popularity.get(film, 0), film))

    def talk(self, profile: Profile) -> Talk:
        """Begin a conversation."""
        return Pages(self._films)


class RandomList:
    """The films in random order. Every turn shows the next part.

    Args:
        conversation: a conversation about the films.
        seed: seed of the order; every seeker gets another one.
    """

    name = 'random'

    def __init__(self, conversation: Conversation, seed: int):
        self._films, self._seed = sorted(conversation.facts.films), seed

    def talk(self, profile: Profile) -> Talk:
        """Begin a conversation."""
        rng = random.Random(f'list {self._seed} {profile.conversation}')
        return Pages(rng.sample(self._films, len(self._films)))


def build_systems(conversations: Mapping[str, Conversation], seed: int) -> tuple[list[System], list[tuple[str, str]]]:
    """Return the systems that seekers talk to, and the pairs of names that are compared.

    For each run there are three systems: the chat, and two lists of its recommender without a conversation. The chat is
    compared with both lists. The chat of the first run is also compared with every other chat, with the most popular
    films, and with random films.

    Args:
        conversations: an empty conversation with the model of each run, by the name of the run.
        seed: seed of the random list.
    """
    systems: list[System] = []
    pairs: list[tuple[str, str]] = []
    for name, conversation in conversations.items():
        chat = ChatSystem(f'chat, {name}', conversation)
        lists = (
            FirstMessageList(f'list after the first message, {name}', conversation),
            ProfileList(f'list from the whole profile, {name}', conversation),
        )
        systems += [chat, *lists]
        pairs += [(chat.name, other.name) for other in lists]
    first, *others = conversations
    further: tuple[System, ...] = (
        PopularityList(conversations[first]),
        RandomList(conversations[first], seed),
    )
    pairs += [(f'chat, {first}', other.name) for other in further]
    pairs += [(f'chat, {name}', f'chat, {first}') for name in others]
    return [*systems, *further], pairs


class Pages:
    """A list of which every turn shows the next part, whatever the seeker says."""

    def __init__(self, films: Sequence[int]):
        self._films, self._first = films, 0

    def reply(self, text: str) -> Shown:
        """Return the next part of the list."""
        first, self._first = self._first, self._first + TOP_SHOWN
        return Shown(tuple(self._films[first : self._first]))


class _ListAfterFirst:
    def __init__(self, conversation: Conversation):
        self._conversation = conversation
        self._pages: Pages | None = None

    def reply(self, text: str) -> Shown:
        if self._pages is None:
            self._conversation.reply(text)
            self._pages = Pages(_ranked(self._conversation.recommender, self._conversation.history))
        return self._pages.reply(text)


def _ranked(recommender: ListRecommender, history: Sequence[int]) -> list[int]:
    """Return the entity ids of all items, best first, without those of the history."""
    return [item.entity for item in recommender.recommend(history, recommender.n_item)]
