"""Find people of the films of the conversation that a message calls by one name: "is Cage in that?", "I miss Heath"."""

from __future__ import annotations

from itertools import pairwise
from typing import Iterable, Iterator, Mapping, Sequence

from rapidfuzz.distance import OSA

from crslab_causal.chat.films.facts import CAST, DIRECTOR, FilmFacts, name_key
from crslab_causal.chat.understanding.spans import Span, SpanKind, free_spans
from crslab_causal.llm.entity_linking.english import is_english, is_everyday
from crslab_causal.llm.entity_linking.marks import has_capitals
from crslab_causal.llm.entity_linking.people import IN_FILM, has_place_of_person, is_outside_cinema
from crslab_causal.llm.entity_linking.words import Word, is_common, read_words

_N_ACTORS = 12
"""Number of actors of a film, the first of its cast, whom one name may mean."""
_MIN_LETTERS = 3
"""Minimum number of letters of a name. A name of only this many letters needs a mark of a person."""
_MIN_LETTERS_MISSPELLED = 6
"""Minimum number of letters of a name that may have a wrong letter."""
_MAX_EDITS_OF_FULL_NAME = 2
"""Most wrong letters of a first name and a surname together."""
_OVERSHADOWED = 5
"""Ratio between the popularity of two people from which the name means the better-known one, whatever the films."""
_NEVER = frozenset(('the', 'and', 'von', 'van', 'jnr', 'brothers', 'bros'))
"""Parts of the names of people that name nobody alone."""


def name_credited_people(text: str, spans: Sequence[Span], films: Iterable[int], facts: FilmFacts) -> list[Span]:
    """Return the spans of a message, with those of people of some films who are called by one name or are misspelled.

    Args:
        text: the message.
        spans: spans of the films and people that other rules found.
        films: films of the conversation and of the message.
        facts: facts about the films.
    """
    people, words = _credited(films, facts), read_words(text)
    named = [*_full_names(text, words, people), *_single_names(text, words, people)]
    longer = [span for span in spans if span.kind is not SpanKind.PERSON or _is_full(text, span)]
    found: list[Span] = []
    for span in free_spans(named, longer):
        old = [each for each in spans if each.start < span.end and span.start < each.end]
        is_doubtful = not _is_full(text, span) and any(_is_better_known(each, span, facts) for each in old)
        if not is_doubtful and free_spans([span], found):
            found.append(span)
    return sorted([*free_spans(spans, found), *found], key=lambda span: (span.start, span.end))


def _is_full(text: str, span: Span) -> bool:
    """Return whether a span has several words."""
    return ' ' in text[span.start : span.end]


def _credited(films: Iterable[int], facts: FilmFacts) -> dict[int, tuple[str, ...]]:
    """Return the words of the names of directors and first actors of films, the best-known people first."""
    people: set[int] = set()
    for film in films:
        credits = facts.films[film].people
        people |= {*credits.get(CAST, ())[:_N_ACTORS], *credits.get(DIRECTOR, ())}
    known = sorted(people & facts.people.keys(), key=lambda person: (-facts.popularity.get(person, 0.0), person))
    return {person: name_key(facts.names[person]) for person in known}


def _full_names(text: str, words: Sequence[Word], people: Mapping[int, Sequence[str]]) -> Iterator[Span]:
    """Yield the spans of full names with wrong letters."""
    for first, second in pairwise(words):
        if text[first.end : second.start] != ' ':
            continue
        written = f'{first.normalized} {second.normalized}'
        for person, names in people.items():
            name = ' '.join(names)
            is_close = OSA.distance(written, name, score_cutoff=_MAX_EDITS_OF_FULL_NAME) <= _MAX_EDITS_OF_FULL_NAME
            if is_close and ' ' in name and written[0] == name[0]:
                yield Span(SpanKind.PERSON, first.start, second.end, id=person)
                break


def _single_names(text: str, words: Sequence[Word], people: Mapping[int, Sequence[str]]) -> Iterator[Span]:
    """Yield the spans of first names and surnames, unless all letters of the text are capitals."""
    for number, word in enumerate(words if text.upper() != text else ()):
        if not _may_be_name(text, words, number):
            continue
        person = next((each for each, names in people.items() if _is_called(word, names)), None)
        if person is not None:
            yield Span(SpanKind.PERSON, word.start, word.end, id=person)


def _may_be_name(text: str, words: Sequence[Word], number: int) -> bool:
    """Return whether a word may be the name of a person: it stands alone, and is no everyday word."""
    word = words[number]
    name = word.normalized
    if len(name) < _MIN_LETTERS or not name.isalpha() or name in _NEVER or is_outside_cinema(text, word.start):
        return False
    neighbours = [words[n] for n in (number - 1, number + 1) if 0 <= n < len(words)]
    for other in neighbours:
        between = text[min(word.end, other.end) : max(word.start, other.start)]
        if between == ' ' and other.is_capitalized and not is_english(other.normalized):
            return False  # "Freddy Krueger"
    is_marked = has_capitals([word]) or has_place_of_person(text, word.start, word.end)
    is_short = len(name) == _MIN_LETTERS and is_english(name)
    may_be_everyday = is_short or is_common(name) or is_everyday(name)
    return is_marked or not may_be_everyday or IN_FILM.match(text, word.end) is not None


def _is_called(word: Word, names: Sequence[str]) -> bool:
    """Return whether a word is the first name or the surname of a person."""
    if len(names) < 2:
        return False
    written = word.normalized
    forms = {written, written.removesuffix('s')} if len(written) > _MIN_LETTERS_MISSPELLED - 2 else {written}
    if not forms.isdisjoint((names[0], names[-1])):
        return True
    return (
        len(written) >= _MIN_LETTERS_MISSPELLED
        and not is_english(written)
        and any(written[0] == name[0] and OSA.distance(written, name) == 1 for name in (names[0], names[-1]))
    )


def _is_better_known(span: Span, other: Span, facts: FilmFacts) -> bool:
    """Return whether a span names somebody who is far better known than the person of another span."""
    best, person = (facts.popularity.get(each.id, 0.0) if each.id is not None else 0.0 for each in (span, other))
    return span.id != other.id and best > _OVERSHADOWED * person
