"""Understand a message: its acts, its questions, and the opinions and constraints that it states."""

from __future__ import annotations

import re
from dataclasses import replace

from crslab_causal.chat.constraints import Kind
from crslab_causal.chat.films.collections import Collections
from crslab_causal.chat.films.facts import FilmFacts
from crslab_causal.chat.films.genres import rejects_gore
from crslab_causal.chat.understanding.acts import FEW, Act, asks_for_related, find_acts, is_wildcard, names_all, names_both
from crslab_causal.chat.understanding.clauses import Clause, split_clauses
from crslab_causal.chat.understanding.corrections import find_correction, without_corrected
from crslab_causal.chat.understanding.encoder import MessageEncoder
from crslab_causal.chat.understanding.features import PRONOUNS, Draft
from crslab_causal.chat.understanding.forgetting import Forgotten, find_forgotten, find_kept
from crslab_causal.chat.understanding.language import is_foreign, is_gibberish
from crslab_causal.chat.understanding.meaning import Attitude, Situation, Understanding, merge_heard
from crslab_causal.chat.understanding.model import Models, read_models
from crslab_causal.chat.understanding.names import NameReader
from crslab_causal.chat.understanding.phrases import read_phrases
from crslab_causal.chat.understanding.properties import Properties
from crslab_causal.chat.understanding.questions import (
    ABOUT_CHAT,
    OF_TWO_FILMS,
    Aspect,
    find_aspect,
    make_question,
    repeated_aspect,
)
from crslab_causal.chat.understanding.revision import Reviser
from crslab_causal.chat.understanding.spans import Span, SpanKind
from crslab_causal.chat.understanding.spotter import Spotter
from crslab_causal.chat.understanding.unmet import find_unknown_topics
from crslab_causal.chat.understanding.wishes import without_contradictions

