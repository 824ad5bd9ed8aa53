"""Genres of films: a standard name of each, the names in catalogues, and the words that people use."""

from __future__ import annotations

import re
from typing import NamedTuple, Sequence

from crslab_causal.llm.entity_linking.spelling import correct


class _Words(NamedTuple):
    """Patterns of the words for one genre."""

    catalogue: str
    """Names that catalogues use."""
    nouns: str
    """Words that name the genre anywhere."""
    adjectives: str = ''
    """Words that name the genre in a wish only: "something funny", but not "it was funny"."""


_REACH = 80
"""Number of characters before a word that are searched for its context."""
_FILMS = r'(?:movies?|films?|flicks?|pictures?)'
_ABOUT = (
    rf'(?:{_FILMS}|something|anything|one|documentary|stor(?:y|ies))\s+(?:(?:that|which)\s+)?(?:(?:is|are)\s+)?(?:more\s+)?'
    r'(?:of|about|on|focus(?:es|ed|ing)?(?:\s+more)?\s+on|dealing\s+with|deals?\s+with|centered\s+on)\s+(?:the\s+)?'
)
"""Words before an everyday word that names a genre: "movies that focus more on history"."""
_GENRES = {
    'action': _Words(
        'action',
        rf"(?<!live )(?<!live-)actions?|shoot[ -]?['’]?(?:th)?em[ -]?ups?|kung[ -]?fu|martial[ -]arts?|"
        rf'popcorn {_FILMS}|car chases?|buddy cop {_FILMS}|explosions?|shoot-?outs?|'
        r'(?:stuff|things) blow(?:ing|n|s)? up',
        'action[ -]packed',
    ),
    'adventure': _Words('adventure', 'adventures?', 'adventurous'),
    'animation': _Words('animat|anime|cartoon', 'animations?|animes?|cartoons?|toons?', 'animated'),
    'biography': _Words('biograph|biopic', r'bio(?:graph(?:y|ies)|pics?)|true stor(?:y|ies)', 'biographical'),
    'comedy': _Words(
        'comed|parody|satire|slapstick',
        r'comed(?:y|ies|ys|ie)|comdey|slapsticks?|mockumentar(?:y|ies)|dramed(?:y|ies)|spoofs?|'
        r'parod(?:y|ies)|satires?|rom[ -]?coms?|'
        r'(?:to )?cheer(?:s|ing)?(?: (?:me|us))? up|makes? (?:me|us) (?:smile|happy|feel (?:better|good|happy))|'
        r'makes? (?:me|us|you) laugh|(?:a|good|few) laughs?|(?:to|some|for) laughs?',
        r'funny|funnier|funniest|hilarious|lighter|light and \w+|fluffy|comedic|light-?hearted|feel[ -]?good|uplifting|'
        r'cheerful|humou?r|humorous|goofy|witty|silly',
    ),
    'crime': _Words('crime|gangster|heist', 'crimes?|gangsters?|mafia|mobsters?|heists?'),
    'documentary': _Words(
        'documentary',
        rf'documentar(?:y|ies|ys)|docuseries|docus?(?: {_FILMS})?|docos?|(?:nature|history|crime|food|music) docs?',
    ),
    'drama': _Words(
        'drama',
        r'dramas?|tear[ -]?jerkers?|weep(?:ies?|y)|dramed(?:y|ies)|(?:makes? (?:me|us)|a good) cry|'
        r'cry (?:my|our) eyes out',
        'dramatic|sad|depressing|gloomy|bleak|emotional|moving(?! for)|heart-?breaking|'
        '(?<!be )(?<!you )(?<!re )serious',
    ),
    'family': _Words(
        r"family|children's",
        rf'family (?:{_FILMS}|night)|(?:for|with) (?:the|my|our) (?:whole|entire) family|the whole family|'
        r'for (?:(?:the|my|our|all the) )?family(?=\W*(?:$|and\b|to\b|i\b)|\s*[.,;!?])',
        'family[ -]friendly',
    ),
    'fantasy': _Words('fantasy', r'fantas(?:y|ies)|fairy[ -]?tales?|swords? (?:and|&) sorcery', 'magical'),
    'film noir': _Words('noir', '(?:film[ -])?noirs?'),
    'history': _Words(
        'histor',
        rf'(?:history|period) {_FILMS}|{_ABOUT}history|'
        r'period (?:pieces?|dramas?)|costume dramas?|'
        r'(?:(?<=like )|(?<=love )|(?<=into )|(?<=not about ))history(?=\W*(?:$|,|and\b|or\b)|\s*[.!;])',
        'historic(?:al)?',
    ),
    'horror': _Words(
        'horror|slasher|zombie',
        r'horrors?|slashers?|splatters?|creature features?|monster (?:movies?|films?|flicks?)|gore ?fests?|'
        r'jump ?scares?|ghost (?:stor(?:y|ies)|movies?|films?)|scares? (?:me|us)|'
        r'(?:be|get|getting) (?:really |properly |also )?scared',
        r'(?<=\ba )(?:good |proper |real )?scare|'
        r'scary|scarey|scarier|scariest|frightening|creep(?:y|ier)|spook(?:y|ier)|terrifying|gore?y|gorier|goriest|gruesome|bloody',
    ),
    'music': _Words(r'music(?!al)', rf'music {_FILMS}|concert {_FILMS}'),
    'musical': _Words('musical', 'musicals?'),
    'mystery': _Words('mystery|detective', r'myster(?:y|ies)|whodunn?its?|detective (?:stor(?:y|ies)|movies?|films?)'),
    'romance': _Words(
        'roman(?:ce|tic)',
        r'romances?|love stor(?:y|ies)|rom[ -]?coms?|romantics|chick[ -]?flicks?|'
        rf'(?<!\bi )(?<!\bwe )(?<!really )(?<!also )(?<!just )(?<!\bwho )(?<!\bthey )love {_FILMS}',
        'romantic(?:al)?',
    ),
    'science fiction': _Words(
        r'sci-?fi|science[ -]fiction',
        rf'sci[ -]?fis?|science[ -]fictions?|sf|space (?:{_FILMS}|operas?)|dystopias?',
        'futuristic|dystopian',
    ),
    'sport': _Words('sport', rf'(?:sports?|boxing|football|baseball) {_FILMS}|{_ABOUT}sports?'),
    'thriller': _Words('thriller|suspense', 'thrillers?|suspense', r'thrilling|suspense?ful|gripping|tense'),
    'war': _Words(
        r'\bwar\b',
        rf'(?:(?:anti-?)?war|military) (?:{_FILMS}|dramas?|stor(?:y|ies))|world war (?:2|ii|two|1|i|one)|ww ?2|'
        rf'(?:first|second|2nd) (?:world )?war|{_ABOUT}wars?|'
        r'(?:(?<=like )|(?<=love )|(?<=hate )|(?<=into )|(?<=no )|(?<=not about )|(?<=with )|(?<=without )|(?<=\. or ))'
        r'war(?=\W*(?:$|,|and\b|or\b|at all\b)|\s*[.!;?])',
    ),
    'western': _Words('western', rf'(?:spaghetti )?westerns?|spaghetti (?:ones?|{_FILMS})|cowboys?'),
}
_SUBGENRES = re.compile(
    r'kung[ -]?fu|martial[ -]arts?|car chases?|buddy cop \w+|mockumentar(?:y|ies)|spoofs?|heists?|'
    r'slashers?|splatters?|creature features?|jump ?scares?|ghost stor(?:y|ies)|concert \w+|space operas?|'
    r'spaghetti \w+|animes?|(?:nature|history|crime|food|music) docs?',
    re.IGNORECASE,
)
"""Words for only a part of a genre, which the catalogue does not tell from its other films."""
GENRES = tuple(_GENRES)
"""Names of the genres."""
DISTURBING = frozenset(('horror', 'thriller', 'crime', 'war', 'film noir'))
"""Genres that are not for children."""


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(rf'\b(?:{words})\b', re.IGNORECASE)


