"""Find the mentions of entities in running text, with their positions and whether the text rejects them.

:mod:`.titles` normalizes the text and the names. Case, accents, articles, and ``2`` or ``II`` make no difference. If
names overlap, the longest one is linked. A word that is neither in a name nor in the dictionary may be misspelled. It
then matches words of names at an edit distance of one (insertion, deletion, substitution or swap) with equal first and
last letters. It must have at least five letters ("ficton"), or eight if it is the whole name ("inceptoin"). A word of a
longer name may have two wrong letters if it has at least eight ("jurrasic park"). At most half of the words of a longer
name may be misspelled.

:mod:`.name_index` lists the names, and the parts of titles and surnames that may stand for them. A name of common words
("It", "Get Out", "300") is linked only with a mark of a title, see :mod:`.recognition`.

**Numbers** right behind a film's name belong to the name: "Rocky 2" is linked to a film with that number or to nothing,
never to "Rocky". Capitalized words behind a colon also belong to the name ("Die Hard 2: Die Harder"). A number that
counts something ("saw Titanic 3 times") does not. The first film of a series may have the number 1.

**Years**: "It (1990)" is linked to an entity of that year; if there is none, to one without a year; if there is none,
to one of a neighbouring year; otherwise to nothing. A year without brackets must be the entity's own year.

:mod:`.negation` decides whether the text rejects a name.
"""

from __future__ import annotations

import re
from typing import Collection, Iterator, Mapping, NamedTuple

from crslab_causal.llm.entity_linking.links import Link, LinkedText, Mention, Place, ReadText
from crslab_causal.llm.entity_linking.longer_titles import LongerTitles
from crslab_causal.llm.entity_linking.name_index import NameIndex
from crslab_causal.llm.entity_linking.namesakes import choose_entity
from crslab_causal.llm.entity_linking.negation import is_negated
from crslab_causal.llm.entity_linking.numbering import next_numeral, numeral_after, ordinal_before, subtitle_span
from crslab_causal.llm.entity_linking.people import has_place_of_person
from crslab_causal.llm.entity_linking.recognition import Recognizer
from crslab_causal.llm.entity_linking.title_parts import Key
from crslab_causal.llm.entity_linking.titles import ARTICLES, YEAR

_YEAR_AFTER_NAME = re.compile(
    rf"""(?:\s*(?:[!?…]+|\.\.+|\.(?=[ ]?[(\[]{YEAR}[)\]]))(?=["”»’'*_]*\s*[(\[]))?  # punctuation of the name
    ["”»’'*_]*\s*(?:[(\[](?:[^()\[\]]*\D)?({YEAR})(?:\D[^()\[\]]*)?[)\]]|(,?)\s+
    (?:the\ (?:\w+\ )?(?:one|version|movie|film)\ (?:from|of)\ )?({YEAR})\b)""",
    re.VERBOSE,
)
_OLD, _NEW = frozenset('first old older original'.split()), frozenset('latest new newer newest recent'.split())
"""Words before a title that several films have: "the original Jumanji"."""


class _Candidate(NamedTuple):
    """A part of a text that may be a name."""

    first: int
    """Index of the first content word."""
    end: int
    """Index after the last content word."""
    key: Key
    edits: int
    """Largest number of wrong letters of a word."""

    @property
    def spelling_rank(self) -> int:
        """Rank of this spelling among those of the same words. The lowest rank is tried first.

        For several words, the fewest wrong letters come first. A single word that is the name of an obscure film is
        rather a misspelled name, so that the most wrong letters come first: "Shreck" means "Shrek".
        """
        return self.edits if self.end - self.first > 1 else -self.edits


class MentionLinker:
    """Finds mentions of entities in running text.

    If several entities share a name, the linker prefers, in this order: entities that the call prefers; a genre, if the
    name is that of a genre; items; names with an article, if the text has one; more popular entities; lower ids.

    Args:
        names: URI or name of each entity that can be linked. A year in the name distinguishes entities of one name.
        items: ids of the catalogue's items.
        popularity: popularity of each entity, for example its count in the training data; 0 if it is missing.
        people: ids of entities that may be called by their surname.
        partial: whether items may be called by a part of their title, see :mod:`.name_index`.
    """

    def __init__(
        self,
        names: Mapping[int, str],
        items: Collection[int] = (),
        popularity: Mapping[int, float] | None = None,
        people: Collection[int] = (),
        partial: bool = False,
    ):
        self._index = NameIndex(names, items, popularity or {}, people, partial)

    def link(self, text: str, prefer: Collection[int] = ()) -> list[Mention]:
        """Return all mentions in ``text``, in order of appearance.

        Args:
            text: the text.
            prefer: entity ids that are preferred among entities of one name.
        """
        words, links, _ = self.find(text, prefer)
        negated = is_negated(text, words, [(link.first_word, link.end_word) for link in links])
        return [Mention(link.entity, link.start, link.end, rejected) for link, rejected in zip(links, negated)]

    def find(self, text: str, prefer: Collection[int] = ()) -> LinkedText:
        """Return the links in ``text``, and the titles that match no entity. Negation is not examined.

        Args: as those of :meth:`link`.
        """
        return _Scan(self._index, text, prefer).result()

    def person_called(self, key: Key) -> int | None:
        """Return the person whom a surname or a nickname names; None if there is none."""
        return next(iter(self._index.bearers(key, True)), None)


