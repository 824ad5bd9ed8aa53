"""Read files of phrases, which are regular expressions in a readable form.

A line ``[name]`` starts a section, and ``#`` a comment. Every other line is a phrase. It matches whole words; a space
matches any white space. ``^`` and ``$`` stand for the ends of the clause, without punctuation. Words in capitals are
macros, which ``macros.txt`` lists: ``IT`` for what "it" may be, ``FILM`` for a film that the message names.
``(?!...)`` at the end lists words that must not follow. Clauses are normalized by :func:`normalize` before they are
compared.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

from crslab_causal.base import word_lists
from crslab_causal.llm.entity_linking.english import is_english
from crslab_causal.llm.entity_linking.spelling import correct
from crslab_causal.llm.entity_linking.verdicts import BLAME, PRAISE, any_of

_SPANS = ('PERSON', 'GENRE', 'YEARS', 'COLLECTION', 'CHILDREN', 'PLACE', 'UNKNOWN', 'SUBJECT')
"""Kind of the spans that each macro stands for."""
_MACRO = re.compile(r'\b[A-Z]+\b')

_SOMETHING = 'sth|somethin|smth|somthing|somehting|sthg|smthing|sumthing|sumthin|somethign'
_SHORT_SOMETHING = re.compile(rf'\b(?:{_SOMETHING})\b', re.IGNORECASE)
_LONG_WORD = re.compile(r"(?<![\w<'])[a-z]{5,}(?![\w>'])")
_SPELLINGS = [
    (re.compile(rf'(?<![\w<])(?:{pattern})(?![\w>])'), text)
    for pattern, text in (
        (r"do n'?t", 'do not'),
        (r"(?:i'?m|im|i am)", 'i am'),
        (r"(?:let'?s|lets)", 'let us'),
        (r"can'?t|cannot", 'can not'),
        (r"won'?t", 'will not'),
        (r"(is|are|was|were|do|does|did|have|has|had|would|could|should|need|must)n'?t", r'\1 not'),
        (r'havnt|havn\'t|haven', 'have not'),
        (r"(?:i'?ve|ive)", 'i have'),
        (r"(you|we|they)'?ve", r'\1 have'),
        (r"(i|you|he|she|it|we|they|that|this)'ll", r'\1 will'),
        (r'ill', 'i will'),
        (r"(i|you|he|she|we|they)'d", r'\1 would'),
        (r'id(?= (?:like|love|prefer|rather|watch|say))', 'i would'),
        (r"(you|they)'?re", r'\1 are'),
        (r"we're", 'we are'),  # but not "were"
        (r"(what|who|it|that|he|she|there|here|where|how|this|when)'s", r'\1 is'),
        (r"(which(?: one)?)'s", r'\1 is'),
        (r'wh?ats', 'what is'),
        (r'whos', 'who is'),
        (r'thats', 'that is'),
        (r'its', 'it is'),  # also for "its plot": no phrase depends on the difference
        (r'hows', 'how is'),
        (r'wat|wut', 'what'),
        (r'idk', 'i do not know'),
        (r'dat', 'that'),
        (r'b4', 'before'),
        (r'gud', 'good'),
        (r'luv', 'love'),
        (r'wanna|wan na', 'want to'),
        (r'gonna|gon na', 'going to'),
        (r'gotta|got ta', 'got to'),
        (r'gimme', 'give me'),
        (r'lemme', 'let me'),
        (r'dunno', 'do not know'),
        (r'u|(?<=\w )(?<!\b[ou]h )ya', 'you'),  # "see ya", but not "ya" and "oh ya"
        (r'ur', 'your'),
        (r'r', 'are'),
        (r'pl[sz]|plz|pleas|plese', 'please'),
        (r'th[xn]x|thx|tx', 'thanks'),
        (r'y[ea]+h|yea|yep|yup|yess+|yas|ya', 'yes'),
        (r'nope|nah|naw|noo+', 'no'),
        (r'okay|okey|okie|alright|k', 'ok'),
        (r'(?:films?|flicks?|movie|picture)s', 'movies'),
        (r'film|flick|picture', 'movie'),
        (r'fav(?:e|s|es|ou?rites?)?|favou?rites', 'favorite'),
        (r'favourite', 'favorite'),
        (_SOMETHING, 'something'),
        (r'w/?(?= )', 'with'),
        (r'thankyou', 'thank you'),
        (r'recomm?end?', 'recommend'),
        (r'suggestins|sugestions|suggetions', 'suggestions'),
        (r'tommorow|tomorow', 'tomorrow'),
        (r'tongiht|tonite', 'tonight'),
        (r'osunds|sonds', 'sounds'),
        (r'alot', 'a lot'),
        (r'any thing', 'anything'),
        (r'some thing', 'something'),
    )
]


def spell_something(text: str) -> str:
    """Return a text with "something" in the place of its short and misspelled forms: "smth", "sth"."""
    return _SHORT_SOMETHING.sub('something', text)


def normalize(text: str) -> str:
    """Return a text in lower case with contractions and common misspellings written out."""
    text = re.sub(r"\s+(?=n't\b|'(?:s|re|ve|ll|d|m)\b)", '', text.lower().replace('’', "'").replace('‘', "'"))
    for pattern, spelled in _SPELLINGS:
        text = pattern.sub(spelled, text)
    text = _LONG_WORD.sub(lambda match: _spell(match.group()), text)
    return re.sub(r'\s+', ' ', text).strip()


@functools.lru_cache(maxsize=10_000)
def _spell(word: str) -> str:
    """Return the word of a phrase that a word means, if the word is in no dictionary: "sequel" for "sequal"."""
    return correct(word, _words_of_phrases())


@functools.cache
def _words_of_phrases() -> list[str]:
    """Return the long words of all phrases that are in the dictionary, in alphabetical order."""
    files = (Path(__file__).parent / 'phrases').glob('*.txt')
    texts = [path.read_text('utf-8') for path in files if path.name != 'languages.txt']
    words = {word for text in texts for word in re.findall(r'[a-z]{5,}', text)}
    return sorted(word for word in words if is_english(word))


@functools.cache
def read_phrases(file: str) -> dict[str, re.Pattern[str]]:
    """Return one pattern for each section of a file in the folder ``phrases``."""
    return {name: re.compile('|'.join(map(_regex, lines))) for name, lines in read_sections(file).items()}


def read_sections(file: str) -> dict[str, list[str]]:
    """Return the phrases of each section of a file in the folder ``phrases``."""
    return word_lists.read_sections(Path(__file__).parent / 'phrases' / file)


def _regex(phrase: str) -> str:
    phrase, _, excluded = phrase.partition(' (?!')
    starts, ends = phrase.startswith('^ '), phrase.endswith(' $')
    text = _expand(phrase.removeprefix('^ ').removesuffix(' $'))
    before = r'^\W*' if starts else r"(?<![\w'<])"
    after = r'\W*$' if ends else r'(?![\w])'
    follows = rf'(?!\W*(?:{_expand(excluded.removesuffix(")"))})(?!\w))' if excluded else ''
    return f'(?:{before}(?:{text}){after}{follows})'


def _expand(text: str) -> str:
    return _MACRO.sub(lambda match: _macros().get(match.group(), match.group()), text)


@functools.cache
def _macros() -> dict[str, str]:
    """Return the pattern of each macro.

    ``ADV`` is any number of adverbs, each with a space. ``PRAISE`` and ``BLAME`` are the words of :mod:`.verdicts`.
    """
    patterns = {name: f'(?:{"|".join(lines)})' for name, lines in read_sections('macros.txt').items()}
    spans = {name: rf'<{name.lower()}\d+>' for name in _SPANS}
    verdicts = {'PRAISE': f'(?:{any_of(PRAISE)})', 'BLAME': f'(?:{any_of(BLAME)})'}
    return patterns | spans | verdicts | {'ADV': f'(?:{patterns["ADVERB"]} )*'}
