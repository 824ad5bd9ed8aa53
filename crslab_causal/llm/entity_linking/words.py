"""The words of running text, and which of them are common words."""

from __future__ import annotations

import re
from typing import NamedTuple

from crslab_causal.llm.entity_linking.titles import content_words, title_words

COMMON_WORDS = frozenset(
    """
about absolutely acting action actor actors actress adult after again age alive all almost alone already alright always
am american and animal animals another anyone anything are arts as assistance at away baby back bad band be bear beat
beautiful because before being believe best better between big bill black blood book books born box boy boys bride
bring british brother bunch but by cable call came can car cars cartoon cast cat cats change chase child children
choice christmas class classic classical classics clean clown cold college coming common computer conversation cool cop
country crazy creature credit crime cross cult dad dance dancing dark date day days dead death deep die different
dinner director do dog dogs dolls dont down driver dvd easy edge effects else end english enough epic era escape etc
even ever everyone everything evil example eye fall falls family famous fan far fast father favorite few fiction fight
fighting film films fine first flick focus for force forever forgotten former forward french friend friends from full
fun funny future game games genre get ghost giant girl girls go god goes going gold gone good got great greatest guess
guy guys ha half happy hard haven he head hear heart heavy hell hello help her here hero him history hit holiday
holidays home hope hours house how humor if im in is island it its job jump just keep kid kidnapped kids kill killer
killers killing kind king lady language last late later laugh less let lets life light like line list little live
living lol long lost lot love loved lovers made magic make man may me mean media memory men middle mind mine miss
missing mom moment money monster months more mother move movie movies moving murder music must my name nature nerd
never new next nice night no none not nothing novel now number of off office ok old on once only open or order
originals other others our out over own parents partner party people per perfect performance perhaps person place plan
play please point police popcorn popular president pretty princess problem queen quick race ready real recall release
remake remember rent revenge right road robot rock run sad save saw say scary school science season second seconds
secret see selection serial series serious set sex she short shot show side singing sister situation sleep small smart
so society someone something somewhere son song sons sound soundtrack space special sport sports stand star stars stay
story strange strong stuff style summer super superhero sure sweet take talk taste team teen tell that theater theatre
them then there they thing things think this time times to together tomorrow tonight too top total trailer travel trip
true tv twins until up us used very violence voice wait waiting wall want wanted war watch water way we wedding weekend
weird welcome well went were what when where white who why wife will win wish with woman women wonder wonderful work
world writer writing year years yes you young your""".split()
)
"""Words of everyday language. A title that consists of them is linked only if it is marked as a title."""
FILM_WORDS = frozenset(('movie', 'movies', 'films', 'flick', 'flicks'))
"""Synonyms of "film". They are replaced by "film"."""
SENTENCE_END = re.compile(r'[.!?;…\n]')
"""Punctuation that ends a sentence."""
_MISSPELLED_ARTICLES = frozenset(('teh', 'hte'))
_ABBREVIATIONS = frozenset('dr jr mr mrs ms sr st vol vs'.split())

_TOKEN = re.compile(
    r'[^\W\d_](?:[.*][^\W\d_])+\b|'
    r"(?:[^\W_][\u0300-\u036f]*)+(?:['’][^\W_]+|\s['’](?:s|t|m|re|ve|ll|d)\b)*|&"
)


class Word(NamedTuple):
    """A word of a text."""

    normalized: str
    """The word as :func:`.content_words` writes it in names."""
    lower: str
    """The word in lower case without apostrophes."""
    start: int
    """Start of the word in the text, in characters."""
    end: int
    """End of the word in the text, in characters."""
    starts_sentence: bool
    is_capitalized: bool
    is_possessive: bool


def read_words(text: str) -> list[Word]:
    """Return the words of a text, normalized like the words of names. Years and numbers are words."""
    words: list[Word] = []
    for match in _TOKEN.finditer(text):
        raw, previous = match.group(), words[-1] if words else None
        raw = raw if len(raw) == 1 or not raw.isupper() else raw.lower()  # all capitals carry no information
        starts_sentence = previous is None or (
            bool(SENTENCE_END.search(text, previous.end, match.start())) and previous.lower not in _ABBREVIATIONS
        )
        lower = re.sub("['’ ]", '', raw).lower()
        is_possessive = raw.endswith(("'s", '’s')) and raw[:-2].strip().lower() not in COMMON_WORDS
        for i, word in enumerate(title_words(raw.replace(' ', ''))):
            word = 'the' if word in _MISSPELLED_ARTICLES else 'film' if word in FILM_WORDS else content_words([word])[0]
            words.append(
                Word(
                    word,
                    lower,
                    *match.span(),
                    i == 0 and starts_sentence,
                    i == 0 and raw[0].isupper() and raw != 'I',
                    is_possessive,
                )
            )
    return words
