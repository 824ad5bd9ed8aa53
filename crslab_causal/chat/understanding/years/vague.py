"""Find words for new and old films: "something new", "a classic", "not too old"."""

from __future__ import annotations

import re
from typing import Iterator

from crslab_causal.chat.understanding.years.span import Years, YearsSpan, text_before

RECENT_YEARS = 5
"""Number of years, counted back from the catalogue's last one, that are "new"."""
OLD_YEARS = 30
"""Number of years, counted back from the catalogue's last one, that are not "old"."""
FILMS = r'(?:movies?|films?|flicks?|ones?|releases?|stuff)'
NEW = rf'(?:brand[ -])?(?:new(?:er|est)?|recent|latest|modern|contemporary)(?:\s+{FILMS})?'
OLD = (
    r'(?:old(?:er|est(?=\s+(?:\w+\s+)?(?:that\s+)?you\b))?|vintage|classics?|old[ -](?:school|fashioned)|ancient)'
    rf'(?:\s+{FILMS})?'
)
_ASKED_BEFORE = re.compile(
    r'(?:^|[,>(]|\b(?:some|any|no)thing|\b(?:a|an|and|any|are|for|what|which|see|seen|seeing|bit|but|like|love|'
    r'maybe|more|no|not|of|only|or|prefer|really|some|the|the most|too|with|'
    r'suggesting|recommending|showing|giving|want|wanted|need|try|'
    r'very|your|watch))\s*(?:too\s+|really\s+|very\s+|more\s+|so\s+|that\s+|good\s+)*$',
    re.IGNORECASE,
)
_ENDS = re.compile(
    rf"""\W*$|\W*[,.;!?)]|\s+(?:[\w-]+\s+){{0,2}}?(?:{FILMS}|comed(?:y|ies)|horrors?|thrillers?|dramas?|westerns?|romances?|
    musicals?|documentar(?:y|ies)|actions?|sci-?fi)|\s+(?:and|but|or|please|from|with|that|which|i|by|about|than|
    for|this|tonight|instead|enough|out|lately|now|right\s+now|you|to\s+(?:watch|see)|do|there)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_WORDS = {
    'new': re.compile(
        rf'\b(?:{NEW}|(?:just\s+)?(?:came|come|coming)\s+out\s+(?:recently|lately|this\s+year|last\s+year)|'
        r"(?:that|which|something|anything|one|ones|films?|movies?)\s*(?:['’]?s|['’]?ve|has|have)?\s+just\s+"
        r'(?:come\s+out|came\s+out|been\s+released)|'
        r'from\s+(?:this|last)\s+year|recently\s+(?:made|released)|new\s+releases?)\b',
        re.IGNORECASE,
    ),
    'old': re.compile(rf'\b(?:{OLD}|oldies|black[ -]and[ -]white(?:\s+{FILMS})?)\b', re.IGNORECASE),
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
_EXCESS = re.compile(r'\b(?:too|less|not|nothing)\s+(?:too\s+|so\s+|that\s+|very\s+|really\s+)?$', re.IGNORECASE)


def find_vague_years(text: str, latest: int) -> Iterator[YearsSpan]:
    """Yield the spans of years that words such as "new" and "old" name.

    The arguments are those of :func:`.find_years`.
    """
    for kind, pattern in _WORDS.items():
        years = Years(latest - RECENT_YEARS + 1, None) if kind == 'new' else Years(None, latest - OLD_YEARS)
        for match in pattern.finditer(text):
            before = text_before(text, match)
            if _is_no_wish(text, match):
                continue
            is_asked = _ASKED_BEFORE.search(before) and _ENDS.match(text, match.end())
            if _FIXED.search(match.group()) or is_asked or _OF_CATALOGUE.match(text, match.end()):
                is_negated = _EXCESS.search(before) is not None or _NEGATED.search(before) is not None
                yield YearsSpan(years, *match.span(), is_negated, is_negation_read=True)


def _is_no_wish(text: str, match: re.Match[str]) -> bool:
    """Return whether a word such as "new" or "classic" says nothing about the films that are wanted."""
    before, word = text_before(text, match), match.group().lower()
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
