"""Decide where the plain words of a message count more than the acts that the trained models estimate.

The models learn from examples, and miss rare but clear sentences: "that's all for now". Each case here is such a
sentence. :mod:`.revision` asks before it changes the acts that the rules have found.
"""

from __future__ import annotations

import re

from crslab_causal.chat.understanding.acts import FEW, Act, asks_for_related, asks_for_unseen, takes_back
from crslab_causal.chat.understanding.clauses import Clause
from crslab_causal.chat.understanding.draft import Draft
from crslab_causal.chat.understanding.models.unnamed_films import POINTING_ACTS, speaks_of_chat, tells_of_viewers
from crslab_causal.chat.understanding.phrases import read_phrases
from crslab_causal.chat.understanding.questions import INQUIRIES
from crslab_causal.chat.understanding.reading.attitudes import denies_dislike, is_negative_question
from crslab_causal.chat.understanding.reading.references import SHORT_YES
from crslab_causal.chat.understanding.spans import SpanKind
from crslab_causal.chat.understanding.wishes.unmet import find_unmet_wishes

FINAL = frozenset((Act.FORGET, Act.START_OVER, Act.LIST_AGAIN, Act.FOREIGN))
"""Acts that only the rules find. A message with one of them is not revised."""
_TAKES_WORDS_BACK = re.compile(r'\btake (?:it|that|this|all of that) back\b', re.IGNORECASE)
"""Words that take an earlier message back. They accept no film."""
_GOES_BACK = re.compile(r'\b(?:go|going|get|getting|come|switch) back to\b')
"""Words that ask for an earlier kind of films. They accept no film."""
_OWNS = re.compile(
    r'\b(?:own|bought) (?:it|that|this)\b|\b(?:on|in) (?:my|our) (?:\w+ )?(?:shelf|shelves|collection)\b'
)
"""Words about a film that the seeker owns, and so has seen."""
_IS_ALL = re.compile(r"\bthat(?:['’]?s| is| will be|['’]?ll be) (?:all|it|everything)\b", re.IGNORECASE)
"""Words that end a conversation, such as "that's all for now". They accept no film."""
_IS_GOING = re.compile(
    r'\b(?:be going|(?:have|got|need) to (?:go|run|leave)|had better (?:go|run)|better (?:go|run))\b'
)
"""Words of a farewell. They accept no film either."""
_ASKS_IF_KNOWN = re.compile(
    r'\b(?:seen|saw|see|watched|heard|know|like|liked|love|enjoy|enjoyed|remember|fan|familiar|favou?rite)\b',
    re.IGNORECASE,
)
"""Words of the recommender after which a "yes" is an answer to a question, and no choice."""
_YOUR_FAVORITE = re.compile(r'\byour (?:favorite|best) (?:\w+ )?<(?:genre|collection|person)\d+>')
"""Words that ask for films of a kind: "what are your favorite dramas?"."""
_ONLY_PERSON = re.compile(
    r'^\W*(?:(?:and|or|maybe|perhaps|ok|what about|how about|something|one|movies?)\W+)*(?:with|starring|by|from) '
    r'<person\d+>(?:\W+(?:(?:and|or)\W+)?<person\d+>)*(?: (?:please|then|maybe))*\W*$'
)
"""A message that only asks for films with people: "maybe with Michael Douglas"."""
_EXCLUDES = re.compile(
    r'^\W*(?:(?:and|but|also|please|just|ok)\W+)*'
    r'(?:no|not|without|nothing with|no more|(?:i|we) do not want)\W+(?:(?:any|more|an?|too)\W+)*'
    r'<(?:genre|person|collection|years|children)\d+>(?:\W+(?:movies?|ones?|please|or|and|too|though|either|<\w+>))*\W*$'
)
"""A clause that only says what films must not be: "no musicals please"."""
_IS_THERE = re.compile(
    r'\bis there (?:some|any)thing\b|\bwhat (?:could|should|can|shall) (?:i|we) (?:\w+ )?(?:watch|see)\b(?! in\b)|'
    r'\bwhat (?:would|do|can|could) you (?:\w+ )?(?:recommend|suggest)\b(?! <)|'
    r'\b(?:movie|one|something|anything) with both\b'
)
"""Words that ask for films, although they are a question: "is there something", "what could I watch"."""
_FEW_WORDS = 5
"""Number of words from which a message that asks for more may say something else, too."""
_NO_MATTER = re.compile(r'\W*no (?:problem|prob|worries|rush|hurry|biggie)\W*$', re.IGNORECASE)
"""A message that rejects nothing, although it starts with "no"."""