class _Scan:
    """The search for the links of one text, with the state of the search."""

    def __init__(self, index: NameIndex, text: str, prefer: Collection[int]):
        read = ReadText(text)
        self.index, self.text, self.prefer = index, text, prefer
        self.words, self.content_indices, self.content = read.words, read.content_indices, read.content
        self.recognizer, self.longer_titles = Recognizer(index, read, prefer), LongerTitles(index, read)
        self.is_taken = [False] * len(self.content)
        self.links: list[Link] = []
        self.unknown: list[tuple[int, int]] = []

    def result(self) -> LinkedText:
        candidates = sorted(
            self._candidates(),
            key=lambda candidate: (
                candidate.first - candidate.end,
                self.index.is_partial(candidate.key),
                candidate.spelling_rank,
                candidate,
            ),
        )
        # a title before a name of common words marks it as a title, so one link can lead to another
        while candidates:
            n_links = len(self.links)
            candidates = [candidate for candidate in candidates if not self._use(candidate)]
            if len(self.links) == n_links:
                break
        self._link_misspelled_people()
        self.links.sort()
        return LinkedText(self.words, self.links, sorted(self.unknown))

    def _link_misspelled_people(self) -> None:
        """Link two words where a person is expected to the person of a similar name: "with Tim Allan"."""
        for first in range(len(self.content) - 1):
            end = first + 2
            start, end_character = self.content[first].start, self.content[end - 1].end
            written = ' '.join(word.lower for word in self.content[first:end])
            if (
                any(self.is_taken[first:end])
                or self.text[start:end_character].count(' ') != 1
                or not has_place_of_person(self.text, start, end_character)
            ):
                continue
            person = self.index.similar_person(written)
            if person is not None:
                self._take(first, end)
                self.links.append(
                    Link(self.content_indices[first], self.content_indices[end - 1] + 1, person, start, end_character)
                )

    def _use(self, candidate: _Candidate) -> bool:
        """Link a candidate if it is a name. Return whether this is decided.

        It is undecided if a later link may still mark the candidate as a title; then it is tried again.
        """
        first, end, key, _ = candidate
        if any(self.is_taken[first:end]):
            return True
        first_word, end_word = self.content_indices[first], self.content_indices[end - 1] + 1
        end_character = self.content[end - 1].end
        has_article = (
            first_word > 0
            and self.words[first_word - 1].normalized in ARTICLES
            and not self.words[first_word].starts_sentence
        )
        year = _YEAR_AFTER_NAME.match(self.text, end_character)
        is_person = has_place_of_person(self.text, self.words[first_word].start, end_character) and (
            len(key) > 1 or self.recognizer.may_be_surname(self.content[first], key)
        )
        entity, has_year = choose_entity(
            self.index, self.prefer, key, year, has_article, is_person, self._age_before(first_word)
        )
        if entity is not None and has_article and self.index.titles[entity].forms[0].literal[0] in ARTICLES:
            first_word -= 1
        start = self.words[first_word].start
        place = Place(first, end, first_word, end_word, end_character)
        if not has_year and not self.recognizer.is_name(place, key, entity, self.links):
            return False
        if entity is None:
            assert year is not None
            self._block(first, end, self.words[first_word - has_article].start, year.end())
            return True
        is_film = self.index.is_item(entity) and not has_year and bool(self.index.items)
        if is_film and (longer := self.longer_titles.end_after(place, key)) is not None:
            self._block(first, end, start, longer)
            return True
        if is_film and (earlier := self.longer_titles.start_before(place)) is not None:
            first = next(i for i, word in enumerate(self.content) if word.start >= earlier)
            self._block(first, end, earlier, end_character)
            return True
        if year and has_year:
            end_character = year.end()
            end = self._words_before(end_character, end)  # the year is not the film "2012"
        elif self.index.is_item(entity):
            # there was no year, so a number may follow: "Rocky 2"
            numeral = numeral_after(self.text, end_character)
            if numeral is not None and numeral.value != '1':
                self._block(first, end, start, numeral.end)
                return True
            end_character = numeral.end if numeral else end_character
            if (sequel := self._by_ordinal(key, start)) is not None:
                entity, start = sequel
            if not self._settle_subtitle(key, start, end_character, first, end):
                return True
        self._take(first, end)
        self.links.append(Link(first_word, end_word, entity, start, end_character))
        self._link_further_numbers(key, end_word, end_character)
        return True

    def _by_ordinal(self, key: Key, start: int) -> tuple[int, int] | None:
        """Return the film that an ordinal before the name selects, as in "the second Toy Story", and its start."""
        ordinal = ordinal_before(self.text, start)
        if ordinal is None:
            return None
        number, position = ordinal
        longer = (*key, str(number))
        entity = (
            choose_entity(self.index, self.prefer, longer, None, False)[0]
            if number > 1 and longer in self.index
            else None
        )
        return (entity, position) if entity is not None else None

    def _age_before(self, first_word: int) -> int:
        """Return -1 if the words before a name ask for the oldest film of this name, 1 for the newest, else 0."""
        before = [word.lower for word in self.words[max(0, first_word - 3) : first_word] if word.lower not in ARTICLES]
        if not before or first_word == 0:
            return 0
        return -1 if before[-1] in _OLD else 1 if before[-1] in _NEW or before[-2:] == ['remake', 'of'] else 0

    def _take(self, first: int, end: int) -> None:
        self.is_taken[first:end] = [True] * (end - first)

    def _block(self, first: int, end: int, start: int, end_character: int) -> None:
        """Note a title that matches no entity, so that no part of it is linked."""
        self._take(first, self._words_before(end_character, end))
        self.unknown.append((start, end_character))

    def _words_before(self, end_character: int, end: int) -> int:
        """Return the index after the last content word before a position, at least ``end``."""
        while end < len(self.content) and self.content[end].start < end_character:
            end += 1
        return end

    def _settle_subtitle(self, key: Key, start: int, end_character: int, first: int, end: int) -> bool:
        """Add the words of a subtitle to a name, and return whether the name is linked."""
        subtitle = subtitle_span(self.text, end_character)
        if subtitle is None:
            return True
        inside = [i for i, word in enumerate(self.content) if subtitle[0] <= word.start < subtitle[1]]
        linked = [link for link in self.links if subtitle[0] <= link.start < subtitle[1]]
        if key[-1].isdigit() and inside:
            self._take(inside[0], inside[-1] + 1)
            self.links = [link for link in self.links if link not in linked]
            return True
        if ':' not in self.text[end_character : subtitle[0]]:
            return True
        if not all(self.index.is_item(link.entity) for link in linked):
            return True  # "Alien: Sigourney Weaver is great"
        if linked:
            self._take(first, end)  # "Star Wars: The Empire Strikes Back" is one film
        else:
            self._block(first, end, start, subtitle[1])
        return False

    def _link_further_numbers(self, key: Key, end_word: int, end_character: int) -> None:
        """Link the numbers of a list such as "Toy Story 1, 2 and 3"."""
        base = key[:-1] if key[-1].isdigit() else key
        while numeral := next_numeral(self.text, end_character):
            longer = (*base, numeral.value)
            positions = [i for i, word in enumerate(self.content) if end_character <= word.start < numeral.end]
            if longer not in self.index or not positions or self.is_taken[positions[-1]]:
                return
            entity, _ = choose_entity(self.index, self.prefer, longer, None, False)
            assert entity is not None
            word = self.content_indices[positions[-1]]
            self._take(positions[-1], positions[-1] + 1)
            self.links.append(Link(word, word + 1, entity, self.words[word].start, numeral.end))
            end_character = numeral.end

    def _candidates(self) -> Iterator[_Candidate]:
        """Yield all parts of the text that may be a name."""
        distinct = {(word.normalized, word.is_possessive): word for word in self.content}
        spellings = {key: self.index.spellings(word) for key, word in distinct.items()}
        loose = {key: dict.fromkeys(self.index.loose_spellings(word), 1) for key, word in distinct.items()}
        for first in range(len(self.content)):
            # each with its most edits of a word, its edited words, and whether one of these is in the dictionary
            keys: list[tuple[Key, int, int, bool]] = [((), 0, 0, False)]
            crosses_sentence = False
            for n, word in enumerate(self.content[first:], start=1):
                options = spellings[word.normalized, word.is_possessive]
                if n == 1 and word.normalized in options and _YEAR_AFTER_NAME.match(self.text, word.end):
                    options = {word.normalized: 0}  # "Shreck (1990)" is not "Shrek"
                exact = {*options}
                options = loose[word.normalized, word.is_possessive] | options
                keys = [
                    (
                        longer,
                        max(edits, wrong),
                        n_wrong + (edits > 0 and not word.is_possessive),
                        is_loose or option not in exact,
                    )
                    for key, wrong, n_wrong, is_loose in keys
                    for option, edits in options.items()
                    if (longer := (*key, option)) in self.index.prefixes
                ]
                if not keys:
                    break
                crosses_sentence |= n > 1 and word.starts_sentence
                written = [each.normalized for each in self.content[first : first + n]]
                yield from (
                    _Candidate(first, first + n, key, wrong)
                    for key, wrong, n_wrong, is_loose in keys
                    if key in self.index
                    and not (is_loose and not self.index.has_rare_word(key, written))
                    and (n_wrong <= n // 2 or n == 1)
                    and (
                        n > 1
                        or not wrong
                        or (
                            wrong < 2
                            and "'" not in self.text[word.start : word.end]
                            and self.index.may_be_misspelled_alone(key, word.normalized)
                        )
                    )
                    and (not crosses_sentence or key in self.index.multi_sentence)
                )
