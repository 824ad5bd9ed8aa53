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
from crslab_causal.chat.understanding.forgetting import Forgotten, find_forgotten, find_kept
from crslab_causal.chat.understanding.meaning import Attitude, merge_heard
from crslab_causal.chat.understanding.question_reader import QuestionReader
from crslab_causal.chat.understanding.questions import (
    Aspect,
    find_aspect,
    repeated_aspect,
)
from crslab_causal.chat.understanding.references import SHORT_YES
from crslab_causal.chat.understanding.wishes import without_contradictions

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


class MessageReader(QuestionReader):
    """A reader of one message, clause by clause. Its arguments are those of :class:`.NameReader`."""

    def read(self) -> None:
        """Read the clauses of the message in order, and then remove acts that other acts of the message exclude."""
        clauses = self.clauses
        for self.position, clause in enumerate(clauses):
            self._read_clause(clause)
        acts = self.meaning.acts
        if Act.ACCEPT in acts and not any(h.attitude is Attitude.ACCEPTED for h in self.meaning.heard):
            acts.remove(Act.ACCEPT)
            if not acts:
                acts.append(Act.SMALL_TALK)  # "ok, cool" when nothing was recommended
        for act, attitude, short in (
            (Act.ACCEPT, Attitude.ACCEPTED, SHORT_YES),
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
        if Act.ACCEPT in acts and takes_back([clause.text for clause in clauses]):  # "I'll take it. No wait"
            self.meaning.acts = acts = [Act.REJECT]
            self.meaning.heard = [
                replace(heard, attitude=Attitude.REJECTED) if heard.attitude is Attitude.ACCEPTED else heard
                for heard in self.meaning.heard
            ]
        if {Act.ACCEPT, Act.FORGET} <= {*acts}:
            acts.remove(Act.ACCEPT)  # "I take that back" takes no film up
            self.meaning.heard = [heard for heard in self.meaning.heard if heard.attitude is not Attitude.ACCEPTED]
        if Act.REJECT in acts and any(_SHORT_NO.match(clause.text) for clause in clauses):
            acts = [act for act in acts if act is not Act.THANK]
        if len(acts) > 1 and Act.SMALL_TALK in acts:
            acts.remove(Act.SMALL_TALK)
        if any(question.aspect in (Aspect.WITHOUT, Aspect.COMPARE) for question in self.meaning.questions):
            acts = [act for act in acts if act not in (Act.WANT, Act.MORE)]  # "which of the two would you recommend?"
            self.meaning.questions = [each for each in self.meaning.questions if each.aspect is not Aspect.PICK]
        if {Act.ASK_HELP, Act.FORGET} <= {*acts}:  # "scratch that, any actor is fine"
            acts = [act for act in acts if act is not Act.ASK_HELP]
            self.meaning.questions = [each for each in self.meaning.questions if each.aspect is not Aspect.UNDO]
        self._drop_accepted_by_yes()
        self.meaning.heard = merge_heard(self.meaning.heard)
        if not any(heard.attitude is Attitude.MENTIONED for heard in self.meaning.heard):
            acts = [act for act in acts if act is not Act.MENTION]  # "Alien. I love it": the later words say more
        self.meaning.acts = list(dict.fromkeys(acts))
        wants_both = len(self.meaning.constraints) > 1 and any(_WANTS_BOTH.search(clause.text) for clause in clauses)
        if wants_both and Act.WANT not in acts:
            self.meaning.acts.append(Act.WANT)
        if wants_both or (Act.WANT in acts and any(_SOME_OF_THEM.search(clause.text) for clause in clauses)):
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

    def _read_clause(self, clause: Clause) -> None:
        acts = find_acts(clause.text)
        if Act.START_OVER not in acts and _ORDERS.match(clause.text) and self._forget(clause):
            return  # "forget the actresses" does not ask for the cast
        aspect = repeated_aspect(clause.text, self.situation.question) or find_aspect(clause.text)
        if aspect is not None and Act.ASK_WHY not in acts:
            self._ask(clause, aspect)
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
        before = Forgotten(self.meaning.withdrawn, self.meaning.forgotten_names)
        found = None
        if Act.FORGET in self.meaning.acts:
            found = find_kept(clause, self.groups, self.properties, before)
        if found is None:
            new = find_forgotten(clause, self.groups, self.properties, self.situation.constraints)
            if new is None:
                return False
            self.meaning.acts.append(Act.FORGET)
            found = Forgotten(before.constraints + new.constraints, before.entities + new.entities)
        self.meaning.withdrawn, self.meaning.forgotten_names = found
        return True

    def _settle(self, clause: Clause, acts: list[Act]) -> list[Act]:
        """Return the acts of a clause, without the acts that other acts of the clause exclude."""
        found = set(acts)
        opinion = self._opinion(clause)
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
