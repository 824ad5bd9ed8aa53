"""Read a message clause by clause: its acts, what it takes back, and its questions."""

from __future__ import annotations

import re
from dataclasses import replace

from crslab_causal.chat.constraints import Kind
from crslab_causal.chat.understanding.acts import (
    Act,
    asks_for_unseen,
    find_acts,
    is_wildcard,
    takes_back,
)
from crslab_causal.chat.understanding.clauses import Clause
from crslab_causal.chat.understanding.meaning import Attitude, merge_heard
from crslab_causal.chat.understanding.questions import (
    Aspect,
    find_aspect,
    repeated_aspect,
)
from crslab_causal.chat.understanding.reading.forgetting import Forgotten, find_forgotten, find_kept
from crslab_causal.chat.understanding.reading.names import NameReader
from crslab_causal.chat.understanding.reading.question_reader import QuestionReader
from crslab_causal.chat.understanding.reading.references import SHORT_YES, ReferenceReader
from crslab_causal.chat.understanding.reading.state import ReadingState
from crslab_causal.chat.understanding.wishes.relations import without_contradictions

_ONLY_PLEASE = re.compile(r'^\W*please\W*$')
"""A clause that takes a film up only if it is the whole message."""
_SHORT_NO = re.compile(r'^\W*(?:no|not really|no way)(?:\W+(?:thanks?|you|sorry|please))*\W*$')
_OK_THANKS = re.compile(r'^\W*(?:ok|yes|cool|definitely|alright)?\W*(?:thank(?:s| you)\b.*)?$')
"""A clause of a message that only thanks, and takes nothing up."""
_REJECTS_NAME = re.compile(
    r'^\W*<(?:film|person|genre|collection)\d+>|<(?:film|person|genre|collection)\d+> (?:is|are|was|were) not\b|'
    r'\bnot (?:\w+ ){0,2}(?:keen on|sure about|interested in|feeling|(?:convinced|impressed) (?:by|with)) (?:\w+ )?'
    r'<(?:film|person|genre|collection)\d+>'
)
_NOT_ANY_MORE = re.compile(r'\bnot\b.*\bany ?more\W*$')
"""Words such as "isn't my favourite any more", which ask for nothing."""
_REQUEST = re.compile(
    r'\b(?:recommend|suggest|looking|searching|want|need|give|show|find|should|mood|something|anything|any|please|prefer|'
    r'can you|could you|watch|see)\b'
)
"""Words of a clause that asks for films, although it also states an opinion."""
_SOME_OF_THEM = re.compile(
    r'\b(?:recommend|suggest|suggestions of|know|have|got|find|show|give|think of|name|help)'
    r'(?: (?:me|us|out|with|of|any|some))* '
    r'(?:some|any|a few|few|one|(?:(?:good|other|great|more) )?ones|that|this|them|those)'
    r'(?!\W*(?:suggest|recommend|idea|movie|pick|option|<|good|other|great|more|new|like))\b|'
    r'\b(?:one|movies?|something|anything) (?:that has |starring )?(?:with )?both(?: of (?:them|those))?\W*$'
)
"""Words that ask for films of the kind that the seeker has just named."""
_WANTS_BOTH = re.compile(r'\b(?:have|get|combine|mix) both\b(?! of us)')
"""Words that ask for films with all that the seeker has just named: "is it possible to have both?"."""
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
_ORDERS = re.compile(r'^\W*(?:(?:ok|no|please|actually|well|now|and|just)\W+)*(?:forget|drop|ignore|scrap|disregard)\b')
"""Start of a clause that tells to forget something, and asks no question."""
_FOR_ADULTS = re.compile(
    r'\bfor (?:us )?(?:the )?(?:grown[ -]?ups|adults)\b|'
    r'^\W*(?:(?:and|but|then|now|also)\W+)*for (?:me|us|myself|ourselves)\b\W+(?:an?|some|something|anything|maybe|<)|'
    r'\bfor (?:my|our) (?:husband|wife|partner|boyfriend|girlfriend|spouse) '
    r'(?:and (?:me|i)|after|when|once)|'
    r'\bfor (?:me|us|myself) and (?:my|the|our) (?:husband|hubby|wife|missus|partner|boyfriend|girlfriend|spouse)\b|'
    r'\bfor (?:my|the) (?:husband|hubby|wife|missus|partner|boyfriend|girlfriend|spouse) and (?:me|myself|i)\b|'
    r'\b(?:after|when|once) (?:the|my|our)? ?(?:<children\d+>|kids|children|little ones?|boys|girls|baby)(?: \w+)? '
    r'(?:(?:is|are|have|has|go|goes|went|gone)(?: gone)? (?:in|to) bed|(?:is|are) (?:asleep|sleeping|out|away))'
)
"""Words that no longer ask for films for children: "and for me, a western", "after the kids are in bed"."""
_FEATURE_FILMS = re.compile(r'\b(?:feature|fiction|fictional|narrative|real) movies?\b')
"""Words that no longer ask for documentaries."""
_NOT_ONLY_YES = frozenset(Act) - {Act.GREET, Act.THANK, Act.SMALL_TALK}
"""Acts that give a message a meaning of its own. A "yes" beside them accepts nothing, and a "no" rejects nothing."""


