"""Precision and recall of what the chat understands, on labelled messages."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Iterable, Mapping, Sequence

import numpy as np

from benchmarks.understanding.messages import MARKS, Message, constraints_of, names_of
from crslab_causal.chat.constraints import Kind
from crslab_causal.chat.films.genres import genres_of_name
from crslab_causal.chat.understanding.meaning import Understanding
from crslab_causal.chat.understanding.questions import Aspect, Question
from crslab_causal.chat.understanding.spans import SpanKind

PARTS = ('names with attitude', 'names with polarity', 'names', 'acts', 'constraints', 'questions')
"""What is scored."""
_LABELS = dict.fromkeys((Aspect.SIMILAR, Aspect.PICK), Aspect.GENERAL)
"""Label of the aspects of questions that GUIDELINES.md does not distinguish."""
_VAGUE_YEARS = ('recent', 'old')
"""Labels of years whose span depends on the catalogue."""


_YEARS = re.compile(r'(?:before )?\d{4}(?:–\d{4}| or later)?$')
"""Years, which some tables list among the names."""
_POLARITY = {'+': '+', '%': '+', '-': '-'}
"""Mark of the polarity of each attitude that has one."""
_FILM_YEAR = re.compile(r' \(\d{4}\)$')


@dataclass
class Counts:
    """Counts of labels of one part of the messages of one conversation."""

    right: int = 0
    found: int = 0
    labelled: int = 0


@dataclass
class Errors:
    """Labels that were missed, and labels that were found wrongly, in one message."""

    text: str
    missed: dict[str, list[str]] = field(default_factory=dict)
    wrong: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Score:
    """Precision and recall of one part, with intervals of 95 % that a bootstrap over conversations gives."""

    precision: float
    recall: float
    precision_interval: tuple[float, float]
    recall_interval: tuple[float, float]
    n_labels: int


def labels_of(message: Message, known_films: frozenset[str], table_films: frozenset[str]) -> dict[str, Counter[str]]:
    """Return the labels of each part of a message.

    Args:
        message: the labelled message.
        known_films: films of the catalogue.
        table_films: films that the tables name. Those that the catalogue does not have are left out.
    """
    left_out = table_films - known_films
    names = [_as_known(name, known_films) for name in message.names if not _YEARS.match(name.lstrip(MARKS))]
    names = [name for name in names if name.lstrip(MARKS) not in left_out]
    constraints = [_as_known(name, known_films) for name in message.constraints]
    return _parts(names, message.acts, constraints, message.questions)


def found_in(meaning: Understanding, names_by_id: Mapping[int, str] | None = None) -> dict[str, Counter[str]]:
    """Return what was understood, in the form of :func:`labels_of`.

    Args:
        meaning: what was understood.
        names_by_id: name of each entity, if the labels list the films and people that "it" or "she" stands for.
    """
    years = {heard.name for heard in meaning.heard if heard.kind is SpanKind.YEARS}
    names = [name for name in names_of(meaning) if name.lstrip(MARKS) not in years]
    bare = {name.lstrip(MARKS) for name in names}
    for question in meaning.questions if names_by_id is not None else ():
        asked = (question.person,) if question.is_about_person else (question.film, *question.films)
        names += [f'?{names_by_id[n]}' for n in asked if n is not None and names_by_id[n] not in bare]
        names += [name for name in _beside(question, names_by_id) if name not in bare]
    labels = {constraint.name for constraint in meaning.constraints if constraint.kind is Kind.YEARS}
    aspects = [_LABELS.get(question.aspect, question.aspect) for question in meaning.questions]
    parts = _parts(names, meaning.acts, constraints_of(meaning), aspects)
    parts['vague years'] = Counter(labels)
    return parts


def _beside(question: Question, names_by_id: Mapping[int, str]) -> list[str]:
    """Return what a question about a film names beside the film: "is it a comedy?", "is Tom Hanks in it?"."""
    if question.is_about_person:
        return []
    people = [names_by_id[person] for person in question.people]
    if question.aspect is Aspect.HAS_PERSON and question.person is not None and not people:
        people = [names_by_id[question.person]]
    children = ['children'] if question.aspect is Aspect.CHILDREN else []
    return [*people, *children, *filter(None, (question.genre, question.collection))]


def compare(
    labelled: Mapping[str, Counter[str]], found: dict[str, Counter[str]], text: str
) -> tuple[dict[str, Counts], Errors]:
    """Return the counts of each part of a message, and its errors."""
    counts, errors = {}, Errors(text)
    for part in PARTS:
        gold, got = Counter(labelled[part]), Counter(found[part])
        if part == 'constraints':
            _match_vague_years(gold, got, found['vague years'])
        counts[part] = Counts((gold & got).total(), got.total(), gold.total())
        errors.missed[part], errors.wrong[part] = list((gold - got).elements()), list((got - gold).elements())
    return counts, errors


def summarize(conversations: Sequence[Mapping[str, Counts]], draws: int = 2000, seed: int = 0) -> dict[str, Score]:
    """Return precision and recall of each part over conversations.

    Args:
        conversations: counts of each part per conversation.
        draws: samples of the bootstrap.
        seed: seed of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(len(conversations), np.full(len(conversations), 1 / len(conversations)), size=draws)
    scores = {}
    for part in PARTS:
        table = np.array([[c[part].right, c[part].found, c[part].labelled] for c in conversations], dtype=float)
        right, found, labelled = table.sum(0)
        drawn = weights @ table
        with np.errstate(invalid='ignore', divide='ignore'):
            precisions, recalls = drawn[:, 0] / drawn[:, 1], drawn[:, 0] / drawn[:, 2]
        scores[part] = Score(
            _ratio(right, found), _ratio(right, labelled), _interval(precisions), _interval(recalls), int(labelled)
        )
    return scores