_CATALOGUE = {genre: re.compile(words.catalogue) for genre, words in _GENRES.items()}
_NOUNS = {genre: _pattern(words.nouns) for genre, words in _GENRES.items()}
_ADJECTIVES = {genre: _pattern(words.adjectives) for genre, words in _GENRES.items() if words.adjectives}
_ADVERBS = (
    r'(?:(?:so|very|really|pretty|quite|a\s+bit|a\s+little|kind\s+of|kinda|just|actually|super|not|also|more|genuinely|both)'
    r'\s+)*'
)
_STATEMENT = re.compile(
    rf"""\b(?:was|were|is|are|am|isn'?t|wasn'?t|aren'?t|looks?|looked|sounds?|sounded|seems?|seemed|found|
    (?:he|she|it|that|they|there|who|what|i)'?[sm]|(?:they|we|you)'re)\s+{_ADVERBS}(?:an?\s+{_ADVERBS})?$""",
    re.IGNORECASE | re.VERBOSE,
)
_REMARK_BEFORE = re.compile(
    r'(?:^|[.!?;]\s*)(?:an?\s+)?(?:(?:so|such|very|really|pretty|quite|super|just)\s+(?:an?\s+)?)+$', re.IGNORECASE
)
_REMARK_AFTER = re.compile(
    r'(?:\s+(?:movie|film|flick|one))?(?:\s+(?:too|also|as well|though|indeed))?\s*(?:[.!?;]|$)', re.IGNORECASE
)
"""The end of a remark on the last film: "A very sad film as well." A wish has no "very" at its start."""
_REACTION = re.compile(r'\b(?:what|such)\s+(?:a\s+(?:good\s+|great\s+)?)?$', re.IGNORECASE)
"""Words before a noun that tells how a film was: "what a laugh"."""
_RELATIVE_CLAUSE = re.compile(
    rf"\b(?:something|anything|one|movies?|films?)\s+(?:that|which)(?:'s|\s+is|\s+are)\s+{_ADVERBS}$", re.IGNORECASE
)
_WISH = re.compile(
    rf"""(?:^|[,>(]|\b(?:some|any|no|every)thing|\bs[ou]m\w*t?h?i?ng|\b(?:a|an|and|any|as|be|but|enjoy|feeling|for|good|great|hate|less|
    like|likes|love|loves|maybe|more|no|not|of|or|prefer|preferably|some|that|the|too|very|want|with|without|about))
    \s*{_ADVERBS}$""",
    re.IGNORECASE | re.VERBOSE,
)
_FILM_AFTER = re.compile(rf'\W{{0,3}}(?:[\w-]+\s+){{0,2}}?(?:{_FILMS}|ones?|stuff|stor(?:y|ies)|classics?)\b')
_OTHER_AFTER = re.compile(
    r'\W{0,3}(?:actors?|actress|because|bits?|enough|girl|guys?|how|jokes?|man|men|moments?|parts?|people|scenes?|that|to|'
    r'woman)\b'
)
"""Words that show that the adjective before them does not describe a film."""
_CORRECTABLE = {
    word: genre
    for genre, words in {
        'action': 'action',
        'adventure': 'adventure adventures',
        'animation': 'animation animations cartoon cartoons',
        'comedy': 'comedy comedies',
        'documentary': 'documentary documentaries',
        'drama': 'drama dramas',
        'fantasy': 'fantasy',
        'horror': 'horror horrors slasher',
        'musical': 'musical musicals',
        'mystery': 'mystery mysteries',
        'romance': 'romance romances romantic',
        'thriller': 'thriller thrillers',
        'western': 'western westerns',
    }.items()
    for word in words.split()
}
"""Genre of each word that may be misspelled."""
_LONG_WORD = re.compile(r'(?<![\w<])[^\W\d_]{5,}(?![\w>])')
_SHORT_NAMES = {'family': 'family', 'war': 'war', 'sport': 'sport', 'sports': 'sport', 'music': 'music'}
"""Genre of each everyday word that names a genre only in a list of genres, or as a whole message."""
_SHORT_NAME = re.compile(rf'\b(?:{"|".join(_SHORT_NAMES)})\b', re.IGNORECASE)
_OWNED_BEFORE = re.compile(r'\b(?:my|our|your|his|her|their|the|whole|a|for|about|at|in|of)\s+$', re.IGNORECASE)
_SAID_BEFORE = re.compile(r'\bsaid (?:\w+ )?(?:about|on)\s+$', re.IGNORECASE)
"""Words before a genre that the seeker has named before: "forget what I said about war"."""
_LISTED_BEFORE = re.compile(
    r'\s*(?:[,;/&+]|\b(?:and|or|nor|with|plus|but|maybe|also|no|not))\s*(?:maybe|also|no|not|even|some)?\s*$',
    re.IGNORECASE,
)
_LISTED_AFTER = re.compile(
    r'\s*(?:[,;/&+]|\b(?:and|or|nor|plus|but)\b)\s*(?:maybe|also|no|not|even|some)?\s*', re.IGNORECASE
)
_NO_BEFORE = re.compile(r'\b(?:not|no)\s+$', re.IGNORECASE)
_ENDS = re.compile(r'\s*(?:[,.;!?)]|$|\bplease\b)', re.IGNORECASE)
_LIVE_ACTION = re.compile(
    r'(?<!no )(?<!not )\blive[ -]action\b|\breal\s+actors\b|'
    r'(?:\b(?:only|just|prefer)|[,;])\s+real\s+(?:people|humans)\b',
    re.IGNORECASE,
)
"""Words that leave animated films out."""
_WITHOUT_SONGS = re.compile(
    r'\b(?:without|no|not|less|hate|hates)\s+(?:(?:any|all|the|that|too\s+much|people)\s+)*'
    r'(?:singing|songs|song\s+and\s+dance|musical\s+numbers|sing-?alongs?)\b',
    re.IGNORECASE,
)
"""Words that leave musicals out."""
_GORE = re.compile(r'gore?y?|gruesome|bloody', re.IGNORECASE)
_ASKS_IF = re.compile(r'\b(?:is|was|are|were)\s+(?:it|that|this|they)\s+(?:\w+\s+)?$', re.IGNORECASE)
"""Words before an adjective in a question about a film: "is it gory?"."""
_WITHOUT_GORE = re.compile(
    r"""\b(?:not|no|nothing|without|too|less|never|hates?|avoid|dislikes?|\w+n['’]?t)\W+
    (?!(?:really\W+|even\W+)*(?:mind|care\W+about|bothered\W+by|afraid\W+of|object\W+to|a\W+problem)\b)(?:\w+\W+){0,4}?
    (?:gore?y?|gruesome|bloody|blood|guts|violent|violence|brutal|brutality)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_EXCESS = re.compile(r'\b(?:too|less|(?:not|never) (?:so|that|very|really|overly))\s+$', re.IGNORECASE)


class GenreSpan(NamedTuple):
    """A part of a text that names a genre."""

    genre: str
    start: int
    end: int
    is_wish: bool
    """Whether the words may ask for films of the genre. They do not if they describe a film, as in "it was funny"."""
    is_excess: bool
    """Whether the text says that there is too much of the genre, as in "too scary" or "less scary"."""
    is_subgenre: bool = False
    """Whether the words mean only a part of the genre: "spaghetti westerns"."""


def genres_of_name(name: str) -> frozenset[str]:
    """Return the genres of a name in a catalogue.

    "Romantic comedy" has two genres. An unknown name is its own genre.
    """
    lower = name.lower().replace('_', ' ')
    known = frozenset(genre for genre, pattern in _CATALOGUE.items() if pattern.search(lower))
    return known or frozenset((re.sub(r' (?:film|movie)s?\b', '', lower).strip(),))


def find_genres(text: str, short_names: bool = True) -> list[GenreSpan]:
    """Return the parts of a text that name genres, in order of appearance. One part may name two genres: "rom-com".

    A word that is in no dictionary may be a misspelled genre: "horor", "documentry".

    Args:
        text: the text.
        short_names: whether everyday words such as "family" may name a genre: "action, family", "no war".
    """
    spans = [
        _span(text, genre, match, is_adjective)
        for patterns, is_adjective in ((_NOUNS, False), (_ADJECTIVES, True))
        for genre, pattern in patterns.items()
        for match in pattern.finditer(text)
    ]
    for match in _LONG_WORD.finditer(text):
        word = match.group().lower()
        if (meant := correct(word, _CORRECTABLE)) != word:
            spans.append(_span(text, _CORRECTABLE[meant], match, False))
    for genre, pattern in (('animation', _LIVE_ACTION), ('musical', _WITHOUT_SONGS)):
        spans += [GenreSpan(genre, *match.span(), is_wish=True, is_excess=True) for match in pattern.finditer(text)]
    if short_names:
        spans += _short_names(text, spans)
    spans = [span for span in spans if not (_GORE.fullmatch(text[span.start : span.end]) and _is_no_wish(text, span))]
    return sorted(spans, key=lambda span: (span.start, -span.end))


def _short_names(text: str, spans: Sequence[GenreSpan]) -> list[GenreSpan]:
    """Return the everyday words of a text that name genres: the whole text, words beside a genre, and "no war"."""
    starts, ends = {span.start for span in spans}, {span.end for span in spans}
    found = []
    # From left to right, so that "not horror, not war, not sport" finds each by the one before it.
    for match in _SHORT_NAME.finditer(text):
        if any(span.start < match.end() and match.start() < span.end for span in spans):
            continue
        before = _before(text, match)
        is_said = _SAID_BEFORE.search(before) is not None  # "forget what I said about war"
        if _OWNED_BEFORE.search(before) and not is_said:
            continue
        lead = _LISTED_BEFORE.search(before)
        after = _LISTED_AFTER.match(text, match.end())
        is_listed = lead is not None and match.start() - len(before) + lead.start() in ends
        is_listed = is_listed or (after is not None and after.end() in starts)
        is_excluded = _NO_BEFORE.search(before) is not None and _ENDS.match(text, match.end()) is not None
        if is_listed or is_excluded or is_said or text.strip(' .!?') == match.group():
            found.append(GenreSpan(_SHORT_NAMES[match.group().lower()], *match.span(), is_wish=True, is_excess=False))
            ends.add(match.end())
    return found


def _is_no_wish(text: str, span: GenreSpan) -> bool:
    """Return whether a text asks for films that are not gory, or whether a film is gory."""
    return rejects_gore(text) or _ASKS_IF.search(text, 0, span.start) is not None


def rejects_gore(text: str) -> bool:
    """Return whether a text asks for films without blood or violence. No genre expresses this wish."""
    return _WITHOUT_GORE.search(text) is not None


def _span(text: str, genre: str, match: re.Match[str], is_adjective: bool) -> GenreSpan:
    before = _before(text, match)
    is_remark = is_adjective and _REMARK_BEFORE.search(before) is not None and _REMARK_AFTER.match(text, match.end())
    is_statement = _STATEMENT.search(before) is not None and not _RELATIVE_CLAUSE.search(before)
    is_laugh = match.group().lower().startswith('a ') or before.rstrip().endswith((' a', ' good', ' great'))
    is_statement = is_statement or (is_laugh and _REACTION.search(before) is not None) or bool(is_remark)
    is_wish = not is_statement and (not is_adjective or _asks_for_films(text, match))
    is_excess = _EXCESS.search(before) is not None and genre != 'comedy'
    return GenreSpan(genre, *match.span(), is_wish, is_excess, _SUBGENRES.fullmatch(match.group()) is not None)


def _before(text: str, match: re.Match[str]) -> str:
    """Return the end of the text before a match."""
    return text[max(0, match.start() - _REACH) : match.start()]


def _asks_for_films(text: str, match: re.Match[str]) -> bool:
    before = _before(text, match)
    if _OTHER_AFTER.match(text, match.end()):
        return False
    return bool(_WISH.search(before) or _RELATIVE_CLAUSE.search(before) or _FILM_AFTER.match(text, match.end()))
