"""Read the questions of a message about films, people and the chat."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Sequence

from crslab_causal.chat.constraints import Kind
from crslab_causal.chat.understanding.acts import Act, names_both
from crslab_causal.chat.understanding.clauses import Clause
from crslab_causal.chat.understanding.meaning import Attitude
from crslab_causal.chat.understanding.questions import (
    ABOUT_CHAT,
    OF_TWO_FILMS,
    Aspect,
    Question,
    answered_person,
    find_aspects,
    make_question,
)
from crslab_causal.chat.understanding.reading.state import ReadingState
from crslab_causal.chat.understanding.spans import Span, SpanKind

_COMPARED = re.compile(r'\b(?:most|least|more|less)\s+$', re.IGNORECASE)
"""Words before a genre that compare films: "the most funny"."""
_OLDEST = re.compile(r'(?:old|early|earli)', re.IGNORECASE)
_WITH_ANOTHER = re.compile(
    r'\b(?:did|has|have|does) (?:(?:he|she|they)\b.* (?:with|for) <person\d+>|<person\d+> .*\bwith (?:him|her|them)\b)'
)
"""A question about the films of two people, of whom one has no name: "did he ever work with Hitchcock?"."""
_ASKS_TITLE = re.compile(r'^\W*(?:\w+\W+){0,3}what (?:is|was) (?:it|that one|this one) called(?: again| please)?\W*$')
"""A question about the title of a film of the conversation."""


class QuestionReader:
    """A reader of the questions in a message.

    Args:
        state: state of reading the message.
    """

    def __init__(self, state: ReadingState):
        self.state, self.meaning = state, state.meaning
        self.situation, self.groups = state.situation, state.groups
        self.facts, self.properties = state.facts, state.properties

    def ask(self, clause: Clause, aspect: Aspect) -> None:
        """Add the question of a clause to the meaning of the message.

        Args:
            clause: the clause.
            aspect: aspect whose phrases it contains.
        """
        for film in self.state.films(clause):
            self.state.hear_films([film], Attitude.ASKED)
        spans = [span for group in clause.groups for span in self.groups[group]]
        self.meaning.unknown += [self.state.text[s.start : s.end] for s in spans if s.kind is SpanKind.UNKNOWN]
        question = self._question(clause, self._settled(aspect, clause, spans), spans)
        other = self.situation.person
        if question.aspect is Aspect.FILMS_OF and len(question.people) == 1 and _WITH_ANOTHER.search(clause.text):
            people = [*(person for person in [other] if person is not None), *question.people]
            question = replace(question, person=people[0], people=tuple(dict.fromkeys(people)))
        if question.aspect is Aspect.FILMS_OF and not question.people and names_both(clause.text):
            people = self._last_people()[-2:]
            if len(people) < 2:  # "maybe one film with both?" after two genres
                self.meaning.acts.append(Act.WANT)
                return
            question = replace(question, person=people[0], people=tuple(people))
        if question.aspect in ABOUT_CHAT:
            self.meaning.questions.append(question)
            self.meaning.acts.append(Act.ASK_HELP)
            return
        self.state.film = question.film if question.film is not None else self.state.film
        answered = answered_person(question, self.facts)
        meant = answered if answered is not None else question.person
        self.state.person = meant if meant is not None else self.state.person
        self.meaning.questions += [
            replace(question, aspect=each) for each in find_aspects(clause.text, question.aspect)
        ]
        compares_people = question.aspect is Aspect.COMPARE and question.film is None and bool(question.people)
        is_about_person = question.is_about_person or compares_people
        self.meaning.acts.append(Act.ASK_PERSON if is_about_person else Act.ASK_FILM)

    def _settled(self, aspect: Aspect, clause: Clause, spans: Sequence[Span]) -> Aspect:
        """Return the aspect of a clause, where its names decide between two aspects."""
        if aspect in (Aspect.SUPERLATIVE, Aspect.WHICH_HAS) and (genres := [span for span in spans if span.genre]):
            before, word = self.state.text[: genres[0].start], self.state.text[genres[0].start : genres[0].end]
            is_most = word.lower().endswith('est') or _COMPARED.search(before)  # "the scariest", "most funny"
            return Aspect.SUPERLATIVE if is_most else Aspect.WHICH_HAS
        years = [self.state.text[span.start : span.end] for span in spans if span.kind is SpanKind.YEARS]
        if aspect in (Aspect.NEWEST_OF, Aspect.OLDEST_OF) and years:
            return Aspect.OLDEST_OF if _OLDEST.match(years[0]) else Aspect.NEWEST_OF
        if aspect is Aspect.IS_GENRE and ' or ' in clause.text:
            return Aspect.GENRE  # "is it a drama or a comedy?" expects no yes
        return aspect

    def _question(self, clause: Clause, aspect: Aspect, spans: Sequence[Span]) -> Question:
        """Return the question of a clause with an aspect."""
        films = [*self.state.films(clause), *self.state.places(clause)]
        is_comparison = aspect in OF_TWO_FILMS and len(films) > 1  # "is Heat anything like Alien?"
        question = make_question(
            aspect,
            spans,
            films[1] if is_comparison else films[0] if films else None,
            films[0] if is_comparison else self._film_of_question(),
            self.state.person,
            self.situation.shown,
            list(dict.fromkeys(entity for entity in map(self.properties.entity_of, spans) if entity is not None)),
            clause.text,
        )
        if aspect is Aspect.NAME_OF and question.film is None and _ASKS_TITLE.search(clause.text):
            # "The one with Adam Sandler sounded fine. What was it called again?"
            return replace(question, aspect=Aspect.GENERAL, film=self.state.film)
        return question

    def _film_of_question(self) -> int | None:
        """Return the film that "it" means in a question; None after a title that the catalogue does not have."""
        is_unknown = bool(self.meaning.unknown) and not any(
            each.entity in self.facts.films for each in self.meaning.heard
        )
        return None if is_unknown else self.state.film

    def _last_people(self) -> list[int]:
        """Return the people whom the seeker wants or likes, the last one at the end."""
        stated = [each for each in self.situation.constraints if each.kind is Kind.PERSON and each.wanted]
        return [self.facts.person_called[each.label] for each in stated]
