"""Find the films that a message names by their place: "number 3", "1 and 3", "the first two", "the one before"."""

from __future__ import annotations

import re
from typing import Container, Iterator, Mapping, Sequence

from crslab_causal.chat.understanding.acts import FEW
from crslab_causal.chat.understanding.numbers import CARDINALS
from crslab_causal.chat.understanding.spans import Span, SpanKind

_ORDINALS = {
    w: n for n, w in enumerate('first second third fourth fifth sixth seventh eighth ninth tenth'.split(), start=1)
}
_COUNTS = {**CARDINALS, 'couple': 2, 'few': 3}
_WORDS = f'(?:{"|".join(CARDINALS)})'
_AND = r'\s*(?:,\s*and|,\s*or|,|&|and|or)\s*(?:number\s+)?'
_NOUN = r'(?:one|movie|film|option|pick|suggestion|choice|recommendation|title)'
_LEAD = (
    r"(?:fine|ok|okay|alright|yes|yeah|sure|then|well|so|hm+|no|cool|great|let['’]?s\s+(?:do|go\s+with|watch|try)|"
    r"i['’]?ll\s+(?:take|go\s+with|try|watch)|give\s+me)"
)
_PLACE = re.compile(
    rf"""\b(?:number|no\.?|nr\.?|num)\s*\#?(?P<number>10|[1-9])\b|\#(?P<hash>10|[1-9])\b|^\W*(?:{_LEAD}\W+)*(?P<alone>10|[1-9])\W*$|
    (?:\bthe\s+|^\W*(?:(?:ok|then|and|yes|maybe)\s+)?(?=\w+\s+{_NOUN}\W*(?:$|then\b|please\b|it\s+is\b|sounds\b|looks\b)))
    (?P<ordinal>first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|(?P<nth>10|[1-9])(?:st|nd|rd|th)|last|middle)
    (?:\s+{_NOUN}\b|(?:(?<=but\ the\ last)|(?<=cept\ the\ last)|(?<=\ for\ the\ last)|(?<!last))(?=\W*$)
    |(?<!last)(?=\s*,|\s+(?:and|is|was|sounds|looks|about|i|we|no|yes|not|please)\b))
    (?!\s+(?:that\s+)?(?:i|we)\s+(?:have\s+)?(?:mentioned|said|named|told|wrote|talked))""",
    re.IGNORECASE | re.VERBOSE,
)
_FIRST_OR_LAST = re.compile(
    rf"""\b(?:the\s+)?(?P<end>first|last)\s+(?P<count>two|three|four|five|six|seven|eight|nine|[2-9]|couple|few)
    (?!\s*(?:of\s+)?(?:hours?|minutes?|weeks?|days?|months?|years?|yrs?|decades?|times|seasons?|episodes?|parts?|seconds?|thirds|of\s+the))
    (?:\s+{_NOUN}s?)?\b""",
    re.IGNORECASE | re.VERBOSE,
)
_VERB = (
    'seen|saw|watched|know|skip|pick|choose|take|try|not|like|liked|loved|hated|than|about|with|and|but|or|'
    'numbers?|options?'
)
_LISTED = re.compile(
    rf"""(?:^\W*|\b(?:{_VERB}|between|both|want|watch|no|yes|no,|yes,)\s+)
    (?P<list>(?:numbers?\s+)?(?:10|[1-9])(?:{_AND}(?:10|[1-9])\b)+)
    (?!\s*(?:years?|yrs?|movies?|films?|times|hours?|hrs?|stars?|out|of|more|to|kids?|people|friends|-|%|/|\d|\.\d))
    |\b(?:seen|saw|watched|skip|pick|choose|take|not|go\s+with|tell\s+me\s+about|what\s+about|how\s+about|
     liked|loved|hated|(?:who|what)(?:['’]?s|\s+is)\s+in|who\s+(?:directed|made|wrote)|(?:year|cast|plot|director|genre|title|name)\s+of)\s+
    (?P<single>10|[1-9])(?=\s*(?:[,;!?]|\.(?!\d)|$|(?:and|but|is|was|sounds|looks|please|already|then|instead)\b))
    |(?<!\bmy\s)(?<!\bhis\s)(?<!\bher\s)(?P<words>\bnumbers?\s+{_WORDS}\b(?:{_AND}{_WORDS}\b)*)
    |\b(?:is|was)\s+(?:number\s+)?
    (?P<compared>(?:10|[1-9])\s+(?:\w+\s+){{1,2}}than\s+(?:number\s+)?(?:10|[1-9]))\b
    (?!\s*(?:years?|movies?|films?|hours?))""",
    re.IGNORECASE | re.VERBOSE,
)
_SPELLED = re.compile(rf'\bnumber\s+(?P<value>{"|".join(CARDINALS)})\b', re.IGNORECASE)
_NUMBER = re.compile(rf'(?:\bnumbers?\s+)?\b(?P<value>\d+|{"|".join(_COUNTS)})\b', re.IGNORECASE)
_LIKE_BEFORE = re.compile(
    r'\b(?:(?:more|something|anything|movies?|films?|ones?|others?|stuff)\s+like|similar\s+to|'
    r'(?:older|newer|earlier|later|more\s+recent)\s+than)\s+$',
    re.IGNORECASE,
)
_DATED = re.compile(
    r'\bthe\s+(?:(?P<year>(?:19|20)\d\d)\s+(?:one|movie|film|version)|one\s+from\s+(?P<of>(?:19|20)\d\d))\b',
    re.IGNORECASE,
)
_AGED = re.compile(
    rf"""\bthe\s+(?:(?P<most>(?P<newest>newest|latest|most\s+recent)|oldest|earliest)|(?P<newer>newer|new|more\s+recent|recent)
    |older|old|original)\s+{_NOUN}\b(?!\s+(?:from|of|by|with|is\s+the|you))""",
    re.IGNORECASE | re.VERBOSE,
)
_OTHERS = re.compile(
    rf"""\bthe\s+other(?:(?P<many>s|\s+(?:two|three|ones|{_NOUN}s))|\s+{_NOUN}|(?=\s*(?:[.,!?]|$|is\b|was\b)))
    (?!\s+(?:day|night|hand|week|way|with|by|from|in|of))""",
    re.IGNORECASE | re.VERBOSE,
)
_PART_OF_SERIES = re.compile(r'<x*>[^.!?]*\b(?:just|only|like|especially|than|as)\s+$')
_IN_BEFORE = re.compile(r'\b(?:in|at)\s+$')
"""Words before a film of the series that a message has named: "I liked Iron Man, just the first"."""
_TWO = re.compile(
    r'\b(?:those|these)\s+(?:last\s+)?two\b(?!\s+(?!then\b|please\b|it\b|are\b|sound|look|will\b|tonight\b|and\b|for\b)\w)',
    re.IGNORECASE,
)
"""Words for the last two recommendations: "we'll watch those two"."""
_RECOMMENDED_BEFORE = re.compile(
    rf"""\b(?:(?:the|your)\s+{_NOUN}\s+(?:(?:that\s+)?you\s+(?:told\s+me(?:\s+about)?\s+|\w+\s+)?)?(?:just\s+|right\s+)?
        (?:before(?:\s+(?:that|this|it|that\s+one|this\s+one))?|earlier)
    |(?:the|your)\s+(?:previous|earlier)\s+{_NOUN})\b(?!\s+(?:the|\d))
    |\b(?P<first>your\s+(?:very\s+)?first\s+{_NOUN}|the\s+(?:very\s+)?first\s+{_NOUN}\s+(?:that\s+)?you\s+
        (?:\w+\s+)?(?:suggested|gave\s+me|recommended|named|mentioned|picked|said|told\s+me))\b""",
    re.IGNORECASE | re.VERBOSE,
)
_LAST_RECOMMENDED = re.compile(
    rf"""\b(?:(?:the|your)\s+last\s+(?:{_NOUN}\s+)?(?:that\s+)?you\s+(?:\w+\s+)?
        (?:suggested|gave(?:\s+me)?|recommended|named|mentioned|picked|said|told\s+me(?:\s+about)?)
    |your\s+(?:last|latest)\s+{_NOUN})\b""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words for the last recommendation: "the last one you said"."""


def find_numbers(text: str, shown: Sequence[int]) -> list[Span]:
    """Return the places that bare numbers name: "seen 1 and 3".

    Args:
        text: the message, before anything is linked. A number could otherwise be taken for a title.
        shown: films of the last list.
    """
    found: list[Span] = []
    for match in _LISTED.finditer(text) if shown else ():
        name = next(group for group in ('list', 'single', 'compared', 'words') if match[group])
        numbers = list(_NUMBER.finditer(text[match.start(name) : match.end(name)]))
        if all(_count(number['value']) <= len(shown) for number in numbers):
            start = match.start(name)
            is_model = _is_model(text, start)
            for number in numbers:
                span = start + number.start(), start + number.end()
                found.append(_of_place(_count(number['value']), span, is_model, shown))
    return found


def find_places(text: str, shown: Sequence[int]) -> Iterator[Span]:
    """Yield the places of the last list that words name, such as "the second one".

    A film that is only compared with, as in "more like number 3", is yielded as a film.

    Args:
        text: the message, with the other spans blanked out.
        shown: films of the last list.
    """
    for match in _FIRST_OR_LAST.finditer(text) if shown else ():
        n = min(_count(match['count']), len(shown))
        first = len(shown) - n if match['end'].lower() == 'last' else 0
        is_model = _is_model(text, match.start())
        for place in range(first + 1, first + n + 1):
            yield _of_place(place, match.span(), is_model, shown)
    is_in_series = False
    for match in _PLACE.finditer(text) if shown else ():
        is_in_series = is_in_series or _PART_OF_SERIES.search(text, 0, match.start()) is not None
        if is_in_series or (match['ordinal'] == 'middle' and _IN_BEFORE.search(text, 0, match.start())):
            continue
        place = _place(match, len(shown))
        if place <= len(shown):
            yield _of_place(place, match.span(), _is_model(text, match.start()), shown)


def find_missing_place(text: str, n_shown: int) -> int | None:
    """Return a place that a text names and the last list does not have; None if there is none.

    Args:
        text: the message, with the other spans blanked out.
        n_shown: number of films in the last list.
    """
    if not n_shown:
        return None
    places = [_place(match, n_shown) for match in _PLACE.finditer(text)]
    for match in _SPELLED.finditer(text):
        places.append(_count(match['value']))
    return next((place for place in places if place > n_shown), None)


def find_aged(text: str, shown: Sequence[int], year_of: Mapping[int, int | None]) -> Iterator[Span]:
    """Yield the film of the last list that words name by its age: "the newest one", "the old one".

    Plain "new" and "old" choose a film of a short list only.

    Args:
        text: the message, with the other spans blanked out.
        shown: films of the last list.
        year_of: year of each film.
    """
    dated = [(year, -place) for place, film in enumerate(shown, start=1) if (year := year_of.get(film))]
    for match in _AGED.finditer(text) if len(dated) > 1 else ():
        if match['most'] or len(shown) <= FEW:
            choose = max if match['newest'] or match['newer'] else min
            yield Span(SpanKind.PLACE, *match.span(), id=-choose(dated)[1])


def find_dated(text: str, shown: Sequence[int], film: int | None, year_of: Mapping[int, int | None]) -> Iterator[Span]:
    """Yield the film that words name by its year, if only one film has this year: "the 1988 one".

    Args:
        text: the message, with the other spans blanked out.
        shown: films of the last list.
        film: film that the conversation is about.
        year_of: year of each film.
    """
    for match in _DATED.finditer(text):
        year = int(match['year'] or match['of'])
        places = [place for place, each in enumerate(shown, start=1) if year_of.get(each) == year]
        if len(places) == 1:
            yield Span(SpanKind.PLACE, *match.span(), id=places[0])
        elif film is not None and not places and year_of.get(film) == year:
            yield Span(SpanKind.FILM, *match.span(), id=film)


def find_others(text: str, shown: Sequence[int], named: Container[int | None], film: int | None) -> Iterator[Span]:
    """Yield the films of a short list that "the other one" or "the others" means.

    Args:
        text: the message, with the other spans blanked out.
        shown: films of the last list.
        named: films that the message names.
        film: film that the conversation is about. It is not the other one, unless the message names a film.
    """
    if not 1 < len(shown) <= FEW:
        return
    places = [place for place, each in enumerate(shown, start=1) if each not in named]
    if len(places) == len(shown):
        places = [place for place in places if shown[place - 1] != film]
    for match in _OTHERS.finditer(text):
        if len(places) == 1 or (match['many'] and places):
            for place in places:
                yield _of_place(place, match.span(), _is_model(text, match.start()), shown)


def find_recommended(text: str, recommended: Sequence[int], n_shown: int) -> Iterator[Span]:
    """Yield the films that were recommended before, as in "the one before", "your first suggestion", "those two".

    Args:
        text: the message, with the other spans blanked out.
        recommended: films that were first in the lists so far, the last one at the end.
        n_shown: number of films in the last list. "Those two" may be films of a short list.
    """
    for match in _TWO.finditer(text) if len(recommended) > 1 and not 1 < n_shown <= FEW else ():
        for film in recommended[-2:]:
            yield Span(SpanKind.FILM, *match.span(), id=film)
    for match in _LAST_RECOMMENDED.finditer(text) if recommended else ():
        yield Span(SpanKind.FILM, *match.span(), id=recommended[-1])
    for match in _RECOMMENDED_BEFORE.finditer(text) if len(recommended) > 1 else ():
        yield Span(SpanKind.FILM, *match.span(), id=recommended[0 if match['first'] else -2])


def _is_model(text: str, start: int) -> bool:
    """Return whether the words before a place only compare with it: "more like number 3"."""
    return _LIKE_BEFORE.search(text, max(0, start - 40), start) is not None


def _of_place(place: int, span: tuple[int, int], is_model: bool, shown: Sequence[int]) -> Span:
    if is_model:
        return Span(SpanKind.FILM, *span, id=shown[place - 1])
    return Span(SpanKind.PLACE, *span, id=place)


def _count(word: str) -> int:
    return int(word) if word.isdigit() else _COUNTS[word.lower()]


def _place(match: re.Match[str], n_shown: int) -> int:
    """Return the number of a place in the last list, from 1."""
    number = match['number'] or match['hash'] or match['alone'] or match['nth']
    if number:
        return int(number)
    places = {'last': n_shown, 'middle': (n_shown + 1) // 2}
    return places.get(match['ordinal'].lower()) or _ORDINALS[match['ordinal'].lower()]
