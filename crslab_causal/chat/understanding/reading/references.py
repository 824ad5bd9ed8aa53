"""Find what a message means by "it", "both", "him" or "the second one", and what it says about that."""

from __future__ import annotations

import re
from dataclasses import replace

from crslab_causal.chat.understanding.acts import (
    FEW,
    Act,
    asks_for_related,
    names_all,
    names_both,
)
from crslab_causal.chat.understanding.clauses import Clause
from crslab_causal.chat.understanding.meaning import Attitude
from crslab_causal.chat.understanding.phrases import read_phrases
from crslab_causal.chat.understanding.questions import find_aspect
from crslab_causal.chat.understanding.reading.state import ReadingState
from crslab_causal.chat.understanding.spans import Span, SpanKind
from crslab_causal.chat.understanding.spotting.pronouns import NOUNS

SHORT_YES = re.compile(
    r'^\W*(?:yes|sure|ok|great|cool|nice|fine|good|perfect|awesome|excellent|wonderful|of course|please|interesting|'
    r'amazing|fantastic|lovely)(?:\W+(?:please|then|thanks?|you|that|is|one|sure|ok|great|cool|nice|good|fine|yes|perfect))*\W*$'
)
_LIKES_PERSON = re.compile(
    rf'\b(?:i|we) (?:\w+ )?(?:like|love|loved|liked|adore) (?:him|her|(?:that|this) (?:{"|".join(sorted(NOUNS))}))\b'
)
_NEGATED_LIKE = re.compile(r'\bnot (?:\w+ )?(?:like|love)')
_BUT_NOT = re.compile(r'\W*(?:but )?(?:i|we) (?:did|do) not(?: really| at all| though)?\W*$')
_CHATTED = re.compile(r'\b(?:chatting|talking|speaking) (?:with|to) you\b')
"""Words of a farewell such as "it was great talking to you", which is no opinion about a film."""
_GENRE_TOKEN = re.compile(r'<genre(\d+)>')
_EXCEPT_PLACE = re.compile(
    r'\b(?:but|except|excepting|besides|apart from|other than|aside from)(?: for)? (?:the |number )*<place\d+>'
)
_ONLY_PLACES = re.compile(
    r'^(?:\W|\b(?:the|and|or|number|numbers|but|except|on the list|in the list|in your list|ok)\b|<place\d+>)*$'
)
"""A clause that only names places of the last list."""


_ATTITUDE_OF_ACT = {
    Act.SEEN: Attitude.SEEN,
    Act.NOT_SEEN: Attitude.NOT_SEEN,
    Act.REJECT: Attitude.REJECTED,
    Act.ACCEPT: Attitude.ACCEPTED,
}
"""Attitudes to a film without a name that acts of a clause state."""


