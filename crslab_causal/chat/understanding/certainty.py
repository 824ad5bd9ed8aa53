"""Decide where the plain words of a message count more than what the trained models estimate.

The models learn from examples, and miss rare but clear sentences: "besides Shrek", "that's all for now". Each case here
is such a sentence. :mod:`.revision` asks before it changes what the rules have found.
"""

from __future__ import annotations

import re
from typing import Iterable

from crslab_causal.chat.understanding.acts import FEW, Act, asks_for_related, asks_for_unseen, find_acts, takes_back
from crslab_causal.chat.understanding.attitudes import (
    WANT,
    cue_before,
    is_accepted_after,
    is_exception,
    is_followed_up,
    is_negative_question,
    is_praised_by_question,
    is_put_on_list,
    is_taken_instead,
    is_told,
    means_style,
    wishes_similar,
)
from crslab_causal.chat.understanding.clauses import Clause
from crslab_causal.chat.understanding.draft import Draft
from crslab_causal.chat.understanding.meaning import Attitude, Heard
from crslab_causal.chat.understanding.phrases import read_phrases
from crslab_causal.chat.understanding.questions import INQUIRIES
from crslab_causal.chat.understanding.references import SHORT_YES
from crslab_causal.chat.understanding.spans import SpanKind
from crslab_causal.chat.understanding.targets import Named
from crslab_causal.chat.understanding.unmet import find_unmet_wishes

FINAL = frozenset((Act.FORGET, Act.START_OVER, Act.LIST_AGAIN, Act.FOREIGN))
"""Acts that only the rules find. A message with one of them is not revised."""
_TAKES_WORDS_BACK = re.compile(r'\btake (?:it|that|this|all of that) back\b', re.IGNORECASE)
"""Words that take an earlier message back. They accept no film."""
_GOES_BACK = re.compile(r'\b(?:go|going|get|getting|come|switch) back to\b')
"""Words that ask for an earlier kind of films. They accept no film."""
_OWNS = re.compile(r'\b(?:own|bought) (?:it|that|this)\b')
"""Words about a film that the seeker owns, and so has seen."""
_IS_ALL = re.compile(r"\bthat(?:['’]?s| is| will be|['’]?ll be) (?:all|it|everything)\b", re.IGNORECASE)
"""Words that end a conversation, such as "that's all for now". They accept no film."""
_IS_GOING = re.compile(
    r'\b(?:be going|(?:have|got|need) to (?:go|run|leave)|had better (?:go|run)|better (?:go|run))\b'
)
"""Words of a farewell. They accept no film either."""
_ABOUT_CHAT = re.compile(
    r'\b(?:it|that|this) (?:is|has been|was) (?:\w+ )?(?:fun|helpful|(?:a )?(?:great|big|huge|such a) help)\W*'
    r'(?:$|\||bye|thank)|'
    r'\bsaved (?:my|our)\b|\benough for (?:now|today|tonight)\b|'
    r'\b(?:chatting|talking|speaking)(?: (?:to|with) you)?\W*(?:$|\|)'
)
"""Words about the conversation in a farewell or in thanks: "it's been fun, bye". They concern no film."""
_NOT_HATED = re.compile(r'\b(?:not|never) (?:really |exactly |actually )?(?:hate|hated|dislike|disliked)\b')
_ASKS_IF_KNOWN = re.compile(
    r'\b(?:seen|saw|see|watched|heard|know|like|liked|love|enjoy|enjoyed|remember|fan|familiar|favou?rite)\b',
    re.IGNORECASE,
)
"""Words of the recommender after which a "yes" is an answer to a question, and no choice."""
_WISHED_AFTER = re.compile(r'^\s+(?:movies? )?(?:instead|please|in)\W*$')
"""Words after a name that ask for it: "comedy instead"."""
_YOUR_FAVORITE = re.compile(r'\byour (?:favorite|best) (?:\w+ )?<(?:genre|collection|person)\d+>')
"""Words that ask for films of a kind: "what are your favorite dramas?"."""
_TAKES_OTHER = re.compile(r'\W*(?:(?:no|wait|oh|sorry)\W+)*not (?:him|her|them)\s*[,.;:!-]', re.IGNORECASE)
"""Words before the name of a person who takes the place of another one."""
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
_OF_PERSON = re.compile(r'\b(?:most|all|some|many|few|none|any|everything) of (?:them|his|hers?)\b')
"""Words after a person that mean the films of the person."""
_FEW_WORDS = 5
"""Number of words from which a message that asks for more may say something else, too."""
_IN_REMARKS = frozenset((SpanKind.GENRE, SpanKind.COLLECTION))
"""Kinds of names that are often part of a remark on a film."""
_NO_MATTER = re.compile(r'\W*no (?:problem|prob|worries|rush|hurry|biggie)\W*$', re.IGNORECASE)
"""A message that rejects nothing, although it starts with "no"."""
_WISHES = frozenset((Act.WANT, Act.MORE, Act.GREET, Act.THANK, Act.SMALL_TALK))
"""Acts of a message that only wishes for films."""
_POINTING_ACTS = frozenset((Act.ACCEPT, Act.REJECT, Act.SEEN, Act.NOT_SEEN, Act.LIKE, Act.DISLIKE))
"""Acts that are about a film. Without a name, this is the film of the conversation."""


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
        found += [act for act in _POINTING_ACTS | {Act.ASK_FILM} if act not in acts]
    if acts == {Act.MORE} and not any(draft.groups) and len(words.split()) < _FEW_WORDS:
        found += [Act.LIKE, Act.DISLIKE, Act.SEEN, Act.ACCEPT]  # "another one"
    if _NOT_HATED.search(words):
        found.append(Act.DISLIKE)  # "I didn't hate Avatar"
    return found


