"""Split running text into words, and decide which words are common."""

from __future__ import annotations

import re
from typing import NamedTuple

from crslab_causal.llm.entity_linking.english import is_frequent
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
"""Words of everyday language in conversations about films, in addition to the most frequent ones of the dictionary."""
CHAT_WORDS = frozenset(
    """again alone already another any anything awesome bad before better boring both bye cool different either else
    enough even ever everything excellent few fine first funny good goodbye great haha hello help hey hi how
    interesting last lately later less lol many maybe more most movies much neither never new next nice no none
    nope not nothing now often ok okay old omg once one ones other others perfect please recently right same
    scary several show shows something sorry stop stuff suggestions sure terrible thanks that these they thing
    things this those today tomorrow tonight too true twice wait what when who why wow wrong yes yesterday
    yet""".split()
)
"""Words that can be an answer or an object. Where a title is expected, they count as a title only with a capital."""
SMALL_WORDS = frozenset('and as at by for from in is of on or the to with'.split())
"""Words that titles do not capitalize."""
FILM_WORDS = frozenset(('movie', 'movies', 'films', 'flick', 'flicks'))
"""Synonyms of "film", which are replaced by "film"."""
SENTENCE_END = re.compile(r'[.!?;…\n]')
"""Punctuation that ends a sentence."""
_MISSPELLED_ARTICLES = frozenset(('teh', 'hte'))
_ABBREVIATIONS = frozenset('dr jr mr mrs ms sr st vol vs'.split())

_TOKEN = re.compile(
    r'[^\W\d_](?:[.*][^\W\d_])+\b|'
    r"(?:[^\W_][\u0300-\u036f]*)+(?:['’][^\W_]+|\s['’](?:s|t|m|re|ve|ll|d)\b)*|&"
)


ALWAYS_CAPITALIZED = frozenset(
    """african american asian british canadian chinese english european french german indian irish italian japanese
    korean mexican russian scottish spanish hollywood bollywood netflix christmas easter halloween god january february
    march april may june july august september october november december monday tuesday wednesday thursday friday
    saturday sunday york london paris america""".split()
)
"""Common words whose capital does not mark a title."""
FILM_TALK = frozenset(
    """action actor actors actress adult animal animals british cartoon cast christmas classic classics college cop
    creature cult director dvd effects english epic era famous fan fiction film films genre ghost hero holiday holidays
    horror humor killer killers laugh lol magic monster monsters movies nature novel ok performance popcorn popular
    release remake romance sad scary science season serial series sequel singing soundtrack space sport sports star
    stars style super superhero taste teen theater trailer tv violence
    weekend wish wishes writer""".split()
)
"""Words that are common in conversations about films, also in a phrase ("a scary movie")."""
_MAX_COMMON_RANK, _MAX_COMMON_RANK_IN_PHRASE = 4000, 1000
"""Rank, by frequency, below which a word is common, and the same for a word in a phrase of several words."""


def is_common(word: str, in_phrase: bool = False) -> bool:
    """Return whether a word is a number, a letter, or frequent in everyday language.

    A title that consists of common words is linked only if something marks it as a title. In a phrase fewer words are
    common: "iron" and "man" are everyday words, but "iron man" is not.
    """
    if len(word) == 1 or word.isdigit() or word in ALWAYS_CAPITALIZED:
        return True
    if word in (FILM_TALK if in_phrase else COMMON_WORDS):
        return True
    return is_frequent(word, _MAX_COMMON_RANK_IN_PHRASE if in_phrase else _MAX_COMMON_RANK)


class Word(NamedTuple):
    """A word of a text."""

    normalized: str
    """The word in the form that :func:`.content_words` gives the words of names."""
    lower: str
    """The word in lower case without apostrophes."""
    start: int
    """Start of the word in the text, in characters."""
    end: int
    """End of the word in the text, in characters."""
    starts_sentence: bool
    is_capitalized: bool
    is_possessive: bool
    is_stylized: bool
    """Whether a digit stands for a letter, as in "Se7en"."""


def read_words(text: str) -> list[Word]:
    """Return the words of a text, normalized like the words of names. Years and numbers are words."""
    words: list[Word] = []
    for match in _TOKEN.finditer(text):
        raw, previous = match.group(), words[-1] if words else None
        raw = raw if len(raw) == 1 or not raw.isupper() else raw.lower()  # capitals only: no information
        starts_sentence = previous is None or (
            bool(SENTENCE_END.search(text, previous.end, match.start())) and previous.lower not in _ABBREVIATIONS
        )
        lower = re.sub("['’ ]", '', raw).lower()
        is_possessive = raw.endswith(("'s", '’s')) and raw[:-2].strip().lower() not in COMMON_WORDS
        for i, word in enumerate(title_words(raw.replace(' ', ''))):
            is_stylized = word.isalpha() and any(character.isdigit() for character in raw)
            word = 'the' if word in _MISSPELLED_ARTICLES else 'film' if word in FILM_WORDS else content_words([word])[0]
            words.append(
                Word(
                    word,
                    lower,
                    *match.span(),
                    i == 0 and starts_sentence,
                    i == 0 and raw[0].isupper() and raw != 'I',
                    is_possessive,
                    is_stylized,
                )
            )
    return words
