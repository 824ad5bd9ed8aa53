"""Find the attitude of a message to the films, people and genres that it names."""

from __future__ import annotations

import re
from typing import NamedTuple

from crslab_causal.chat.constraints import Constraint
from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.clauses import Clause
from crslab_causal.chat.understanding.meaning import Attitude, Heard
from crslab_causal.chat.understanding.phrases import read_phrases
from crslab_causal.chat.understanding.reading import attitudes
from crslab_causal.chat.understanding.reading.state import ReadingState
from crslab_causal.chat.understanding.spans import SpanKind
from crslab_causal.chat.understanding.wishes.relations import with_alternatives

_DESCRIBES_FILM = re.compile(
    r'<(?:film|place)\d+>(?:(?: movie)?,? (?:with|starring|by|from|directed by)? ?| (?:is|was|are)\b[^<]*)$'
)
_COMPARES = re.compile(
    r'\b(?:it|this|that|which|he|she|one|they)(?: one| movie)? (?:is|was|looks?|sounds?|seems?|feels?)'
    r'(?: \w+){0,2} like(?: <\w+>|,| and| or)* ?$'
)
_PREFERS = re.compile(r'\b(?:i|we) (?!would)(?:\w+ )?(?:like|love|enjoy)\b')
"""Words of a taste and no wish: "I love movies like Alien"."""
_ONLY_LIKE = re.compile(r'^\W*like(?: <\w+>| maybe|,| and| or)* ?$')
_NEED_NOT = re.compile(
    r'\b(?:need|must) not be (?:an?|any|just|that|very|too)? ?$|'
    r'\bnot (?:(?:have|need) to be (?:an?|any|just)?|(?:really |exactly )?(?:dislike|hate|mind)(?: \w+)?) ?$'
)
"""Words before a property that the film need not have: "it doesn't have to be a comedy", "I don't hate Tom Cruise"."""
_HAS_PERSON = re.compile(
    r'^(?:\W*(?:i think|i believe|because|since|and|with))*\W*(?:it|that|this|which|that one|this one|he|she)'
    r'(?: one| movie)? (?:also )?(?:has|had|have|stars?|starred|starr?es|features?|was|is)\b'
    r'[^<?]*(?:<person\d+>[^<?]*)*$'
)
"""Words before a person in a statement about a film: "it has Morgan Freeman in it"."""
_FAN_AFTER = re.compile(r'^\s+(?:\w+\s+)?(?:fans?|person|lover)\b')
_EXCLUDES_YEARS = re.compile(r'(?:not|nothing|none|no)\b', re.IGNORECASE)
"""First words of a span of years that leaves years out, also after a liking: "I like old films, nothing after 1980"."""
_LESS_THAN = re.compile(r'\b(?:over|than)\s*$')
_ALL_OF = re.compile(
    r'\b(?:everything|all|every|each)(?: (?:the|of|of the|his|her|movie|movies|single|one|ones|that|is|was|were|has))*'
    r'(?: (?:by|from|with|of|starring|directed by|featuring|made by|in))?(?: the)? '
    r'(?:<person\d+>(?: and|,)? (?:the )?)*$'
)
"""Words before a person, all of whose films are meant: "I have seen everything by Nolan"."""
_OFF = re.compile(r'^ (?:off|out of|from) ')
_EXCEPT = re.compile(r'\b(?:anything|everything|except|other than|apart from|besides)\b')


class _Stance(NamedTuple):
    """The attitude of a clause to a film, with the act that states it."""

    attitude: Attitude
    act: Act
    seen: bool = False
    """Whether the seeker has seen the film."""


