"""Revise what the rules understand of a message, with the acts and the attitudes that a trained model finds.

The rules find names, questions and constraints, and a first reading of acts and attitudes. The model decides which acts
the message has, and which attitude each name has. The constraints follow from the attitudes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Mapping, Sequence

from crslab_causal.chat.constraints import Constraint, Kind
from crslab_causal.chat.films.facts import FilmFacts
from crslab_causal.chat.understanding.acts import Act, names_both
from crslab_causal.chat.understanding.draft import Draft
from crslab_causal.chat.understanding.meaning import ACT_OF_ATTITUDE, Attitude, Heard, Understanding
from crslab_causal.chat.understanding.models.certain_acts import (
    FINAL,
    is_settled,
    opinions_in_questions,
    ruled_in,
    ruled_out,
)
from crslab_causal.chat.understanding.models.certain_attitudes import (
    clauses_with,
    is_certain,
    is_name_alone,
    names_years,
)
from crslab_causal.chat.understanding.models.encoder import MessageEncoder
from crslab_causal.chat.understanding.models.estimates import Estimates
from crslab_causal.chat.understanding.models.features import (
    Text,
    act_features,
    film_features,
    message_features,
    name_features,
    person_features,
)
from crslab_causal.chat.understanding.models.linear import Models
from crslab_causal.chat.understanding.models.targets import (
    NO_ATTITUDE,
    Named,
    film_lists,
    meant_films,
    meant_person,
    names_in,
    rule_attitude,
)
from crslab_causal.chat.understanding.models.unnamed_films import (
    accepts_one_named_film,
    concerns_no_film,
    names_all_films,
    speaks_of_chat,
)
from crslab_causal.chat.understanding.properties import Properties
from crslab_causal.chat.understanding.questions import ABOUT_PERSON, Aspect, find_aspect, make_question
from crslab_causal.chat.understanding.spans import SpanKind
from crslab_causal.chat.understanding.wishes.relations import with_alternatives, without_contradictions

# The thresholds and factors were chosen on the tables `*_develop.tsv` and on held-out conversations of the tables
# `*_train_*.tsv`, see benchmarks/UNDERSTANDING.md.
_MIN_ACT = 0.4
"""Minimum probability of an act that a message has beside the likeliest one."""
_MIN_FAREWELL = 0.4
"""Minimum probability of a farewell that the rules do not find. It ends the conversation."""
_MIN_CHOICE = 0.6
"""Minimum probability of the choice of a film beside a likelier act. A choice ends the search, so a wrong one costs
more than a missed one."""
_MIN_ACT_OF_RULES = 0.3
"""Minimum probability of an act that the rules find, too."""
_MIN_ACT_OF_PHRASE = 0.01
"""Minimum probability of an act that a fixed phrase states: "hello", "thanks", "that's all"."""
_STATED_BY_PHRASES = frozenset((Act.GREET, Act.THANK, Act.LEAVE))
"""Acts that fixed phrases state."""
_MIN_LIKELIEST_ACT = 0.1
"""Minimum probability of the likeliest act from which a message is revised."""
_MIN_LIKELIEST_ACT_OF_WISH = 0.15
"""Minimum probability of the likeliest act from which a message with a wish is revised: "it should also be funny"."""
_FAVOR_RULE = 1.2
"""Factor for the probability of the attitude to a name that the rules find."""
_FAVOR_RULE_WITHOUT_NAME = 1.5
"""Factor for the probability of the attitude that the rules find to a film or person that the message does not name."""
_KEPT_WITHOUT_NAME = frozenset((Attitude.LIKED, Attitude.DISLIKED))
"""Attitudes to a film without a name that stay as the rules find them, if the message has the act: "I liked it"."""
_FAVOR_NO_ATTITUDE = 0.6
"""Factor for the probability that a name has no attitude. A smaller one finds more attitudes, and more wrong ones."""
_MIN_WISH, _MIN_WANTED = 0.05, 0.15
"""Minimum probability of a wish, and that a name is wanted. Below both, the plain words of the rules are no wish."""
_MIN_QUESTION = 0.3
"""Minimum probability of the aspect of a question that the rules do not find."""
_MIN_OF_CURRENT_FILM = 0.2
"""Minimum probability of an attitude to the film of the conversation, if an act of the message concerns no name."""
_OF_FILM = {
    Attitude.LIKED: Act.LIKE,
    Attitude.DISLIKED: Act.DISLIKE,
    Attitude.REJECTED: Act.REJECT,
    Attitude.ACCEPTED: Act.ACCEPT,
    Attitude.SEEN: Act.SEEN,
    Attitude.NOT_SEEN: Act.NOT_SEEN,
    Attitude.ASKED: Act.ASK_FILM,
}
"""Acts that concern a film."""
_CONSTRAIN = frozenset((Act.WANT, Act.MORE, Act.LIKE, Act.DISLIKE, Act.REJECT))
"""Acts of a message that states constraints."""
_INSTEAD = {
    Act.DISLIKE: frozenset((Act.REJECT, Act.WANT)),
    Act.WANT: frozenset((Act.MORE,)),
    Act.SEEN: frozenset((Act.LIKE, Act.DISLIKE)),
    Act.ASK_FILM: frozenset((Act.ASK_PERSON, Act.ASK_WHY)),
}
"""Acts that stand for the act of an attitude: "no horror" is a wish."""

_Heard = dict[tuple[SpanKind, str], Heard]
"""Names with attitudes, by kind and name."""


@dataclass
class _Message:
    """A message that is revised, and what the models estimate about it."""

    draft: Draft
    text: Text
    estimates: Estimates
    likely: dict[str, float]
    """Probability of each act."""
    acts: set[Act]
    """Acts that the message has."""
    heard: _Heard

    def attitudes(self, task: str, features: list[str], place: str = '') -> dict[str, float]:
        """Return the probability of each attitude to a target with these features."""
        return self.estimates.of_target(task, [*features, *act_features(self.likely, features)], place)

    def best(self, found: dict[str, float]) -> str:
        """Return the attitude that fits best to the probabilities of the attitudes and of the acts."""

        def fit(name: str) -> float:
            act = ACT_OF_ATTITUDE.get(Attitude(name)) if name else None
            if act is None or act in self.acts or _INSTEAD.get(act, frozenset()) & self.acts:
                return found[name] * (1.0 if name else _FAVOR_NO_ATTITUDE)
            likely = self.likely.get(act, 1.0)
            if act is Act.ACCEPT and not likely:
                return 0.0  # it is ruled out
            return found[name] * max(likely, 0.05)

        return max(found, key=fit)


class Reviser:
    """Revises drafts with the models.

    Args:
        facts: facts about the films.
        properties: constraints of spans.
        models: the models ``acts``, ``questions``, ``names``, ``films`` and ``people``; empty: no draft is revised.
        encoder: encoder that reads the messages, too; None: the models decide alone.
    """

    def __init__(self, facts: FilmFacts, properties: Properties, models: Models, encoder: MessageEncoder | None = None):
        self.facts, self.properties, self.models, self.encoder = facts, properties, models, encoder

    def revise(self, draft: Draft) -> Understanding:
        """Return the meaning of a message, from the draft of the rules, which does not change."""
        if not self.models or is_settled(draft):
            return draft.meaning
        rules, meaning = draft.meaning, draft.meaning.copy()
        draft = replace(draft, meaning=meaning)
        text = Text(draft)
        if not any(word in self.models['acts'].rows for word in text.words):
            return meaning  # the models have learned none of the words
        estimates = Estimates(self.models, None if self.encoder is None else self.encoder.encode(draft))
        features = message_features(draft, text)
        likely = estimates.of_message('acts', features)
        likely |= dict.fromkeys(ruled_out(draft, ' '.join(text.words)), 0.0)
        by_rules = {*meaning.acts} - {Act.UNKNOWN, Act.SMALL_TALK}
        sure = {
            name: p
            for name, p in likely.items()
            if name not in FINAL and (name != Act.LEAVE or name in by_rules or p >= _MIN_FAREWELL)
        }
        best = max(sure.values())
        if best < (_MIN_LIKELIEST_ACT_OF_WISH if any(c.binding for c in meaning.constraints) else _MIN_LIKELIEST_ACT):
            return meaning  # the model only guesses
        least = {Act.ACCEPT: _MIN_CHOICE}
        least |= {act: _MIN_ACT_OF_PHRASE if act in _STATED_BY_PHRASES else _MIN_ACT_OF_RULES for act in by_rules}
        acts = {Act(name) for name, p in sure.items() if p > least.get(Act(name), _MIN_ACT) or p == best}
        acts |= ruled_in(draft)
        if Act.ASK_FILM in acts and Act.WANT in meaning.acts and meaning.constraints and not meaning.questions:
            return meaning  # "what about Alien, or a comedy?"
        heard = {(each.kind, each.name): each for each in meaning.heard}
        is_about_people = bool(meaning.questions) and all(each.is_about_person for each in meaning.questions)
        if is_about_people or opinions_in_questions(draft):
            acts.discard(Act.ASK_FILM)
        if Act.MORE in acts and not meaning.constraints:
            acts.discard(Act.WANT)  # "something else"
        message = _Message(draft, text, estimates, likely, acts, heard)
        constraints = self._read_names(message)
        constraints += self._read_meant(message)
        constraints += self._read_meant_person(message)
        if likely.get(Act.WANT, 1.0) < _MIN_WISH and not {Act.WANT, Act.MORE} & acts and not names_years(draft):
            constraints = _without_years(message.heard, constraints)
        if Act.REJECT in acts and Act.DISLIKE not in acts:
            heard = {key: _as_rejected(each) for key, each in heard.items()}
        places = {(each.kind, each.name): number for number, each in enumerate(meaning.heard)}
        # The order is that of the message, because the last mention is masked. New films come last.
        meaning.heard = [heard[key] for key in sorted(heard, key=lambda key: places.get(key, len(places)))]
        meaning.constraints = without_contradictions(constraints)
        if Act.ACCEPT in acts and meaning.unknown and all(h.attitude is not Attitude.ACCEPTED for h in meaning.heard):
            acts = acts - {Act.ACCEPT} | {*meaning.acts}  # the title that is taken up is not known
        if not meaning.questions:
            self._add_question(draft, estimates.of_message('questions', features), acts)
        meaning.acts = _consistent(acts, meaning)
        asked = {film for question in meaning.questions for film in (question.film, *question.films)} - {None}
        meaning.heard = [_as_asked(each) if each.entity in asked else each for each in meaning.heard]
        if meaning.acts == [Act.UNKNOWN] and by_rules and is_name_alone(draft):
            return rules  # "xmen"
        if not _CONSTRAIN & {*meaning.acts}:  # "it came out last year"
            meaning.constraints = []
            meaning.heard = [each for each in meaning.heard if each.kind is not SpanKind.YEARS]
        return meaning

    def _add_question(self, draft: Draft, likely: dict[str, float], acts: set[Act]) -> None:
        """Add the question of a message in which the rules find none, if it is likely."""
        asks_film, asks_person = Act.ASK_FILM in acts, Act.ASK_PERSON in acts
        fitting = {Aspect(n): p for n, p in likely.items() if (asks_person if n in ABOUT_PERSON else asks_film)}
        aspect = max(fitting, key=lambda each: fitting[each], default=None)
        if aspect is None or fitting[aspect] < _MIN_QUESTION:
            return
        spans = [span for group in draft.groups for span in group]
        asked = [each.entity for each in draft.meaning.heard if each.attitude is Attitude.ASKED]
        named = next((entity for entity in asked if entity in self.facts.films), None)
        if named is None:  # "the second one is good? what do people say about it"
            heard = [each.entity for each in draft.meaning.heard if each.entity in self.facts.films]
            named = heard[-1] if heard else None
        situation = draft.situation
        question = make_question(aspect, spans, named, situation.film, situation.person, situation.shown)
        draft.meaning.questions = [question]

    def _read_names(self, message: _Message) -> list[Constraint]:
        """Set the attitudes to the names of a message, and return its constraints."""
        draft, acts = message.draft, message.acts
        constraints = draft.meaning.constraints
        for named in names_in(draft, self.facts, self.properties):
            rule = rule_attitude(draft, named.key)
            if named.span.kind is not SpanKind.FILM and all(
                find_aspect(clause.text) not in (None, Aspect.GENERAL) for clause in clauses_with(draft, named.group)
            ):
                continue  # a name in a question shows no taste
            features = name_features(draft, message.text, named.group, rule)
            found = message.attitudes('names', features, f'name {named.group}')
            if rule in found:
                found[rule] *= _FAVOR_RULE
            attitude = message.best(found)
            is_no_wish = message.likely.get(Act.WANT, 1.0) < _MIN_WISH and found.get(Attitude.WANTED, 0.0) < _MIN_WANTED
            if is_certain(draft, named, rule, attitude, acts, is_no_wish):
                continue
            if attitude == rule or (rule == Attitude.ASKED and not attitude):
                continue  # a question has the name
            constraints = self._restate(draft, named, attitude, constraints)
            _set(message.heard, named.key, named.entity, attitude)
        for listed in film_lists(draft):
            _complete_list(message.heard, listed, self.facts.names)
        return constraints

    def _read_meant(self, message: _Message) -> list[Constraint]:
        """Set the attitudes to the films that a message means without a name, and return the constraints to add."""
        draft, acts = message.draft, message.acts
        if speaks_of_chat(draft, ' '.join(message.text.words)):
            named_here = {each.key for each in names_in(draft, self.facts, self.properties)}
            for key in [key for key in message.heard if key not in named_here]:
                message.heard.pop(key)
            return []
        constraints = []
        films = [each for each in draft.meaning.heard if each.entity in self.facts.films]
        named = names_all_films(draft) or (len(films) > 1 and any(names_both(clause.text) for clause in draft.clauses))
        named = named or concerns_no_film(draft, message.heard.values(), meant_person(draft, message.text, self.facts))
        for film in meant_films(draft, self.facts):
            key = SpanKind.FILM, self.facts.names[film]
            rule = rule_attitude(draft, key)
            if not rule and (named or draft.meaning.unknown or (draft.names_all and films)):
                continue  # "we watched Speed, and it was ok", "I've seen both": no other film is meant
            is_kept = rule in _KEPT_WITHOUT_NAME and ACT_OF_ATTITUDE.get(Attitude(rule)) in acts
            if rule and (draft.names_all or is_kept):
                continue  # "none of these", "I liked it"
            features = film_features(draft, message.text, film, self.facts.films[film].title, rule)
            found = message.attitudes('films', features, f'film {film}')
            if rule in found:
                found[rule] *= _FAVOR_RULE_WITHOUT_NAME
            attitude = message.best(found)
            if attitude == Attitude.SIMILAR:
                constraints.append(self.properties.similar(film))
            if attitude == Attitude.ACCEPTED and not rule and accepts_one_named_film(draft):
                continue  # "perfect, we'll go with your first suggestion"
            has_other_reason = attitude == Attitude.DISLIKED and not acts & {Act.DISLIKE, Act.REJECT}
            is_in_question = attitude == Attitude.ASKED and draft.meaning.questions
            _set(message.heard, key, film, NO_ATTITUDE if has_other_reason or is_in_question else attitude)
            if film == draft.situation.film:
                self._apply_to_film(message, found)
        return constraints

    def _read_meant_person(self, message: _Message) -> list[Constraint]:
        """Set the attitude to the person whom a message means by "he" or "she", and return the constraint to add."""
        draft = message.draft
        person = meant_person(draft, message.text, self.facts)
        if person is None:
            return []
        key = SpanKind.PERSON, self.facts.names[person]
        rule = rule_attitude(draft, key)
        features = person_features(draft, message.text, rule)
        found = message.attitudes('people', features)
        if rule in found:
            found[rule] *= _FAVOR_RULE_WITHOUT_NAME
        attitude = message.best(found)
        if attitude == rule or (attitude == Attitude.ASKED and draft.meaning.questions):
            return []
        _set(message.heard, key, person if person >= 0 else None, attitude)
        constraint = self.properties.person(person)
        if attitude == Attitude.DISLIKED:
            return [replace(constraint, wanted=False)]
        is_liked = attitude == Attitude.LIKED
        return [replace(constraint, binding=not is_liked)] if is_liked or attitude == Attitude.WANTED else []

    def _apply_to_film(self, message: _Message, found: dict[str, float]) -> None:
        """Apply acts that concern no name to the film that the conversation is about."""
        draft, heard = message.draft, message.heard
        film = draft.situation.film
        if film is None or draft.meaning.unknown:
            return
        if any(span.kind in (SpanKind.FILM, SpanKind.COLLECTION) for group in draft.groups for span in group):
            return  # "not Titanic, she has seen it": the act concerns the film that is named
        key = SpanKind.FILM, self.facts.names[film]
        attitudes = {each.attitude for each in heard.values()}
        for attitude, act in _OF_FILM.items():
            if attitude is Attitude.ASKED and draft.meaning.questions:
                continue
            if (
                act in message.acts
                and attitude not in attitudes
                and key not in heard
                and found.get(attitude, 0.0) > _MIN_OF_CURRENT_FILM
            ):
                _set(message.heard, key, film, attitude)

    def _restate(self, draft: Draft, named: Named, attitude: str, constraints: list[Constraint]) -> list[Constraint]:
        """Return the constraints with those that follow from a new attitude to a name."""
        if named.constraint is None:
            assert named.entity is not None
            similar = self.properties.similar(named.entity)
            others = [c for c in constraints if c != similar]
            return [*others, similar] if attitude == Attitude.SIMILAR else others
        series = self.properties.similar_to_series(named.span)
        own = named.constraint.kind, named.constraint.label
        others = [c for c in constraints if (c.kind, c.label) != own and c != series]
        if attitude == Attitude.SIMILAR and series is not None:
            return [*others, series]
        clause = draft.clauses[draft.clauses_of(named.group)[-1]]
        is_liked, is_wanted = attitude == Attitude.LIKED, attitude == Attitude.WANTED
        if is_wanted or is_liked or attitude == Attitude.DISLIKED:
            # "I want a comedy. I like comedies." asks for comedies.
            is_bound = any(c.binding and c.wanted and c not in others for c in constraints)
            binding = not is_liked or (is_bound and named.is_repeated)
            return [*others, with_alternatives(clause, named.group, named.constraint, is_wanted or is_liked, binding)]
        return others


def _set(heard: _Heard, key: tuple[SpanKind, str], entity: int | None, attitude: str) -> None:
    if not attitude:
        heard.pop(key, None)
        return
    old = heard.get(key) or Heard(*key, Attitude(attitude), entity)
    if old.attitude is Attitude.REJECTED and attitude == Attitude.DISLIKED:
        return
    heard[key] = replace(old, attitude=Attitude(attitude), seen=old.seen or attitude == Attitude.SEEN)


def _without_years(heard: _Heard, constraints: Sequence[Constraint]) -> list[Constraint]:
    """Remove the years that a message wants, and return the other constraints.

    "I'll watch both of the new ones" has no wish.
    """
    for key in [key for key, each in heard.items() if key[0] is SpanKind.YEARS and each.attitude is Attitude.WANTED]:
        heard.pop(key)
    return [each for each in constraints if each.kind is not Kind.YEARS or not (each.wanted and each.binding)]


def _complete_list(heard: _Heard, films: Sequence[int], names: Mapping[int, str]) -> None:
    """Copy the attitude to most films of a list to its other films, if these have none and all others have the same."""
    keys = [(SpanKind.FILM, names[film]) for film in films]
    attitudes = {heard[key].attitude for key in keys if key in heard}
    n_missing = sum(key not in heard for key in keys)
    if len(attitudes) == 1 and 2 * n_missing < len(keys):
        for film, key in zip(films, keys):
            _set(heard, key, film, next(iter(attitudes)))


def _as_asked(heard: Heard) -> Heard:
    """Return a film that is asked about: "I haven't seen it, is it good?"."""
    return replace(heard, attitude=Attitude.ASKED) if heard.attitude is Attitude.NOT_SEEN else heard


def _as_rejected(heard: Heard) -> Heard:
    return (
        replace(heard, attitude=Attitude.REJECTED)
        if heard.kind is SpanKind.FILM and heard.attitude is Attitude.DISLIKED
        else heard
    )


def _consistent(acts: set[Act], meaning: Understanding) -> list[Act]:
    """Return the acts, with those that follow from the attitudes and the questions."""
    for heard in meaning.heard:
        act = ACT_OF_ATTITUDE.get(heard.attitude)
        if act is not None and act not in acts and not _INSTEAD.get(act, frozenset()) & acts:
            acts.add(act)
    for question in meaning.questions:
        acts.add(Act.ASK_PERSON if question.is_about_person else Act.ASK_FILM)
    for weak in (Act.UNKNOWN, Act.SMALL_TALK):
        if len(acts) > 1:
            acts.discard(weak)
    first = [act for act in meaning.acts if act in acts]
    return [*first, *sorted(acts - {*first})]
