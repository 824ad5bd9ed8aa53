"""Decide whether a phrase of common words in running text is a title, by marks of a title.

A name of at most three words that are all common needs one of these marks:

- quotes, asterisks or underscores around it;
- its year after it;
- capitals: all words except small ones are capitalized. The capital at the start of a sentence does not count. Neither
  do capitals in a text without lower case, nor those of words that are always capitalized ("American", "Halloween");
- the whole text is the name;
- a position where a title is expected: after "I saw", "loved", "similar to", "who is in" or another title and "and",
  and before the end of the clause ("have you seen taken?", but not "I have taken a day off");
- a sentence that has no other word: "Moon? What is that?";
- a verdict after it: "Seven was great", "Arrival put me to sleep", "Signs I liked".

If the conversation has named a film of that title, a word that is not too frequent needs no mark ("raid it is"), see
:mod:`.recognition`. The position is not a mark for the most frequent words ("it", "up"), unless the conversation has
named a film of that title. "Up" is neither an object of "loved" nor a subject of "was", so "I loved up" and "up was
great" mean the film.
"""

from __future__ import annotations

import functools
import re
from typing import Collection, Sequence

from crslab_causal.llm.entity_linking.english import is_frequent
from crslab_causal.llm.entity_linking.spelling import correct
from crslab_causal.llm.entity_linking.titles import ARTICLES
from crslab_causal.llm.entity_linking.verdicts import BLAME, PRAISE
from crslab_causal.llm.entity_linking.words import ALWAYS_CAPITALIZED, CHAT_WORDS, SMALL_WORDS, Word

