"""Scores of the items that responses mention by name."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Collection, Iterator, Mapping

from crslab_causal.base.errors import UserError
from crslab_causal.llm.entity_linking.linking import MentionLinker
from crslab_causal.llm.entity_linking.titles import YEAR, TitleMatcher

_QUOTED = re.compile(r'"([^"\n]+)"|“([^”\n]+)”|«([^»\n]+)»|(?<![\w*])\*{1,3}([^*\n]+?)\*{1,3}(?![\w*])')
_YEAR_AFTER = re.compile(rf'\s*[*_]*\s*(\(\s*{YEAR}\s*\))')
_MAX_TITLE_WORDS = 12


def quoted_titles(text: str) -> Iterator[str]:
    """Yield the parts of a text that look like titles: in quotes or asterisks, with the year that follows.

    A title begins with a capital letter or a digit and has at most twelve words. If it has several words, it does not
    end like a sentence. Single quotes are ignored, because apostrophes look the same.
    """
    for match in _QUOTED.finditer(text):
        title = next(group for group in match.groups() if group is not None).strip().rstrip(',')
        words = title.split()
        if (
            words
            and (title[0].isupper() or title[0].isdigit())
            and len(words) <= _MAX_TITLE_WORDS
            and not (len(words) > 1 and title[-1] in '.:;')
        ):
            year = _YEAR_AFTER.match(text, match.end())
            yield f'{title} {year.group(1)}' if year else title


class NamedItems:
    """Counts the items and titles that responses name.

    Args:
        items: URI or name of each item of the catalogue, by entity id.
        weight: frequency of each item, which decides between items of the same name, see :class:`.TitleMatcher`.
    """

    def __init__(self, items: Mapping[int, str], weight: Mapping[int, float] | None = None):
        self._items = frozenset(items)
        self._linker = MentionLinker(items, items, weight)
        self._matcher = TitleMatcher(list(items.values()), [(weight or {}).get(e, 0) for e in items])
        self.reset()

    def reset(self) -> None:
        """Remove all responses."""
        self._count: Counter[str] = Counter()

    def add(
        self, response: str, recommended: int | None, candidates: Collection[int] | None, context: Collection[int]
    ) -> None:
        """Add a response; the arguments are those of :meth:`.GenerationMetrics.add`.

        Raises:
            UserError: ``recommended`` is not in the catalogue.
        """
        if recommended is not None and recommended not in self._items:
            raise UserError(f'responses: recommended item {recommended} is not in the catalogue')
        self._count['responses'] += 1
        expected = {*(candidates or ()), *context, *(() if recommended is None else (recommended,))}
        named = {mention.entity for mention in self._linker.link(response, expected)}
        self._count['item'] += bool(named)
        if recommended is not None:
            self._count['with_recommended'] += 1
            # linked separately, because another candidate can have the same name
            named_by_preference = {mention.entity for mention in self._linker.link(response, (recommended,))}
            self._count['recommended'] += recommended in named_by_preference
        if candidates is not None:
            self._count['with_candidates'] += 1
            self._count['other_item'] += not named <= expected
        self._count['unknown_title'] += None in self._matcher.match_all(list(quoted_titles(response)))

    def scores(self) -> dict[str, float]:
        """Return shares of responses. A share of no responses is NaN.

        Returns:
            - ``names_item``: share of all responses that names an item;
            - ``names_recommended``: share of the responses with a recommended item that names it;
            - ``names_other_item``: share of the responses with candidates that names an item which is neither a
              candidate, nor the recommended item, nor in the context;
            - ``names_unknown_title``: share of all responses with a title in quotes that is not in the catalogue.
        """
        totals = {
            'item': 'responses',
            'recommended': 'with_recommended',
            'other_item': 'with_candidates',
            'unknown_title': 'responses',
        }
        return {f'names_{name}': share(self._count[name], self._count[total]) for name, total in totals.items()}


def share(part: float, whole: float) -> float:
    """Return ``part / whole``, NaN for 0 / 0."""
    return part / whole if whole else math.nan
