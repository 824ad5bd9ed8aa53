"""Complete the meaning of a message by the wishes that no name expresses: popularity, subjects, violence, length."""

from __future__ import annotations

import re

from crslab_causal.chat.constraints import Constraint
from crslab_causal.chat.films.facts import FilmFacts
from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.meaning import Situation, Understanding
from crslab_causal.chat.understanding.phrases import normalize
from crslab_causal.chat.understanding.properties import Properties
from crslab_causal.chat.understanding.wishes.limits import only_limits
from crslab_causal.chat.understanding.wishes.popularity import constraint_by_popularity
from crslab_causal.chat.understanding.wishes.relations import replaced_by
from crslab_causal.chat.understanding.wishes.remarks import (
    asks_for_subjects,
    find_remarks,
    find_unknown,
    leave_out_horror,
)
from crslab_causal.chat.understanding.wishes.title_subjects import constraints_by_title, earlier_subjects

_HOW_ARE_YOU = re.compile(r'\bhow (?:are|is|do) (?:you|it going|your|things)\b|\bwhat is up\b')


class UnnamedWishes:
    """Completes the meanings of messages.

    Args:
        facts: facts about the films.
        properties: constraints of genres.
    """

    def __init__(self, facts: FilmFacts, properties: Properties):
        self._facts, self._properties = facts, properties

    def add(self, text: str, meaning: Understanding, situation: Situation) -> None:
        """Add to a meaning the wishes without a name, remarks on them, and the earlier wishes that are replaced.

        Args:
            text: the message.
            meaning: its meaning: names, acts, questions, and constraints with a name.
            situation: state of the conversation before the message.
        """
        if Act.START_OVER in meaning.acts:
            meaning.withdrawn = []
        earlier = self._remaining(meaning, situation)
        is_gentle = leave_out_horror(meaning, earlier, self._properties)
        remarks = find_remarks(text, meaning, is_gentle)
        by_popularity = constraint_by_popularity(text, meaning, self._facts)
        if by_popularity is not None:
            meaning.constraints.append(by_popularity)
            meaning.acts = [*(act for act in meaning.acts if act not in (Act.UNKNOWN, Act.WANT)), Act.WANT]
        if remarks and meaning.acts == [Act.UNKNOWN]:
            meaning.acts = [Act.WANT]
        by_title = constraints_by_title(meaning.unknown_topics, self._facts) if asks_for_subjects(meaning) else {}
        meaning.constraints += by_title.values()
        replaced = replaced_by(meaning.constraints, normalize(text), earlier)
        if any(constraint.wanted for constraint in by_title.values()):
            replaced += earlier_subjects(earlier)
        meaning.replaced = [constraint for constraint in replaced if constraint not in meaning.withdrawn]
        meaning.remarks = [*remarks, *find_unknown(meaning, remarks, by_title)]
        meaning.only_limits = only_limits(text, meaning)
        meaning.asks_how_are_you = _HOW_ARE_YOU.search(normalize(text)) is not None

    @staticmethod
    def _remaining(meaning: Understanding, situation: Situation) -> list[Constraint]:
        """Return the earlier constraints without those of names that the message tells to forget."""
        if Act.START_OVER in meaning.acts:
            return []
        forgotten = meaning.forgotten_names
        return [each for each in situation.constraints if each.entity is None or each.entity not in forgotten]
