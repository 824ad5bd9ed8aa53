"""Detokenization: write the tokenized text of the data as people write it, with film names for ``@`` tokens."""

from __future__ import annotations

import re
from typing import Mapping

UNNAMED = '[unnamed item]'
"""Text for an item token without a name. In ReDial, 812 films have no DBpedia page and thus no name."""
ITEM_TOKEN = re.compile(r'(?<![\w@])@\d+\b')
"""An ``@`` token of ReDial's text, which represents a film."""

_EXTRA_SPACES = re.compile(r" (?=[.,!?;:)\]]|n't\b|'(?:s|m|re|ve|ll|d)\b)|(?<=[(\[]) ")
_TOKENIZED_QUOTES = re.compile(r"`` ?| ?''")


def token_names(item_of_token: Mapping[str, int], names: Mapping[int, str]) -> dict[str, str]:
    """Return the name of the item of each ``@`` token.

    Args:
        item_of_token: entity id of each token, from :func:`.learn_item_tokens`.
        names: name of each entity id. Tokens of items without a name are left out.
    """
    return {token: names[item] for token, item in item_of_token.items() if item in names}


def detokenize(text: str, name_of_token: Mapping[str, str]) -> str:
    """Return tokenized text as people write it: ``I did n't like @101 !`` becomes ``I didn't like Alien!``.

    Args:
        text: text of the data, tokens joined by spaces.
        name_of_token: from :func:`token_names`. A token without a name becomes ``UNNAMED``.
    """
    text = _EXTRA_SPACES.sub('', _TOKENIZED_QUOTES.sub('"', text))
    return ITEM_TOKEN.sub(lambda match: name_of_token.get(match[0], UNNAMED), text)
