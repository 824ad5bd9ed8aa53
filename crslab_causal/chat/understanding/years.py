"""Find spans of years in a text: "from the 90s", "before 1980", "something new"."""

from __future__ import annotations

import re
from typing import NamedTuple

from crslab_causal.chat.understanding.numbers import CARDINALS

RECENT_YEARS = 5
"""Number of years, counted back from the catalogue's last one, that are "new"."""
OLD_YEARS = 30
"""Number of years, counted back from the catalogue's last one, that are not "old"."""

_REACH = 80
"""Number of characters before a year that are searched for its context, and between words for the same years."""
_DECADE_WORDS = {
    'twenties': 1920,
    'thirties': 1930,
    'forties': 1940,
    'fifties': 1950,
    'sixties': 1960,
    'seventies': 1970,
    'eighties': 1980,
    'nineties': 1990,
    'noughties': 2000,
}
_ATOM = re.compile(
    rf"""(?:(?P<part>early|mid|late)[\ -]+(?:the\s+)?)?
    (?: (?P<decade>(?:(?:1[89]|20)\d0|['’]?\d0)(?=['’]?s\b))['’]?s | (?P<word>{'|'.join(_DECADE_WORDS)})\b
      | (?P<bare>[3-9]0)(?=\ +years\b(?!\ +(?:ago|old|back|later|of|since|now)))|(?<=years\ )(?P<last>[3-9]0)\b
      | (?<![\w.,$€£])(?P<year>1[89]\d\d|20\d\d)(?![\w%]|[.,]\d) )""",
    re.IGNORECASE | re.VERBOSE,
)
_OF_DECADE = re.compile(
    r'\b(?:(?:from\s+(?:the\s+)?|(?:in|of)\s+the\s+)(?:(?:early|late|mid)\s+)?|(?:from|in|of)\s+(?:the\s+)?years\s+)$',
    re.IGNORECASE,
)
"""Words before a decade that is written without "s": "from the 90 years", "from the years 90"."""
_CENTURY = re.compile(r'\b(?P<which>this|the last|last|the 20th|the 21st|20th|21st) century\b', re.IGNORECASE)
_NUMBERS = {'few': 3, 'couple of': 2, 'couple': 2, 'fifteen': 15, 'twenty': 20, 'thirty': 30, **CARDINALS}
_LAST_YEARS = re.compile(
    rf"""\b(?:(?:last|past)|
      (?P<read>(?:not|no|nothing|none)\s+(?:more|older)\s+than|(?:less|younger|newer)\s+than|at\s+most))
    \s+(?:the\s+)?(?P<n>\d{{1,2}}|{'|'.join(_NUMBERS).replace(' ', '[ ]')})?\s*(?P<unit>years?|yrs?|decades?)\b
    (?:\s+old\b)?""",
    re.IGNORECASE | re.VERBOSE,
)
"""Years back from the last one: "the last five years", "not more than ten years old"."""
_OF_LAST_YEAR = re.compile(
    r'\b(?:from|of|in|within|during|out|made|released|(?:not|no|nothing|none)\s+(?:more|older)\s+than)\s+(?:the\s+)?$',
    re.IGNORECASE,
)
"""Words before "last year" that date a film, and not when it was watched."""
_PARTS = {'early': (0, 4), 'mid': (3, 6), 'late': (5, 9)}
"""First and last year of a part of a decade."""

