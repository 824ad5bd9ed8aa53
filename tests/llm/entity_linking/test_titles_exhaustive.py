"""Matching of titles compared to an exhaustive search by the documented rules."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz

from crslab_causal.llm.entity_linking.titles import (
    THRESHOLD,
    TitleMatcher,
    agreement,
    parse_title,
    strip_markup,
    word_overlap,
)


def exhaustive_match(title, names, popularity):
    """Compare a title to one name after the other, by the rules in the documentation."""
    text = strip_markup(title)
    bare = re.match(r'^(.*\w)\W+((?:18[89]|19\d|20[0-4])\d)\W*$', text)
    match = exhaustive_search(parse_title(text), names, popularity, False)
    if match is None and bare:
        match = exhaustive_search(parse_title(bare[1])._replace(year=int(bare[2])), names, popularity, True)
    return match


def exhaustive_search(written, names, popularity, needs_year):
    best = {1: [], 2: [], 3: []}
    for index, name in enumerate(map(parse_title, names)):
        agreed = agreement(written, name)
        if agreed is None or (needs_year and name.year is None):
            continue

        def add(step, order):
            best[step].append((agreed == 2, order, agreed, -popularity[index], name.kind == 'other', index))

        same_year = written.year is not None and written.year == name.year
        for a in written.forms:
            for b in name.forms:
                if sorted(a.content) == sorted(b.content) or ''.join(a.content) == ''.join(b.content):
                    add(1, 0 if any(x.literal == y.literal for x in written.forms for y in name.forms) else 1)
                ratio = fuzz.token_sort_ratio(' '.join(a.content), ' '.join(b.content))
                if ratio >= THRESHOLD and word_overlap(a.content, b.content) >= THRESHOLD / 100:
                    add(2, -ratio)
        if written.forms and name.forms:
            for parts, whole_forms in ((written.parts, name.forms), (name.parts, written.forms[:1])):
                for part in parts:
                    if part.sorted in [form.sorted for form in whole_forms] and (
                        same_year or part.is_numbered if part.sorted == parts[0].sorted else len(part.content) >= 3
                    ):
                        add(3, 0)
    return next((min(keys)[-1] for keys in best.values() if keys), None)


WORDS = (
    'the a it follows alien aliens part ii 2 iii inglourious inglorious basterds bastards of and & spider man '
    'impossible imposible one 1982 star wars'
).split()
phrases = st.builds(' '.join, st.lists(st.sampled_from(WORDS), min_size=1, max_size=4))
full = st.builds(
    lambda parts, year: ': '.join(parts) + year,
    st.lists(phrases, min_size=1, max_size=3),
    st.sampled_from(['', '', ' (1982)', ' (1983 film)', ' (1990 TV series)', ' (novel)', ' (in Love)', ' 1982']),
)
written = st.builds(
    lambda before, title, after: before + title + after,
    st.sampled_from(['', '1. ', '**', '- "']),
    full,
    st.sampled_from(['', '**', '"', ' – a film']),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(full, st.integers(0, 2)), max_size=8), st.lists(written, min_size=1, max_size=4))
def test_matches_equal_an_exhaustive_search(catalogue, titles):
    names, popularity = [name for name, _ in catalogue], [popularity for _, popularity in catalogue]
    assert TitleMatcher(names, popularity).match_all(titles) == [
        exhaustive_match(title, names, popularity) for title in titles
    ]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=12), max_size=5), st.text(max_size=20))
def test_any_text_can_be_matched(names, title):
    matcher = TitleMatcher(names)
    assert matcher.match(title) == exhaustive_match(title, names, [0] * len(names))
    for name in names:
        parsed = parse_title(name)
        if parsed.forms and strip_markup(name) == name:
            assert matcher.match(name) is not None
