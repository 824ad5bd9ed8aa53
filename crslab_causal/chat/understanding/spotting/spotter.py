"""Find the parts of a message that name something, with a linker for the names of the catalogue."""

from __future__ import annotations

import re
from typing import Sequence

from crslab_causal.chat.films.collections import Collection, Collections, is_everyday_word
from crslab_causal.chat.films.facts import FilmFacts
from crslab_causal.chat.films.genres import find_genres
from crslab_causal.chat.understanding.spans import Span, SpanKind, blank_spans, free_spans
from crslab_causal.chat.understanding.spotting.children import find_children
from crslab_causal.chat.understanding.spotting.credited_people import name_credited_people
from crslab_causal.chat.understanding.spotting.credits import name_by_credit, name_by_person
from crslab_causal.chat.understanding.spotting.places import (
    find_aged,
    find_dated,
    find_numbers,
    find_others,
    find_places,
    find_recommended,
)
from crslab_causal.chat.understanding.spotting.rejections import with_negation
from crslab_causal.chat.understanding.spotting.relative_years import relate_years
from crslab_causal.chat.understanding.spotting.roles import name_by_role
from crslab_causal.chat.understanding.spotting.series_numbers import film_of_ordinal, name_by_number, name_numbered
from crslab_causal.chat.understanding.spotting.series_parts import name_by_part
from crslab_causal.chat.understanding.spotting.unknown_names import find_unknown_names
from crslab_causal.chat.understanding.years.finder import find_years
from crslab_causal.llm.entity_linking.english import is_english
from crslab_causal.llm.entity_linking.linking import MentionLinker
from crslab_causal.llm.entity_linking.numbering import ORDINALS
from crslab_causal.llm.entity_linking.titles import ARTICLES, content_words, parse_title, title_words
from crslab_causal.llm.entity_linking.words import CHAT_WORDS, Word, read_words

_SERIES_AFTER = re.compile(
    r"""['’]?s?["”]?\s+(?:(?:\w+\s+)?(?:movies|films|flicks|ones)|franchise|saga|series|trilogy|universe)\b""",
    re.IGNORECASE,
)
_SERIES_BEFORE = re.compile(
    r'\b(?:all|every|any|another|other|more)(?:\s+of)?(?:\s+the)?\s*$|\b(?:series|franchise)\s+of\s*$', re.IGNORECASE
)
_WHOLE_BEFORE = re.compile(r'\b(?:all|every|each)(?:\s+of)?(?:\s+(?:the|these|those))?\s*$', re.IGNORECASE)
_ONE_BEFORE = re.compile(r'\b(?:an?|any|another|good|best|new|old)\s*$', re.IGNORECASE)
_ONE_AFTER = re.compile(r'\s+(?:movie|film|flick|one)\b', re.IGNORECASE)
_NTH_BEFORE = re.compile(
    r'\bthe\s+(?P<ordinal>first|1st|second|2nd|third|3rd|fourth|4th|fifth|5th|sixth|6th|last|latest|newest)\s+$', re.I
)
_NTHS = {word: n - 1 for word, n in ORDINALS.items()} | dict.fromkeys(('last', 'latest', 'newest'), -1)
"""Index of the film that an ordinal selects."""
_NTH_AFTER = re.compile(r'(?:\s+(?:movie|film|flick|one)\b)?(?!\s+(?:movies|films|flicks|ones)\b)', re.IGNORECASE)
_N_RECOMMENDED = 3
"""Number of the last recommendations whose people a message may call by one name."""
_PLURAL_BEFORE = re.compile(
    r'(?<!about )\b(?:the|all|any|these|those|every|both|other)\s+(?:of\s+)?(?:the\s+)?(?:\w+\s+)?$', re.I
)
"""Words before the plural of a title that is an everyday word: "the Rockys", but not "movies about aliens"."""
_OVERSHADOWED = 8
"""Minimum ratio between the popularity of all films of a listed franchise, and that of a film with the name of the
franchise, from which the name means the franchise: "James Bond (2015)"."""
_WEARY_BEFORE = re.compile(r'\b(?:(?:tired|sick|bored)\s+of|enough(?:\s+of)?|no\s+more)\s*$', re.IGNORECASE)
_VERSION_BEFORE = re.compile(r'\b(?:(?:remakes?|reboot|version)\s+of|original)\s+(?:(?:an?|the)\s+)?$', re.IGNORECASE)
"""Words before a title that means one film, although it also names a series."""
_SEASON_BEFORE = re.compile(
    r'\b(?:around|at|during|every|each|last|until|before|after|by|on|since|merry|happy|over|next)\s+(?:the\s+)?$',
    re.IGNORECASE,
)
_SEASON_AFTER = re.compile(
    r'\s*-?\s*(?:time|eve|day|break|season|morning|night|holidays?|vacation)\b(?!\s+(?:movie|film|flick))', re.I
)
_PHRASE_BEFORE = re.compile(r'\b(?:happy|merry|raining)\s+$', re.IGNORECASE)
"""Words before a title that make it a phrase: "Happy Holidays", "it's raining cats and dogs"."""
_ORDINARY = re.compile(
    r'(?:the )?last (?:\d+|[a-z]+) years|the grown[ -]ups|grown-ups|my life|upside down|disaster (?:movies|films)'
)
"""Words in small letters that name no film, although "The Last Five Years" and "Grown Ups" are titles."""
_FILMS_AFTER = re.compile(r'\s+(?:movies?|films?|flicks?|ones?|stor(?:y|ies))\b', re.IGNORECASE)
_ARTICLE = re.compile(r'^(?:the|an?)\s+', re.IGNORECASE)
_OF_NAME = re.compile(r' of (?:the )?[A-Z]')


