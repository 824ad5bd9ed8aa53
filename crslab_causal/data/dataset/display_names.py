"""The names of entities that people and language models see. The programs identify an entity by its URI."""

from __future__ import annotations

import re
from typing import Mapping, Sequence
from urllib.parse import unquote

from crslab_causal.data.dataset.films import Film
from crslab_causal.data.dataset.mention_order import display_name, local_name

_LAST_BRACKETS = re.compile(r'(.*\S) \(([^()]*)\)')
_YEAR = re.compile(r'\b(?:18|19|20)\d\d\b')
_TELEVISION = re.compile(r'\b(?:TV|television|mini-?series|sitcom)\b', re.IGNORECASE)
_WORK = re.compile(
    r'\b(?:film|movie|TV|television|mini-?series|series|franchise|soundtrack|score|album|song|band|novel|book|comics?|'
    r'character|sequel|play|musical|video game|manga|short story)\b',
    re.IGNORECASE,
)
"""Words of a qualifier that distinguishes works of the same name. A plain name may have brackets of its own."""
_REDIAL_ID = re.compile(r'\d{5,}')
"""Pattern of the name of a film without a page in DBpedia, which is its number in ReDial."""


def film_name(uri: str) -> str:
    """Return the name of a film as people write it, with its year if the URI has it.

    ``<http://dbpedia.org/resource/It_(2017_film)>`` -> ``It (2017)``, ``Up (score)`` -> ``Up``. The name of a
    television series says so. A film known only by its number in ReDial is ``unnamed film 105300``.
    """
    name = unquote(local_name(uri)).replace('_', ' ')
    if _REDIAL_ID.fullmatch(name):
        return f'unnamed film {name}'
    is_uri = local_name(uri) != uri
    qualifiers = []
    while (match := _LAST_BRACKETS.fullmatch(name)) and (is_uri or _WORK.search(match[2]) or _YEAR.fullmatch(match[2])):
        name = match[1]
        qualifiers.append(match[2])
    qualifier = ' '.join(qualifiers)
    year = _YEAR.search(qualifier)
    kept = [year[0]] if year else []
    kept += ['TV series'] if _TELEVISION.search(qualifier) and 'film' not in qualifier else []
    return f'{name} ({" ".join(kept)})' if kept else name


def display_names(id2entity: Mapping[int, str], items: Sequence[int], films: Mapping[int, Film]) -> dict[int, str]:
    """Return the name of each entity: title and year for an item, :func:`.display_name` for any other entity.

    Args:
        id2entity: URI or name of each entity id.
        items: entity ids of the items.
        films: facts about the items. An item without a title there is named by :func:`film_name`.
    """
    names = {entity: display_name(uri) for entity, uri in id2entity.items()}
    for item in items:
        film = films.get(item, Film())
        names[item] = film.name or _with_year(film_name(id2entity[item]), film.year)
    return names


def token_names(
    item_of_token: Mapping[str, int],
    films: Mapping[int, Film],
    names: Mapping[int, str],
) -> dict[str, str]:
    """Return the name of the film that each ``@`` token represents.

    Args:
        item_of_token: entity id of each token, from :func:`.learn_item_tokens`. It does not contain films without a
            page in DBpedia, because CRSLab's data do not list them.
        films: facts about the items. The tokens in them are exact.
        names: name of each entity id.
    """
    learned = {token: names[item] for token, item in item_of_token.items() if item in names}
    return learned | {token: names[item] for item, film in films.items() for token in film.tokens}


def _with_year(name: str, year: int | None) -> str:
    """Return the name with the year. Return the name alone if the year is unknown or the name already has brackets."""
    return name if year is None or name.endswith(')') else f'{name} ({year})'
