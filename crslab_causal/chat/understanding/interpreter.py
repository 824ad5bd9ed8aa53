"""Understand a message: its acts, its questions, and the opinions and constraints that it states."""

from __future__ import annotations

import re
from dataclasses import replace

from crslab_causal.chat.constraints import Kind
from crslab_causal.chat.films.collections import Collections
from crslab_causal.chat.films.facts import FilmFacts
from crslab_causal.chat.films.genres import rejects_gore
from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.draft import Draft
from crslab_causal.chat.understanding.language import is_foreign, is_gibberish
from crslab_causal.chat.understanding.meaning import Attitude, Situation, Subgenre, Understanding
from crslab_causal.chat.understanding.models.encoder import MessageEncoder
from crslab_causal.chat.understanding.models.linear import Models, read_models
from crslab_causal.chat.understanding.models.revision import Reviser
from crslab_causal.chat.understanding.numbers import find_number_of_films
from crslab_causal.chat.understanding.phrases import spell_something
from crslab_causal.chat.understanding.properties import Properties
from crslab_causal.chat.understanding.reading.corrections import find_correction, without_corrected
from crslab_causal.chat.understanding.reading.message import ClauseReader
from crslab_causal.chat.understanding.reading.shorthand import opinion_in_shorthand
from crslab_causal.chat.understanding.reading.state import ReadingState
from crslab_causal.chat.understanding.spans import SpanKind
from crslab_causal.chat.understanding.spotting.places import find_missing_place
from crslab_causal.chat.understanding.spotting.pronoun_resolver import PronounResolver
from crslab_causal.chat.understanding.spotting.pronouns import with_pronouns
from crslab_causal.chat.understanding.spotting.spotter import Spotter
from crslab_causal.chat.understanding.wishes.unmet import find_unknown_topics
from crslab_causal.chat.understanding.wishes.unnamed import UnnamedWishes

_TAGS = re.compile(r'</?[a-zA-Z][^<>\n]{0,200}>')
"""Tags of HTML, which someone has pasted."""
_LONG_SPACE = re.compile(r'\s{2,}')
_LONG_RUN = re.compile(r'([^\w\s])\1{9,}')
"""A character that is repeated ten times or more, such as a line of dashes, which would take seconds to read."""
_SPLIT_WORD = re.compile(r'\b(wan|gon|got) (na|ta)\b', re.IGNORECASE)
"""Words that a tokenizer has split: "wan na"."""
_QUOTES = str.maketrans('“”„‘’´`', "\"\"\"''''")
_POINTS = re.compile(r'\b(?:it|this|that)\b', re.IGNORECASE)
"""Words for the film of the conversation: "that is too violent"."""


