"""Find years that numbers name: "from the 90s", "before 1980", "the last five years"."""

from __future__ import annotations

import re

from crslab_causal.chat.understanding.numbers import CARDINALS
from crslab_causal.chat.understanding.years.span import Years, YearsSpan, text_before
from crslab_causal.chat.understanding.years.vague import FILMS, NEW, OLD

DECADE_WORDS = {
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
    (?: (?P<decade>(?:(?:1[89]|20)\d0|['’]?\d0)(?=['’]?s\b))['’]?s | (?P<word>{'|'.join(DECADE_WORDS)})\b
      | (?P<bare>[3-9]0)(?=\ +years\b(?!\ +(?:ago|old|back|later|of|since|now)))|(?<=years\ )(?P<last>[3-9]0)\b
      | ['’](?P<short>[3-9]\d)\b(?!['’]?s) | (?<![\w.,$€£])(?P<year>1[89]\d\d|20\d\d)(?![\w%]|[.,]\d) )""",
    re.IGNORECASE | re.VERBOSE,
)
_OF_DECADE = re.compile(
    r'\b(?:(?:from\s+(?:the\s+)?|(?:in|of)\s+the\s+)(?:(?:early|late|mid)\s+)?|(?:from|in|of)\s+(?:the\s+)?years\s+)$',
    re.IGNORECASE,
)
"""Words before a decade that is written without "s": "from the 90 years", "from the years 90"."""
_TURN = re.compile(
    r'\b(?P<side>after|since|from|before|until)\s+the\s+turn\s+of\s+the\s+(?:century|millennium|millenium)\b', re.I
)
"""Words for the years from 2000, or before it."""
_PRE_WAR = re.compile(r'\b(?:pre-?\s?war|(?:from\s+)?before\s+the\s+(?:second\s+world\s+)?war)\b', re.IGNORECASE)
_LAST_YEAR_BEFORE_WAR = 1939
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
_YEAR_CONTEXT_BEFORE = re.compile(
    r'\b(?:in|from|of|year|around|circa|like\s+from|made|between)\s+(?:the\s+)?$', re.IGNORECASE
)
_YEAR_CONTEXT_AFTER = re.compile(rf'\s+(?:[\w-]+\s+)?{FILMS}\b', re.IGNORECASE)
_POSSESSIVE = re.compile(
    r'\b(?:my|his|her|their|our|your)\s+(?:(?:whole|entire|early|late|mid)[\s-]+)?$', re.IGNORECASE
)
_SINCE_THEN = re.compile(
    r"\b(?:i|we|he|she|they|my\s+\w+)(?:['’](?:ve|s|d)|\s+(?:have|has|had))\s+(?:[\w'’]+\s+){0,8}since\s+(?:the\s+)?$",
    re.IGNORECASE,
)
"""Words before a year that say since when somebody does something: "I have gone to the pictures since 1961"."""
_THIS_DECADE = re.compile(r'\b(?:this|the current) decade\b', re.IGNORECASE)
_INSTEAD_OF_OLD = re.compile(
    rf'\b(?:not|nothing|no|isn[\'’]?t)\s+(?:(?:too|that|so|very|really)\s+)*{OLD}\W+(?:\w+\s+){{0,3}}$', re.IGNORECASE
)
"""Words before the first year that is not too old: "nothing old, say 2015 or later"."""
_INSTEAD_OF_NEW = re.compile(
    rf'\b(?:not|nothing|no|isn[\'’]?t)\s+(?:(?:too|that|so|very|really)\s+)*{NEW}\W+(?:\w+\s+){{0,3}}$', re.IGNORECASE
)
"""Words before the last year that is not too new: "nothing new, before 1990"."""


def find_exact_years(text: str, latest: int) -> list[YearsSpan]:
    """Return the spans of years that numbers name.

    The arguments are those of :func:`.find_years`.
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
    for match in _TURN.finditer(text):
        is_before = match['side'].lower() in ('before', 'until')
        spans.append(YearsSpan(Years(None, 1999) if is_before else Years(2000, None), *match.span()))
    spans += [YearsSpan(Years(None, _LAST_YEAR_BEFORE_WAR), *match.span()) for match in _PRE_WAR.finditer(text)]
    for match in _THIS_DECADE.finditer(text):
        spans.append(YearsSpan(Years(latest - latest % 10, None), *match.span()))
    for match in _LAST_YEARS.finditer(text):
        if match['n'] is None and not _OF_LAST_YEAR.search(text_before(text, match)):
            continue  # "I watched it last year"
        number = match['n'] or '1'
        n = int(number) if number.isdigit() else _NUMBERS[' '.join(number.lower().split())]
        n_years = n * (10 if match['unit'].lower().startswith('decade') else 1)
        years = Years(latest - n_years + 1, None)
        spans.append(YearsSpan(years, *match.span(), is_negation_read=match['read'] is not None))
    return spans


def _is_date(text: str, match: re.Match[str]) -> bool:
    """Return whether a number is a year of films, and not a title, an age or a price."""
    before = text_before(text, match)
    if _SINCE_THEN.search(before):
        return False
    if match['bare'] or match['last']:
        return _OF_DECADE.search(before) is not None
    if match['year'] is None and match['short'] is None:
        return _POSSESSIVE.search(before) is None
    return (
        (match['short'] is None and _YEAR_CONTEXT_BEFORE.search(before) is not None)
        or any(pattern.search(before) for pattern in _BEFORE_ATOM.values())
        or any(pattern.match(text, match.end()) for pattern in _AFTER_ATOM.values())
        or _YEAR_CONTEXT_AFTER.match(text, match.end()) is not None
        or re.match(r'\s*(?:-|–)\s*(?:1[89]|20)\d\d\b', text[match.end() :]) is not None
        or re.search(r'(?:1[89]|20)\d\d\s*(?:-|–|to|and)\s*$', before) is not None
        or text.strip(' .!?') == match.group()
    )


def _years_of(match: re.Match[str]) -> Years:
    if match['year'] or match['short']:
        year = int(match['year'] or f'19{match["short"]}')
        return Years(year, year)
    if match['word']:
        first = DECADE_WORDS[match['word'].lower()]
    else:
        digits = (match['decade'] or match['bare'] or match['last']).strip("'’")
        first = int(digits) if len(digits) == 4 else int(digits) + (2000 if digits in ('00', '10') else 1900)
    begin, end = _PARTS.get((match['part'] or '').lower(), (0, 9))
    return Years(first + begin, first + end)


def _span(text: str, atoms: list[re.Match[str]]) -> tuple[YearsSpan, int]:
    """Return the span of years that the first atoms name, and the number of these atoms."""
    match = atoms[0]
    before, years = text_before(text, match), _years_of(match)
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