SCORE_HEAD = ('| table | part | labels | precision | recall |', '|---|---|---|---|---|')
"""Head of a Markdown table of scores."""


def score_row(table: str, part: str, score: Score) -> str:
    """Return the row of a Markdown table with the score of one part of a table of messages."""

    def cell(value: float, interval: tuple[float, float]) -> str:
        return f'{value:.3f} ({interval[0]:.2f}–{interval[1]:.2f})'

    precision = cell(score.precision, score.precision_interval)
    recall = cell(score.recall, score.recall_interval)
    return f'| `{table}` | {part} | {score.n_labels} | {precision} | {recall} |'


def add_counts(parts: Iterable[Mapping[str, Counts]]) -> dict[str, Counts]:
    """Return the sum of the counts of several messages."""
    total = {part: Counts() for part in PARTS}
    for counts in parts:
        for part, each in counts.items():
            total[part].right += each.right
            total[part].found += each.found
            total[part].labelled += each.labelled
    return total


def _parts(
    names: Iterable[str], acts: Iterable[str], constraints: Iterable[str], questions: Iterable[str]
) -> dict[str, Counter[str]]:
    marked = {form for name in names for form in same_names(name)}
    return {
        'names with attitude': Counter(marked),
        'names with polarity': Counter({_with_polarity(name) for name in marked}),
        'names': Counter({name.lstrip(MARKS) for name in marked}),
        'acts': Counter(_comparable_acts(acts)),
        'constraints': Counter({constraint.lower() for constraint in constraints}),
        'questions': Counter(str(question) for question in questions),
    }


def _with_polarity(name: str) -> str:
    """Return a name with ``+`` if it is liked or wanted as an example, and with ``-`` if it is disliked or rejected.

    Other attitudes, such as seen and asked about, have no polarity.
    """
    bare = name.lstrip(MARKS)
    return _POLARITY.get(name[: len(name) - len(bare)], '') + bare


def _comparable_acts(acts: Iterable[str]) -> set[str]:
    """Return the acts without small talk beside another act, and without "seen" beside an opinion."""
    found = {str(act) for act in acts}
    if found & {'like', 'dislike'}:
        found -= {'seen'}
    return found - {'small talk'} if len(found) > 1 else found


def _as_known(name: str, known_films: frozenset[str]) -> str:
    """Return a label without the year of its film, if the catalogue does not know the year."""
    title = _FILM_YEAR.sub('', name)
    bare = title.lstrip(MARKS).removeprefix('like ')
    full = name.lstrip(MARKS).removeprefix('like ').removeprefix('~like ')
    return title if bare in known_films and full not in known_films else name


def same_names(name: str) -> set[str]:
    """Return a name in the one form that is compared: genres by the chat's names for them, all in lower case."""
    bare = name.lstrip(MARKS)
    mark = name[: len(name) - len(bare)]
    is_film = bare.endswith(')') and bare[-5:-1].isdigit()
    forms = {bare.lower()} if is_film else {form.lower() for form in genres_of_name(bare)}
    return {mark + form for form in forms}


def _match_vague_years(gold: Counter[str], got: Counter[str], years: Iterable[str]) -> None:
    """Replace the labels for new and old films by the years that were found, if any were."""
    found = [name.lower() for name in years]
    for label in _VAGUE_YEARS:
        for form in (label, f'~{label}', f'no {label}', f'not {label}'):
            if form in gold and found:
                gold[found.pop()] += gold.pop(form)


def _ratio(a: float, b: float) -> float:
    return a / b if b else float('nan')


def _interval(values: np.ndarray) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    low, high = np.quantile(finite, [0.025, 0.975]) if len(finite) else (float('nan'), float('nan'))
    return float(low), float(high)