class Interpreter:
    """Understands messages about a catalogue of films, without a language model.

    Args:
        facts: facts about the films.
        collections: franchises and topics.
        models: models that revise what the rules understand; None: those of the package.
        encoder: encoder that helps the models, see :func:`.packaged_encoder`; None: they decide alone.
    """

    def __init__(
        self,
        facts: FilmFacts,
        collections: Collections,
        models: Models | None = None,
        encoder: MessageEncoder | None = None,
    ):
        self.facts, self.collections = facts, collections
        self.properties = Properties(facts, collections)
        self._spotter = Spotter(facts, collections)
        self._pronouns = PronounResolver(facts, self._spotter)
        self.encoder = encoder
        self._unnamed_wishes = UnnamedWishes(facts, self.properties)
        self._reviser = Reviser(facts, self.properties, read_models() if models is None else models, encoder)

    def understand(self, text: str, situation: Situation = Situation()) -> Understanding:
        """Return the meaning of a message.

        Args:
            text: the message.
            situation: state of the conversation before the message.
        """
        text = _shorten(text)
        meaning = self.read(text, situation).meaning
        self._unnamed_wishes.add(text, meaning, situation)
        return meaning

    def read(self, text: str, situation: Situation = Situation()) -> Draft:
        """Return the clauses and the names of a message, and its meaning without the wishes that no name expresses."""
        draft = self._draft(text, situation)
        return replace(draft, meaning=self._reviser.revise(draft))

    def _draft(self, text: str, situation: Situation) -> Draft:
        """Return what the rules understand of a message."""
        text = _shorten(_TAGS.sub(' ', text).translate(_QUOTES))
        text = spell_something(_SPLIT_WORD.sub(r'\1\2', text))
        known = (*self._films_of_people(situation), *situation.mentioned)
        spans = self._spotter.spans(text, known, situation.shown, situation.film, situation.recommended)
        people = [span.id for span in spans if span.kind is SpanKind.PERSON and span.id in self.facts.people]
        corrected = without_corrected(text, spans)
        if corrected != text or people:  # "with Colin Farrell, but not Alexander" names a film of Colin Farrell
            text = corrected
            known = (*(film for person in people for film in self.facts.films_of(person)), *known)
            spans = self._spotter.spans(text, known, situation.shown, situation.film, situation.recommended)
        subgenres = [Subgenre(text[s.start : s.end].lower(), s.genre, not s.negated) for s in spans if s.is_subgenre]
        spans = [span for span in spans if not (span.is_subgenre and span.negated)]  # other westerns may be wanted
        words = text
        for span in spans:
            words = words[: span.start] + ' ' * (span.end - span.start) + words[span.end :]
        opinion = opinion_in_shorthand(words) if spans else None
        if opinion is not None:
            names = ' and '.join(text[span.start : span.end] for span in spans)
            return self._draft(f'I {"loved" if opinion else "hated"} {names}', situation)
        if is_foreign(words):
            return Draft(text, [], [], situation, Understanding(acts=[Act.FOREIGN]))
        missing = None if spans else find_missing_place(text, len(situation.shown))
        if missing is not None:
            meaning = Understanding(acts=[Act.UNKNOWN], missing_place=missing)
            return Draft(text, [], [], situation, meaning, is_final=True)
        person = self._pronouns.person_of_conversation(text, situation)
        spans = with_pronouns(text, spans, person)
        person = person if person is not None else self._pronouns.person_of_film(text, situation)
        situation = replace(situation, person=person)
        state = ReadingState(self.facts, self.properties, text, spans, situation)
        ClauseReader(state).read()
        correction = find_correction(state.clauses, state.groups, self.facts, self.properties, situation)
        if correction is not None:
            return Draft(text, state.clauses, state.groups, situation, correction, is_final=True)
        self._add_unmet(state, subgenres)
        if not state.meaning.acts:
            state.meaning.acts = [Act.UNKNOWN]
            state.meaning.is_gibberish = is_gibberish(words)
        return Draft(text, state.clauses, state.groups, situation, state.meaning)

    def _add_unmet(self, state: ReadingState, subgenres: list[Subgenre]) -> None:
        """Add to the meaning what the clauses ask for, and no constraint expresses.

        Args:
            state: the message.
            subgenres: parts of genres that it names.
        """
        meaning, texts = state.meaning, [clause.text for clause in state.clauses]
        meaning.unknown_topics = find_unknown_topics(texts)
        if not meaning.questions:
            meaning.subgenres, meaning.n_films = subgenres, find_number_of_films(texts)
            meaning.rejects_gore = rejects_gore(state.text)
        rejects = meaning.rejects_gore or any(not each.wanted for each in subgenres)
        has_topic = bool(meaning.unknown_topics) and not meaning.questions
        if (rejects or has_topic) and Act.WANT not in meaning.acts:
            meaning.acts.append(Act.WANT)
        if meaning.rejects_gore and Act.REJECT in meaning.acts and not _POINTS.search(state.text):
            meaning.acts.remove(Act.REJECT)  # "I'd rather not have too much blood"
            state.drop(Attitude.REJECTED)

    def _films_of_people(self, situation: Situation) -> list[int]:
        """Return the films of the people whom the seeker has named. A title rather means one of them."""
        wanted = [self.facts.person_called.get(c.label) for c in situation.constraints if c.kind is Kind.PERSON]
        people = [person for person in (*situation.mentioned, *wanted) if person in self.facts.people]
        return [film for person in dict.fromkeys(people) for film in self.facts.films_of(person)]


def _shorten(text: str) -> str:
    """Return a text with single spaces and without long runs of one character."""
    return _LONG_RUN.sub(r'\1\1\1', _LONG_SPACE.sub(' ', text))
