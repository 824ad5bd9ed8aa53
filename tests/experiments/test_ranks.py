"""Files of ranks, and two of them side by side."""

import json

import numpy as np
import pytest

from crslab_causal.errors import UserError
from crslab_causal.experiments.ranks import pair, read_ranks

ROWS = [('b', 3, 7, 2.0), ('a', 1, 5, 1.0), ('a', 1, 5, 4.0), ('a', 1, 4, 9.5)]


@pytest.fixture
def write(tmp_path):
    def write(rows, name='ranks_valid.jsonl', **more):
        path = tmp_path / name
        path.write_text(''.join(json.dumps({
            'conversation': c, 'turn': t, 'label': label, 'rank': rank, 'rank_unseen': rank, 'rank_intervened': None,
            'repeat': False, **more}) + '\n' for c, t, label, rank in rows), 'utf-8')
        return path
    return write


def test_null_is_nan_and_kl_may_be_missing(write):
    ranks = read_ranks(write(ROWS))
    assert ranks.rank.tolist() == [2.0, 1.0, 4.0, 9.5]
    assert np.isnan(ranks.rank_intervened).all() and np.isnan(ranks.kl).all()
    assert ranks.repeat.dtype == bool and ranks.conversation.tolist() == ['b', 'a', 'a', 'a']


def test_samples_are_joined_whatever_their_order_and_twins_in_order(write):
    shuffled = [ROWS[i] for i in (1, 3, 0, 2)]
    first, second = pair(read_ranks(write(ROWS)), read_ranks(write(shuffled, 'other.jsonl')))
    assert first.rank.tolist() == second.rank.tolist() == [9.5, 1.0, 4.0, 2.0]


@pytest.mark.parametrize('other', [ROWS[:3], [*ROWS[:3], ('a', 2, 4, 9.5)]])
def test_other_samples_are_refused(write, other):
    with pytest.raises(UserError, match='not scored on the same samples'):
        pair(read_ranks(write(ROWS)), read_ranks(write(other, 'other.jsonl')))


def test_a_broken_file_is_one_line(write, tmp_path):
    path = write(ROWS)
    path.write_text(path.read_text('utf-8')[:-20], 'utf-8')
    with pytest.raises(UserError, match='not a file of ranks'):
        read_ranks(path)
    with pytest.raises(UserError, match='cannot be read'):
        read_ranks(tmp_path / 'none')
