"""The words of running text, and which of them are everyday ones."""

from __future__ import annotations

import re
from typing import NamedTuple

from crslab_causal.llm.entity_linking.titles import content_words, title_words

EVERYDAY = frozenset('''
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
world writer writing year years yes you young your'''.split())
FILMS = frozenset(('movie', 'movies', 'films', 'flick', 'flicks'))
_MISSPELT_ARTICLES = frozenset(('teh', 'hte'))
_ABBREVIATIONS = frozenset('dr jr mr mrs ms sr st vol vs'.split())

_TOKEN = re.compile(r"[^\W\d_](?:[.*][^\W\d_])+\b|"
                    r"(?:[^\W_][\u0300-\u036f]*)+(?:['’][^\W_]+|\s['’](?:s|t|m|re|ve|ll|d)\b)*|&")
STOP = re.compile(r'[.!?;…\n]')
"""Ends a sentence."""


class Word(NamedTuple):
    """A word of a text."""

    word: str  # as in names
    plain: str  # in lower case, without apostrophe
    start: int
    end: int
    opens: bool  # a sentence
    capital: bool
    possessive: bool


def read_words(text: str) -> list[Word]:
    """The words of a text, as those of names are written; a year or number is one, too."""
    words: list[Word] = []
    for match in _TOKEN.finditer(text):
        raw, previous = match.group(), words[-1] if words else None
        raw = raw if len(raw) == 1 or not raw.isupper() else raw.lower()  # capitals throughout say nothing
        opens = previous is None or bool(STOP.search(text, previous.end, match.start())) \
            and previous.plain not in _ABBREVIATIONS
        for i, word in enumerate(title_words(raw.replace(' ', ''))):
            word = 'the' if word in _MISSPELT_ARTICLES else 'film' if word in FILMS else content_words([word])[0]
            words.append(Word(word, re.sub("['’ ]", '', raw).lower(), *match.span(), i == 0 and opens,
                               i == 0 and raw[0].isupper() and raw != 'I',
                               raw.endswith(("'s", '’s')) and raw[:-2].strip().lower() not in EVERYDAY))
    return words