_NOT = (
    r'\b(?:not|nothing|none|no(?:\s+\w+)?)\s+(?:(?:an?\s+|any\s+)?(?:ones?|movies?|films?|anything|something|stuff)\s+)?'
    r"(?:(?:that\s+|which\s+)?(?:is|was|are|were|came\s+out)\s+|that['’]s\s+|made\s+|released\s+)?"
)
_THE = r'\s*(?:the\s+)?(?:year\s+|end\s+of\s+)?(?:the\s+)?$'
_BORN = r'(?:i|we|you|he|she|they)\s+(?:was|were)\s+(?:even\s+)?born(?:\s+in)?'
_BEFORE_ATOM = {
    'not before': re.compile(
        rf'{_NOT}(?:(?:that\s+(?:is|are)\s+)?(?:older|earlier)\s+than|(?:from\s+)?(?:before|b4)){_THE}', re.I
    ),
    'not after': re.compile(rf'{_NOT}(?:(?:newer|later|more\s+recent)\s+than|(?:from\s+)?after){_THE}', re.IGNORECASE),
    'before': re.compile(
        rf'\b(?:before|b4|prior\s+to|pre|(?:older|earlier)\s+than)(?:\s+{_BORN})?[\s(-]*(?:the\s+)?$', re.IGNORECASE
    ),
    'until': re.compile(rf'\b(?:until|till|up\s+to){_THE}', re.IGNORECASE),
    'after': re.compile(
        rf'\b(?:after|post|(?:newer|later|more\s+recent)\s+than)(?:\s+{_BORN})?[\s(-]*(?:the\s+)?$', re.IGNORECASE
    ),
    'since': re.compile(rf'\b(?:since|starting(?:\s+(?:from|in))?){_THE}', re.IGNORECASE),
}
_AFTER_ATOM = {
    'since': re.compile(
        r'\s*(?:(?:or|and)\s+(?:later|newer|after|up(?:wards)?|on)\b|onwards?\b|and\s+onwards?|on\b(?=\W*$)|\+)', re.I
    ),
    'until': re.compile(r'\s*(?:or|and)\s+(?:earlier|older|before)\b', re.IGNORECASE),
}
_RANGE = re.compile(r'\s*(?:-|–|\bto\b|\buntil\b|\btill\b|\bthrough\b|(?P<and>\band\b))\s*(?:the\s+)?', re.IGNORECASE)
_BETWEEN = re.compile(r'\bbetween\s+(?:the\s+)?$', re.IGNORECASE)
_FILMS = r'(?:movies?|films?|flicks?|ones?|releases?|stuff)'
_YEAR_CONTEXT_BEFORE = re.compile(
    r'\b(?:in|from|of|year|around|circa|like\s+from|made|between)\s+(?:the\s+)?$', re.IGNORECASE
)
_YEAR_CONTEXT_AFTER = re.compile(rf'\s+(?:[\w-]+\s+)?{_FILMS}\b', re.IGNORECASE)
_POSSESSIVE = re.compile(
    r'\b(?:my|his|her|their|our|your)\s+(?:(?:whole|entire|early|late|mid)[\s-]+)?$', re.IGNORECASE
)
_SINCE_THEN = re.compile(
    r"\b(?:i|we|he|she|they|my\s+\w+)(?:['’](?:ve|s|d)|\s+(?:have|has|had))\s+(?:[\w'’]+\s+){0,8}since\s+(?:the\s+)?$",
    re.IGNORECASE,
)
"""Words before a year that say since when somebody does something: "I have gone to the pictures since 1961"."""