_TAGS = re.compile(r'</?[a-zA-Z][^<>\n]{0,200}>')
"""Tags of HTML, which someone has pasted."""
_SPLIT_WORD = re.compile(r'\b(wan|gon|got) (na|ta)\b', re.IGNORECASE)
"""Words that a tokenizer has split: "wan na"."""
_QUOTES = str.maketrans('“”„‘’´`', "\"\"\"''''")
_SHORT_YES = re.compile(
    r'^\W*(?:yes|sure|ok|great|cool|nice|fine|good|perfect|awesome|excellent|wonderful|of course|please|interesting|'
    r'amazing|fantastic|lovely)(?:\W+(?:please|then|thanks?|you|that|is|one|sure|ok|great|cool|nice|good|fine|yes|perfect))*\W*$'
)
_SHORT_NO = re.compile(r'^\W*(?:no|not really|no way)(?:\W+(?:thanks?|you|sorry|please))*\W*$')
_OK_THANKS = re.compile(r'^\W*(?:ok|yes|cool|definitely|alright)?\W*(?:thank(?:s| you)\b.*)?$')
"""A clause of a message that only thanks, and takes nothing up."""
_LIKES_PERSON = re.compile(r'\b(?:i|we) (?:\w+ )?(?:like|love|loved|liked|adore) (?:him|her)\b')
_NEGATED_LIKE = re.compile(r'\bnot (?:\w+ )?(?:like|love)')
_REJECTS_NAME = re.compile(
    r'^\W*<(?:film|person|genre|collection)\d+>|<(?:film|person|genre|collection)\d+> (?:is|are|was|were) not\b'
)
_BUT_NOT = re.compile(r'\W*(?:but )?(?:i|we) (?:did|do) not(?: really| at all| though)?\W*$')
_NOT_ANY_MORE = re.compile(r'\bnot\b.*\bany ?more\W*$')
"""Words such as "isn't my favourite any more", which ask for nothing."""
_REQUEST = re.compile(
    r'\b(?:recommend|suggest|looking|searching|want|need|give|show|find|should|mood|something|anything|any|please|prefer|'
    r'can you|could you|watch|see)\b'
)
"""Words of a clause that asks for films, although it also states an opinion."""
_SOME_OF_THEM = re.compile(
    r'\b(?:recommend|suggest|suggestions of|know|have|got|find|show|give|think of|name|help)(?: (?:me|us|out|with|of|any|some))* '
    r'(?:some|any|a few|few|one|(?:(?:good|other|great|more) )?ones|that|this|them|those)'
    r'(?!\W*(?:suggest|recommend|idea|movie|pick|option|option|<|good|other|great|more|new|like))\b'
)
"""Words that ask for films of the kind that the seeker has just named."""
_NEW_TO_ME = re.compile(
    r'\b(?:something|anything|movies?|one|ones) (?:that |which )?(?:i|we) (?:have not|never|have never|did not)\b'
)
_PRONOUN = re.compile(rf'\b(?:{"|".join(sorted(PRONOUNS))})\b', re.IGNORECASE)
_GENRE_TOKEN = re.compile(r'<genre(\d+)>')
_ON_RECOMMENDATIONS = re.compile(
    r'\b(?:thank\w*|appreciate\w*|great|good|nice|excellent|awesome|amazing|perfect|helpful|wonderful|love|like|your|those|these)'
    r'(?: \w+){0,4} (?:recommend\w*|suggest\w*)'
)
"""Words about recommendations that were already made: "thanks for the suggestions"."""
_ASKS = re.compile(
    r'\b(?:any|some|more|other|another|need|want|give|can|could|would|do you|have you|looking|please|what|which|for a|'
    r'hoping)\b'
)
"""Words of a clause that asks for further recommendations."""
_OLDEST = re.compile(r'(?:old|early|earli)', re.IGNORECASE)
_FOR_ADULTS = re.compile(r'\bfor (?:us )?(?:the )?(?:grown[ -]?ups|adults)\b')
_ONLY_PLACES = re.compile(
    r'^(?:\W|\b(?:the|and|or|number|numbers|but|except|on the list|in the list|in your list|ok)\b|<place\d+>)*$'
)
"""A clause that only names places of the last list."""
_NOT_ONLY_YES = frozenset(Act) - {Act.GREET, Act.THANK, Act.SMALL_TALK}
"""Acts that give a message a meaning of its own. A "yes" beside them accepts nothing, and a "no" rejects nothing."""


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
        self.encoder = encoder
        self._reviser = Reviser(facts, self.properties, read_models() if models is None else models, encoder)

    def understand(self, text: str, situation: Situation = Situation()) -> Understanding:
        """Return the meaning of a message.

        Args:
            text: the message.
            situation: state of the conversation before the message.
        """
        return self.read(text, situation).meaning

    def read(self, text: str, situation: Situation = Situation()) -> Draft:
        """Return the clauses and the names of a message, and its meaning."""
        draft = self._draft(text, situation)
        return replace(draft, meaning=self._reviser.revise(draft))

    def _draft(self, text: str, situation: Situation) -> Draft:
        """Return what the rules understand of a message."""
        text = re.sub(r'\s{2,}', ' ', _TAGS.sub(' ', text).translate(_QUOTES))
        text = _SPLIT_WORD.sub(r'\1\2', text)
        known = (*situation.mentioned, *situation.shown)
        spans = self._spotter.spans(text, known, len(situation.shown), situation.film, situation.recommended)
        if (corrected := without_corrected(text, spans)) != text:
            text = corrected
            spans = self._spotter.spans(text, known, len(situation.shown), situation.film, situation.recommended)
        words = text
        for span in spans:
            words = words[: span.start] + ' ' * (span.end - span.start) + words[span.end :]
        if is_foreign(words):
            return Draft(text, [], [], situation, Understanding(acts=[Act.FOREIGN]))
        situation = replace(situation, person=self._meant_person(text, situation))
        reading = _Reading(self.facts, self.properties, text, spans, situation)
        reading.read()
        correction = find_correction(reading.clauses, reading.groups, self.facts, self.properties, situation)
        if correction is not None:
            return Draft(text, reading.clauses, reading.groups, situation, correction, is_correction=True)
        reading.meaning.rejects_gore = rejects_gore(text)
        reading.meaning.unknown_topics = find_unknown_topics(clause.text for clause in reading.clauses)
        if reading.meaning.rejects_gore and Act.WANT not in reading.meaning.acts:
            reading.meaning.acts.append(Act.WANT)
        if not reading.meaning.acts:
            reading.meaning.acts = [Act.UNKNOWN]
            reading.meaning.is_gibberish = is_gibberish(words)
        return Draft(text, reading.clauses, reading.groups, situation, reading.meaning)

    def _meant_person(self, text: str, situation: Situation) -> int | None:
        """Return the person whom "he" or "she" means: one whom the last words named, or whom the seeker named last."""
        if situation.person is not None and self.facts.names[situation.person] in situation.said:
            return situation.person
        if not _PRONOUN.search(text):
            return situation.person
        spans = self._spotter.spans(situation.said or situation.own)
        named = [span.id for span in spans if span.kind is SpanKind.PERSON]
        if not named and situation.person is None:
            named = [entity for entity in situation.mentioned if entity in self.facts.people]
        return named[-1] if named else situation.person


