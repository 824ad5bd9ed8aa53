"""Split text into the tokens of CRSLab's ``nltk`` files.

CRSLab's files were made with ``nltk.word_tokenize`` of NLTK 3.4 or earlier. It splits a text into sentences and applies
the Penn Treebank rules with four additions for quotation marks. Later releases of NLTK changed the rules: ``..`` and
``*`` became tokens of their own. The split into sentences needs a model that NLTK downloads. This module therefore has
its own copy of the rules. Its tokens equal those of CRSLab's files for any installed NLTK, and nothing is downloaded.
"""

from __future__ import annotations

import re

_CLOSING = '"\'»”’ '
_BEFORE_QUOTES = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        # opening quotation marks
        ('([«“‘„]|[`]+)', r' \1 '),
        (r'^\"', r'``'),
        (r'(``)', r' \1 '),
        (r'([ \(\[{<])(\"|\'{2})', r'\1 `` '),
        (r'(?i)(\')(?!re|ve|ll|m|t|s|d)(\w)\b', r'\1 \2'),
        # punctuation
        (r'([^\.])(\.)([\]\)}>' + _CLOSING + r']*)\s*$', r'\1 \2 \3 '),
        (r'([:,])([^\d])', r' \1 \2'),
        (r'([:,])$', r' \1 '),
        (r'\.\.\.', r' ... '),
        (r'[;@#$%&]', r' \g<0> '),
        (r'[?!]', r' \g<0> '),
        (r"([^'])' ", r"\1 ' "),
        (r'[\]\[\(\)\{\}\<\>]', r' \g<0> '),
        (r'--', r' -- '),
    )
]
_QUOTES_AND_CONTRACTIONS = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        # closing quotation marks, which need a space on both sides of the text
        ('([»”’])', r' \1 '),
        (r"''", " '' "),
        (r'"', " '' "),
        (r"([^' ])('[sS]|'[mM]|'[dD]|') ", r'\1 \2 '),
        (r"([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ", r'\1 \2 '),
        # contractions: "gonna" -> "gon na"
        *(
            (rf'(?i)\b({first})({second})\b', r' \1 \2 ')
            for first, second in (
                ('can', 'not'),
                ('d', "'ye"),
                ('gim', 'me'),
                ('gon', 'na'),
                ('got', 'ta'),
                ('lem', 'me'),
                ('more', "'n"),
            )
        ),
        (r'(?i)\b(wan)(na)\s', r' \1 \2 '),
        (r"(?i) ('t)(is)\b", r' \1 \2 '),
        (r"(?i) ('t)(was)\b", r' \1 \2 '),
    )
]

_SENTENCE_END = re.compile(
    r"""(?:(?P<word>[^\s,;:"@()\[\]{}*?!]*)\. | [?!])
                               (?:["')\]}]+(?=\s|--|$))?  # closes what the sentence before opened
                               (?=(?P<next>[;"'*:@(){}\[!?]|\s+\S+))""",
    re.VERBOSE,
)
_NUMBER = re.compile(r'-?[.,]?\d[\d,.-]*')
_LETTERS = re.compile(r'[^\W\d](\.[^\W\d])*')
ABBREVIATIONS = frozenset('bros dr jr lt mr mrs ms ok ph.d prof sr st vs'.split())
"""Words that keep their period inside a sentence. Single letters, as in "U.S.", keep it, too."""
_STARTERS = frozenset('i sounds thanks'.split())
"""Capitalized words that begin a new sentence after an abbreviation."""


def tokenize(text: str) -> list[str]:
    """Return the tokens of an utterance, with ``@`` joined to the number of a film: ``@111776``."""
    tokens = [token for sentence in split_sentences(text) for token in _tokenize_sentence(sentence)]
    joined: list[str] = []
    for token in tokens:
        if joined and joined[-1] == '@' and token.isdecimal():
            joined[-1] += token
        else:
            joined.append(token)
    return joined


def split_sentences(text: str) -> list[str]:
    """Split text after each period, question mark or exclamation mark that ends a sentence.

    A period does not end a sentence after an abbreviation, after a single letter other than "I", or after a number if a
    small letter or another punctuation mark follows.
    """
    sentences, start = [], 0
    for match in _SENTENCE_END.finditer(text):
        if match['word'] is None or _period_ends_sentence(match['word'], match['next'].strip()):
            sentences.append(text[start : match.end()])
            start = match.end()
    return [*sentences, text[start:]]


def _period_ends_sentence(word: str, following: str) -> bool:
    if not word or word.endswith('.'):
        return False  # an ellipsis
    capital = following[:1].isupper()
    if word == 'I':
        return capital
    if _NUMBER.fullmatch(word):
        return not following[:1].islower() and following[:1] not in ';:!?'
    if len(word) == 1 and word.isalpha():
        return False
    if word.lower() in ABBREVIATIONS or _LETTERS.fullmatch(word):
        return capital and re.split(r'\W', following)[0].lower() in _STARTERS
    return True


def _tokenize_sentence(text: str) -> list[str]:
    for pattern, replacement in _BEFORE_QUOTES:
        text = pattern.sub(replacement, text)
    text = f' {text} '
    for pattern, replacement in _QUOTES_AND_CONTRACTIONS:
        text = pattern.sub(replacement, text)
    return text.split()