_NEW = rf'(?:brand[ -])?(?:new(?:er|est)?|recent|latest|modern|contemporary)(?:\s+{_FILMS})?'
_OLD = (
    r'(?:old(?:er|est(?=\s+(?:\w+\s+)?(?:that\s+)?you\b))?|vintage|classics?|old[ -](?:school|fashioned)|ancient)'
    rf'(?:\s+{_FILMS})?'
)
_ASKED_BEFORE = re.compile(
    r'(?:^|[,>(]|\b(?:some|any|no)thing|\b(?:a|an|and|any|are|for|what|which|see|seen|seeing|bit|but|like|love|'
    r'maybe|more|no|not|of|only|or|prefer|really|some|the|the most|too|with|'
    r'suggesting|recommending|showing|giving|want|wanted|need|try|'
    r'very|your|watch))\s*(?:too\s+|really\s+|very\s+|more\s+|so\s+|that\s+|good\s+)*$',
    re.IGNORECASE,
)
_ENDS = re.compile(
    rf"""\W*$|\W*[,.;!?)]|\s+(?:[\w-]+\s+){{0,2}}?(?:{_FILMS}|comed(?:y|ies)|horrors?|thrillers?|dramas?|westerns?|romances?|
    musicals?|documentar(?:y|ies)|actions?|sci-?fi)|\s+(?:and|but|or|please|from|with|that|which|i|by|about|than|
    for|this|tonight|instead|enough|out|lately|now|right\s+now|you|to\s+(?:watch|see)|do|there)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_WORDS = {
    'new': re.compile(
        rf'\b(?:{_NEW}|(?:just\s+)?(?:came|come|coming)\s+out\s+(?:recently|lately|this\s+year|last\s+year)|'
        r'from\s+(?:this|last)\s+year|recently\s+(?:made|released)|new\s+releases?)\b',
        re.IGNORECASE,
    ),
    'old': re.compile(rf'\b(?:{_OLD}|oldies|black[ -]and[ -]white(?:\s+{_FILMS})?)\b', re.IGNORECASE),
}
_FIXED = re.compile(r'came|com|from|released|releases|recently|oldies|black', re.IGNORECASE)
"""Words for new and old whose meaning does not depend on the words around them."""
_WHICH_IS = re.compile(r"\b(?:which|what)\b.*(?:\b(?:is|was)|['’]s)\s+(?:the\s+)?(?:most\s+)?$", re.IGNORECASE)
_OF_CATALOGUE = re.compile(
    r'\s+(?:(?:one|movie|film|flick|thing)\s+)?(?:that\s+)?(?:(?:you|u)\s+(?:know|have|got|can\s+find)|(?:in|of)\s+your\s+(?:list|catalogue))\b',
    re.IGNORECASE,
)
"""Words after "the newest" that mean all films of the catalogue: "what is the newest one you know?"."""
_NEGATED = re.compile(
    r'\b(?:not|no|nothing|none|without|never|avoid|hate|dislike|stop(?: (?:with|\w+ing))?|enough(?: with)?|'
    r"\w+n['’]?t(?: \w+)?)\s+"
    r'(?:\w+\s+){0,2}$',
    re.IGNORECASE,
)
_THIS_DECADE = re.compile(r'\b(?:this|the current) decade\b', re.IGNORECASE)
_IS_OLD = re.compile(
    r"(?:\b(?:it|that|this|they|he|she|one)(?:['’]?s|\s+(?:is|was|are|were|might\s+be|may\s+be))|^\W*is|\b(?:what|such))\s+"
    r'(?:(?:an?|kind\s+of|bit|little|so|very|pretty|quite|really|all|all[\s-]time|true|real|total|absolute|great|such|'
    r'definitely|now|timeless|instant)\s+)*$',
    re.IGNORECASE,
)
_IS_A = re.compile(
    r'(?<!want )(?<!need )(?<!for )\b(?:is|was|are|were|remains?)\s+(?:such\s+)?an?\s+(?:\w+\s+)?$', re.IGNORECASE
)
"""Words before a "classic" that says what a film is: "the original is a classic"."""
_JUDGES_FILM = re.compile(
    r"(?:^|[.!?,]\s*|\b(?:it|that|this|hm+|no|bit|way|one|movie|film)(?:['’]?s)?\s+"
    r'(?:is\s+|was\s+|looks\s+|(?:a\s+(?:bit|little)|way|far|much)\s+)*)too\s+$',
    re.IGNORECASE,
)
"""Words before an "old" that judges a film: "it is too old", but not "not too old"."""
_REMARK = re.compile(r'(?:^|[.!?]\s*)(?:oh|ah|ok|yes|yeah|a|an|true|what|total|absolute|[\s,])*$', re.IGNORECASE)
_ENDS_REMARK = re.compile(r'\W*(?:$|[,.!]|thank|ok\b|i\s+love)', re.IGNORECASE)
"""Words around a "classic" that says how a film was, as in "Classic, loved it"."""
_CLASSIC_ALONE = re.compile(r'\W*(?:an?\s+)?classic\W*', re.IGNORECASE)
_ONE_BEFORE = re.compile(r'\b(?:the|that|this|your|their|its)\s+(?:most\s+|really\s+)?$', re.IGNORECASE)
_ONE_FILM = re.compile(
    r'\w+\s+(?:\w+\s+)?(?:one|movie|film|flick|version|remake|adaptation)\b(?!\s+(?:from|of\s+the))', re.IGNORECASE
)
"""Words that name one film by its age: "the new one", "the old version". They say nothing about other films."""
_ASKS_COLOR = re.compile(r'\b(?:is|was|are)\s+(?:it|that|this|they)\s+(?:in\s+)?$', re.IGNORECASE)
_NOT_IN = re.compile(r"\b(?:not|no|nothing|without|n['’]t|isn['’]?t)\s+(?:in\s+)?$", re.IGNORECASE)
"""Words before a "black and white" that is not wanted. No constraint can express this."""
_TOO_OLD_FOR = re.compile(r'\btoo\s+old\s+for\b', re.IGNORECASE)
_EITHER = re.compile(r'\b(?:old(?:er)?|new(?:er)?|recent|classic)\s+(?:or|and)\s+$', re.IGNORECASE)
_EITHER_AFTER = re.compile(r'\s+(?:or|and)\s+(?:old(?:er)?|new(?:er)?|recent|classic)\b', re.IGNORECASE)
_INSTEAD_OF_OLD = re.compile(
    rf'\b(?:not|nothing|no|isn[\'’]?t)\s+(?:(?:too|that|so|very|really)\s+)*{_OLD}\W+(?:\w+\s+){{0,3}}$', re.IGNORECASE
)
"""Words before the first year that is not too old: "nothing old, say 2015 or later"."""
_INSTEAD_OF_NEW = re.compile(
    rf'\b(?:not|nothing|no|isn[\'’]?t)\s+(?:(?:too|that|so|very|really)\s+)*{_NEW}\W+(?:\w+\s+){{0,3}}$', re.IGNORECASE
)
"""Words before the last year that is not too new: "nothing new, before 1990"."""
_EXCESS = re.compile(r'\b(?:too|less|not|nothing)\s+(?:too\s+|so\s+|that\s+|very\s+|really\s+)?$', re.IGNORECASE)


_EXACT = re.compile(rf'\d|{"|".join(_DECADE_WORDS)}|\b(?:last|past)\s+(?:\w+\s+)?(?:years|decade)', re.IGNORECASE)
_SIDE_BY_SIDE = re.compile(
    r'\s*(?:,\s*)?(?:(?:and|but|that\s+(?:is|are|was)|made|released|movies?|films?|ones?|only|preferably|also|from)\s+)*',
    re.IGNORECASE,
)
"""Words between two spans of years that both limit the films."""
_NEAR = 3
"""Number of spans of years before and after a word such as "old" that may make it exact."""
_SEPARATES = re.compile(r'[.!?;]|\b(?:or|but|and)\b', re.IGNORECASE)
"""Words between two spans of years that are both meant."""
_EXAMPLE = re.compile(r'\b(?:like|say|meaning|so|i\.?e|as in|such as|anything|nothing)\s*,?\s*$', re.IGNORECASE)
"""Words between rejected years such as "old" and the number that says how old."""


class Years(NamedTuple):
    """A span of years. None stands for no limit on that side."""

    first: int | None
    last: int | None

    def __contains__(self, year: object) -> bool:
        return isinstance(year, int) and (self.first or 0) <= year <= (self.last or 9999)

    @property
    def label(self) -> str:
        """The span in words, such as ``1990–1999`` or ``before 1980``."""
        if self.first is None:
            return f'before {(self.last or 0) + 1}'
        if self.last is None:
            return f'{self.first} or later'
        return str(self.first) if self.first == self.last else f'{self.first}–{self.last}'


class YearsSpan(NamedTuple):
    """A part of a text that names a span of years."""

    years: Years
    start: int
    end: int
    is_excess: bool = False
    """Whether the text rejects these years, as in "not too old"."""
    is_negation_read: bool = False
    """Whether the years already take a negation into account: "nothing after 2000"."""


def find_years(text: str, latest: int) -> list[YearsSpan]:
    """Return the spans of years in a text, in order of appearance.

    Args:
        text: the text. Years that belong to titles must be removed from it.
        latest: last year of the catalogue, from which "new" and "old" are counted.
    """
    spans: list[YearsSpan] = []
    atoms = [match for match in _ATOM.finditer(text) if _is_date(text, match)]
    while atoms:
        span, n_used = _span(text, atoms)
        spans.append(span)
        atoms = atoms[n_used:]
    for match in _CENTURY.finditer(text):
        is_last = match['which'].lower() in ('the last', 'last', 'the 20th', '20th')
        spans.append(YearsSpan(Years(1900, 1999) if is_last else Years(2000, None), *match.span()))
    for match in _THIS_DECADE.finditer(text):
        spans.append(YearsSpan(Years(latest - latest % 10, None), *match.span()))
    for match in _LAST_YEARS.finditer(text):
        if match['n'] is None and not _OF_LAST_YEAR.search(_before(text, match)):
            continue  # "I watched it last year"
        number = match['n'] or '1'
        n = int(number) if number.isdigit() else _NUMBERS[' '.join(number.lower().split())]
        n_years = n * (10 if match['unit'].lower().startswith('decade') else 1)
        years = Years(latest - n_years + 1, None)
        spans.append(YearsSpan(years, *match.span(), is_negation_read=match['read'] is not None))
    taken = [(span.start, span.end) for span in spans]
    for kind, pattern in _WORDS.items():
        years = Years(latest - RECENT_YEARS + 1, None) if kind == 'new' else Years(None, latest - OLD_YEARS)
        for match in pattern.finditer(text):
            if any(start < match.end() and match.start() < end for start, end in taken):
                continue
            before = _before(text, match)
            if _is_no_wish(text, match):
                continue
            is_asked = _ASKED_BEFORE.search(before) and _ENDS.match(text, match.end())
            if _FIXED.search(match.group()) or is_asked or _OF_CATALOGUE.match(text, match.end()):
                is_negated = _EXCESS.search(before) is not None or _NEGATED.search(before) is not None
                spans.append(YearsSpan(years, *match.span(), is_negated, is_negation_read=True))
    return _intersected(text, _without_vague(text, sorted(spans, key=lambda span: span.start)))


def _is_no_wish(text: str, match: re.Match[str]) -> bool:
    """Return whether a word such as "new" or "classic" says nothing about the films that are wanted."""
    before, word = _before(text, match), match.group().lower()
    is_of_catalogue = _OF_CATALOGUE.match(text, match.end()) is not None
    return bool(
        (_WHICH_IS.search(before) and not is_of_catalogue)  # "which one is the newest?"
        or _IS_OLD.search(before)  # "it is a bit old"
        or _TOO_OLD_FOR.search(text[match.start() - 5 : match.end() + 5])  # "too old for them"
        or (
            _ONE_BEFORE.search(before) and _ONE_FILM.match(text, match.start()) and not is_of_catalogue
        )  # "I saw the new one"
        or (word == 'classic' and (_is_remark(text, match, before) or _IS_A.search(before)))
        or (
            word.startswith('black') and (_ASKS_COLOR.search(before) or _NOT_IN.search(before))
        )  # "is it in black and white?"
        or _EITHER.search(before)  # "old or new"
        or _EITHER_AFTER.match(text, match.end())
    )


def _is_remark(text: str, match: re.Match[str], before: str) -> bool:
    """Return whether a "classic" says how a film was: "Classic, loved it."."""
    is_alone = _CLASSIC_ALONE.fullmatch(text) is not None
    return not is_alone and _REMARK.search(before) is not None and _ENDS_REMARK.match(text, match.end()) is not None


def _without_vague(text: str, spans: list[YearsSpan]) -> list[YearsSpan]:
    """Return spans without words such as "old" that numbers in the same sentence make exact: "older, from the 90s"."""
    kept: list[YearsSpan] = []
    rejected: set[YearsSpan] = set()
    for n, span in enumerate(spans):
        near = spans[max(0, n - _NEAR) : n + _NEAR + 1]
        others = [other for other in near if _is_exact(text, other) and not _are_separate(text, span, other)]
        if not _is_exact(text, span) and span.is_excess and any(_are_instead(text, span, other) for other in near):
            continue  # "it is too old, something after 2005"
        if _is_exact(text, span) or not others:
            kept.append(span)
        elif span.is_excess:
            # "no old movies, like before 2000" rejects the years; "not old, like 2015 or later" wants them
            examples = {
                other
                for other in others
                if not other.is_negation_read and _EXAMPLE.search(text[span.end : max(span.end, other.start)])
            }
            rejected |= examples
            kept += [] if examples else [span]
    return [span._replace(is_excess=True, is_negation_read=True) if span in rejected else span for span in kept]


def _intersected(text: str, spans: list[YearsSpan]) -> list[YearsSpan]:
    """Return spans in which those that stand side by side are one: "from the 80s before 1985" is 1980 to 1984."""
    found: list[YearsSpan] = []
    for span in spans:
        last = found[-1] if found else None
        if last is None or last.is_excess or span.is_excess or not _SIDE_BY_SIDE.fullmatch(text, last.end, span.start):
            found.append(span)
            continue
        firsts = [years.first for years in (last.years, span.years) if years.first is not None]
        lasts = [years.last for years in (last.years, span.years) if years.last is not None]
        both = Years(max(firsts, default=None), min(lasts, default=None))
        if both.first is not None and both.last is not None and both.first > both.last:
            found.append(span)  # no year is in both
        else:
            is_read = last.is_negation_read or span.is_negation_read
            found[-1] = YearsSpan(both, last.start, span.end, is_negation_read=is_read)
    return found


def _are_instead(text: str, vague: YearsSpan, other: YearsSpan) -> bool:
    """Return whether exact years after rejected ones are wanted, and are none of them: "too old, after 2005"."""
    if other.start < vague.end or other.is_excess or not _is_exact(text, other):
        return False
    if not _JUDGES_FILM.search(text, 0, vague.start):
        return False
    if vague.years.first is None:
        return other.years.first is not None and other.years.first > (vague.years.last or 0)
    return other.years.last is not None and other.years.last < vague.years.first


def _is_exact(text: str, span: YearsSpan) -> bool:
    """Return whether a span has numbers: "the 90s", but not "old"."""
    return _EXACT.search(text, span.start, span.end) is not None


def _are_separate(text: str, one: YearsSpan, other: YearsSpan) -> bool:
    """Return whether two spans are in different sentences, or both meant: "old, or from the 90s"."""
    first, second = sorted((one, other), key=lambda span: span.start)
    between = text[first.end : second.start]
    return len(between) > _REACH or _SEPARATES.search(between) is not None


def _before(text: str, match: re.Match[str]) -> str:
    """Return the end of the text before a match."""
    return text[max(0, match.start() - _REACH) : match.start()]


def _is_date(text: str, match: re.Match[str]) -> bool:
    """Return whether a number is a year of films, and not a title, an age or a price."""
    before = _before(text, match)
    if _SINCE_THEN.search(before):
        return False
    if match['bare'] or match['last']:
        return _OF_DECADE.search(before) is not None
    if match['year'] is None:
        return _POSSESSIVE.search(before) is None
    return (
        _YEAR_CONTEXT_BEFORE.search(before) is not None
        or any(pattern.search(before) for pattern in _BEFORE_ATOM.values())
        or any(pattern.match(text, match.end()) for pattern in _AFTER_ATOM.values())
        or _YEAR_CONTEXT_AFTER.match(text, match.end()) is not None
        or re.match(r'\s*(?:-|–)\s*(?:1[89]|20)\d\d\b', text[match.end() :]) is not None
        or re.search(r'(?:1[89]|20)\d\d\s*(?:-|–|to|and)\s*$', before) is not None
        or text.strip(' .!?') == match.group()
    )


def _years_of(match: re.Match[str]) -> Years:
    if match['year']:
        year = int(match['year'])
        return Years(year, year)
    if match['word']:
        first = _DECADE_WORDS[match['word'].lower()]
    else:
        digits = (match['decade'] or match['bare'] or match['last']).strip("'’")
        first = int(digits) if len(digits) == 4 else int(digits) + (2000 if digits in ('00', '10') else 1900)
    begin, end = _PARTS.get((match['part'] or '').lower(), (0, 9))
    return Years(first + begin, first + end)


def _span(text: str, atoms: list[re.Match[str]]) -> tuple[YearsSpan, int]:
    """Return the span of years that the first atoms name, and the number of these atoms."""
    match = atoms[0]
    before, years = _before(text, match), _years_of(match)
    if len(atoms) > 1:
        between = _RANGE.fullmatch(text, match.end(), atoms[1].start())
        if between and (not between['and'] or _BETWEEN.search(before)):
            return YearsSpan(Years(years.first, _years_of(atoms[1]).last), match.start(), atoms[1].end()), 2
    assert years.first is not None and years.last is not None
    readings = {
        'not before': Years(years.first, None),
        'not after': Years(None, years.last),
        'before': Years(None, years.first - 1),
        'until': Years(None, years.last),
        'after': Years(years.last + 1, None),
        'since': Years(years.first, None),
    }
    for name, pattern in _AFTER_ATOM.items():
        if after := pattern.match(text, match.end()):
            is_read = any(pattern.search(before) for pattern in (_INSTEAD_OF_OLD, _INSTEAD_OF_NEW))
            return YearsSpan(readings[name], match.start(), after.end(), is_negation_read=is_read), 1
    for name, pattern in _BEFORE_ATOM.items():
        if lead := pattern.search(before):
            start = match.start() - len(before) + lead.start()
            stated = any(pattern.search(before[: lead.start()]) for pattern in (_INSTEAD_OF_OLD, _INSTEAD_OF_NEW))
            is_read = name.startswith('not ') or stated
            return YearsSpan(readings[name], start, match.end(), is_negation_read=is_read), 1
    is_read = any(pattern.search(before) for pattern in (_INSTEAD_OF_OLD, _INSTEAD_OF_NEW))
    return YearsSpan(years, *match.span(), is_negation_read=is_read), 1
