"""Other forms of the names of people, and short titles, from the files beside this module.

``nicknames.txt`` lists nicknames and common misspellings ("Leo", "the Rock"). ``first_names.txt`` lists forms of one
first name ("Dan", "Daniel"). ``genders.txt`` lists first names of women and of men.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from pathlib import Path
from typing import Iterator

from crslab_causal.base.word_lists import read_lines, read_sections
from crslab_causal.llm.entity_linking.title_parts import Key
from crslab_causal.llm.entity_linking.titles import parse_title

_INNER_CAPITAL = re.compile(
    r'(?<=\b(?:De|Di|Du|Da|La|Le|Mc))(?=[A-Z][a-z]{2,}$)|(?<=\b(?:Del|Van|Von|Mac))(?=[A-Z][a-z]{2,}$)'
)
"""Place of the missing space in a surname such as "DiCaprio"."""
_PARTICLE = re.compile(r'\s(?P<particle>(?i:De|Del|Di|Du|Da|La|Le|Mc|Mac|Van|Von))\s(?P<surname>[A-Z][a-z]{2,})$')
"""A particle and the rest of a surname, as in "De Niro"."""


@functools.cache
def nicknames() -> list[tuple[Key, Key, bool]]:
    """Return the keys of the nicknames, each with the key of the person's name, and whether it has an article."""
    return [
        (*keys, line.startswith('the ')) for keys, line in zip(pairs_of_names('nicknames.txt'), _lines('nicknames.txt'))
    ]


@functools.cache
def pairs_of_names(file: str) -> list[tuple[Key, Key]]:
    """Return the pairs of keys that the lines of a file name."""
    pairs = [line.split('\t') for line in _lines(file)]
    return [(parse_title(short).forms[0].content, parse_title(name).forms[0].content) for short, name in pairs]


def _lines(file: str) -> list[str]:
    return read_lines(Path(__file__).with_name(file))


@functools.cache
def other_first_names() -> dict[str, list[str]]:
    """Return the other forms of each first name."""
    groups = [line.split() for line in _lines('first_names.txt')]
    forms: dict[str, list[str]] = defaultdict(list)
    for group in groups:
        for name in group:
            forms[name] += [other for other in group if other != name]
    return forms


def gender_of(name: str) -> str | None:
    """Return ``female`` or ``male`` for the name of a person; None if the first name does not tell."""
    return _genders().get(name.split(' ')[0].lower())


@functools.cache
def _genders() -> dict[str, str]:
    sections = read_sections(Path(__file__).with_name('genders.txt'))
    return {name: gender for gender, lines in sections.items() for line in lines for name in line.split()}


def spacings(name: str) -> Iterator[tuple[str, int]]:
    """Yield other spellings of a name whose surname has a particle, each with the number of words of the surname.

    Args:
        name: URI or name of a person.
    """
    plain = name.strip('<>').rpartition('/')[2].replace('_', ' ')
    if (apart := _INNER_CAPITAL.sub(' ', plain)) != plain:
        yield apart, 2
    if match := _PARTICLE.search(plain):
        yield plain, 2
        yield f'{plain[: match.end("particle")]}{match["surname"].lower()}', 1
