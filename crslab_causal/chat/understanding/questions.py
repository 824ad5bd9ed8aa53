"""Questions about films and people."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Sequence

from crslab_causal.chat.films.facts import CAST, DIRECTOR, WRITER, FilmFacts
from crslab_causal.chat.understanding.phrases import read_phrases
from crslab_causal.chat.understanding.spans import Span, SpanKind


class Aspect(StrEnum):
    """The subject of a question about a film or a person."""

    GENERAL = 'general'
    CAST = 'cast'
    DIRECTOR = 'director'
    WRITER = 'writer'
    COMPOSER = 'composer'
    PLOT = 'plot'
    YEAR = 'year'
    AGE = 'age'
    GENRE = 'genre'
    IS_GENRE = 'is genre'
    CHILDREN = 'children'
    HAS_PERSON = 'has person'
    SERIES = 'series'
    SIMILAR = 'similar'
    """Whether a film is like another one, which the question names."""
    UNAVAILABLE = 'unavailable'
    """Something that the dataset never contains: the length, the rating, or where a film can be watched."""
    FILMS_OF = 'films of'
    """Films of a person."""
    DIRECTED = 'directed'
    """Films that a person directed."""
    WHO_IS = 'who is'
    LIFE_OF = 'life of'
    """The age or the family of a person, which the dataset never contains."""
    NEWEST_OF = 'newest of'
    """The newest film of a person."""
    OLDEST_OF = 'oldest of'
    BEST_OF = 'best of'
    """The best or best-known film of a person."""
    EARLIER = 'earlier'
    """Which of two films is the older one."""
    UNDO = 'undo'
    """How the last message can be taken back."""
    REMEMBERED = 'remembered'
    """Everything that the chat remembers of the seeker."""
    NEWEST = 'newest'
    """The newest film of the last list."""
    OLDEST = 'oldest'
    CATALOGUE = 'catalogue'
    """How many films, people and genres the chat knows."""
    OFF_TOPIC = 'off topic'
    """Something that is not about films."""
    SAVE = 'save'
    """How the conversation can be saved."""
    WITHOUT = 'without'
    """How the list would be without a mention."""
    WHICH_HAS = 'which has'
    """Which films of the last list have a person or a genre."""
    SUPERLATIVE = 'superlative'
    """Which film of the last list is the shortest, the scariest, or the best."""
    COMPARE = 'compare'
    """Which of two films or people is better."""
    PICK = 'pick'
    """Which film of the last list the chat would choose."""
    NAME_OF = 'name of'
    """The title of a film that is described by what happens in it."""


ABOUT_CHAT = (Aspect.SAVE, Aspect.UNDO, Aspect.REMEMBERED, Aspect.CATALOGUE, Aspect.OFF_TOPIC)
"""Aspects of questions about the chat itself, and not about a film or a person."""
INQUIRIES = (
    *ABOUT_CHAT,
    Aspect.WITHOUT,
    Aspect.WHICH_HAS,
    Aspect.SUPERLATIVE,
    Aspect.COMPARE,
    Aspect.PICK,
    Aspect.NAME_OF,
    Aspect.EARLIER,
    Aspect.NEWEST_OF,
    Aspect.OLDEST_OF,
    Aspect.BEST_OF,
)
"""Aspects of questions about the chat and its list, and of questions that the catalogue cannot answer."""
ABOUT_PERSON = (
    Aspect.FILMS_OF,
    Aspect.DIRECTED,
    Aspect.WHO_IS,
    Aspect.LIFE_OF,
    Aspect.NEWEST_OF,
    Aspect.OLDEST_OF,
    Aspect.BEST_OF,
)
"""Aspects of questions about a person."""
OF_TWO_FILMS = (Aspect.SIMILAR, Aspect.EARLIER)
"""Aspects of questions that compare a film with another one."""
_OF_FILM_OR_PERSON = frozenset(
    (
        *(Aspect.CAST, Aspect.DIRECTOR, Aspect.WRITER, Aspect.COMPOSER, Aspect.PLOT, Aspect.YEAR, Aspect.AGE),
        *(Aspect.GENRE, Aspect.IS_GENRE, Aspect.CHILDREN, Aspect.HAS_PERSON, Aspect.SERIES, *ABOUT_PERSON),
    )
)
"""Aspects that a short question such as "and Aliens?" repeats for another film or person."""
_FACTS = frozenset(
    (Aspect.CAST, Aspect.DIRECTOR, Aspect.WRITER, Aspect.COMPOSER, Aspect.PLOT, Aspect.YEAR, Aspect.AGE, Aspect.GENRE)
)
"""Aspects that one clause may join: "who made it and when?"."""
_WHEN = re.compile(r'^\W*(?:when|in (?:what|which) year)\W*$')
_NEXT = re.compile(r'^\W*(?:(?:and|or|so|ok|then|what about|how about|also)\W+)*<(film|person|place)\d+>\W*$')


@dataclass(frozen=True)
class Question:
    """A question about a film or a person."""

    aspect: Aspect
    film: int | None = None
    """Entity id of the film; None if it is not clear which film is meant."""
    person: int | None = None
    """Id of the person."""
    genre: str = ''
    """Genre that the question ``IS_GENRE`` asks about."""
    collection: str = ''
    """Name of the franchise, if the question is about one."""
    films: tuple[int, ...] = ()
    """Films of the last list, for questions about it."""
    other: int | None = None
    """Film that the questions ``SIMILAR`` and ``EARLIER`` compare the film with."""
    people: tuple[int, ...] = ()
    """Ids of all people that the question names."""
    named: tuple[int, ...] = ()
    """Entity ids of everything that the question names."""
    is_about_quality: bool = False
    """Whether a general question asks how good a film is: "is it any good?"."""
    is_about_part: bool = False
    """Whether a question about the cast asks who plays a part: "who plays the killer?"."""
    is_about_excess: bool = False
    """Whether a question about children asks if a film is too much for them: "is it too scary for my son?"."""

    @property
    def is_about_person(self) -> bool:
        """Whether the answer is about a person."""
        return self.aspect in ABOUT_PERSON


_REQUEST = re.compile(
    r'\b(?:what|which) (?:is|are|would be) (?!\w+ \w+ (?:of|behind|in) (?:this|that))(?!the next (?:\w+ )?(?:in|of|'
    r'after|before) )(?:an?|some|the|your) '
    r'(?:\w+ )*?(?:movies?|<genre\d+>|one)|'
    r'\bdo you (?:know|have) (?:of )?(?:any|some|a|something|anything|good)\b|'
    r'\bis there (?:something|anything)\b(?!(?: [\w<>]+){1,3} in (?:it|that|this|there)\b)|'
    r'\b(?:what|which) (?:\w+ )?(?:<\w+\d+> )(?:movies? )?(?:do|can|would|should) (?:you|i)\b|'
    r'\b(?:recommend|suggest)\b(?! <film)|\bwhat (?:should|can|could) (?:i|we) watch|'
    r'(?<!is it )(?<!is that )(?<!is this )(?<!not it )(?<!not that )(?<!was it )(?<!was that )'
    r'\b(?:something|anything) (?:with|by|about|like|from)'
)
"""Clauses that look like questions but ask for recommendations."""
_IS_IN_SERIES = re.compile(r'^\W*(?:\w+\W+){0,3}?(?:is|was|are)(?: not)? (?:it|that|this)\b')
"""A question whether a film belongs to a series: "is that one Pixar?"."""
_OF_QUALITY = re.compile(r'\b(?:good|worth|recommend|popular|liked?|best|better|great|famous|opinion|think)\b')
_OF_EXCESS = re.compile(r'(?<!not )\btoo (?!\W*\?)[a-z<]')
_OF_PART = re.compile(
    r'\bwho (?:plays|played|is playing|portrays|portrayed|voices|voiced) '
    r'(?!(?:the |a |an )?(?:in|it|this|that|one|movie|there|with|here)\b)'
    r'(?!(?:the |a )?(?:main|lead|leading|biggest|title) (?:part|role|character|guy|man|woman|hero)\b)[a-z]'
)
"""A question about the actor of a part: "who plays the killer?", but not "who plays in Alien?"."""
_BACK_REFERENCE = re.compile(r'\b(?:with|by|from) (?:him|her|them)\b')
"""Words for a person whom the conversation has named. A question with them is no request: "anything else by him?"."""


def find_aspect(clause: str) -> Aspect | None:
    """Return the aspect of a film or a person that a clause asks about; None if the clause is no such question.

    Args:
        clause: a normalized part of a message with its question mark, and with ``<film0>``, ``<person1>``, ... in place
            of its spans.
    """
    for name, pattern in read_phrases('inquiries.txt').items():
        if pattern.search(clause):
            return Aspect(name)
    if _REQUEST.search(clause) and not _BACK_REFERENCE.search(clause):
        return None
    return next(
        (Aspect(name) for name, pattern in read_phrases('questions.txt').items() if pattern.search(clause)), None
    )


def find_aspects(clause: str, aspect: Aspect) -> list[Aspect]:
    """Return the aspects of a clause that asks for several facts about a film: "tell me the plot and the cast".

    Args:
        clause: a normalized clause, as for :func:`find_aspect`.
        aspect: its aspect. It is the only one if the clause does not ask for several facts.
    """
    if aspect not in _FACTS or ' and ' not in clause:
        return [aspect]
    parts = clause.strip(' ?.!').split(' and ')
    found = [Aspect.YEAR if _WHEN.match(part) else find_aspect(part) for part in parts]
    facts = list(dict.fromkeys(each for each in found if each in _FACTS))
    return facts if len(facts) > 1 else [aspect]


def repeated_aspect(clause: str, last: Question | None) -> Aspect | None:
    """Return the aspect of a short question that repeats the last one for another name: "and Aliens?".

    Args:
        clause: a normalized part of a message, as for :func:`find_aspect`.
        last: the question that the last reply has answered; None if it has answered none.

    Returns:
        None if the clause is no such question.
    """
    match = _NEXT.match(clause)
    is_question = clause.endswith('?') or re.search(r'\b(?:what|how) about\b', clause) is not None
    if match is None or last is None or last.aspect not in _OF_FILM_OR_PERSON or not is_question:
        return None
    return last.aspect if last.is_about_person is (match[1] == 'person') else None


def make_question(
    aspect: Aspect,
    spans: Sequence[Span],
    named: int | None,
    film: int | None,
    person: int | None,
    shown: Sequence[int],
    entities: Sequence[int] = (),
    words: str = '',
) -> Question:
    """Return the question of a clause.

    Args:
        aspect: subject of the question.
        spans: spans of the clause.
        named: film that the clause names.
        film: film that "it" means.
        person: person whom "he" or "she" means.
        shown: films of the last list.
        entities: entity ids of everything that the clause names.
        words: the clause, normalized.
    """
    people = [span.id for span in spans if span.kind is SpanKind.PERSON and span.id is not None]
    genre = next((span.genre for span in spans if span.kind is SpanKind.GENRE), '')
    collection = next((span.collection.name for span in spans if span.collection is not None), '')
    unknown = any(span.kind is SpanKind.UNKNOWN for span in spans)
    if aspect is Aspect.GENERAL and people and named is None:
        aspect = Aspect.WHO_IS
    target = named if named is not None else None if collection or unknown else film
    if aspect in (Aspect.NAME_OF, Aspect.WITHOUT, Aspect.COMPARE, Aspect.CATALOGUE, Aspect.OFF_TOPIC):
        target = named
    if aspect is Aspect.PICK and shown:
        target = shown[0]
    if aspect is Aspect.SERIES and collection and _IS_IN_SERIES.match(words):
        target = film
    other = named if aspect in OF_TWO_FILMS else None
    if other is not None:
        target = film
    films = tuple(shown) if aspect in (Aspect.NEWEST, Aspect.OLDEST, Aspect.WHICH_HAS, Aspect.SUPERLATIVE) else ()
    people = list(dict.fromkeys(people))
    if aspect is Aspect.WHICH_HAS and genre:
        person = None
    return Question(
        aspect,
        target,
        people[0] if people else person,
        genre,
        collection,
        films,
        other,
        tuple(people),
        tuple(entities),
        is_about_quality=aspect is Aspect.GENERAL and _OF_QUALITY.search(words) is not None,
        is_about_part=aspect is Aspect.CAST and _OF_PART.search(words) is not None,
        is_about_excess=aspect is Aspect.CHILDREN and _OF_EXCESS.search(words) is not None,
    )


def answered_person(question: Question, facts: FilmFacts) -> int | None:
    """Return the person whom "he" or "she" means after the answer to a question; None if it names no new person.

    Of several people this is the best-known one, because the catalogue does not list them in the order of their parts.
    """
    role = {Aspect.DIRECTOR: DIRECTOR, Aspect.WRITER: WRITER, Aspect.CAST: CAST}.get(question.aspect)
    if role is None or question.film is None:
        return None
    people = facts.films[question.film].people.get(role, ())
    return max(people, key=lambda person: facts.popularity.get(person, 0.0), default=None)


def answered_film(question: Question, facts: FilmFacts) -> int | None:
    """Return the film that "it" means after the answer to a question; None if it names no film."""
    if question.aspect not in (Aspect.NEWEST, Aspect.OLDEST):
        return question.film
    year_of = {film: year for film in question.films if (year := facts.films[film].year)}
    choose = max if question.aspect is Aspect.NEWEST else min
    return choose(year_of, key=lambda film: year_of[film], default=None)
