"""Negation: whether a text rejects a name that it mentions.

A name is negated if it follows "not", "no", "never", "hate", "anything but", "instead of" or a similar phrase in the
same sentence. A "but", or words of liking such as "and I loved", end the negation. A comma ends it, too, unless a list
continues. After a bare "not X" a list continues only without a comma: "not X and Y" negates both, "not X, and Y" only
X. A name is also negated if "was terrible" or a similar phrase follows. "Haven't seen X", "can't wait", "not only" and
"don't hate" are not negations, nor is the question "isn't X great?". After a rejected name, "except X" accepts X. The
rules do not cover irony and "less of X".
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Mapping, Sequence

from crslab_causal.llm.entity_linking.titles import ARTICLES
from crslab_causal.llm.entity_linking.verdicts import BLAME, any_of
from crslab_causal.llm.entity_linking.words import Word, read_words

_NEGATIONS = re.compile(
    r'(?:not|no|never|neither|nor|nothing|without|cannot|hardly|barely|scarcely|nobody|'
    r'(?:ai|are|ca|could|did|do|does|had|has|have|is|r|should|was|were|wo|would)?nt)$'
)
_DISLIKE_WORDS = frozenset(
    'avoid avoided despise despised detest detested dislike disliked except exclude excludes excluding hate hated '
    'hates hating loathe loathed minus omit regret sans skip'.split()
)
_DISLIKE_PAIRS = frozenset(
    (
        'anything but',
        'anyone but',
        'anybody but',
        'clear of',
        'rid of',
        'everything but',
        'other than',
        'rather than',
        'instead of',
        'apart from',
        'aside from',
        'away from',
        'exception of',
        'patience for',
        'patience with',
        'leave out',
        'take out',
        'taking out',
        'filter out',
        'throw out',
        'leaving out',
        'rule out',
        'cut out',
        'enough of',
        'afraid of',
        'scared of',
        'frightened of',
        'terrified of',
        'allergic to',
        'fed up',
        'tired of',
        'sick of',
        'done with',
        'finished with',
        'bored of',
        'bored by',
        'bored during',
        'bored watching',
        'asleep during',
        'asleep in',
        'asleep watching',
        'annoyed by',
        'disappointed by',
        'disappointed with',
        'regret watching',
        'regret seeing',
        'stop giving',
        'stop offering',
        'stop recommending',
        'stop showing',
        'stop suggesting',
        'enough with',
        'spare me',
        'spare us',
        'break from',
        'rest from',
        'weary of',
    )
)
_DISLIKE_PAIRS_BEFORE_NAME = frozenset(
    ('turned off', 'switched off', 'walked out', 'asleep to', 'disappointed in', 'stop with')
)
"""Pairs that reject only what directly follows: "walked out of X", but not "walked out happy after X"."""
_LIKE_WORDS = frozenset(
    'adore adored care enjoy enjoyed enjoying fan feel finish interested into like liked likes liking '
    'love loved loves loving prefer preferred recommend stand want wanted'.split()
)
_HARMLESS_VERBS = frozenset(
    'agree beat beats call choose compare consider count decide forget forgot hear heard knew know mean mind miss '
    'missed remember saw see seen stop tried try wait watch watched wrong'.split()
)
_PREFERENCE = frozenset('prefer preferably preferred rather sooner'.split())
"""Words of a sentence in which a "than" after a name rejects what follows: "rather a comedy than a drama"."""
_COMPARED = frozenset(('better than', 'more than', 'much as', 'good as'))
"""Words after which a negation praises: "I never enjoyed a film more than Alien"."""
_COMPARATIVE = re.compile(
    r'(?:new|old|young|light|dark|short|long|fast|slow|small|bigg|great|hard|soft|weird|smart|strong|deep|late|sadd|kind|'
    r'\w+i)er$|more$|less$|worse$|better$'
)
_PRONOUNS = frozenset('he i im ive it she they we you'.split())
_CANCEL_NEGATION = _PRONOUNS | frozenset('bad doubt idea just one only problem sure worries'.split())
_LIST_WORDS = ARTICLES | frozenset('and also any as especially including nor or particularly such'.split())
_CONTRAST_WORDS = frozenset('although because but however since so though yet'.split())
_NEGATIVE_PREDICATE = re.compile(
    r"""["”’'*_)]*(?:\s+(?:trilogy|series|saga|franchise|movies|films))?\s+(?:(?:really|just|kinda|totally|completely)\s+)?(?:suck(?:s|ed)\b|puts?\s+(?:me|us)\s+to\s+sleep\b|
    (?:annoy|irritate|disgust|disappoint)(?:s|ed|d)?\s+(?:me|us)\b|(?:gets?|got)\s+on\s+my\s+nerves\b|
    (?:drives?|drove)\s+(?:me|us)\s+(?:crazy|nuts|mad|insane|up\s+the\s+wall)\b|out(?=\s*(?:$|[,.;!]|and\b))|(?:is|was|sounds|looks|seems)\s+(?:a\s+(?:bit|little)|rather|way)\s+(?:too\s+)?\w+\s+for\s+(?:me|us|my|our|tonight|now)\b|
    (?:really\s+|just\s+|kind\s+of\s+)?(?:drags|dragged)\b|,?\s*(?:less\s+so|not\s+so\s+much)\b(?=\s*(?:[.,;!?]|$))|
    (?:is|was|are|were)(?:\s?n['’]?t|\s+not)\s+(?:one\s+of|among)\s+(?:them|those|these)\b|
    (?:left|leaves?)\s+(?:me|us)\s+(?:stone\s+)?cold\b|(?:makes?|made)\s+my\s+(?:skin\s+crawl|eyes\s+roll|toes\s+curl|teeth\s+hurt)\b|(?:makes?|made)\s+me\s+(?:want\s+to\s+)?(?:cringe|vomit|puke|gag|throw\s+up|sick)\b|(?:fell|falls)\s+flat\b|
    (?:is|was|stays?)\s+nowhere\s+(?:near|in)\b|
    (?:is|are|would\s+be)\s+(?:out\s+of\s+the\s+question|an?\s+(?:\w+\s+)?(?:no(?:[ -]go)?|pass))
    (?=\s*(?:$|[.,;!]|(?:from|for|because|with|and|so|sorry|thanks)\b))|
    (?:is|was)\s+(?:(?!not\b|no\b|never\b|hardly\b)\w+\s+){0,2}?(?:waste\s+of\s+(?:\w+\s+)?(?:time|money)|snooze(?:\s?fest)?|let\s?down|disappointment|bore|drag|
    mess|disaster(?!\s+(?:movie|film|flick))|yawn)\b|(?:do|does|did)(?:\s?n['’]?t|\s+not)\s+(?:really\s+)?(?:appeal|interest\s+(?:me|us)|look\s+(?:good|interesting))\b|bored\s+(?:me|us)\b|(?:is|was|were|are|r)(?:
    (?:\s?n['’]?t|\s+not)\s+(?:\w+\s+){0,2}?(?:good|great|funny|enjoyable|for\s+me|my\s+\w+)\b|
    \s+(?:\w+\s+){0,2}?dull\s+as\s+\w+|
    \s+(?:\w+\s+)?too\s+(?:gory|bloody|intense|weird|slow|long|dark|silly|violent|scary|childish|sad|depressing|much|
    graphic|gruesome|brutal|bleak|grim|heavy|cheesy|corny|predictable|confusing|loud|gross|creepy|disturbing|cringe\w*)\b|
    \s+(?:(?!not\b)\w+\s+){0,2}?(?:"""
    + any_of(BLAME)
    + r""")\b))""",
    re.IGNORECASE | re.VERBOSE,
)
_ASKING = re.compile(r'(?:are|ca|could|did|do|does|had|has|have|is|was|were|wo|would)nt$|nt$')
"""Verbs that start a negative question, which expects a yes, if a name or "there" follows: "isn't Alien great?"."""
_BEFORE_QUESTION = frozenset('and but hey man oh so well wow yes yeah'.split())
_BAD = re.compile(
    rf'[^.!?,;\n]{{0,40}}?\b(?:{any_of(BLAME)})\b',
    re.IGNORECASE,
)
"""The rest of a negative question that rejects its name: "isn't Alien boring?"."""
_JUDGES = frozenset('find finds found thought think thinks considered consider'.split())
_IS_FOUND_BAD = re.compile(
    r"""["”»’'*_)]*(?:['’]?s?\s+(?:work|films?|movies?|stuff|style|acting|humou?r))?\s+(?:(?:to\s+be|was|is|a\s+bit|a\s+little|kind\s+of|so|too|very|really|rather|quite|pretty|just|totally|utterly)\s+)*
    (?:silly|slow|"""
    + any_of(BLAME)
    + r""")\b""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words after a name that reject it if it follows "find": "I find X tedious"."""
_BEFORE_REFUSAL = frozenset(('prefer', 'rather'))
"""Words before a "not" that rejects what follows."""
_REFUSED_VERBS = frozenset('watch see have do try get want go to touch'.split())
"""Verbs after such a "not"."""
_REFUSALS = re.compile(r'(?:would|will|ll)\s+(?:not|never)$|(?:\w+\s+)?(?:wo|would)nt$')
"""A negation, with the word before it, that refuses: "I would never watch X". "I never watched X" does not."""
_EXCEPTIONS = frozenset(('except', 'excepting', 'excluding', 'bar', 'barring'))
_EXCEPTION_PAIRS = frozenset(('other than', 'apart from', 'aside from', 'exception of'))
_MAX_DISTANCE = 8
"""Maximum number of words between a "not" and the name that it negates."""

_NONE, _NEGATION, _DISLIKE = range(3)
"""States of the scan. A later word can cancel a negation ("not only"), but not a dislike ("hate")."""


def negated_spans(text: str, spans: Sequence[tuple[int, int]]) -> list[bool]:
    """Return whether each span is negated.

    Args:
        text: the text.
        spans: (start, end) in characters, sorted.
    """
    words = read_words(text)
    starts = [word.start for word in words]
    indices = [(bisect_left(starts, start), bisect_left(starts, end)) for start, end in spans]
    negated = iter(is_negated(text, words, [span for span in indices if span[0] < span[1]]))
    return [next(negated) if first < end else False for first, end in indices]


def is_negated(text: str, words: Sequence[Word], spans: Sequence[tuple[int, int]]) -> list[bool]:
    """Return whether each name is negated.

    Args:
        text: the text.
        words: words of the text.
        spans: (first, end) indices in ``words`` of each name, sorted.
    """
    negated: list[bool] = []
    end_of_span = dict(spans)
    state, negation_index = _NONE, 0
    # whether a comma, and whether a name, precedes the current word; list words do not end this
    after_comma = after_name = False
    # whether a name directly follows the negation ("not X"), and the number of commas since then
    is_bare, n_commas = False, 0
    # whether the sentence has rejected a name, and whether it is a negative question
    has_rejected = asks = False
    ends, prefers = {*end_of_span.values()}, False
    i = 0
    while i < len(words):
        word = words[i]
        if word.starts_sentence:
            has_rejected = asks = prefers = False
        prefers = prefers or word.lower in _PREFERENCE
        if word.starts_sentence or (state == _NEGATION and i - negation_index > _MAX_DISTANCE):
            state = _NONE
        if ',' in text[words[i - 1].end if i else 0 : word.start]:
            after_comma, n_commas = True, n_commas + 1
        if i in end_of_span:
            if state == _NEGATION and i == negation_index + 1:
                is_bare, n_commas = True, 0
            first, i = i, end_of_span[i]
            end = words[i - 1].end
            finds = _JUDGES & {_lower(words, first - 1), _lower(words, first - 2)}  # "I found the Alien dull"
            is_bad = (
                _NEGATIVE_PREDICATE.match(text, end)
                or (asks and _BAD.match(text, end))
                or (finds and _IS_FOUND_BAD.match(text, end))
            )
            negated.append(state > _NONE or bool(is_bad))
            has_rejected, asks = has_rejected or negated[-1], False
            after_comma, after_name = False, True
            continue
        ends_bare = is_bare and state == _NEGATION and n_commas == 1 and word.lower in ('and', 'also')
        if (after_comma and (word.lower not in _LIST_WORDS or ends_bare)) or (after_name and word.lower in _PRONOUNS):
            state, is_bare = _NONE, False
        after_comma, after_name = after_comma and word.lower in _LIST_WORDS, after_name and state > _NONE
        pair, pair_before = f'{word.lower} {_lower(words, i + 1)}', (_lower(words, i - 1), word.lower)
        if has_rejected and (word.lower in _EXCEPTIONS or pair in _EXCEPTION_PAIRS):
            state = _NONE
            i += pair in _EXCEPTION_PAIRS
        elif (pair in _DISLIKE_PAIRS_BEFORE_NAME and _starts_name(words, i + 2, end_of_span)) or (
            pair in _DISLIKE_PAIRS and i + 1 not in end_of_span
        ):
            state, i = _NONE if state == _NEGATION else _DISLIKE, i + 1
        elif word.lower == 'than' and i in ends and prefers and not _COMPARATIVE.match(_lower(words, i - 1)):
            state = _DISLIKE
        elif state != _NONE and pair in _COMPARED:
            state, i = _NONE, i + 1
        elif _starts_question(words, i, end_of_span):
            asks = True
        elif _starts_negation(words, i):
            # "I would rather not watch X" rejects X, while "I did not watch X" says that it is not seen
            refuses = _REFUSALS.match(f'{_lower(words, i - 1)} {word.lower}'.strip()) is not None
            wishes = (refuses or _lower(words, i - 1) in _BEFORE_REFUSAL) and _lower(words, i + 1) in _REFUSED_VERBS
            is_double = state == _NEGATION and i == negation_index + 1  # "I don't not like X"
            state = _NONE if is_double else max(state, _DISLIKE if wishes else _NEGATION)
            negation_index = i
        elif pair_before == ('not', 'so') and _starts_name(words, i + 1, end_of_span):
            pass  # "I loved Alien. Not so Prometheus."
        else:
            state = _state_after(words, i, state)
        i += 1
    return negated


def _starts_name(words: Sequence[Word], i: int, end_of_span: Mapping[int, int]) -> bool:
    """Return whether a name starts at word ``i``, perhaps after "of", "with" or an article."""
    while _lower(words, i) in ARTICLES or _lower(words, i) in ('of', 'with', 'during'):
        i += 1
    return i in end_of_span


def _starts_negation(words: Sequence[Word], i: int) -> bool:
    """Return whether word ``i`` starts a negation: it is not cancelled by the next word, and no "why" precedes it."""
    return (
        _NEGATIONS.match(words[i].lower) is not None
        and _lower(words, i + 1) not in _CANCEL_NEGATION
        and _lower(words, i - 1) != 'why'
    )


def _starts_question(words: Sequence[Word], i: int, end_of_span: Mapping[int, int]) -> bool:
    """Return whether word ``i`` starts a negative question about a name: "isn't Alien great?"."""
    if not _ASKING.match(words[i].lower):
        return False
    first = i - 1 if words[i].lower == 'nt' else i  # "is n't"
    starts = first >= 0 and (words[first].starts_sentence or _lower(words, first - 1) in _BEFORE_QUESTION)
    after = i + 1 + (_lower(words, i + 1) in ARTICLES)
    return starts and (after in end_of_span or _lower(words, i + 1) == 'there')


def _state_after(words: Sequence[Word], i: int, state: int) -> int:
    """Return the state of the scan after word ``i``, which is neither a name nor a negation."""
    word, previous = words[i].lower, _lower(words, i - 1)
    if word in _CONTRAST_WORDS:
        return _NONE
    if word in _DISLIKE_WORDS:
        return _NONE if state == _NEGATION else _DISLIKE
    if word in _LIKE_WORDS:
        is_preposition = word in ('like', 'into') and previous not in _PRONOUNS | {'really', 'also'}
        return _DISLIKE if state == _NEGATION or (state == _DISLIKE and is_preposition) else _NONE
    if word in _HARMLESS_VERBS and state == _NEGATION:
        return _NONE
    return state


def _lower(words: Sequence[Word], i: int) -> str:
    """Return word ``i`` in lower case; empty if there is no such word."""
    return words[i].lower if 0 <= i < len(words) else ''