class ReferenceReader:
    """A reader of what a message says about films and people without a name.

    Args:
        state: state of reading the message.
    """

    def __init__(self, state: ReadingState):
        self.state, self.meaning = state, state.meaning
        self.situation, self.groups, self.clauses = state.situation, state.groups, state.clauses
        self.facts, self.properties = state.facts, state.properties

    def opinion(self, clause: Clause) -> Attitude | None:
        """Return the opinion about a film that was named before, as in "I loved it"."""
        if _BUT_NOT.match(clause.text) and Act.LIKE in self.meaning.acts:
            return Attitude.DISLIKED  # "he liked it, but I didn't"
        if _CHATTED.search(clause.text) or _LIKES_PERSON.search(clause.text):
            return None
        patterns = read_phrases('opinions.txt')
        text = _GENRE_TOKEN.sub(self._adjective, clause.text)
        if patterns['disliked it'].search(text):
            return Attitude.DISLIKED
        return Attitude.LIKED if patterns['liked it'].search(text) else None

    def _likes_person(self, clause: Clause) -> bool:
        """Note that the seeker likes a person without a name, as in "I like her". Return whether the clause says so."""
        if not _LIKES_PERSON.search(clause.text) or _NEGATED_LIKE.search(clause.text):
            return False
        if self.state.person is not None and self.state.person in self.facts.people:
            span = Span(SpanKind.PERSON, 0, 0, id=self.state.person)
            constraint = self.properties.of_span(span)
            if constraint is not None:
                self.state.hear(span, self.facts.names[self.state.person], Attitude.LIKED, constraint.entity)
                self.meaning.constraints.append(replace(constraint, binding=False))
        return True

    def _opinion_follows_names(self, clause: Clause) -> bool:
        """Return whether an opinion directly follows the last name of a clause."""
        last = max(end for _, end in clause.places.values())
        found = [pattern.search(clause.text, last) for pattern in read_phrases('opinions.txt').values()]
        return any(match is not None and not clause.text[last : match.start()].strip(' ,.!-') for match in found)

    def _adjective(self, token: re.Match[str]) -> str:
        """Return the word of a genre that describes a film and is no wish: "it was funny"."""
        span = self.groups[int(token[1])][0]
        return token[0] if span.is_wish else self.state.text[span.start : span.end].lower()

    def refer(self, clause: Clause, acts: list[Act], has_named: bool) -> None:
        """Apply the acts of a clause to the film or the list that the clause means but does not name."""
        if self._read_opinion(clause, acts):
            return
        if self._likes_person(clause):
            acts[:] = [act for act in acts if act is not Act.ACCEPT] + [Act.LIKE]
        places = list(self.state.places(clause))
        if places and _EXCEPT_PLACE.search(clause.text) and self._names_all(clause):
            self.state.excepted.update(places)  # "seen all of them except the last two"
            places = []
        self._apply_to_meant(clause, acts, places)
        if places:
            self._apply_to_places(clause, acts, places)
            self.state.film = places[-1]
        if asks_for_related(clause.text) and self.state.film is not None:
            self.meaning.constraints.append(self.properties.similar(self.state.film))
            acts[:] = [act for act in acts if act is not Act.SEEN]
            if not {Act.MORE, Act.WANT} & {*acts}:
                acts.append(Act.MORE)
        if Act.MORE in acts and has_named and Act.WANT in self.meaning.acts:
            self.meaning.acts.remove(Act.WANT)

    def _read_opinion(self, clause: Clause, acts: list[Act]) -> bool:
        """Read an opinion about a film that was named before, as in "I loved it". Return whether there is one."""
        opinion = self.opinion(clause)
        if opinion is None:
            return False
        if named := list(self.state.films(clause)):
            if not self._opinion_follows_names(clause):
                return False
            films = named[-1:]  # "I saw Gone Girl, it is a good movie"
        elif self.state.film is not None:
            films = list(self.state.places(clause)) or (self._all_films(clause) if self._names_all(clause) else [])
            films = films or [self.state.film]
            self.state.film = films[-1]
        else:
            return False
        self.state.hear_films(films, opinion, seen=True)
        acts.append(Act.LIKE if opinion is Attitude.LIKED else Act.DISLIKE)
        return True

    def _apply_to_meant(self, clause: Clause, acts: list[Act], places: list[int]) -> None:
        """Apply the acts of a clause to the films at some places, to the whole list, or to the film of now."""
        shown = self._all_films(clause) if self._names_all(clause) else []
        films = places or shown or ([self.state.film] if self.state.film is not None else [])
        films = [film for film in films if film not in self.state.excepted]
        kinds = {span.kind for group in clause.groups for span in self.groups[group]}
        if (
            self.meaning.unknown
            and not places
            and not shown
            and not any(list(self.state.films(each)) for each in self.clauses)
        ):
            films = []  # "My Sassy Girl, is that a good one?"
        if shown and not places and any(heard.kind is SpanKind.PERSON for heard in self.meaning.heard):
            films = []  # "I like John Wayne, but I have seen most of them"
        if not places and not shown and (SpanKind.COLLECTION in kinds or any(h.films for h in self.meaning.heard)):
            films = []  # "I have seen every Toy Story", "I have seen everything by Nolan"
        takes_other = False
        for act, attitude in _ATTITUDE_OF_ACT.items():
            if act is Act.REJECT and act in acts and (rejected := self._rejected_places(clause)):
                self.state.hear_films(rejected, Attitude.REJECTED)
                self.state.hear_films([film for film in places if film not in rejected], Attitude.ACCEPTED)
                takes_other = True
            elif act in acts and self.state.excepted.issuperset(self.state.films(clause)):
                if act is Act.ACCEPT and not places and SHORT_YES.match(clause.text):
                    self.state.accepted_by_yes.update(films)
                self.state.hear_films(films, attitude, seen=act is Act.SEEN)
        if takes_other:
            acts.append(Act.ACCEPT)

    def _apply_to_places(self, clause: Clause, acts: list[Act], places: list[int]) -> None:
        """Find what a clause says about places of the last list, if no act of the clause says it."""
        if self._is_exception(clause):
            self.meaning.heard = [heard for heard in self.meaning.heard if heard.entity not in places]
        elif Act.ASK_WHY not in acts and self._is_asked_about(clause):
            self.state.hear_films(places, Attitude.ASKED)
        elif not {*acts} & {*_ATTITUDE_OF_ACT, Act.ASK_WHY}:
            rejects = any(span.negated for group in clause.groups for span in self.groups[group])
            acts.append(Act.REJECT if rejects else Act.ACCEPT)
            self.state.hear_films(places, Attitude.REJECTED if rejects else Attitude.ACCEPTED)

    def _rejected_places(self, clause: Clause) -> list[int]:
        """Return the films that a clause rejects by their place if it takes another one: "not 1, the second one"."""
        spans = [span for group in clause.groups for span in self.groups[group] if span.kind is SpanKind.PLACE]
        rejected = [self.situation.shown[span.id - 1] for span in spans if span.negated and span.id is not None]
        return rejected if len(rejected) < len(spans) else []

    def _is_exception(self, clause: Clause) -> bool:
        """Return whether a clause names the films that the clause before leaves out: "seen them all but number 2"."""
        if self.state.position == 0 or _ONLY_PLACES.match(clause.text) is None:
            return False
        return self._names_all(self.clauses[self.state.position - 1])

    def _is_asked_about(self, clause: Clause) -> bool:
        """Return whether a clause only names films that are asked about: "the last one, is it a sequel?"."""
        if _ONLY_PLACES.match(clause.text) is None and not clause.text.endswith('?'):
            return False
        later = self.clauses[self.state.position :]
        return clause.text.endswith('?') or any(find_aspect(each.text) is not None for each in later)

    def _names_all(self, clause: Clause) -> bool:
        shown, recommended = self.situation.shown, self.situation.recommended
        if self.state.excepted and names_all(clause.text, FEW):
            return True  # "those I have seen, except Alien"
        return names_all(clause.text, len(shown) if len(shown) > 1 else min(len({*shown, *recommended}), FEW))

    def _all_films(self, clause: Clause) -> list[int]:
        """Return the films that "them" or "both" means: those that the seeker has just named, or the last list."""
        films = [
            heard.entity for heard in self.meaning.heard if heard.kind is SpanKind.FILM and heard.entity is not None
        ]
        named, shown = list(dict.fromkeys(films)), list(self.situation.shown)
        if len(named) > 1:
            return named
        recommended = [film for film in self.situation.recommended if film not in shown]
        if len(shown) == 1 and recommended:
            n_others = 1 if names_both(clause.text) else FEW - 1
            return [*shown, *recommended[::-1][:n_others]]  # each reply recommended one film
        if len(shown) > FEW and names_both(clause.text):
            earlier = [entity for entity in dict.fromkeys(self.situation.mentioned[::-1]) if entity in self.facts.films]
            return earlier[:2] if len(earlier) > 1 else shown[:2]
        return shown
