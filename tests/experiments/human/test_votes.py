"""Summaries of votes about two systems."""

import math

import pytest

from crslab_causal.chat.web.votes import ComparedTurn, Vote
from crslab_causal.experiments.human.__main__ import main
from crslab_causal.experiments.human.votes import summarise_votes


def vote(left, right, choice):
    turn = ComparedTurn(text='Hello', left=['Hi.'], right=['Hello!'])
    return Vote(time='2026-01-01T00:00:00Z', left=left, right=right, choice=choice, turns=[turn])


def test_votes_are_counted_for_the_system_and_not_for_the_side(tmp_path, capsys):
    votes = [vote('a', 'b', 'left')] * 5 + [vote('b', 'a', 'right')] * 4 + [vote('b', 'a', 'left')]
    votes += [vote('a', 'b', 'tie')] * 3 + [vote('b', 'a', 'both bad')] * 2 + [vote('c', 'a', 'tie')]
    pair, other = summarise_votes(votes)
    assert pair[:7] == ('a', 'b', 9, 1, 3, 2, 6)
    assert pair.win_rate == 0.9
    # the sign test by hand: 0, 1, 9 or 10 of 10 coins
    assert pair.p == pytest.approx((1 + 10 + 10 + 1) / 2**10)
    # Wilson's interval by hand
    z, n, p = 1.959964, 10, 0.9
    centre, half = (p + z * z / (2 * n)) / (1 + z * z / n), z / (1 + z * z / n)
    half *= math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    assert pair.interval == pytest.approx((centre - half, centre + half), abs=1e-6)
    assert other[:7] == ('a', 'c', 0, 0, 1, 0, 0) and other.win_rate is None and other.p == 1
    first, second = tmp_path / 'one.jsonl', tmp_path / 'two.jsonl'
    first.write_text(''.join(each.model_dump_json() + '\n' for each in votes[:7]), 'utf-8')
    second.write_text(''.join(each.model_dump_json() + '\n' for each in votes[7:]), 'utf-8')
    assert main(['votes', str(first), str(second)]) == 0
    output = capsys.readouterr().out
    assert '| a | b | 9 | 1 | 3 | 2 | 90.0 % [59.6, 98.2] | 0.0215 |' in output
    assert '| a | c | 0 | 0 | 1 | 0 |  |  |' in output and 'won 6 of 10' in output


@pytest.mark.parametrize('content', ['', '{}\n', 'no json\n', '\xff'])
def test_a_file_without_votes_is_refused_in_one_line(tmp_path, capsys, content):
    path = tmp_path / 'votes.jsonl'
    path.write_bytes(content.encode('latin-1'))
    assert main(['votes', str(path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith('error: ') and 'votes.jsonl' in line
    assert main(['votes', str(tmp_path / 'missing.jsonl')]) == 2