def speaks_of_chat(draft: Draft, words: str) -> bool:
    """Return whether a farewell or thanks speak of the conversation, and of no film: "it's been fun, bye".

    Args:
        draft: what the rules understand of the message.
        words: the words of the message, normalized.
    """
    return bool({Act.LEAVE, Act.THANK} & {*draft.meaning.acts}) and _ABOUT_CHAT.search(words) is not None


def ruled_in(draft: Draft) -> set[Act]:
    """Return the acts that a message has, whatever the models estimate."""
    found = {Act.SEEN} if any(_OWNS.search(clause.text) for clause in draft.clauses) else set()
    if any(asks_for_related(clause.text) for clause in draft.clauses):
        found |= {Act.WANT, Act.MORE}  # "loved it, what is similar to it?"
    return found & {*draft.meaning.acts}


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
        case Attitude.WANTED if attitude == Attitude.MENTIONED and (Act.WANT in acts or _is_name_alone(draft)):
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
    return any(is_accepted_after(clause, group) or _NOT_HATED.search(clause.before(group)) for clause in clauses)


def is_plain_wish(draft: Draft) -> bool:
    """Return whether a message only wishes for films, and points to none: "a hidden gem from the 80s"."""
    acts = {*draft.meaning.acts}
    return Act.WANT in acts <= _WISHES and not _points_to_film(draft)


def _points_to_film(draft: Draft) -> bool:
    """Return whether a message has words for a film that it does not name, or answers the recommender."""
    forms = read_phrases('forms.txt')
    return any(forms['points'].search(each.text) or forms['answers'].search(each.text) for each in draft.clauses)


def tells_of_viewers(draft: Draft) -> bool:
    """Return whether a message tells who watches or how much time there is: "I am watching with my grandma"."""
    forms, texts = read_phrases('forms.txt'), [clause.text for clause in draft.clauses]
    return any(map(forms['viewers'].search, texts)) and not any(map(forms['pronoun'].search, texts))


def names_years(draft: Draft) -> bool:
    """Return whether a message names years with numbers: "from 1995", but not "the new ones"."""
    spans = (span for group in draft.groups for span in group if span.kind is SpanKind.YEARS)
    return any(any(map(str.isdigit, draft.text[span.start : span.end])) for span in spans)


def names_all_films(draft: Draft) -> bool:
    """Return whether a message names all films that it is about, so that "it" means no other one.

    In "we watched Speed, and it was ok", the film of the conversation is not meant. In "seen it, I like Speed", it is.
    """
    if any(heard.films for heard in draft.meaning.heard):
        return True  # "I have seen everything by Nolan"
    people = any(span.kind is SpanKind.PERSON for group in draft.groups for span in group)
    if people and any(_OF_PERSON.search(clause.text) for clause in draft.clauses):
        return True  # "my grandad likes John Wayne, but he has seen most of them"
    if is_plain_wish(draft) or tells_of_viewers(draft):
        return True  # "a hidden gem from the 80s", "we are four friends"
    points = read_phrases('forms.txt')['points']
    films = {
        number
        for number, group in enumerate(draft.groups)
        if any(span.kind is SpanKind.FILM and span.id is not None for span in group)
    }
    for clause in draft.clauses:
        first = min((start for group, (start, _) in clause.places.items() if group in films), default=None)
        if points.search(clause.text[:first]):
            return False
        if first is not None:
            return True
        if _POINTING_ACTS & {*find_acts(clause.text)}:
            return False
    return False


def concerns_no_film(draft: Draft, heard: Iterable[Heard], person: int | None) -> bool:
    """Return whether a message is about a person or a kind of films alone: "not keen on horror", "I don't like him".

    Args:
        draft: the message.
        heard: what the message names.
        person: person whom the message means by "he" or "she"; None if it means nobody.
    """
    if _points_to_film(draft):
        return False
    kinds = {each.kind for each in heard if each.attitude is Attitude.DISLIKED}
    return person is not None or (bool(kinds) and SpanKind.FILM not in kinds)


def accepts_one_named_film(draft: Draft) -> bool:
    """Return whether a message accepts one film by its name, and speaks of no others: "great, I'll watch Alien"."""
    accepted = [heard for heard in draft.meaning.heard if heard.attitude is Attitude.ACCEPTED]
    several = read_phrases('forms.txt')['several']
    return len(accepted) == 1 and not any(several.search(clause.text) for clause in draft.clauses)


def _has_rejected_other(draft: Draft, named: Named) -> bool:
    """Return whether a message rejects another name of the same kind, and not this one."""
    spans = [span for group in draft.groups for span in group if span.kind is named.span.kind]
    return not named.span.negated and any(span.negated for span in spans)


def _is_name_alone(draft: Draft) -> bool:
    """Return whether a message has no words beside names, and answers no question: "Bill Murray"."""
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
