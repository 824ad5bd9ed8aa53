"""Find the person whom a pronoun of a message means."""

from __future__ import annotations

from crslab_causal.chat.films.facts import CAST, DIRECTOR, FilmFacts
from crslab_causal.chat.understanding.meaning import Situation
from crslab_causal.chat.understanding.spans import SpanKind
from crslab_causal.chat.understanding.spotting.pronouns import find_pronoun, gender_of_pronoun, means_director
from crslab_causal.chat.understanding.spotting.spotter import Spotter
from crslab_causal.llm.entity_linking.person_names import gender_of


class PronounResolver:
    """Finds the person whom a pronoun means, among the people of the conversation and of its film.

    Args:
        facts: facts about the films.
        spotter: finder of the names in what the recommender said.
    """

    def __init__(self, facts: FilmFacts, spotter: Spotter):
        self._facts, self._spotter = facts, spotter

    def person_of_conversation(self, text: str, situation: Situation) -> int | None:
        """Return the person of the conversation whom a text means by "he" or "she"; None if nobody fits.

        This is a person whom the recommender has just named, or whom the seeker named last. A first name that is
        usually that of a woman rules out "he", and the other way round.
        """
        pronoun, current = find_pronoun(text), situation.person
        if pronoun is None:
            return current
        gender = gender_of_pronoun(pronoun)
        if current is not None and not self._is_of(gender, current):
            current = None
        if current is not None and self._facts.names[current] in situation.said:
            return current
        spans = self._spotter.spans(situation.said or situation.own)
        named = [span.id for span in spans if span.kind is SpanKind.PERSON and span.id in self._facts.people]
        if not named and current is None:
            named = [entity for entity in situation.mentioned if entity in self._facts.people]
        fitting = [person for person in named if self._is_of(gender, person)]
        if situation.person is not None and current is None:  # of a cast, the best-known one is meant
            return max(fitting, key=lambda person: self._facts.popularity.get(person, 0.0), default=None)
        return fitting[-1] if fitting else current

    def person_of_film(self, text: str, situation: Situation) -> int | None:
        """Return the person of the current film whom a text means by "he" or "that guy"; None if nobody fits.

        This is the director in "others of his". Otherwise it is the best-known actor or actress whose first name tells
        the gender.
        """
        pronoun, film = find_pronoun(text), situation.film
        if pronoun is None or film not in self._facts.films:
            return None
        gender, people = gender_of_pronoun(pronoun), self._facts.films[film].people
        makers = [person for person in people.get(DIRECTOR, ()) if self._is_of(gender, person)]
        if means_director(text) and makers:
            return makers[0]
        fitting = [each for each in people.get(CAST, ()) if gender in (None, gender_of(self._facts.names[each]))]
        return max(fitting, key=lambda person: self._facts.popularity.get(person, 0.0), default=None)

    def _is_of(self, gender: str | None, person: int) -> bool:
        """Return whether a person may be of a gender. Many first names do not tell it."""
        return gender is None or gender_of(self._facts.names[person]) in (None, gender)
