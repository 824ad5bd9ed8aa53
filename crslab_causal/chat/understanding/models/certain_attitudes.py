"""Decide where the plain words of a message count more than the attitude that the trained models estimate.

The models learn from examples, and miss rare but clear sentences: "besides Shrek". Each case here is such a sentence.
:mod:`.revision` asks before it changes the attitude to a name.
"""

from __future__ import annotations

import re

from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.clauses import Clause
from crslab_causal.chat.understanding.draft import Draft
from crslab_causal.chat.understanding.meaning import Attitude
from crslab_causal.chat.understanding.models.targets import Named
from crslab_causal.chat.understanding.reading.attitudes import (
    WANT,
    cue_before,
    denies_dislike,
    is_accepted_after,
    is_exception,
    is_followed_up,
    is_praised_by_question,
    is_put_on_list,
    is_taken_instead,
    is_told,
    means_style,
    wishes_similar,
)
from crslab_causal.chat.understanding.spans import SpanKind

_WISHED_AFTER = re.compile(r'^\s+(?:movies? )?(?:instead|please|in)\W*$')
"""Words after a name that ask for it: "comedy instead"."""
_TAKES_OTHER = re.compile(r'\W*(?:(?:no|wait|oh|sorry)\W+)*not (?:him|her|them)\s*[,.;:!-]', re.IGNORECASE)
"""Words before the name of a person who takes the place of another one."""
_MIN_LETTERS_ALONE = 4
"""Minimum number of letters of a name that is a whole message."""
_IN_REMARKS = frozenset((SpanKind.GENRE, SpanKind.COLLECTION))
"""Kinds of names that are often part of a remark on a film."""


def is_certain(draft: Draft, named: Named, rule: str, attitude: str, acts: set[Act], is_no_wish: bool = False) -> bool:
    """Return whether the attitude to a name stays as the rules have found it.

    Args:
        draft: what the rules understand of the message.
        named: the name.
        rule: attitude that the rules have found; empty if they have found none.
        attitude: attitude that the models have found.
        acts: acts of the message, as the models have found them.
        is_no_wish: whether the models are sure that the name is not wanted.
    """
    clauses, group = clauses_with(draft, named.group), named.group
    if any(is_praised_by_question(clause, group) for clause in clauses):
        return True  # "isn't Alien great?"
    is_contrasted = any(span.negated for each in draft.groups for span in each)  # "not a western, a war movie"
    is_refuted = (  # "it had some humor"
        rule == Attitude.WANTED and is_no_wish and named.span.kind in _IN_REMARKS and not is_contrasted
    )
    if named.constraint is not None and not is_refuted and _is_stated(draft, named, rule):
        return True  # a constraint in plain words binds
    match rule:
        case Attitude.DISLIKED if attitude in (Attitude.LIKED, Attitude.WANTED, Attitude.SIMILAR):
            return True  # what the rules hear as excluded is never recommended
        case Attitude.LIKED if attitude == Attitude.DISLIKED:
            return True  # "I can't get enough of Tom Hanks"
        case Attitude.SIMILAR if any(wishes_similar(c, group) or is_followed_up(c, group) for c in clauses):
            return True
        case Attitude.SEEN if named.span.negated:
            return True  # "not Alien, I have seen that"
        case Attitude.SEEN if any(each.films for each in draft.meaning.heard if (each.kind, each.name) == named.key):
            return True  # "I have seen everything by Nolan"
        case Attitude.NOT_SEEN if attitude == Attitude.SEEN and {Act.SEEN, Act.NOT_SEEN} <= {*draft.meaning.acts}:
            return True  # "Alien I have seen. Actually I haven't"
        case Attitude.ACCEPTED if any(is_taken_instead(c, group) or is_put_on_list(c, group) for c in clauses):
            return True  # "Alien instead", "Alien is on my list"
        case Attitude.WANTED if any(means_style(clause, group) for clause in clauses):
            return True  # "Kubrick-esque"
        case Attitude.WANTED if _TAKES_OTHER.match(draft.text):
            return True  # "wait, not him, Kevin Hart"
        case Attitude.WANTED if attitude == Attitude.MENTIONED and (Act.WANT in acts or is_name_alone(draft)):
            return True  # "it should also be funny", "Bill Murray"
        case Attitude.MENTIONED if attitude == Attitude.DISLIKED and _has_rejected_other(draft, named):
            return True  # "the original, not the remake"
        case Attitude.MENTIONED if any(is_exception(clause, group) for clause in clauses):
            return True  # "besides Shrek"
        case Attitude.MENTIONED if any(is_told(clause, group) for clause in clauses):
            return True  # "my friend says that Alien is great"
    if attitude != Attitude.DISLIKED or named.span.negated:
        return False
    # "Shrek was ok", "I don't dislike Tom Cruise"
    return any(is_accepted_after(clause, group) or denies_dislike(clause.before(group)) for clause in clauses)


def names_years(draft: Draft) -> bool:
    """Return whether a message names years with numbers: "from 1995", but not "the new ones"."""
    spans = (span for group in draft.groups for span in group if span.kind is SpanKind.YEARS)
    return any(any(map(str.isdigit, draft.text[span.start : span.end])) for span in spans)


def _has_rejected_other(draft: Draft, named: Named) -> bool:
    """Return whether a message rejects another name of the same kind, and not this one."""
    spans = [span for group in draft.groups for span in group if span.kind is named.span.kind]
    return not named.span.negated and any(span.negated for span in spans)


def is_name_alone(draft: Draft) -> bool:
    """Return whether a message has no words beside names, and answers no question: "Bill Murray"."""
    if any(span.end - span.start < _MIN_LETTERS_ALONE for group in draft.groups for span in group):
        return False  # "bey" is rather a misspelled word
    answers = draft.situation.said.rstrip().endswith('?')
    return not answers and all(re.fullmatch(r'(?:\W|<\w+>)*', clause.text) for clause in draft.clauses)


def clauses_with(draft: Draft, group: int) -> list[Clause]:
    """Return the clauses of a message that contain a group of spans."""
    return [draft.clauses[number] for number in draft.clauses_of(group)]


def _is_stated(draft: Draft, named: Named, rule: str) -> bool:
    """Return whether plain words want or exclude a property: "I would like a comedy", "no horror"."""
    if rule == Attitude.DISLIKED:
        return named.span.negated
    if rule == Attitude.WANTED and named.span.kind is SpanKind.CHILDREN:
        return True  # "my kids will be watching"
    if rule != Attitude.WANTED or Act.WANT not in draft.meaning.acts:
        return False
    clauses = clauses_with(draft, named.group)
    return any(cue_before(c, named.group) == WANT or _WISHED_AFTER.match(c.after(named.group)) for c in clauses)