class ClauseReader:
    """A reader of one message, clause by clause.

    Args:
        state: state of reading the message.
    """

    def __init__(self, state: ReadingState):
        self.state, self.meaning = state, state.meaning
        self.situation, self.groups, self.clauses = state.situation, state.groups, state.clauses
        self._names, self._references = NameReader(state), ReferenceReader(state)
        self._questions = QuestionReader(state)

    def read(self) -> None:
        """Read the clauses of the message in order, and then remove acts that other acts of the message exclude."""
        for position, clause in enumerate(self.clauses):
            self.state.position = position
            self._read_clause(clause)
        self._settle_choice()
        self._settle_acts()
        self._settle_wishes()

    def _settle_choice(self) -> None:
        """Decide whether the message takes a recommendation up, turns it down, or does neither."""
        meaning, texts = self.meaning, [clause.text for clause in self.clauses]
        if Act.ACCEPT in meaning.acts and not any(each.attitude is Attitude.ACCEPTED for each in meaning.heard):
            meaning.acts.remove(Act.ACCEPT)
            if not meaning.acts:
                meaning.acts.append(Act.SMALL_TALK)  # "ok, cool" when nothing was recommended
        accepting = [text for text in texts if Act.ACCEPT in find_acts(text)]
        is_please = bool(accepting) and all(map(_ONLY_PLEASE.match, accepting))
        if is_please and len(texts) > 1 and Act.ACCEPT in meaning.acts:
            meaning.acts.remove(Act.ACCEPT)  # "English only, please"
            self.state.drop(Attitude.ACCEPTED)
        self._drop_short_answer(Act.ACCEPT, Attitude.ACCEPTED, SHORT_YES)
        self._drop_short_answer(Act.REJECT, Attitude.REJECTED, _SHORT_NO)
        if {Act.ACCEPT, Act.THANK} <= {*meaning.acts} and all(map(_OK_THANKS.match, texts)):
            meaning.acts.remove(Act.ACCEPT)  # "ok, thanks" takes nothing up
            self.state.drop(Attitude.ACCEPTED)
        if Act.ACCEPT in meaning.acts and takes_back(texts):  # "I'll take it. No wait"
            meaning.acts = [Act.REJECT]
            meaning.heard = [
                replace(heard, attitude=Attitude.REJECTED) if heard.attitude is Attitude.ACCEPTED else heard
                for heard in meaning.heard
            ]
        if {Act.ACCEPT, Act.FORGET} <= {*meaning.acts}:
            meaning.acts.remove(Act.ACCEPT)  # "I take that back" takes no film up
            self.state.drop(Attitude.ACCEPTED)
        self._drop_accepted_by_yes()

    def _drop_short_answer(self, act: Act, attitude: Attitude, short: re.Pattern[str]) -> None:
        """Remove the act of a "yes" or a "no" in a message that says more: "no, I love it"."""
        acts, by_yes = self.meaning.acts, self.state.accepted_by_yes
        accepted = {each.entity for each in self.meaning.heard if each.attitude is Attitude.ACCEPTED}
        if by_yes and accepted - by_yes:
            return  # "perfect, we'll go with Alien"
        texts = [clause.text for clause in self.clauses if act in find_acts(clause.text)]
        if act in acts and texts and all(map(short.match, texts)) and _NOT_ONLY_YES & {*acts} - {act}:
            self.meaning.acts = [other for other in acts if other is not act]
            self.state.drop(attitude)

    def _settle_acts(self) -> None:
        """Remove acts and questions beside others that say more, and all repetitions."""
        meaning, excluded = self.meaning, set[Act]()
        if Act.REJECT in meaning.acts and any(_SHORT_NO.match(clause.text) for clause in self.clauses):
            excluded.add(Act.THANK)
        if any(question.aspect in (Aspect.WITHOUT, Aspect.COMPARE) for question in meaning.questions):
            excluded |= {Act.WANT, Act.MORE}  # "which of the two would you recommend?"
            meaning.questions = [each for each in meaning.questions if each.aspect is not Aspect.PICK]
        if {Act.ASK_HELP, Act.FORGET} <= {*meaning.acts}:  # "scratch that, any actor is fine"
            excluded.add(Act.ASK_HELP)
            meaning.questions = [each for each in meaning.questions if each.aspect is not Aspect.UNDO]
        meaning.heard = merge_heard(meaning.heard)
        if not any(heard.attitude is Attitude.MENTIONED for heard in meaning.heard):
            excluded.add(Act.MENTION)  # "Alien. I love it": the later words say more
        if {*meaning.acts} - {Act.SMALL_TALK}:
            excluded.add(Act.SMALL_TALK)
        meaning.acts = [act for act in dict.fromkeys(meaning.acts) if act not in excluded]

    def _settle_wishes(self) -> None:
        """Decide whether what the seeker likes is also a wish, and remove contradictions between wishes."""
        meaning, texts = self.meaning, [clause.text for clause in self.clauses]
        wants_both = len(meaning.constraints) > 1 and any(map(_WANTS_BOTH.search, texts))
        wants_some = Act.WANT in meaning.acts and any(map(_SOME_OF_THEM.search, texts))
        if wants_both and Act.WANT not in meaning.acts:
            meaning.acts.append(Act.WANT)
        if wants_both or wants_some:
            self._bind_likings()
        meaning.constraints = without_contradictions(meaning.constraints)

    def _bind_likings(self) -> None:
        """Make a kind of films that the seeker likes a wish: "I love horror. Can you recommend some?"."""
        constraints = self.meaning.constraints
        if not any(constraint.binding for constraint in constraints):
            self.meaning.constraints = [replace(constraint, binding=constraint.wanted) for constraint in constraints]

    def _drop_accepted_by_yes(self) -> None:
        """Remove the film that a "great" accepts if the message names another one: "Great, I'll watch Alien"."""
        accepted = [heard.entity for heard in self.meaning.heard if heard.attitude is Attitude.ACCEPTED]
        if set(accepted) - self.state.accepted_by_yes:
            self.meaning.heard = [
                heard
                for heard in self.meaning.heard
                if heard.attitude is not Attitude.ACCEPTED or heard.entity not in self.state.accepted_by_yes
            ]

    def _read_clause(self, clause: Clause) -> None:
        acts = find_acts(clause.text)
        if Act.START_OVER not in acts and _ORDERS.match(clause.text) and self._forget(clause):
            return  # "forget the actresses" does not ask for the cast
        aspect = repeated_aspect(clause.text, self.situation.question) or find_aspect(clause.text)
        if aspect is not None and Act.ASK_WHY not in acts:
            self._questions.ask(clause, aspect)
            self.meaning.acts += [act for act in acts if act in (Act.GREET, Act.THANK, Act.LEAVE)]
            return
        if Act.START_OVER not in acts and self._forget(clause):
            return
        if _FOR_ADULTS.search(clause.text):
            self.meaning.withdrawn += [each for each in self.situation.constraints if each.kind is Kind.CHILDREN]
        if _FEATURE_FILMS.search(clause.text):
            self.meaning.withdrawn += [each for each in self.situation.constraints if each.label == 'documentary']
        acts = self._settle(clause, acts)
        self.meaning.is_wildcard |= is_wildcard(clause.text)
        n_acts = len(self.meaning.acts)
        named = [self._names.read_group(clause, group, Act.ASK_WHY in acts) for group in clause.groups]
        from_names = self.meaning.acts[n_acts:]
        self._references.refer(clause, acts, any(named))
        has_opinion = {Act.LIKE, Act.DISLIKE} & {*from_names}
        if has_opinion and Act.WANT not in from_names and not _REQUEST.search(clause.text):
            acts = [act for act in acts if act is not Act.WANT]
        if Act.REJECT in acts and _REJECTS_NAME.search(clause.text):  # "Jim Carrey is not my thing"
            acts.remove(Act.REJECT)
            acts.append(Act.DISLIKE)
            self.state.drop(Attitude.REJECTED)
            self.meaning.acts[n_acts:] = from_names = []
        if Act.REJECT in acts or Act.ACCEPT in from_names:
            acts = [act for act in acts if act is not Act.WANT]
            self.meaning.acts[n_acts:] = [act for act in from_names if act is not Act.WANT]
        self.meaning.acts += acts

    def _forget(self, clause: Clause) -> bool:
        """Take back what a clause tells to forget, or keep what it names as an exception. Return whether it does."""
        before = Forgotten(self.meaning.withdrawn, self.meaning.forgotten_names)
        found = None
        if Act.FORGET in self.meaning.acts:
            found = find_kept(clause, self.groups, self.state.properties, before)
        if found is None:
            new = find_forgotten(clause, self.groups, self.state.properties, self.situation.constraints)
            if new is None:
                return False
            self.meaning.acts.append(Act.FORGET)
            found = Forgotten(before.constraints + new.constraints, before.entities + new.entities)
        self.meaning.withdrawn, self.meaning.forgotten_names = found
        return True

    def _settle(self, clause: Clause, acts: list[Act]) -> list[Act]:
        """Return the acts of a clause, without the acts that other acts of the clause exclude."""
        found = set(acts)
        opinion = self._references.opinion(clause)
        if opinion is not None:
            found -= {Act.WANT, Act.ACCEPT, Act.REJECT, Act.SMALL_TALK}
        if asks_for_unseen(clause.text):
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
