"""The load of asking: what is measured, and what the page makes of it however loud the machine is."""

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import quantile_test

from benchmarks.llm_clients import FORMS
from benchmarks.llm_load import measure
from benchmarks.llm_page import differences, median_interval, page

CPU = {form: (2 + number) / 1000 for number, form in enumerate(FORMS)}
"""Seconds of a request."""


def blocks(rounds=12, noise=0.0):
    """Blocks of clients that cost ``CPU``, on a machine that other jobs slow down, more and more, at times a lot."""
    draw = random.Random(1)
    rows = []
    for number in range(rounds):
        for form in FORMS:
            cost = CPU[form] + noise * number / rounds + (noise * 50 if draw.random() < 0.1 else 0)
            rows.append(
                {
                    'form': form,
                    'round': number,
                    'load': 1.0,
                    'wall': 4.0,
                    'cpu': cost,
                    'server_cpu': 1e-4,
                    'served': 1.0,
                    'beside': 3 * cost,
                    'bytes': 5400,
                }
            )
    return rows


def record(rows):
    machine = {
        'cpu': 'a CPU',
        'cores': 2,
        'memory_gib': 8,
        'system': 'Linux',
        'python': '3.11',
        'openai': '3',
        'aiohttp': '3',
        'pydantic': '2',
    }
    set_up = {'concurrency': 64, 'waves': 8, 'delay': 1.0, 'rounds': 12}
    return {'machine': machine, 'set_up': set_up, 'sync': 2e-4, 'blocks': rows}


@given(st.lists(st.floats(-1e3, 1e3), min_size=6, max_size=60, unique=True))
def test_the_interval_is_that_of_the_sign_test(values):
    expected = quantile_test(values, p=0.5).confidence_interval(0.95)
    assert median_interval(values) == (expected.low, expected.high)


def test_the_interval_of_a_few_values_is_their_range():
    assert median_interval([3.0]) == (3.0, 3.0)
    assert median_interval([2.0, 5.0, 3.0]) == (2.0, 5.0)


@pytest.mark.parametrize('noise', [0.0, 0.01])
def test_differences_within_a_round_are_not_those_of_the_machine(noise):
    rows = blocks(noise=noise)
    random.Random(2).shuffle(rows)
    for form in FORMS:
        for base in FORMS:
            found = statistics.median(differences(rows, form, base, 'cpu'))
            assert found == pytest.approx(CPU[form] - CPU[base], abs=1e-9)


def test_the_page_says_whether_the_goal_is_met():
    rows = blocks()
    text = page(record(rows))
    assert 'is met' in text and '+1.50%' in text  # 5 ms of CPU more than the cheapest, three times that beside
    assert all(title in text for title in FORMS.values())
    for row in rows:
        row['beside'] *= 2
    assert 'is missed: the worst of the medians is +3.00%' in page(record(rows))


def test_every_client_is_measured_in_every_round():
    forms = ('aiohttp', 'ours_store')
    rows = measure(concurrency=3, waves=2, delay=0.05, rounds=2, forms=forms)
    assert sorted((row['form'], row['round']) for row in rows) == [(form, n) for form in forms for n in (0, 1)]
    for row in rows:
        assert 0.05 <= row['served'] < row['wall']
        assert 0 < row['cpu'] < row['wall'] and row['bytes'] > 4000
        assert row['beside'] == pytest.approx(row['wall'] / 2 - row['served'])


def test_a_client_that_fails_is_quoted():
    with pytest.raises(SystemExit, match='(?s)ours failed.*invalid int value'):
        measure(concurrency=1, waves='many', delay=0.0, rounds=1, forms=['ours'])