class Spotter:
    """A finder of the spans of a message.

    Args:
        facts: facts about the films.
        collections: franchises and topics.
    """

    def __init__(self, facts: FilmFacts, collections: Collections):
        self.facts, self.collections = facts, collections
        names = {film.entity: film.name for film in facts.films.values() if film.entity not in facts.undated_copies}
        names |= {person.id: person.name for person in facts.people.values()}
        names |= {subject: facts.names[subject] for subject in facts.subjects}
        self._linker = MentionLinker(names, facts.films, facts.prominence, facts.people, partial=True)

    def spans(
        self,
        text: str,
        prefer: Sequence[int] = (),
        shown: Sequence[int] = (),
        film: int | None = None,
        recommended: Sequence[int] = (),
    ) -> list[Span]:
        """Return the spans of a message, in order of appearance.

        Two spans overlap only if both are genres, both are places, or both are films: "those two".

        Args:
            text: the message.
            prefer: entity ids that are preferred if several entities have the name. Those of the last list are
                preferred, too.
            shown: films of the last list.
            film: the film that the conversation is about, whose director "the same director" is.
            recommended: films that were first in the lists so far, which "the one before" means.
        """
        numbers = find_numbers(text, shown)
        spans = numbers + free_spans(self._links(text, (*prefer, *shown)), numbers)
        spans += free_spans(self._collection_spans(text, spans), spans)
        spoken_of = dict.fromkeys((film, *shown, *recommended[-_N_RECOMMENDED:], *(span.id for span in spans)))
        films = [each for each in spoken_of if each is not None and each in self.facts.films]
        spans = name_credited_people(text, spans, films, self.facts)
        spans = name_by_credit(text, spans, self.facts)
        spans = name_by_person(text, spans, self.facts, recommended)
        spans = name_by_role(text, spans, self.facts, film)
        spans = name_by_part(blank_spans(text, spans), spans, self.facts, self.collections, film, shown)
        spans = name_by_number(blank_spans(text, spans), spans, self.facts, self.collections, film, shown)
        masked = blank_spans(text, spans)
        spans += find_children(masked)
        masked = blank_spans(text, spans)
        spans += find_recommended(masked, recommended, len(shown))
        spans += find_places(blank_spans(text, spans), shown)
        year_of = {entity: self.facts.films[entity].year for entity in (*shown, film) if entity is not None}
        spans += find_dated(blank_spans(text, spans), shown, film, year_of)
        spans += find_aged(blank_spans(text, spans), shown, year_of)
        named = {span.id for span in spans if span.kind is SpanKind.FILM} | {
            shown[span.id - 1] for span in spans if span.kind is SpanKind.PLACE and span.id is not None
        }
        spans += find_others(blank_spans(text, spans), shown, named, film)
        masked = blank_spans(text, spans)
        spans += [
            Span(
                SpanKind.YEARS,
                found.start,
                found.end,
                years=found.years,
                negated=found.is_excess,
                is_negation_read=found.is_negation_read,
            )
            for found in find_years(masked, self.facts.latest)
        ]
        spans = relate_years(text, spans, film, shown, lambda entity: self.facts.films[entity].year)
        masked = blank_spans(text, spans)
        spans += [
            Span(
                SpanKind.GENRE,
                g.start,
                g.end,
                genre=g.genre,
                is_subgenre=g.is_subgenre,
                negated=g.is_excess,
                is_wish=g.is_wish,
            )
            for g in find_genres(masked)
        ]
        unknown = free_spans(find_unknown_names(blank_spans(text, spans)), spans)
        spans += [name_numbered(text, span, self.collections) for span in unknown]
        return with_negation(text, sorted(spans, key=lambda span: (span.start, span.end)))

    def _links(self, text: str, prefer: Sequence[int]) -> list[Span]:
        found = self._linker.find(text, prefer)
        # a name with a genre word is not an unknown film: "World War 2" contains "War"
        genres = [Span(SpanKind.GENRE, genre.start, genre.end) for genre in find_genres(text)]
        unknown = [name_numbered(text, Span(SpanKind.UNKNOWN, *place), self.collections) for place in found.unknown]
        longer = [
            span for span in unknown if span.kind is SpanKind.UNKNOWN and _OF_NAME.search(text, span.start, span.end)
        ]  # "The King of Comedy"
        genres = free_spans(genres, longer)
        spans = free_spans(unknown, genres)
        for link in found.links:
            part = _ARTICLE.sub('', text[link.start : link.end])
            named = [genre.end - genre.start for genre in find_genres(part, short_names=False)]
            named += [span.end - span.start for span in genres if span.end == link.end]
            if ' ' not in part and len(part) in named:
                continue  # "Comedy" is a title, but here it means the genre
            start = link.start - len('the ') if text[: link.start].endswith('the ') else link.start
            if _ORDINARY.fullmatch(text, link.start, link.end) or _ORDINARY.fullmatch(text, start, link.end):
                continue  # "from the last 5 years"
            if _PHRASE_BEFORE.search(text[max(0, link.start - 10) : link.start]):
                continue  # "Happy Holidays"
            kind = SpanKind.FILM if link.entity in self.facts.films else SpanKind.PERSON
            kind = SpanKind.SUBJECT if link.entity in self.facts.subjects else kind
            spans.append(Span(kind, link.start, link.end, id=link.entity))
        return spans

    def _collection_spans(self, text: str, links: list[Span]) -> list[Span]:
        """Return the franchises and topics; remove the links that they replace from ``links``."""
        words = [word for word in read_words(text) if word.normalized not in ARTICLES]
        found: list[Span] = []
        first = 0
        while first < len(words):
            for n in range(min(self.collections.max_words, len(words) - first), 0, -1):
                part = words[first : first + n]
                key = tuple(word.normalized for word in part)
                collection = self.collections.by_key.get(key)
                is_plural = False
                for ending in ('s', 'es') if collection is None and key[-1].endswith('s') else ():
                    key = (*key[:-1], part[-1].normalized.removesuffix(ending))
                    collection = collection or self.collections.by_key.get(key)
                    is_plural = collection is not None and not part[-1].is_possessive
                if is_plural and not _may_be_plural(text, part):
                    continue
                if collection is None:
                    continue
                span = Span(SpanKind.COLLECTION, part[0].start, part[-1].end, collection=collection)
                if not collection.is_listed and is_everyday_word(key) and not _is_whole_series(text, span, part[0]):
                    continue  # "Saw" is a series only in "all the Saw movies"
                nth = self._nth_film(text, span, key)
                if self._names_collection(text, span, links, is_plural, nth is not None):
                    found.append(nth or self._bearer(span, key) or span)
                    first += n - 1
                    break
            first += 1
        return found

    def _nth_film(self, text: str, span: Span, key: tuple[str, ...]) -> Span | None:
        """Return the span of the film that an ordinal selects from a series: "the third Harry Potter movie"."""
        match = _NTH_BEFORE.search(text, max(0, span.start - 30), span.start)
        after = _NTH_AFTER.match(text, span.end)
        assert span.collection is not None
        if match is None or after is None:
            return None
        film = film_of_ordinal(span.collection, key, _NTHS[match['ordinal'].lower()], self.collections, self.facts)
        if film is None:
            return None
        return Span(SpanKind.FILM, match.start('ordinal'), after.end(), id=film)

    def _bearer(self, span: Span, key: tuple[str, ...]) -> Span | None:
        """Return the span of the person with a surname that also names a collection: "Miyazaki", but not "Disney"."""
        assert span.collection is not None
        person = self._linker.person_called(key)
        if person is None or key[0] in content_words(title_words(span.collection.name)):
            return None
        return Span(SpanKind.PERSON, span.start, span.end, id=person)

    def _names_collection(self, text: str, span: Span, links: list[Span], is_plural: bool, is_nth: bool) -> bool:
        """Return whether a span names a collection, and not a single film or person.

        Args:
            text: the message.
            span: the span.
            links: links to films and people; those that the collection replaces are removed.
            is_plural: whether the name has a plural ending, as in "the Rockys".
            is_nth: whether an ordinal selects a film of the collection, as in "the third Harry Potter".
        """
        overlapping = [link for link in links if link.start < span.end and span.start < link.end]
        assert span.collection is not None
        has_context = is_plural or is_nth or _is_series(text, span)
        if _is_season(text, span) or _VERSION_BEFORE.search(text, 0, span.start):
            return False
        if not overlapping:
            return span.collection.is_listed or has_context
        link = overlapping[0]
        if len(overlapping) > 1 or link.start < span.start - len('the ') or link.end > span.end:
            return False
        key = content_words(title_words(text[link.start : link.end]))
        is_title = link.id in self.facts.films and self._is_title(key, link.id, span.collection)
        is_surname = link.kind is SpanKind.PERSON and len(key) == 1
        is_surname = is_surname and key[0] in content_words(title_words(span.collection.name))  # "Disney"
        is_overshadowed = self._is_overshadowed(link, span.collection)
        if is_title and is_plural and not is_overshadowed:
            return False  # "Aliens" is a film
        means_series = span.collection.is_series or (span.collection.is_listed and is_overshadowed)
        has_context = has_context or (is_title and means_series)
        if (link.kind is SpanKind.FILM and (not is_title or has_context)) or (is_surname and span.collection.is_listed):
            links.remove(link)
            return True
        return False

    def _is_title(self, key: list[str], film: int, collection: Collection) -> bool:
        """Return whether words are the title of a film, or its first part: "Anchorman", but not "Harry Potter"."""
        title = parse_title(self.facts.films[film].title)
        names = [form.content for form in (*title.forms[:1], *(() if collection.is_listed else title.parts[:1]))]
        return tuple(key) in names

    def _is_overshadowed(self, link: Span, collection: Collection) -> bool:
        """Return whether the other films of a collection are far more popular than a linked film."""
        popularity = self.facts.popularity
        total = sum(popularity.get(film, 0) for film in collection.films)
        return link.id is not None and total > _OVERSHADOWED * (popularity.get(link.id, 0) + 1)


