"""Read profiles of simulated seekers from held-out conversations: what the seeker said, and the film to be found."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Iterable, Iterator, Mapping, NamedTuple, Sequence

from crslab_causal.chat.constraints import Constraint, Kind
from crslab_causal.chat.conversation import Conversation
from crslab_causal.chat.films.facts import CatalogueFilm, FilmFacts
from crslab_causal.chat.state import DialogueState
from crslab_causal.chat.understanding.meaning import Attitude, Heard
from crslab_causal.chat.understanding.spans import SpanKind
from crslab_causal.chat.understanding.years.span import Years
from crslab_causal.llm.detokenization import detokenize
from crslab_causal.llm.entity_linking.linking import MentionLinker

KINDS = (Kind.GENRE, Kind.YEARS, Kind.PERSON)
"""Kinds of constraints that a seeker keeps: those that the facts about a film decide."""
_LIKED = (Attitude.LIKED, Attitude.SIMILAR, Attitude.MENTIONED)
_OPINION_KINDS = (SpanKind.FILM, SpanKind.PERSON, SpanKind.GENRE)
_RANGE = re.compile(r'(?:before (?P<before>\d+)|(?P<since>\d+) or later|(?P<first>\d+)(?:–(?P<last>\d+))?)$')


@dataclass(frozen=True)
class Opinion:
    """A film, person or genre that the seeker has an opinion on."""

    kind: SpanKind
    name: str
    entity: int
    """Entity id."""
    liked: bool | None
    """Whether the seeker likes the item; None: the seeker has only seen it."""


@dataclass(frozen=True)
class Wish:
    """A constraint that a seeker states on the film that it wants, such as a genre."""

    kind: Kind
    labels: tuple[str, ...]
    """Genres, years or people, as :class:`.Constraint` labels them. An exclusion has one."""
    wanted: bool
    is_either: bool = False
    """Whether one of several labels is enough: "a comedy or a western"."""

    def allows(self, film: CatalogueFilm, facts: FilmFacts) -> bool:
        """Return whether a film satisfies the constraint, by the facts about it alone."""
        has = [has_property(film, self.kind, label, facts) for label in self.labels]
        if not self.wanted:
            return not any(has)
        return any(has) if self.is_either else all(has)


Fact = Opinion | Wish


@dataclass(frozen=True)
class Profile:
    """A simulated seeker: the facts that it may state, and the film that it looks for but never names."""

    conversation: str
    """Id of the conversation that the profile comes from."""
    target: int
    """Entity id of the film that ends the search."""
    facts: tuple[Fact, ...]
    """Opinions and constraints that the seeker stated before the film was named, in this order."""

    @property
    def wishes(self) -> list[Wish]:
        """The constraints that the profile contains, without its opinions."""
        return [fact for fact in self.facts if isinstance(fact, Wish)]

    @property
    def liked(self) -> list[int]:
        """Entity ids of the films, people and genres that the seeker likes, in the order of the conversation."""
        return [fact.entity for fact in self.facts if isinstance(fact, Opinion) and fact.liked]


class Profiles(NamedTuple):
    """The profiles of a split."""

    profiles: list[Profile]
    left_out: Counter[str]
    """Number of conversations without a profile, by the reason."""
    unused: Counter[str]
    """Number of constraints that no profile keeps, by kind."""


class LeakCheck:
    """Finds the title of a target in a text, with the title matcher of this package.

    Args:
        facts: facts about the films.
    """

    def __init__(self, facts: FilmFacts):
        self._linker = MentionLinker({film.entity: film.name for film in facts.films.values()}, facts.films)

    def names(self, text: str, target: int) -> bool:
        """Return whether a text names the target. A name that several films share counts as a name of the target."""
        return any(link.entity == target for link in self._linker.find(text, (target,)).links)


def has_property(film: CatalogueFilm, kind: Kind, label: str, facts: FilmFacts) -> bool:
    """Return whether a film has a genre, is from some years, or has a person in any role."""
    if kind is Kind.GENRE:
        return label in film.genres
    if kind is Kind.YEARS:
        return film.year in years_of(label)
    return any(facts.people[person].name == label for people in film.people.values() for person in people)


def years_of(label: str) -> Years:
    """Return the years that a label stands for; the reverse of :attr:`.Years.label`."""
    match = _RANGE.match(label)
    if match is None:
        raise ValueError(f'{label!r} is not a span of years')
    if match['before']:
        return Years(None, int(match['before']) - 1)
    if match['since']:
        return Years(int(match['since']), None)
    return Years(int(match['first']), int(match['last'] or match['first']))


def read_profiles(
    samples: Iterable[Mapping[str, Any]], name_of_token: Mapping[str, str], conversation: Conversation
) -> Profiles:
    """Return a profile for each conversation from which a profile can be made.

    The target is the last film that the recommender of the conversation named as the first one to do so. The facts are
    what the chat's own rules understand of the seeker's words before that turn.

    Args:
        samples: samples of a :class:`.MentionDataset`, in the order of their turns.
        name_of_token: names that replace ``@`` tokens.
        conversation: a conversation about the same films.
    """
    reader = _ProfileReader(conversation, name_of_token)
    profiles, left_out = [], Counter[str]()
    for conv_id, turns in groupby(samples, key=lambda sample: sample['conv_id']):
        result = reader.read(conv_id, list(turns))
        if isinstance(result, Profile):
            profiles.append(result)
        else:
            left_out[result] += 1
    return Profiles(profiles, left_out, reader.unused)


def draw(profiles: Sequence[Profile], n: int, seed: int) -> list[Profile]:
    """Draw ``n`` profiles, or all if there are not more, in the order of the data."""
    chosen = random.Random(f'seekers {seed}').sample(range(len(profiles)), min(n, len(profiles)))
    return [profiles[i] for i in sorted(chosen)]


class _ProfileReader:
    """Reads profiles of conversations about the films of a catalogue."""

    def __init__(self, conversation: Conversation, name_of_token: Mapping[str, str]):
        self._facts, self._interpreter = conversation.facts, conversation.interpreter
        self._name_of_token = name_of_token
        self._leaks = LeakCheck(self._facts)
        self.unused: Counter[str] = Counter()

    def read(self, conv_id: str, samples: Sequence[Mapping[str, Any]]) -> Profile | str:
        """Return the profile of a conversation, or the reason why there is none."""
        if not samples[0]['has_text']:
            return 'its words are not known'
        named = [
            (sample, item)
            for sample in samples
            if sample['role'] == 'Recommender'
            for item in sample['items']
            if item in self._facts.films and item not in sample['context_mentions']
        ]
        if not named:
            return 'the recommender names no new film'
        sample, target = named[-1]
        texts = [detokenize(text, self._name_of_token) for role, text in sample['context_text'] if role == 'Seeker']
        if any(self._leaks.names(text, target) for text in texts):
            return 'the seeker names the film first'
        facts = tuple(self._facts_of(texts))
        return Profile(conv_id, target, facts) if facts else 'nothing that the seeker says is understood'

    def _facts_of(self, texts: Sequence[str]) -> list[Fact]:
        """Return the facts that a seeker states, each once. A later wish replaces earlier wishes of the same kind."""
        state = DialogueState()
        opinions: dict[tuple[SpanKind, int], tuple[int, Opinion]] = {}
        wishes: dict[tuple[Any, ...], tuple[int, Wish]] = {}
        for place, text in enumerate(texts):
            meaning = self._interpreter.read(text, state.situation).meaning
            state.hear(text, meaning)
            for heard in meaning.heard:
                if opinion := self._opinion(heard):
                    opinions[opinion.kind, opinion.entity] = place, opinion
                    wishes = {key: old for key, old in wishes.items() if not _contradicts(old[1], opinion)}
            for wish in self._wishes(meaning.constraints):
                wishes = {key: old for key, old in wishes.items() if not _is_replaced(old[1], wish, old[0] < place)}
                wishes[wish.kind, wish.labels, wish.wanted] = place, wish
                opinions = {key: old for key, old in opinions.items() if not _contradicts(wish, old[1])}
        ordered: list[tuple[int, Fact]] = [*wishes.values(), *opinions.values()]
        return [fact for _, fact in sorted(ordered, key=lambda placed: placed[0])]

    @staticmethod
    def _opinion(heard: Heard) -> Opinion | None:
        if heard.kind not in _OPINION_KINDS or heard.entity is None or heard.entity < 0:
            return None
        if heard.attitude in _LIKED:
            return Opinion(heard.kind, heard.name, heard.entity, True)
        if heard.kind is not SpanKind.FILM:
            return None  # a genre that is not wanted is a constraint
        if heard.attitude is Attitude.DISLIKED:
            return Opinion(heard.kind, heard.name, heard.entity, False)
        return Opinion(heard.kind, heard.name, heard.entity, None) if heard.attitude is Attitude.SEEN else None

    def _wishes(self, constraints: Sequence[Constraint]) -> Iterator[Wish]:
        kept = [constraint for constraint in constraints if constraint.binding]
        for constraint in kept:
            if constraint.kind not in KINDS:
                self.unused[constraint.kind] += 1
            elif not constraint.wanted:
                yield Wish(constraint.kind, (constraint.label,), False)
        for kind in KINDS:
            wanted = [constraint for constraint in kept if constraint.wanted and constraint.kind is kind]
            if wanted:
                is_either = len(wanted) > 1 and len({c.alternatives for c in wanted}) == 1 and wanted[0].alternatives
                yield Wish(kind, tuple(dict.fromkeys(c.label for c in wanted)), True, bool(is_either))


def _contradicts(wish: Wish, opinion: Opinion) -> bool:
    """Return whether a wish excludes something that an opinion likes."""
    return not wish.wanted and bool(opinion.liked) and wish.labels[0].lower() == opinion.name.lower()


def _is_replaced(old: Wish, new: Wish, is_earlier: bool) -> bool:
    """Return whether a wish replaces another one: a wish of its kind that was said before, or the contrary."""
    if old.kind is not new.kind:
        return False
    if old.wanted and new.wanted:
        return is_earlier
    return old.wanted != new.wanted and bool({*old.labels} & {*new.labels})
