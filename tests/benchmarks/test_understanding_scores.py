"""The scores of what the chat understands, on labels whose counts are known."""

import math
import shutil
from collections import Counter

import pytest

from benchmarks.understanding.__main__ import DEVELOP, SCORED
from benchmarks.understanding.agreement import agreement
from benchmarks.understanding.messages import FOLDER, MARKS, Message, read_messages
from benchmarks.understanding.scoring import PARTS, Counts, compare, labels_of, summarize
from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.questions import Aspect


def _message(**labels):
    cells = {'acts': [], 'names': [], 'constraints': [], 'questions': []}
    return Message('text', **cells | labels, starts=True)


def test_right_missed_and_wrong_labels_are_counted():
    labelled = labels_of(
        _message(acts=['like'], names=['+Alien (1979)', 'horror']), frozenset(('Alien (1979)',)), frozenset()
    )
    found = {part: Counter() for part in PARTS} | {
        'acts': Counter(['like', 'want']),
        'names with attitude': Counter(['~alien (1979)', 'horror']),
        'names': Counter(['alien (1979)', 'horror']),
        'vague years': Counter(),
    }
    counts, errors = compare(labelled, found, 'text')
    assert counts['acts'] == Counts(1, 2, 1) and counts['names'] == Counts(2, 2, 2)
    assert counts['names with attitude'] == Counts(1, 2, 2)
    assert (errors.missed['names with attitude'], errors.wrong['acts']) == (['+alien (1979)'], ['want'])


def test_film_that_the_catalogue_lacks_is_left_out():
    message = _message(names=['+Alien (1979)', '-Unknown (2001)'])
    labels = labels_of(message, frozenset(('Alien (1979)',)), frozenset(('Alien (1979)', 'Unknown (2001)')))
    assert labels['names with attitude'] == Counter(['+alien (1979)'])


def test_year_that_the_catalogue_does_not_know_is_not_asked_for():
    labels = labels_of(_message(names=['+Alien (1979)']), frozenset(('Alien',)), frozenset())
    assert labels['names with attitude'] == Counter(['+alien'])


def test_polarity_is_liked_disliked_or_neither():
    names = ['+Alien (1979)', '%Heat (1995)', '-Jaws (1975)', '~Up (2009)', '=Speed (1994)', '?Big (1988)', 'horror']
    labels = labels_of(_message(names=names), frozenset(), frozenset())
    assert set(labels['names with polarity']) == {
        *('+alien (1979)', '+heat (1995)', '-jaws (1975)', 'up (2009)', 'speed (1994)', 'big (1988)', 'horror')
    }


def test_seen_beside_an_opinion_is_not_counted():
    assert labels_of(_message(acts=['seen', 'like']), frozenset(), frozenset())['acts'] == Counter(['like'])


def test_precision_and_recall_are_those_of_all_conversations():
    empty = {part: Counts(0, 0, 0) for part in PARTS}
    conversations = [empty | {'acts': Counts(1, 2, 4)}, empty | {'acts': Counts(2, 2, 2)}]
    scores = summarize(conversations)
    assert (scores['acts'].precision, scores['acts'].recall) == (3 / 4, 3 / 6)
    low, high = scores['acts'].recall_interval
    assert 0.25 <= low <= 0.5 <= high <= 1 and math.isnan(scores['names'].precision)


TABLES = sorted({*DEVELOP, *SCORED, *FOLDER.glob('*.tsv')})


@pytest.mark.parametrize('path', TABLES, ids=lambda path: path.name)
def test_tables_have_sound_labels(path):
    messages = read_messages(path)
    assert len(messages) >= 120
    for message in messages:
        assert {*message.acts} <= set(Act) and {*message.questions} <= set(Aspect), message.text
        assert message.acts and all(name.strip(MARKS) for name in message.names), message.text


def test_table_with_a_missing_cell_is_refused(tmp_path):
    path = shutil.copy(SCORED[0], tmp_path / 'table.tsv')
    with open(path, 'a', encoding='utf-8') as file:
        file.write('Hi\tgreet\n')
    with pytest.raises(ValueError, match=r'table.tsv, line \d+: 2 cells instead of 5'):
        read_messages(tmp_path / 'table.tsv')


def test_second_annotator_is_scored_against_the_first(tmp_path):
    first, second = tmp_path / 'first.tsv', tmp_path / 'second.tsv'
    first.write_text('Alien was great\tlike\t+Alien (1979)\t\t\n\nhi\tgreet\t\t\t\n', 'utf-8')
    second.write_text('Alien was great\tlike; want\t~Alien (1979)\t\t\n\nhi\tgreet\t\t\t\n', 'utf-8')
    scores, share = agreement(first, second, frozenset(('Alien (1979)',)))
    assert (scores['acts'].precision, scores['acts'].recall, share) == (2 / 3, 1, 1 / 2)
    assert (scores['names'].precision, scores['names with attitude'].precision) == (1, 0)


def test_annotators_of_different_messages_are_refused(tmp_path):
    first, second = tmp_path / 'first.tsv', tmp_path / 'second.tsv'
    first.write_text('hi\tgreet\t\t\t\n', 'utf-8')
    second.write_text('hello\tgreet\t\t\t\n', 'utf-8')
    with pytest.raises(ValueError, match='different messages'):
        agreement(first, second, frozenset())