def _may_be_plural(text: str, part: Sequence[Word]) -> bool:
    """Return whether the plural of a title may mean its series. "Aliens" in "movies about aliens" does not."""
    first = part[0]
    has_capital = first.is_capitalized and not first.starts_sentence
    is_everyday = len(part) == 1 and is_english(first.normalized.removesuffix('s'))
    return (
        has_capital or not is_everyday or _PLURAL_BEFORE.search(text, max(0, first.start - 40), first.start) is not None
    )


def _is_series(text: str, span: Span) -> bool:
    """Return whether the words around a name say that it is a series: "Rocky movies", "a Rocky movie"."""
    before = text[max(0, span.start - 80) : span.start]
    return (
        _SERIES_AFTER.match(text, span.end) is not None
        or _SERIES_BEFORE.search(before) is not None
        or (_ONE_BEFORE.search(before) is not None and _ONE_AFTER.match(text, span.end) is not None)
        or _WEARY_BEFORE.search(before) is not None
    )


def _is_whole_series(text: str, span: Span, word: Word) -> bool:
    """Return whether an everyday word surely names a series: "the Saw movies", "all the saw movies"."""
    if word.normalized in CHAT_WORDS or _SERIES_AFTER.match(text, span.end) is None:
        return False
    has_capital = word.is_capitalized and not word.starts_sentence
    return has_capital or _WHOLE_BEFORE.search(text, max(0, span.start - 80), span.start) is not None


def _is_season(text: str, span: Span) -> bool:
    """Return whether a name means a time of the year: "around Christmas", "Merry Christmas", "Christmas time"."""
    before, after = text[max(0, span.start - 30) : span.start], text[span.end : span.end + 30]
    is_time = _SEASON_BEFORE.search(before) is not None and _FILMS_AFTER.match(after) is None
    return is_time or _SEASON_AFTER.match(after) is not None