def is_settled(draft: Draft) -> bool:
    """Return whether the rules alone decide about a message."""
    meaning = draft.meaning
    acts = {*meaning.acts}
    if draft.is_final or meaning.is_gibberish or FINAL & acts:
        return True
    if any(question.aspect in INQUIRIES for question in meaning.questions):
        return True
    is_unmet = bool(meaning.is_wildcard or meaning.unknown_topics or meaning.rejects_gore)
    if acts == {Act.WANT} and is_unmet and not meaning.heard:
        return True  # "I don't know, you choose", "no aliens", "not too much blood"
    if acts == {Act.MORE} and not any(draft.groups) and all(asks_for_related(clause.text) for clause in draft.clauses):
        return True  # "similar"
    if acts == {Act.ASK_HELP} or acts == {Act.ASK_WHY}:
        return True  # "how does this work?", "why that one?"
    if acts == {Act.UNKNOWN} and find_unmet_wishes(draft.text, True):
        return True  # "under 90 minutes please"
    if acts == {Act.ACCEPT} and not _ASKS_IF_KNOWN.search(draft.situation.said) and _is_short_yes(draft):
        return True  # "yes" after "How about Alien?", but not after "Have you seen Alien?"
    if acts == {Act.WANT} and len(draft.clauses) == 1 and _ONLY_PERSON.match(draft.clauses[0].text):
        return True  # "with Michael Douglas"
    if acts == {Act.REJECT} and takes_back([clause.text for clause in draft.clauses]):
        return True  # "I'll take it. No wait"
    if _NO_MATTER.match(draft.text):
        return True  # "no problem"
    opinions = opinions_in_questions(draft)
    return bool(opinions) and len(opinions) == len(draft.clauses)


def _is_short_yes(draft: Draft) -> bool:
    """Return whether a message only says yes, after a list of films."""
    return len(draft.situation.shown) > FEW and all(SHORT_YES.match(clause.text) for clause in draft.clauses)


def opinions_in_questions(draft: Draft) -> list[Clause]:
    """Return the clauses that state an opinion as a negative question: "isn't Alien great?"."""
    if draft.meaning.questions or not {Act.LIKE, Act.DISLIKE} & {*draft.meaning.acts}:
        return []
    return [clause for clause in draft.clauses if is_negative_question(clause)]


def ruled_out(draft: Draft, words: str) -> list[Act]:
    """Return the acts that a message does not have, whatever the models estimate.

    Args:
        draft: what the rules understand of the message.
        words: the words of the message, normalized.
    """
    acts, forms = {*draft.meaning.acts}, read_phrases('forms.txt')
    found: list[Act] = []
    if speaks_of_chat(draft, words):
        found += [Act.ACCEPT, Act.REJECT, Act.LIKE, Act.DISLIKE]  # "it's been fun, bye"
    leaves = Act.LEAVE in acts and (_IS_ALL.search(draft.text) or _IS_GOING.search(words))
    if leaves or _TAKES_WORDS_BACK.search(draft.text) or (Act.WANT in acts and _GOES_BACK.search(words)):
        found.append(Act.ACCEPT)  # "I take that back", "that's all for now", "I'll be going"
    names_film = any(span.kind in (SpanKind.FILM, SpanKind.PLACE) for group in draft.groups for span in group)
    if Act.REJECT in acts and Act.ACCEPT not in acts and not names_film:
        found.append(Act.ACCEPT)  # "hm, sounds a bit sad. Anything funnier?"
    if Act.SEEN in acts and Act.NOT_SEEN not in acts and not forms['not'].search(words):
        found.append(Act.NOT_SEEN)  # "nah, seen that"
    if Act.NOT_SEEN not in acts and any(asks_for_unseen(clause.text) for clause in draft.clauses):
        found.append(Act.NOT_SEEN)  # "name a film that I have not seen"
    if Act.ASK_FILM not in acts and not forms['question'].search(words) and '?' not in draft.text:
        found.append(Act.ASK_FILM)  # "older is fine"
    if (
        draft.meaning.questions
        and all(each.is_about_person for each in draft.meaning.questions)
        and Act.WANT not in acts
    ):
        found.append(Act.WANT)  # "has she been in anything funny?"
    if {Act.WANT, Act.MORE} & acts and any(_IS_THERE.search(clause.text) for clause in draft.clauses):
        # "is there anything else?"
        found += [act for act in (Act.ASK_FILM, Act.ASK_WHY, Act.ACCEPT) if act not in acts]
    if any(not subgenre.wanted for subgenre in draft.meaning.subgenres) and Act.REJECT not in acts:
        found.append(Act.REJECT)  # "please no spaghetti westerns"
    if Act.REJECT not in acts and draft.clauses and all(_EXCLUDES.match(clause.text) for clause in draft.clauses):
        found.append(Act.REJECT)  # "no musicals"
    if draft.meaning.unknown_topics and Act.WANT in acts:
        found += [act for act in (Act.REJECT, Act.ASK_FILM) if act not in acts]  # "nothing where the mother dies"
    if Act.WANT in acts and any(_YOUR_FAVORITE.search(clause.text) for clause in draft.clauses):
        found.append(Act.ASK_FILM)  # "what are your favorite dramas?"
    if Act.SEEN not in acts and not forms['watched'].search(words) and not any(draft.groups):
        found.append(Act.SEEN)
    if tells_of_viewers(draft):
        found += [act for act in POINTING_ACTS | {Act.ASK_FILM} if act not in acts]
    if acts == {Act.MORE} and not any(draft.groups) and len(words.split()) < _FEW_WORDS:
        found += [Act.LIKE, Act.DISLIKE, Act.SEEN, Act.ACCEPT]  # "another one"
    if denies_dislike(words):
        found.append(Act.DISLIKE)  # "I didn't hate Avatar"
    return found


def ruled_in(draft: Draft) -> set[Act]:
    """Return the acts that a message has, whatever the models estimate."""
    found = {Act.SEEN} if any(_OWNS.search(clause.text) for clause in draft.clauses) else set()
    if any(asks_for_related(clause.text) for clause in draft.clauses):
        found |= {Act.WANT, Act.MORE}  # "loved it, what is similar to it?"
    return found & {*draft.meaning.acts}
