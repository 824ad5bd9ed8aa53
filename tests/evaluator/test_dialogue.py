"""Success Rate and Reward-per-Dialogue-Length, against a slow reference that reads the raw conversations."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tiny
from crslab_causal.base.errors import UserError
from crslab_causal.data.seeker_answers import ANSWERS_FILE, SeekerAnswers, answers_entry, read_seeker_answers
from crslab_causal.evaluator.dialogue import dialogue_scores, scores_of_groups
from crslab_causal.evaluator.report import dialogue_line, markdown_table

ITEMS = st.sets(st.integers(0, 5), max_size=6)
TURN = st.fixed_dictionaries(
    {'labels': st.lists(st.integers(0, 5), min_size=1, max_size=3), 'first': st.integers(0, 5)}
)
CONVERSATION = st.fixed_dictionaries(
    {
        'messages': st.integers(1, 9),
        'liked': ITEMS,
        'seen': ITEMS,
        'turns': st.lists(TURN, max_size=4),
        'known': st.booleans(),
    }
)


def columns(conversations):
    """Return the samples of conversations: a sample for each label of a turn, which has rank 1 if it comes first."""
    samples = [
        (str(c), t, label, 1.0 if label == turn['first'] else 7.0)
        for c, conversation in enumerate(conversations)
        for t, turn in enumerate(conversation['turns'])
        for label in turn['labels']
    ]
    names, turns, labels, ranks = zip(*samples) if samples else ((), (), (), ())
    return np.array(names, str), np.array(turns, int), np.array(labels, int), np.array(ranks, float)


def answers_of(conversations):
    return {
        str(c): SeekerAnswers(x['messages'], frozenset(x['liked']), frozenset(x['seen']))
        for c, x in enumerate(conversations)
        if x['known']
    }


def reference(conversations):
    """Go through the conversations turn by turn, as a seeker would."""
    successes, ratios = [], []
    for conversation in conversations:
        if not conversation['turns'] or not conversation['known']:
            continue
        total = 0.0
        for turn in conversation['turns']:
            if turn['first'] not in turn['labels']:
                continue
            if turn['first'] in conversation['liked']:
                total += 1
            elif turn['first'] in conversation['seen']:
                total += 0.5
        successes.append(total > 0)
        ratios.append(total / conversation['messages'])
    if not successes:
        return None
    return sum(successes) / len(successes), sum(ratios) / len(ratios)


@settings(deadline=None)
@given(st.lists(CONVERSATION, max_size=6))
def test_scores_equal_those_of_a_walk_through_the_turns(conversations):
    scores, expected = dialogue_scores(*columns(conversations), answers_of(conversations)), reference(conversations)
    if expected is None:
        assert scores is None
    else:
        assert (scores['success_rate'], scores['reward_per_dialogue_length']) == pytest.approx(expected)


@settings(deadline=None)
@given(st.lists(CONVERSATION, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_scores_have_the_bounds_and_do_not_depend_on_the_order(conversations, random):
    data = columns(conversations)
    scores = dialogue_scores(*data, answers_of(conversations))
    if scores is None:
        return
    turns = max(len(conversation['turns']) for conversation in conversations)
    assert 0 <= scores['reward_per_dialogue_length'] <= turns * scores['success_rate'] <= turns
    order = random.sample(range(len(data[0])), len(data[0]))
    assert dialogue_scores(*(column[order] for column in data), answers_of(conversations)) == pytest.approx(scores)


@settings(deadline=None)
@given(st.lists(CONVERSATION, min_size=1, max_size=6))
def test_another_like_never_lowers_a_score(conversations):
    more = [{**conversation, 'liked': conversation['liked'] | {0}} for conversation in conversations]
    less, gained = (dialogue_scores(*columns(conversations), answers_of(c)) for c in (conversations, more))
    if less is not None:
        assert all(gained[name] >= less[name] for name in less)


def test_values_by_hand():
    """Liked counts 1, seen 0.5. A rank shared with another item is not the first. Two labels of a turn count once."""
    answers = {
        'a': SeekerAnswers(10, frozenset({1}), frozenset({1, 2})),
        'b': SeekerAnswers(4, frozenset({3}), frozenset()),
    }
    conversation = np.array(['a', 'a', 'a', 'b', 'unknown'])
    turn, label = np.array([1, 1, 3, 1, 1]), np.array([1, 1, 2, 3, 1])
    scores = dialogue_scores(conversation, turn, label, np.array([1, 1, 1, 1.5, 1]), answers)
    assert scores == {'conversations': 2, 'success_rate': 0.5, 'reward_per_dialogue_length': 1.5 / 10 / 2}


def test_groups_leave_out_repeated_labels_and_rank_among_unseen_items():
    answers = {
        'a': SeekerAnswers(2, frozenset({1, 2}), frozenset()),
        'b': SeekerAnswers(2, frozenset({1}), frozenset()),
    }
    scores = scores_of_groups(
        np.array(['a', 'a', 'b']),
        np.array([1, 3, 1]),
        np.array([1, 2, 1]),
        np.array([1.0, 2.0, 1.0]),
        np.array([1.0, 1.0, 1.0]),
        np.array([True, False, True]),
        answers,
    )
    assert {group: (s['conversations'], s['success_rate']) for group, s in scores.items()} == {
        'all': (2, 1.0),
        'new': (1, 0.0),
        'new_unseen': (1, 1.0),
    }
    assert scores_of_groups(*(np.empty(0) for _ in range(6)), answers) == {}


def test_the_table_of_a_run_says_so_where_answers_are_known():
    group = {'conversations': 3, 'success_rate': 1 / 3, 'reward_per_dialogue_length': 0.0123}
    split = {'samples': 9, 'all': {'recall@1': 0.5}}
    assert dialogue_line({'all': group}) == (
        "3 conversations with the seeker's answers. ALL: success rate 33.33 %, reward per dialogue length 0.0123."
    )
    without = markdown_table({'valid': split})
    assert markdown_table({'valid': {**split, 'dialogues': {'all': group}}}).startswith(without + '\n\nvalid: 3 conv')


# ---------------------------------------------------------------- the file


def test_a_folder_without_the_file_has_no_answers(tmp_path):
    assert read_seeker_answers(tmp_path, {}) == {}


def test_items_that_the_data_lack_are_left_out(tmp_path):
    (tmp_path / ANSWERS_FILE).write_text(json.dumps({'7': answers_entry(3, ['A', 'B'], ['B'])}), 'utf-8')
    assert read_seeker_answers(tmp_path, {'A': 5}) == {'7': SeekerAnswers(3, frozenset({5}), frozenset())}


@pytest.mark.parametrize(
    'content', ['', '[]', '{"7": {}}', '{"7": {"messages": 0, "liked": [], "seen": []}}', '{"7": {"messages": 1}}']
)
def test_a_damaged_file_is_reported_in_one_line(tmp_path, content):
    (tmp_path / ANSWERS_FILE).write_text(content, 'utf-8')
    with pytest.raises(UserError, match='seeker_answers.json: cannot be read .* prepare it again') as error:
        read_seeker_answers(tmp_path, {})
    assert '\n' not in str(error.value)


def test_the_dataset_has_answers_only_with_the_file(tmp_path):
    folder = tiny.write_redial(tmp_path)
    assert 'seeker_answers' not in tiny.load('ReDial', tmp_path).side_data
    content = {'e0': answers_entry(5, [tiny.uri(tiny.GODFATHER)], [tiny.uri(tiny.HEAT)])}
    (folder / ANSWERS_FILE).write_text(json.dumps(content), 'utf-8')
    expected = SeekerAnswers(5, frozenset({tiny.GODFATHER}), frozenset({tiny.HEAT}))
    assert tiny.load('ReDial', tmp_path).side_data['seeker_answers'] == {'e0': expected}
