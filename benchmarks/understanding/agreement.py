"""Compare the labels of two annotators. Their agreement shows how clear the guidelines are.

python -m benchmarks.understanding.agreement --data_path path/to/data

Neither annotator saw the rules of the chat or the labels of the other. The command prints totals only, so that nobody
sees the labels of a scored table.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from benchmarks.understanding.catalogue import read_catalogue
from benchmarks.understanding.examples import films_in
from benchmarks.understanding.messages import FOLDER, read_messages
from benchmarks.understanding.scoring import (
    SCORE_HEAD,
    Counts,
    Score,
    add_counts,
    compare,
    labels_of,
    score_row,
    summarize,
)

TABLES = [(FOLDER / f'{name}_scored.tsv', FOLDER / f'{name}_scored_second.tsv') for name in ('redial', 'written')]
"""Tables of the first and of the second annotator."""


def agreement(first: Path, second: Path, known_films: frozenset[str]) -> tuple[dict[str, Score], float]:
    """Score the labels of a second annotator as if they were found in the messages by a program.

    Args:
        first: table of the first annotator.
        second: table of the second annotator, with the same messages.
        known_films: names of the films of the catalogue. Other films are left out.

    Returns:
        The score of each part, and the share of messages with the same acts.

    Raises:
        ValueError: the tables have different messages.
    """
    labelled, found = read_messages(first), read_messages(second)
    if [message.text for message in labelled] != [message.text for message in found]:
        raise ValueError(f'{first} and {second} have different messages')
    named = films_in([*labelled, *found])
    conversations: list[list[dict[str, Counts]]] = []
    n_same = 0
    for right, other in zip(labelled, found, strict=True):
        parts = {**labels_of(other, known_films, named), 'vague years': Counter[str]()}
        counts, errors = compare(labels_of(right, known_films, named), parts, right.text)
        if right.starts or not conversations:
            conversations.append([])
        conversations[-1].append(counts)
        n_same += not errors.missed['acts'] and not errors.wrong['acts']
    return summarize([add_counts(each) for each in conversations]), n_same / len(labelled)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description='Compare the labels of two annotators.')
    parser.add_argument('--data_path', type=Path, required=True, help='folder that contains redial/nltk')
    options = parser.parse_args()
    facts, _ = read_catalogue(options.data_path / 'redial' / 'nltk')
    print(page(frozenset(film.name for film in facts.films.values())))


def page(known_films: frozenset[str]) -> str:
    """Return a table of the agreement on all scored tables."""
    lines = [*SCORE_HEAD]
    shares = []
    for first, second in TABLES:
        scores, share = agreement(first, second, known_films)
        lines += [score_row(first.name, part, score) for part, score in scores.items()]
        shares.append(f'{share:.3f} of the messages of `{first.name}`')
    return '\n'.join(lines) + '\n\nBoth annotators give all acts alike in ' + ', '.join(shares) + '.\n'


if __name__ == '__main__':
    main()
