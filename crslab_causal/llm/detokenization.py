"""Convert the tokenized text of the data to plain text, with the names of films in the place of ``@`` tokens."""

from __future__ import annotations

import html
import re
from typing import Mapping

UNNAMED = '[unnamed item]'
"""Text that replaces an item token without a name. In ReDial, 812 films have no DBpedia page; their names are in
``movie_titles.json``."""
ITEM_TOKEN = re.compile(r'(?<![\w@])@\d+\b')
"""An ``@`` token of ReDial's text, which represents a film."""

_HTML_ENTITY = re.compile(r'& ?(amp|lt|gt|quot|apos|nbsp|# ?\d{1,6}|# ?[xX][\da-fA-F]{1,6}) ?;')
"""Pattern of an HTML entity, also of one that was split into tokens. Rare names are left out, because "R & B ;" has
none."""
_EXTRA_SPACES = re.compile(r" (?=[.,!?;:)\]]|n't\b|'(?:s|m|re|ve|ll|d)\b)|(?<=[(\[]) ")
_TOKENIZED_QUOTES = re.compile(r"`` ?| ?''")


def detokenize(text: str, name_of_token: Mapping[str, str], quote: str = '') -> str:
    """Return tokenized text as people write it: ``I did n't like @101 !`` becomes ``I didn't like Alien!``.

    HTML entities are decoded once.

    Args:
        text: text of the data, tokens joined by spaces.
        name_of_token: result of :func:`.token_names`. A token without a name becomes ``UNNAMED``.
        quote: mark around the name of a film, which shows a language model where the name begins and ends.
    """
    text = _HTML_ENTITY.sub(lambda match: html.unescape(match[0].replace(' ', '')), text)
    text = _EXTRA_SPACES.sub('', _TOKENIZED_QUOTES.sub('"', text))
    return ITEM_TOKEN.sub(lambda match: _name(match[0], name_of_token, quote), text)


def _name(token: str, name_of_token: Mapping[str, str], quote: str) -> str:
    return f'{quote}{name_of_token[token]}{quote}' if token in name_of_token else UNNAMED