class NameReader:
    """A reader of the names in one message. It adds acts, names and constraints to the meaning of the message.

    Args:
        state: state of reading the message.
    """

    def __init__(self, state: ReadingState):
        self.state, self.meaning = state, state.meaning
        self.groups, self.clauses = state.groups, state.clauses
        self.facts, self.properties = state.facts, state.properties

    def read_group(self, clause: Clause, group: int, asks_why: bool = False) -> bool:
        """Read what a clause says about a group of spans, and return whether this is a constraint.

        Args:
            clause: the clause.
            group: index of the group.
            asks_why: whether the clause asks for the reason of a recommendation.
        """
        kind = self.groups[group][0].kind
        if asks_why:  # "why did you suggest Alien?" says nothing about taste
            if kind is SpanKind.FILM:
                self.state.hear_films([span.id for span in self.groups[group] if span.id is not None], Attitude.ASKED)
        elif kind is SpanKind.FILM:
            self._read_film(clause, group)
        elif kind is SpanKind.UNKNOWN:
            span = self.groups[group][0]
            self.meaning.unknown.append(self.state.text[span.start : span.end])
            cue = attitudes.cue_before(clause, group)
            liked = cue == attitudes.LIKE or attitudes.is_liked_after(clause, group)
            seen = cue in (attitudes.SEEN, attitudes.NOT_SEEN)
            self.meaning.acts.append(
                Act.DISLIKE if span.negated else Act.LIKE if liked else Act.SEEN if seen else Act.WANT
            )
        elif kind is not SpanKind.PLACE:
            return self._read_property(clause, group)
        return False

    def _read_film(self, clause: Clause, group: int) -> None:
        """Add what a clause says about a film, or about several films with one name."""
        span = self.groups[group][0]
        assert span.id is not None
        if attitudes.is_left_out(clause, group):
            self.state.hear_films([span.id], Attitude.MENTIONED)  # "seen them all except Alien"
            self.state.excepted.add(span.id)
            return
        attitude, act, seen = self._stance(clause, group)
        if attitude is Attitude.SIMILAR:
            self.meaning.constraints.append(self.properties.similar(span.id))
        if attitude in (Attitude.LIKED, Attitude.DISLIKED) and (series := self.properties.series_called(span.id)):
            is_liked = attitude is Attitude.LIKED
            self._add(clause, group, series, wanted=is_liked, binding=not is_liked)
        self.state.film = span.id
        self.state.hear_films([each.id for each in self.groups[group] if each.id is not None], attitude, seen)
        self.meaning.acts.append(act)

    def _stance(self, clause: Clause, group: int) -> _Stance:
        """Return what a clause says about a film. The first case that fits counts."""
        span, cue = self.groups[group][0], attitudes.cue_before(clause, group)
        before, after = clause.before(group), clause.after(group)
        following = self.clauses[self.state.position + 1].text if self.state.position + 1 < len(self.clauses) else ''
        if attitudes.means_style(clause, group) or (cue == attitudes.LIKE and _ONLY_LIKE.match(before)):
            cue = attitudes.SIMILAR  # "Alien type movies", "like Alien or Aliens"
        seen = cue == attitudes.SEEN or attitudes.is_seen_after(clause, group)
        if span.negated and attitudes.is_rejected_as_seen(clause, group, following):
            return _Stance(Attitude.SEEN, Act.SEEN, True)  # "not Alien, I have seen that"
        if span.negated:
            wishes = cue in (attitudes.WANT, attitudes.SIMILAR) or Act.WANT in self.meaning.acts
            is_wish = cue != attitudes.DISLIKE and (wishes or _EXCEPT.search(clause.text))
            return _Stance(Attitude.DISLIKED, Act.WANT if is_wish else Act.DISLIKE, seen)  # "anything except Alien"
        if attitudes.is_followed_up(clause, group):
            return _Stance(Attitude.SIMILAR, Act.WANT, True)  # "I just watched Alien, what next?"
        if cue == attitudes.NOT_SEEN:
            return _Stance(Attitude.NOT_SEEN, Act.NOT_SEEN, seen)
        if cue == attitudes.SIMILAR and _COMPARES.search(before):
            return _Stance(Attitude.MENTIONED, Act.MENTION, seen)  # "it sounds like Alien"
        if cue == attitudes.SIMILAR and _PREFERS.search(before):
            return _Stance(Attitude.LIKED, Act.LIKE, seen)  # "I love movies like Alien"
        if cue == attitudes.SIMILAR:
            return _Stance(Attitude.SIMILAR, Act.WANT, seen)
        if cue == attitudes.LIKE or (cue != attitudes.TOLD and attitudes.is_liked_after(clause, group)):
            return _Stance(Attitude.LIKED, Act.LIKE, seen)
        if seen:
            return _Stance(Attitude.SEEN, Act.SEEN, True)
        if cue == attitudes.WATCH and _OFF.match(after):
            return _Stance(Attitude.REJECTED, Act.REJECT)  # "take Alien off your list"
        is_chosen = attitudes.is_taken_instead(clause, group) or attitudes.is_put_on_list(clause, group)
        if cue == attitudes.WATCH or is_chosen:
            return _Stance(Attitude.ACCEPTED, Act.ACCEPT)
        return _Stance(Attitude.MENTIONED, Act.MENTION)

    def _read_property(self, clause: Clause, group: int) -> bool:
        """Make constraints of a genre, years or a person, and return whether there are any."""
        cue = attitudes.SIMILAR if attitudes.means_style(clause, group) else attitudes.cue_before(clause, group)
        is_described = _DESCRIBES_FILM.search(clause.before(group)) is not None and cue != attitudes.SIMILAR
        is_described = is_described or (
            self.groups[group][0].kind is SpanKind.PERSON and _HAS_PERSON.match(clause.before(group)) is not None
        )
        any_heard = False
        for span in self.groups[group]:
            constraint = self.properties.of_span(span)
            if constraint is None:
                continue
            told = cue == attitudes.TOLD
            liked = cue == attitudes.LIKE or (not told and attitudes.is_liked_after(clause, group))
            is_less = _LESS_THAN.search(clause.before(group)) is not None
            name = self.facts.names.get(constraint.entity, constraint.label) if constraint.entity else constraint.label
            if span.kind is SpanKind.PERSON:
                self.state.person = span.id
            if span.negated:
                dislikes = (
                    read_phrases('cues.txt')['dislike'].search(clause.before(group))
                    or not span.is_wish
                    or _FAN_AFTER.match(clause.after(group))
                )
                self.state.hear(span, name, Attitude.DISLIKED, constraint.entity)
                self._add(clause, group, constraint, wanted=False)
                self.meaning.acts.append(Act.DISLIKE if dislikes else Act.WANT)
            elif cue == attitudes.SEEN and (
                span.collection is not None or (span.kind is SpanKind.PERSON and _ALL_OF.search(clause.before(group)))
            ):
                self.meaning.heard.append(
                    Heard(span.kind, name, Attitude.SEEN, constraint.entity, True, constraint.films)
                )
                self.meaning.acts.append(Act.SEEN)
            elif is_described and span.kind is SpanKind.PERSON:
                self.state.hear(span, name, Attitude.MENTIONED, constraint.entity)  # "I loved Bird with Clint Eastwood"
                continue
            elif (
                is_described
                or _NEED_NOT.search(clause.before(group))
                or not (span.is_wish or attitudes.is_praised_by_question(clause, group))
                or cue in (attitudes.SEEN, attitudes.NOT_SEEN)
            ):
                continue
            elif cue == attitudes.SIMILAR and (similar := self.properties.similar_to_series(span)) is not None:
                likes = _PREFERS.search(clause.before(group)) is not None
                self.state.hear(span, name, Attitude.LIKED if likes else Attitude.SIMILAR, similar.entity)
                self._add(clause, group, constraint if likes else similar, binding=not likes)
                self.meaning.acts.append(Act.LIKE if likes else Act.WANT)
            elif is_less:
                self.state.hear(span, name, Attitude.MENTIONED, constraint.entity)
            elif liked and not _EXCLUDES_YEARS.match(self.state.text[span.start : span.end]):
                self.state.hear(span, name, Attitude.LIKED, constraint.entity)
                self._add(clause, group, constraint, binding=False)
                self.meaning.acts.append(Act.LIKE)
            else:
                self.state.hear(span, name, Attitude.WANTED, constraint.entity)
                self._add(clause, group, constraint)
                self.meaning.acts.append(Act.WANT)
            any_heard = True
        return any_heard

    def _add(
        self, clause: Clause, group: int, constraint: Constraint, wanted: bool = True, binding: bool = True
    ) -> None:
        self.meaning.constraints.append(with_alternatives(clause, group, constraint, wanted, binding))