class _Reading(NameReader):
    """The reading of one message, clause by clause."""

    def read(self) -> None:
        self.clauses = clauses = split_clauses(self.text, self.groups)
        for clause in clauses:
            self._read_clause(clause)
        acts = self.meaning.acts
        if Act.ACCEPT in acts and not any(h.attitude is Attitude.ACCEPTED for h in self.meaning.heard):
            acts.remove(Act.ACCEPT)
            if not acts:
                acts.append(Act.SMALL_TALK)  # "ok, cool" when nothing was recommended
        for act, attitude, short in (
            (Act.ACCEPT, Attitude.ACCEPTED, _SHORT_YES),
            (Act.REJECT, Attitude.REJECTED, _SHORT_NO),
        ):
            if self.accepted_by_yes and any(
                heard.attitude is Attitude.ACCEPTED and heard.entity not in self.accepted_by_yes
                for heard in self.meaning.heard
            ):
                continue  # "perfect, we'll go with Alien"
            texts = [clause.text for clause in clauses if act in find_acts(clause.text)]
            if act in acts and texts and all(map(short.match, texts)) and _NOT_ONLY_YES & {*acts} - {act}:
                self.meaning.acts = acts = [other for other in acts if other is not act]
                self.meaning.heard = [heard for heard in self.meaning.heard if heard.attitude is not attitude]
        if {Act.ACCEPT, Act.THANK} <= {*acts} and all(_OK_THANKS.match(clause.text) for clause in clauses):
            acts.remove(Act.ACCEPT)  # "ok, thanks" takes nothing up
            self.meaning.heard = [heard for heard in self.meaning.heard if heard.attitude is not Attitude.ACCEPTED]
        if {Act.ACCEPT, Act.FORGET} <= {*acts}:
            acts.remove(Act.ACCEPT)  # "I take that back" takes no film up
            self.meaning.heard = [heard for heard in self.meaning.heard if heard.attitude is not Attitude.ACCEPTED]
        if Act.REJECT in acts and any(_SHORT_NO.match(clause.text) for clause in clauses):
            acts = [act for act in acts if act is not Act.THANK]
        if len(acts) > 1 and Act.SMALL_TALK in acts:
            acts.remove(Act.SMALL_TALK)
        if any(question.aspect is Aspect.WITHOUT for question in self.meaning.questions):
            acts = [act for act in acts if act not in (Act.WANT, Act.MORE)]  # "what would you recommend then?"
        self._drop_accepted_by_yes()
        self.meaning.heard = merge_heard(self.meaning.heard)
        if not any(heard.attitude is Attitude.MENTIONED for heard in self.meaning.heard):
            acts = [act for act in acts if act is not Act.MENTION]  # "Alien. I love it": the later words say more
        self.meaning.acts = list(dict.fromkeys(acts))
        if Act.WANT in acts and any(_SOME_OF_THEM.search(clause.text) for clause in clauses):
            self._bind_likings()
        self.meaning.constraints = without_contradictions(self.meaning.constraints)

    def _bind_likings(self) -> None:
        """Make a kind of films that the seeker likes a wish: "I love horror. Can you recommend some?"."""
        constraints = self.meaning.constraints
        if not any(constraint.binding for constraint in constraints):
            self.meaning.constraints = [replace(constraint, binding=constraint.wanted) for constraint in constraints]

    def _drop_accepted_by_yes(self) -> None:
        """Remove the film that a "great" accepts if the message names another one: "Great, I'll watch Alien"."""
        accepted = [heard.entity for heard in self.meaning.heard if heard.attitude is Attitude.ACCEPTED]
        if set(accepted) - self.accepted_by_yes:
            self.meaning.heard = [
                heard
                for heard in self.meaning.heard
                if heard.attitude is not Attitude.ACCEPTED or heard.entity not in self.accepted_by_yes
            ]

    # ------------------------------------------------------------ clauses

    def _read_clause(self, clause: Clause) -> None:
        acts = find_acts(clause.text)
        aspect = repeated_aspect(clause.text, self.situation.question) or find_aspect(clause.text)
        if aspect is not None and Act.ASK_WHY not in acts:
            self._ask(clause, aspect)
            self.meaning.acts += [act for act in acts if act in (Act.GREET, Act.THANK, Act.LEAVE)]
            return
        if Act.START_OVER not in acts and self._forget(clause):
            return
        if _FOR_ADULTS.search(clause.text):
            self.meaning.forgotten += [each for each in self.situation.constraints if each.kind is Kind.CHILDREN]
        acts = self._settle(clause, acts)
        self.meaning.is_wildcard |= is_wildcard(clause.text)
        n_acts = len(self.meaning.acts)
        self.asks_why = Act.ASK_WHY in acts
        named = [self.read_group(clause, group) for group in clause.groups]
        from_names = self.meaning.acts[n_acts:]
        self._refer(clause, acts, any(named))
        has_opinion = {Act.LIKE, Act.DISLIKE} & {*from_names}
        if has_opinion and Act.WANT not in from_names and not _REQUEST.search(clause.text):
            acts = [act for act in acts if act is not Act.WANT]
        if Act.REJECT in acts and _REJECTS_NAME.search(clause.text):  # "Jim Carrey is not my thing"
            acts.remove(Act.REJECT)
            acts.append(Act.DISLIKE)
            self.meaning.heard = [heard for heard in self.meaning.heard if heard.attitude is not Attitude.REJECTED]
            self.meaning.acts[n_acts:] = from_names = []
        if Act.REJECT in acts or Act.ACCEPT in from_names:
            acts = [act for act in acts if act is not Act.WANT]
            self.meaning.acts[n_acts:] = [act for act in from_names if act is not Act.WANT]
        self.meaning.acts += acts

    def _forget(self, clause: Clause) -> bool:
        """Take back what a clause tells to forget, or keep what it names as an exception. Return whether it does."""
        before = Forgotten(self.meaning.forgotten, self.meaning.dropped)
        found = None
        if Act.FORGET in self.meaning.acts:
            found = find_kept(clause, self.groups, self.properties, before)
        if found is None:
            new = find_forgotten(clause, self.groups, self.properties, self.situation.constraints)
            if new is None:
                return False
            self.meaning.acts.append(Act.FORGET)
            found = Forgotten(before.constraints + new.constraints, before.entities + new.entities)
        self.meaning.forgotten, self.meaning.dropped = found
        return True

    def _settle(self, clause: Clause, acts: list[Act]) -> list[Act]:
        """Return the acts of a clause, without the acts that other acts of the clause exclude."""
        found = set(acts)
        opinion = self._opinion(clause)
        if opinion is not None:
            found -= {Act.WANT, Act.ACCEPT, Act.REJECT, Act.SMALL_TALK}
        if _NEW_TO_ME.search(clause.text):
            found -= {Act.SEEN, Act.NOT_SEEN}
        if Act.NOT_SEEN in found:
            found -= {Act.SEEN, Act.WANT}
        if 'no more' in clause.text or _NOT_ANY_MORE.search(clause.text):
            found -= {Act.MORE}
        if Act.REJECT in found or Act.MORE in found:
            found -= {Act.ACCEPT, Act.WANT} if Act.REJECT in found else {Act.WANT}
        if Act.WANT in found and _ON_RECOMMENDATIONS.search(clause.text) and not _ASKS.search(clause.text):
            found -= {Act.WANT}  # "thanks for the suggestions"
        if Act.ACCEPT in found:
            found -= {Act.WANT, Act.SMALL_TALK}
        if Act.LIST_AGAIN in found:
            found &= {Act.LIST_AGAIN, Act.THANK, Act.GREET}
        if Act.START_OVER in found:
            found &= {Act.START_OVER, Act.THANK, Act.GREET}
        if Act.ASK_WHY in found:
            found &= {Act.ASK_WHY, Act.THANK, Act.GREET, Act.LEAVE}
        if Act.LEAVE in found:
            found -= {Act.ACCEPT, Act.GREET, Act.WANT, Act.SMALL_TALK}
        if Act.ASK_HELP in found:
            found -= {Act.WANT, Act.SMALL_TALK, Act.ACCEPT}
        return [act for act in acts if act in found]

    def _opinion(self, clause: Clause) -> Attitude | None:
        """Return the opinion about a film that was named before, as in "I loved it"."""
        if _BUT_NOT.match(clause.text) and Act.LIKE in self.meaning.acts:
            return Attitude.DISLIKED  # "he liked it, but I didn't"
        patterns = read_phrases('opinions.txt')
        text = _GENRE_TOKEN.sub(self._adjective, clause.text)
        if patterns['disliked it'].search(text):
            return Attitude.DISLIKED
        return Attitude.LIKED if patterns['liked it'].search(text) else None

    def _likes_person(self, clause: Clause) -> bool:
        """Note that the seeker likes a person without a name, as in "I like her". Return whether the clause says so."""
        if not _LIKES_PERSON.search(clause.text) or _NEGATED_LIKE.search(clause.text):
            return False
        if self.person is not None and self.person in self.facts.people:
            span = Span(SpanKind.PERSON, 0, 0, id=self.person)
            constraint = self.properties.of_span(span)
            if constraint is not None:
                self._hear(span, self.facts.names[self.person], Attitude.LIKED, constraint.entity)
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
        return token[0] if span.is_wish else self.text[span.start : span.end].lower()

    def _refer(self, clause: Clause, acts: list[Act], has_named: bool) -> None:
        """Apply the acts of a clause to the film or the list that the clause means but does not name."""
        opinion = self._opinion(clause)
        if opinion is not None and (named_films := list(self._films(clause))):
            if self._opinion_follows_names(clause):  # "I saw Gone Girl, it is a good movie"
                self._hear_films(named_films[-1:], opinion, seen=True)
                acts.append(Act.LIKE if opinion is Attitude.LIKED else Act.DISLIKE)
                return
        elif opinion is not None and self.film is not None:
            named = list(self._places(clause)) or (self._all_films(clause) if self._names_all(clause) else [])
            self._hear_films(named or [self.film], opinion, seen=True)
            acts.append(Act.LIKE if opinion is Attitude.LIKED else Act.DISLIKE)
            return
        if self._likes_person(clause):
            acts[:] = [act for act in acts if act is not Act.ACCEPT] + [Act.LIKE]
        places = list(self._places(clause))
        shown = self._all_films(clause) if self._names_all(clause) else []
        films = places or shown or ([self.film] if self.film is not None else [])
        kinds = {span.kind for group in clause.groups for span in self.groups[group]}
        if not places and not shown and (SpanKind.COLLECTION in kinds or any(h.films for h in self.meaning.heard)):
            films = []  # "I have seen every Toy Story", "I have seen everything by Nolan"
        for act, attitude in (
            (Act.SEEN, Attitude.SEEN),
            (Act.NOT_SEEN, Attitude.NOT_SEEN),
            (Act.REJECT, Attitude.REJECTED),
            (Act.ACCEPT, Attitude.ACCEPTED),
        ):
            if act in acts and not any(self._films(clause)):
                if act is Act.ACCEPT and not places and _SHORT_YES.match(clause.text):
                    self.accepted_by_yes.update(films)
                self._hear_films(films, attitude, seen=act is Act.SEEN)
        if places and self._is_exception(clause):
            self.meaning.heard = [heard for heard in self.meaning.heard if heard.entity not in places]
        elif places and Act.ASK_WHY not in acts and self._is_asked_about(clause):
            self._hear_films(places, Attitude.ASKED)
        elif places and not set(acts) & {Act.SEEN, Act.NOT_SEEN, Act.REJECT, Act.ACCEPT, Act.ASK_WHY}:
            rejects = any(span.negated for group in clause.groups for span in self.groups[group])
            acts.append(Act.REJECT if rejects else Act.ACCEPT)
            self._hear_films(places, Attitude.REJECTED if rejects else Attitude.ACCEPTED)
        if places:
            self.film = places[-1]
        if asks_for_related(clause.text) and self.film is not None:
            self.meaning.constraints.append(self.properties.similar(self.film))
            acts[:] = [act for act in acts if act is not Act.SEEN]
            if not {Act.MORE, Act.WANT} & {*acts}:
                acts.append(Act.MORE)
        if Act.MORE in acts and has_named and Act.WANT in self.meaning.acts:
            self.meaning.acts.remove(Act.WANT)

    def _is_exception(self, clause: Clause) -> bool:
        """Return whether a clause names the films that the clause before leaves out: "seen them all but number 2"."""
        number = self.clauses.index(clause)
        return number > 0 and _ONLY_PLACES.match(clause.text) is not None and self._names_all(self.clauses[number - 1])

    def _is_asked_about(self, clause: Clause) -> bool:
        """Return whether a clause only names films that are asked about: "the last one, is it a sequel?"."""
        if _ONLY_PLACES.match(clause.text) is None and not clause.text.endswith('?'):
            return False
        later = self.clauses[self.clauses.index(clause) :]
        return clause.text.endswith('?') or any(find_aspect(each.text) is not None for each in later)

    def _names_all(self, clause: Clause) -> bool:
        shown, recommended = self.situation.shown, self.situation.recommended
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

    # ------------------------------------------------------------ questions and references

    def _ask(self, clause: Clause, aspect) -> None:
        films = [*self._films(clause), *self._places(clause)]
        for film in self._films(clause):
            self._hear_films([film], Attitude.ASKED)
        spans = [span for group in clause.groups for span in self.groups[group]]
        self.meaning.unknown += [self.text[s.start : s.end] for s in spans if s.kind is SpanKind.UNKNOWN]
        if aspect in (Aspect.SUPERLATIVE, Aspect.WHICH_HAS) and (found := [s for s in spans if s.genre]):
            is_most = self.text[found[0].start : found[0].end].lower().endswith('est')  # "the scariest"
            aspect = Aspect.SUPERLATIVE if is_most else Aspect.WHICH_HAS
        if aspect in (Aspect.NEWEST_OF, Aspect.OLDEST_OF) and (
            words := [self.text[s.start : s.end] for s in spans if s.kind is SpanKind.YEARS]
        ):
            aspect = Aspect.OLDEST_OF if _OLDEST.match(words[0]) else Aspect.NEWEST_OF
        is_comparison = aspect in OF_TWO_FILMS and len(films) > 1  # "is Heat anything like Alien?"
        question = make_question(
            aspect,
            spans,
            films[1] if is_comparison else films[0] if films else None,
            films[0] if is_comparison else self.film,
            self.person,
            self.situation.shown,
            list(dict.fromkeys(entity for entity in map(self.properties.entity_of, spans) if entity is not None)),
        )
        if aspect in ABOUT_CHAT:
            self.meaning.questions.append(question)
            self.meaning.acts.append(Act.ASK_HELP)
            return
        self.film = question.film if question.film is not None else self.film
        self.person = question.person if question.person is not None else self.person
        self.meaning.questions.append(question)
        compares_people = aspect is Aspect.COMPARE and question.film is None and bool(question.people)
        is_about_person = question.is_about_person or compares_people
        self.meaning.acts.append(Act.ASK_PERSON if is_about_person else Act.ASK_FILM)