_QUOTES = tuple('"“”„«»\'‘’*_`')
_MAX_FREQUENT_RANK = 150
"""Rank, by frequency, below which the position of a word never marks it as a title."""
_BEFORE = frozenset(
    """called enjoyed hated include includes liked loved named recommend recommended remember rewatch rewatched saw see
    seen titled watch watched watching""".split()
)
"""Words before a title."""
_BEFORE_LONGER = frozenset('about as ever even enjoy hate in like likes love loves of out than try'.split())
"""Words before a title of several words."""
_BEFORE_KNOWN = frozenset('enjoy hate like likes love loves try'.split())
"""Words before a well-known title of one word."""
_BEFORE_PAIRS = frozenset(
    """similar to|fan of|check out|checking out|movie called|film called|also like|something like|anything like|
    movies like|films like|movie like|film like|one like|ones like|stuff like|more like|nothing like""".replace(
        '\n    ', ''
    ).split('|')
)
_QUESTION_BEFORE = re.compile(
    r"""\b(?:(?:who|whos|anyone|anybody|famous|actors?|actress(?:es)?|stars?)
      \s+(?:is|was|are|were|else|all|all\s+is)?\s*in
    |(?:starred|stars?|plays?|played|acts?|acted|appears?|appeared|good|great|amazing|best|brilliant|awesome|funny|was|is)\s+in
    |(?:directed|director\ of|directs|wrote|made|cast\ of|actors\ in|plot\ of|genre\ of|ending\ of|year\ of)
    |(?:sequels?|prequels?)\ to|(?:what|how|heard|know|thoughts|opinion|think)\s+(?:about|of|on)
    |favou?rites?(?:(?:\s+[\w-]+){0,3}?\s+(?:movies?|films?|flicks?|ones?|comedy|thriller|drama))?(?:\s+(?:of\s+all\s+time|ever))?
      \s+(?:is|are|was|has\s+to\s+be|would(?:\s+have\s+to)?\s+be)(?:\s+(?:probably|definitely|still|always))?
    |obsessed\ with|(?:better|worse|scarier|funnier)\ than|so\s+(?:is|was)
    |(?:(?:we|i)(?:['’]?ll|\s+will)|let['’]?s|gonna|(?:we|i)\s+(?:could|might))\s+do)\s+(?:the\s+|an?\s+)?$""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words before a well-known title in a question or a comparison."""
_AFTER = frozenset(
    """again alot already also although and anyway are because before btw but ffs frankly fyi haha honestly i imho imo
    is last lmao lol ngl or recently since so tbh then though today tonight too was were when which while who with
    yesterday yet""".split()
)
"""Words after a title."""
_AFTER_LONGER = frozenset('any as did do have he i it its like she suspenseful they you'.split())
"""Words after a title of several words."""
_SERIES = frozenset('franchise saga sequel sequels series trilogy'.split())
"""Words that mark the name before them."""
_INTERJECTIONS = frozenset(
    'ah also and but dude haha honestly hmm imo lmao lol man oh ok okay omg so tbh well wow yea yeah yep yes yo'.split()
)
"""Words before the title at the start of a verdict."""
_VERDICT = frozenset(('is', 'was', 'were'))
"""Words after the title at the start of a verdict, such as "was"."""
_JUDGEMENT = (
    PRAISE
    | BLAME
    | frozenset(
        """a absolutely better creepy insane kinda mid my ok okay one pretty quite really sad scary silly so such the
        too totally very weird""".split()
    )
)
"""Words after "is" in a verdict."""
_EFFECT = re.compile(
    r"""\s+(?:really\s+|just\s+|totally\s+)?(?:put\s+me\s+to\s+sleep|(?:made|had|makes|kept|keeps|scared|bored|blew|freaked|moved|broke|wrecked|haunts|haunted|traumatized)\s+(?:me|us)
    |creeped\s+me\s+out|rocks|rocked|sucks|sucked|slaps|rules)\b""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words after a title that tell what the film did to the seeker."""
_TOPIC = re.compile(
    r"""\s*,?\s+(?:i|we)(?:['’]ve)?(?:\s+(?:really|also|just|actually|already|have|did|only))*\s+(?:liked?|loved?|hated?|saw|seen|watched|enjoyed|
    disliked|adored|turned\s+off|fell\s+asleep|didn['’]?t|haven['’]?t|don['’]?t)\b""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words after a title at the start of a sentence that is the object of an opinion: "Signs I liked"."""
_AGAIN = re.compile(r'(?:\s+(?:al+ready|again|instead|pl(?:ease|s|z)|maybe|then))+\s*(?:$|[.!?,;])', re.IGNORECASE)
"""Words that may follow a title in a sentence without a verb: "frozen already"."""
_JUDGED = frozenset(
    """acting action animation audio casting class cgi coffee cooking dialogue dinner directing ending flight food
    graphics humor lighting lunch monday music plot pizza pace pacing picture script school service soundtrack story
    style sunday traffic trip vacation weather weekend work writing""".split()
)
"""Words that are often judged, and that mean a title only with a capital: "acting was good"."""
_SUBJECTS = frozenset(
    """all another any anything both each either everything he i it neither nobody none nothing one she some someone
    something that these they thing this those us we what which who you""".split()
)
"""Words of titles that are a subject of their own: "it was great"."""
_NO_OBJECT = frozenset(('up',))
"""Frequent words that are neither object nor subject of a sentence, unless they are a title."""
_BEFORE_NO_OBJECT = frozenset('enjoyed hated liked loved rewatched seen watched'.split())
_MAX_SPOKEN_RANK = 300
"""Rank, by frequency, below which a word followed by "is" is not a title: "Life is good"."""
_ITEM_BEFORE = re.compile(
    r'(?:^|[,:(]|(?<=[.!?…])\s|\b(?:likes?|liked|loves?|loved|enjoyed|hated|seen|saw|watched|and|or|e\.?g\.?,?|maybe|'
    r'than|except|besides|between|including))\s*(?:the\s+)?$',
    re.IGNORECASE,
)
_REACH = 60
"""Number of characters before a name that are searched for a question."""
_MAX_SPOKEN_RANK_ALONE = 1000
"""Rank, by frequency, below which a word followed by "again" is not a title."""
_CLAUSE_END = re.compile(r'[.!?;:,…\n)]')
_BETWEEN_TITLES = re.compile(
    r'\W*(?:,|\b(?:and|or|n)\b|&|\+|/)\W*(?:(?:and|or|the|an?|also|even|maybe)\W+)*', re.IGNORECASE
)


def is_quoted(text: str, start: int, end: int) -> bool:
    """Return whether quotes or asterisks surround ``text[start:end]``."""
    return (
        (text.endswith(_QUOTES, max(0, start - 1), start) or text.endswith('`` ', 0, start))
        and text[end : end + 4].lstrip('.,!? ').startswith(_QUOTES)
        and not text[end : end + 2].startswith(' "')
    )


def has_capitals(words: Sequence[Word]) -> bool:
    """Return whether the words are capitalized like a title, in a text that also has lower case."""
    return (
        words[0].lower not in SMALL_WORDS
        and (len(words) > 1 or len(words[0].lower) > 1)
        and any(word.is_capitalized and not word.starts_sentence for word in words)
        and all(word.is_capitalized or word.lower in SMALL_WORDS or word.normalized.isdigit() for word in words)
        and any(word.lower not in ALWAYS_CAPITALIZED for word in words)
    )


def follows_title(text: str, end_of_title: int, start: int) -> bool:
    """Return whether only "and", "or" or a comma is between a title and ``start``."""
    return end_of_title <= start and _BETWEEN_TITLES.fullmatch(text, end_of_title, start) is not None


def starts_item(text: str, start: int) -> bool:
    """Return whether a position is the start of an item of a list: of a sentence, after a comma, "like" or "e.g."."""
    return _ITEM_BEFORE.search(text, max(0, start - 12), start) is not None


def has_place_of_title(
    text: str,
    words: Sequence[Word],
    first: int,
    end: int,
    is_listed: bool = False,
    is_known: bool = False,
    is_named: bool = False,
) -> bool:
    """Return whether ``words[first:end]`` is at a position where a title is expected.

    Args:
        text: the text.
        words: words of the text.
        first: index of the first word.
        end: index after the last word.
        is_listed: whether the name is in a list with another title.
        is_known: whether a name of one word is well known, or only a part of a name.
        is_named: whether the conversation has named a film of this title before.
    """
    content = [word for word in words[first:end] if word.lower not in ARTICLES]
    is_longer = len(content) > 1
    is_described = first > 0 and words[first - 1].lower in ('a', 'an')  # "a scary movie"
    if len(content) == sum(word.lower not in ARTICLES for word in words):
        return not is_described and _stands_alone(content)
    if not is_longer and content[0].lower in _NO_OBJECT:
        return _is_used_as_noun(text, words, first, end, is_named)
    if is_named and not is_longer and content[0].lower not in _SUBJECTS and _is_judged(words, first, end):
        return True  # "her was weird", after Her was recommended
    is_ordinary = is_frequent(content[0].lower, _MAX_FREQUENT_RANK) or content[0].lower in CHAT_WORDS
    if not is_longer and is_ordinary and not (is_named and content[0].is_capitalized):
        return False
    if all(word.lower in CHAT_WORDS for word in content):
        return False  # "is he in anything else?"
    is_known |= is_named
    if end < len(words) and words[end].lower in _SERIES:
        return True
    if content[-1].normalized == 'film' or is_described:
        return False
    if _is_whole_sentence(words, first, end) and (is_known or text[words[end - 1].end :].lstrip('"”').startswith('?')):
        return not is_longer or _stands_alone(content)
    longer = _BEFORE_LONGER if is_longer else _BEFORE_KNOWN if is_known else frozenset()
    is_asked = (is_longer or is_known) and _QUESTION_BEFORE.search(
        text, max(0, words[first].start - _REACH), words[first].start
    ) is not None
    if is_listed or is_asked or _is_before(words, first, longer):
        return _ends_clause(text, words, end, is_longer)
    return _starts_verdict(text, words, first, end, is_longer, is_known)


def _is_used_as_noun(text: str, words: Sequence[Word], first: int, end: int, is_named: bool) -> bool:
    """Return whether a word that is not a noun stands where a noun is expected: "I loved up", "up was great"."""
    follows = first > 0 and not words[first].starts_sentence and words[first - 1].lower in _BEFORE_NO_OBJECT
    compares = (
        is_named and _QUESTION_BEFORE.search(text, max(0, words[first].start - _REACH), words[first].start) is not None
    )
    if (follows or compares) and _ends_clause(text, words, end, False):
        return True
    is_judged = end + 1 < len(words) and words[end].lower in _VERDICT and words[end + 1].lower in _JUDGEMENT
    return is_judged and words[first].starts_sentence


def _is_judged(words: Sequence[Word], first: int, end: int) -> bool:
    """Return whether a sentence starts with these words and a judgement of them: "big is cute"."""
    is_subject = words[first].starts_sentence and end + 1 < len(words) and words[end].lower in _VERDICT
    return is_subject and words[end + 1].lower in _JUDGEMENT


def _starts_statement(words: Sequence[Word], first: int) -> bool:
    """Return whether a word starts a sentence, perhaps after an interjection: "lol die hard is the best"."""
    while first and not words[first].starts_sentence and words[first - 1].lower in _INTERJECTIONS:
        first -= 1
    return words[first].starts_sentence


def _is_whole_sentence(words: Sequence[Word], first: int, end: int) -> bool:
    """Return whether a sentence has only these words, and perhaps an article before them."""
    start = first - (first > 0 and not words[first].starts_sentence and words[first - 1].lower in ARTICLES)
    return words[start].starts_sentence and (end == len(words) or words[end].starts_sentence)


def _stands_alone(content: Sequence[Word]) -> bool:
    """Return whether a message that consists of these words alone is a title."""
    if all(word.lower in CHAT_WORDS or (word.lower.isdigit() and len(word.lower) < 3) for word in content):
        return False
    if content[-1].normalized == 'film':
        return all(word.is_capitalized for word in content)
    return content[0].is_capitalized or len(content) > 1 or not is_frequent(content[0].lower, _MAX_FREQUENT_RANK)


def _is_before(words: Sequence[Word], first: int, more: Collection[str]) -> bool:
    """Return whether the words before a position are words that usually precede a title, or words of ``more``."""
    before = [word.lower for word in words[max(0, first - 3) : first] if word.lower not in ARTICLES]
    if not before or words[first].starts_sentence:
        return False
    return (
        before[-1] in _BEFORE
        or before[-1] in more
        or ' '.join(before[-2:]) in _BEFORE_PAIRS
        or before == ['like']
        or (before[-1] in ('movie', 'film') and words[first - 2].lower == 'the')
    )


def _ends_clause(text: str, words: Sequence[Word], end: int, is_longer: bool) -> bool:
    return (
        end == len(words)
        or _CLAUSE_END.search(text, words[end - 1].end, words[end].start) is not None
        or _spelled(words[end].lower) in _AFTER
        or (is_longer and words[end].lower in _AFTER_LONGER)
        or [word.lower for word in words[end : end + 2]] in (['a', 'lot'], ['so', 'much'], ['very', 'much'])
    )


@functools.lru_cache(maxsize=10_000)
def _spelled(word: str) -> str:
    """Return a word after a title in its right spelling: "already" for "allready"."""
    return correct(word, _AFTER)


def _starts_verdict(text: str, words: Sequence[Word], first: int, end: int, is_longer: bool, is_known: bool) -> bool:
    """Return whether a sentence starts with a name and an opinion. In "Life is good" the single word is not a name."""
    if not _starts_statement(words, first) or end == len(words):
        return False
    has_capital = words[first].is_capitalized
    is_rare = is_longer or not is_frequent(words[end - 1].lower, _MAX_SPOKEN_RANK)
    position = words[end - 1].end
    if is_known and _AGAIN.match(text, position) and not is_frequent(words[end - 1].lower, _MAX_SPOKEN_RANK_ALONE):
        return True
    if _EFFECT.match(text, position) or _TOPIC.match(text, position):
        return is_rare and (has_capital or is_known) and (is_known or is_longer or words[first].lower not in _JUDGED)
    is_supposed = words[end].lower == 'would' and end + 1 < len(words) and words[end + 1].lower == 'be'
    if is_supposed:
        return has_capital and is_known and is_rare  # "Clue would be a hit"
    if words[end].lower not in _VERDICT:
        return False
    is_judged = end + 1 < len(words) and words[end + 1].lower in _JUDGEMENT
    if has_capital or is_longer:
        return words[end].lower == 'was' or (is_judged and is_rare) or is_longer
    return is_known and is_rare and is_judged and words[end].lower == 'was' and words[first].lower not in _JUDGED
