"""Made-up contexts, answers of made-up systems, and made-up raters."""

from __future__ import annotations

import csv
import io
import os
import shutil

import pytest
from chromium import Chromium
from human_world import AWKWARD, answer, write_lines

from crslab_causal.experiments.human.form import FormOptions
from crslab_causal.experiments.human.kit import FORM, csv_text, make_kit


@pytest.fixture
def world(tmp_path):
    """Write contexts of ``n`` conversations of two turns, and the answers of two systems; return their paths."""

    def world(n=12):
        turns = [(f'conv{i}', turn) for i in range(n) for turn in (1, 2)]
        contexts = write_lines(
            tmp_path / 'contexts.jsonl',
            (
                {
                    'conversation': conversation,
                    'turn': turn,
                    'reference': f'Reference to {conversation}, {turn}',
                    'context': [
                        ['Seeker', f'Hello from {conversation}'],
                        ['Recommender', AWKWARD[(i + 1) % len(AWKWARD)]],
                    ][:turn],
                }
                for i, (conversation, turn) in enumerate(turns)
            ),
        )
        systems = {
            name: str(
                write_lines(
                    tmp_path / f'{name}.jsonl',
                    (
                        answer(
                            conversation,
                            turn,
                            label,
                            f'{AWKWARD[i % len(AWKWARD)]} by {name}, {conversation}, {turn}, {label}',
                        )
                        for i, (conversation, turn) in enumerate(turns)
                        for label in (7, 9)
                    ),
                )
            )
            for name in ('causal', 'vanilla')
        }
        return contexts, systems

    return world


@pytest.fixture
def kit(world, tmp_path):
    """A kit of 8 contexts and three systems: its folder and its key."""
    contexts, systems = world()
    folder = tmp_path / 'kit'
    form = FormOptions(lowest=1, highest=5)  # a wider scale than the default shows more mistakes
    return folder, make_kit(folder, systems | {'human': 'reference'}, contexts, form, n=8, seed=3)


@pytest.fixture
def fill(kit, tmp_path):
    """Write a filled form with the ratings ``rate(system, criterion, context id)``; ``change`` edits its rows."""
    folder, key = kit

    def fill(rater, rate, change=None):
        text = (folder / FORM).read_bytes().decode('utf-8-sig')
        header, *rows = csv.reader(io.StringIO(text, newline=''))
        letters = {item.id: item.letters for item in key.items}
        for row in rows:
            row[5:] = [str(rate(letters[row[1]][row[2]], criterion, row[1])) for criterion in header[5:]]
        rows = [header, *rows]
        if change is not None:
            change(rows)
        path = tmp_path / f'{rater}.csv'
        path.write_bytes(csv_text(rows).encode())
        return path

    return fill


@pytest.fixture
def browser(tmp_path):
    """A headless Chromium."""
    names = ('chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'chrome-headless-shell')
    path = os.environ.get('CRSLAB_CAUSAL_BROWSER') or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip('no Chromium: install one, or name it in CRSLAB_CAUSAL_BROWSER')
    with Chromium(path, tmp_path / 'profile') as browser:
        yield browser
