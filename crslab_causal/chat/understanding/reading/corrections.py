"""Find the name that a message corrects: "no sorry, I meant The Prestige"."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple, Sequence

from crslab_causal.chat.constraints import Constraint
from crslab_causal.chat.films.facts import FilmFacts
from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.clauses import Clause
from crslab_causal.chat.understanding.meaning import ACT_OF_ATTITUDE, Attitude, Heard, Situation, Understanding
from crslab_causal.chat.understanding.properties import Properties
from crslab_causal.chat.understanding.spans import Span, SpanKind

_NAME = r'<(?:film|person|genre|collection|years)(?P<{}>\d+)>(?: (?:movie|one|movies|ones))?'
_SORRY = (
    r'(?:no|nope|oh|ah|oops|ups|whoops|sorry|wait|actually|well|hm+|typo|my\ bad|my\ mistake|that\ was\ wrong|wrong|'
    r'i\ am|i\ (?:got|was)\ (?:mixed\ up|confused)|i\ mixed\ (?:them|it|that|things)\ up)'
)
_MEANT = re.compile(
    rf"""^(?:\W|\b{_SORRY}\b)*(?:
        (?:i|we)\ (?:actually\ |really\ |of\ course\ |obviously\ )?
        (?:meant|mean|wanted\ to\ say|was\ (?:thinking|talking)\ (?:of|about)|was\ referring\ to)
        (?:\ to\ (?:say|type|write))?\ |
        \*\W*|(?:not|instead\ of|rather\ than)\ (?:the\ )?{_NAME.format('before')}\W+(?:but|i\ meant|rather)\ )
    (?:the\ )?(?:movie\ |one\ |actor\ |actress\ |director\ )?{_NAME.format('new')}
    (?:\W+(?:and\ )?(?:not|instead\ of|rather\ than)\ (?:the\ )?{_NAME.format('after')})?
    (?:\W|\b(?:sorry|instead|of\ course|obviously|earlier|before)\b)*$""",
    re.VERBOSE,
)
_TAKES_BACK = re.compile(
    r"""^[\s,.;!?…—–-]*(?:(?:hm+|um+|uh|oh|well|so|and|but|ok|or(?=\s+rather))\b[\s,.…—–-]*)*
    (?:(?:wait|no(?:pe)?(?=\s*(?:[,.;!…—–-]|wait|sorry|actually|hang|hold|scratch|make|rather|i\b))|
       sorry|oops|actually|hang\s+on|hold\s+on|scratch\s+that|my\s+bad|i\s+mean|or\s+rather|rather|
       make\s+(?:it|that)|i\s+meant|(?:actually\s+)?(?:no\s+)?i\s+(?:have\s+not|haven['’]?t|did\s+not|didn['’]?t)|i\s+was\s+thinking\s+of|
       that['’]?s\s+not\s+it)\b[\s,.;!…—–-]*)+(?:(?:the|an?)\s+)?$""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words between two names, of which the second one takes the place of the first: "Alien, no sorry, I meant Aliens"."""
_REJECTS = re.compile(r'\s*[-–—:]+\s*no(?:pe)?\s*[.;!]', re.IGNORECASE)
"""Words between two names of which the first one is rejected: "Mel Gibson - no. Tom Cruise - no"."""
_OPENS = re.compile(r'^\W*(?:actually|rather|i mean)\W*$', re.IGNORECASE)
"""The same words if they alone are no correction."""
_SWAPS = re.compile(r'\b(?:make\s+(?:it|that)|rather|actually)\b', re.IGNORECASE)
"""Words after a rejected name that ask for another one, and correct nothing."""
_SAYS_NOTHING = re.compile(rf'^(?:\W|\b{_SORRY}\b|\bnot\b(?: the)? <\w+\d+>)*$')
"""A clause beside a correction that says nothing else: "no, sorry", "not Inception"."""


class _Correction(NamedTuple):
    """A name, and the name that it replaces."""

    new: Span
    old: Span | None
    """None: the message does not name it."""


def without_corrected(text: str, spans: Sequence[Span]) -> str:
    """Remove each name that the message itself corrects: "something like Alien, no sorry, I meant Aliens".

    Args:
        text: the message.
        spans: its spans, in order of appearance.
    """
    for first, second in reversed([*pairwise(spans)]):
        between = text[first.end : second.start]
        opens = _OPENS.match(between) and not (first.kind is SpanKind.PERSON and 'mean' in between)
        swaps = first.negated and _SWAPS.search(between)  # "not a western, make it a war movie"
        is_correction = _TAKES_BACK.match(between) and not _REJECTS.match(between)
        if first.kind is second.kind and is_correction and not opens and not swaps:
            text = text[: first.start] + text[second.start :]
    return text


def find_correction(
    clauses: Sequence[Clause],
    groups: Sequence[Sequence[Span]],
    facts: FilmFacts,
    properties: Properties,
    situation: Situation,
) -> Understanding | None:
    """Return the meaning of a message that only corrects a name.

    The new name gets the attitude that the old one had, and the old one is forgotten. A question about the old name is
    asked again.

    Args:
        clauses: clauses of the message.
        groups: groups of its spans.
        facts: facts about the films.
        properties: constraints of spans.
        situation: state of the conversation before the message.

    Returns:
        None if the message corrects nothing.
    """
    correction = _read(clauses, groups)
    if correction is None:
        return None
    if correction.new.kind is SpanKind.FILM:
        return _of_film(correction, facts, properties, situation)
    return _of_property(correction, facts, properties, situation)


def _read(clauses: Sequence[Clause], groups: Sequence[Sequence[Span]]) -> _Correction | None:
    matches = [match for clause in clauses if (match := _MEANT.match(clause.text))]
    others = [clause for clause in clauses if not _MEANT.match(clause.text)]
    if len(matches) != 1 or not all(_SAYS_NOTHING.match(clause.text) for clause in others):
        return None
    (match,) = matches
    rejected = [group for clause in others for group in clause.groups]
    old = next((int(match[name]) for name in ('after', 'before') if match[name]), rejected[-1] if rejected else None)
    return _Correction(groups[int(match['new'])][0], None if old is None else groups[old][0])


def _of_film(
    correction: _Correction, facts: FilmFacts, properties: Properties, situation: Situation
) -> Understanding | None:
    new = correction.new.id
    assert new is not None
    question = situation.question
    if correction.old is not None:
        old = correction.old.id
    elif question is not None and question.film is not None:
        old = question.film
    else:
        named = [entity for entity in situation.mentioned if entity in facts.films]
        old = named[-1] if named else None
    if old is None or old == new:
        return None
    if question is not None and question.film == old:
        asked = Heard(SpanKind.FILM, facts.names[new], Attitude.ASKED, new)
        return Understanding([Act.ASK_FILM], [asked], questions=[replace(question, film=new)])
    attitude = situation.attitudes.get(old)
    if attitude is None:
        return None
    heard = Heard(SpanKind.FILM, facts.names[new], attitude, new, attitude is Attitude.SEEN)
    constraints = [properties.similar(new)] if attitude is Attitude.SIMILAR else []
    return Understanding(
        [Act.FORGET, ACT_OF_ATTITUDE.get(attitude, Act.MENTION)], [heard], constraints, forgotten_names=[old]
    )


def _of_property(
    correction: _Correction, facts: FilmFacts, properties: Properties, situation: Situation
) -> Understanding | None:
    new = properties.of_span(correction.new)
    old = _earlier(correction, new, properties, situation)
    if new is None or old is None or (old.kind, old.label) == (new.kind, new.label):
        return None
    stated = replace(new, wanted=old.wanted, binding=old.binding)
    attitude = Attitude.DISLIKED if not old.wanted else Attitude.WANTED if old.binding else Attitude.LIKED
    name = facts.names.get(new.entity, new.label) if new.entity is not None else new.label
    heard = Heard(correction.new.kind, name, attitude, new.entity)
    return Understanding([Act.FORGET, ACT_OF_ATTITUDE.get(attitude, Act.MENTION)], [heard], [stated], [old])


def _earlier(
    correction: _Correction, new: Constraint | None, properties: Properties, situation: Situation
) -> Constraint | None:
    """Return the constraint that a correction replaces: the one that the message names, or the last one of the kind."""
    if new is None:
        return None
    named = None if correction.old is None else properties.of_span(correction.old)
    found = [
        each for each in situation.constraints if each.kind is new.kind and (named is None or each.label == named.label)
    ]
    return found[-1] if found else None
