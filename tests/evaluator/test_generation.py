"""Scores of responses, compared with hand counts, slow computations, and CRSLab's own code."""

import importlib
import itertools
import math
from collections import Counter
from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crslab_causal.base.errors import UserError
from crslab_causal.evaluator.generation import GenerationMetrics, response_words
from crslab_causal.evaluator.named_items import quoted_titles

ITEMS = {7: '<http://dbpedia.org/resource/It_(2017_film)>', 8: 'It (1990)', 3: 'The Matrix', 5: 'Heat (1995)'}


def score(*pairs, items=None):
    metrics = GenerationMetrics(items)
    for pair in pairs:
        metrics.add(*pair)
    return metrics.scores()


def test_words_are_split_as_expected():
    assert response_words("Don't miss “It” (2017)!  O’Neill_é") == [
        "don't",
        'miss',
        '“',
        'it',
        '”',
        '(',
        '2017',
        ')',
        '!',
        "o'neill",
        '_',
        'é',
    ]
    assert response_words(' \n') == []


# ---------------------------------------------------------------- distinct n-grams


def test_dist_equals_a_computation_by_hand():
    scores = score(['a b a b'], ['A b c'], ['x'], [''])
    assert scores['dist-2'] == 3 / 5  # ab ba ab, ab bc
    assert scores['dist-3'] == 3 / 3 and scores['dist-4'] == 1
    assert scores['dist_per_response-2'] == 3 / 4 and scores['dist_per_response-3'] == 3 / 4
    assert scores['intra_dist-2'] == (2 / 3 + 1) / 2
    assert scores['responses'] == 4 and scores['empty'] == 1 / 4


def test_dist_without_an_n_gram_is_nan():
    scores = score(['x'], [''])
    assert all(math.isnan(scores[f'{name}-{n}']) for name in ('dist', 'intra_dist') for n in (2, 3, 4))
    assert scores['dist_per_response-2'] == 0
    assert all(math.isnan(value) for name, value in score().items() if name != 'responses')


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.sampled_from('abc'), max_size=7), min_size=1, max_size=6))
def test_dist_equals_counting_in_lists(responses):
    scores = score(*([' '.join(words)] for words in responses))
    for n in (2, 3, 4):
        grams = [[tuple(words[i : i + n]) for i in range(len(words) - n + 1)] for words in responses]
        every = list(chain.from_iterable(grams))
        ours = [len(set(g)) / len(g) for g in grams if g]
        expected = (
            len(set(every)) / len(every) if every else math.nan,
            len(set(every)) / len(responses),
            sum(ours) / len(ours) if ours else math.nan,
        )
        assert [scores[f'{name}-{n}'] for name in ('dist', 'dist_per_response', 'intra_dist')] == pytest.approx(
            expected, nan_ok=True
        )


# ---------------------------------------------------------------- BLEU


def test_bleu_equals_a_computation_by_hand():
    scores = score(['the cat sat on the mat', ['The cat sat on a mat']])
    # of 6, 5, 4, 3 n-grams match 5, 3, 2, 1
    assert scores['bleu-2'] == scores['corpus_bleu-2'] == pytest.approx((5 / 6 * 3 / 5) ** 0.5)
    assert scores['bleu-4'] == scores['corpus_bleu-4'] == pytest.approx((5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25)


def test_smoothing_and_brevity_penalty_by_hand():
    scores = score(['a c', ['a b c d']])  # no bigram matches: 0.1 of 1; shorter than the reference: exp(1 - 4 / 2)
    assert scores['bleu-2'] == pytest.approx(math.exp(-1) * (2 / 2 * 0.1 / 1) ** 0.5)
    scores = score(['yes', ['yes']])
    assert scores['bleu-2'] == pytest.approx(0.1**0.5) and scores['bleu-4'] == pytest.approx(0.1**0.75)


def test_mean_and_corpus_bleu_differ_by_hand():
    scores = score(['a b c d', ['a b c d']], ['x y', ['a b']])
    assert scores['bleu-2'] == pytest.approx(1 / 2)
    assert scores['corpus_bleu-2'] == pytest.approx((4 / 6 * 3 / 4) ** 0.5)


def test_the_best_of_several_references_counts():
    assert score(['a b', ['x', 'A B']])['bleu-2'] == pytest.approx(1)


def test_empty_responses_and_missing_references():
    scores = score(['', ['a b']], ['a b', ['a b']], ['a b', []], ['a b', ['', '  ']])
    assert scores['bleu-2'] == pytest.approx(1 / 2) and scores['with_reference'] == 1 / 2
    assert scores['crslab_bleu@1'] == pytest.approx(1 / 2)  # two responses have references, one scores 1
    assert score(['', ['a']])['bleu-4'] == score(['x', ['a']])['corpus_bleu-4'] == 0
    assert math.isnan(score(['a', []])['bleu-2']) and math.isnan(score(['', ['a']])['crslab_bleu@1'])


def test_a_string_instead_of_a_list_of_references_is_an_error():
    with pytest.raises(UserError, match='list of strings'):
        score(['a', 'a'])


def slow_bleu(response, references, n):
    words = response.lower().split()
    references = [reference.lower().split() for reference in references]
    product = 1.0
    for k in range(1, n + 1):
        ours = Counter(tuple(words[i : i + k]) for i in range(len(words) - k + 1))
        theirs = [Counter(tuple(r[i : i + k]) for i in range(len(r) - k + 1)) for r in references]
        matches = sum(min(count, max(t[gram] for t in theirs)) for gram, count in ours.items())
        if k == 1 and not matches:
            return 0.0
        product *= (matches or 0.1) / max(1, sum(ours.values()))
    nearest = min((len(r) for r in references), key=lambda length: (abs(length - len(words)), length))
    return min(1.0, math.exp(1 - nearest / len(words))) * product ** (1 / n)


sentences = st.lists(st.sampled_from(['a', 'B', 'c', 'the']), min_size=1, max_size=7).map(' '.join)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(sentences, st.lists(sentences, min_size=1, max_size=3)), min_size=1, max_size=4))
def test_bleu_equals_a_slow_computation(pairs):
    scores = score(*pairs)
    for n in (2, 4):
        assert scores[f'bleu-{n}'] == pytest.approx(np.mean([slow_bleu(*pair, n) for pair in pairs]))


# ---------------------------------------------------------------- CRSLab's


@pytest.fixture(scope='module')
def crslab_scores():
    """Return a function that gives the scores of CRSLab's evaluator; only its word vectors are constant."""
    import crslab_causal.crslab_compat  # noqa: F401  makes CRSLab importable

    conv = importlib.import_module('crslab.evaluator.conv')

    def crslab_scores(pairs):
        evaluator = conv.ConvEvaluator()
        evaluator._get_sent_embedding = lambda sentence: [np.ones(2)]
        for pair in pairs:
            evaluator.gen_evaluate(*pair)
        evaluator.report()
        return {
            name: value.value()
            for name, value in evaluator.gen_metrics.report().items()
            if name.startswith(('bleu', 'dist'))
        }

    return crslab_scores


@pytest.mark.filterwarnings('ignore::UserWarning')
@pytest.mark.parametrize(
    'pairs',
    [
        [('The cat sat on the mat', ['the cat sat on a mat']), ('', ['a']), ('yes', ['yes', 'no way']), ('a b', ['c'])],
        [('good  movie !', ['a good  movie !', 'so good movie !']), ('I like it a lot', ['I like it a lot'])],
        [('a b c d e', ['b a d c'])],
        [('x', [''])],
    ],
)
def test_crslab_scores_equal_crslabs(pairs, crslab_scores, recwarn):
    crslab = crslab_scores(pairs)
    ours = score(*pairs)
    assert {f'crslab_{name}': value for name, value in crslab.items()} == {
        name: value for name, value in ours.items() if name[len('crslab_') :] in crslab
    }
    assert all(f'bleu@{n}' in crslab for n in (1, 2, 3, 4))


@pytest.mark.filterwarnings('ignore::UserWarning')
@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.text('ab .', max_size=12), st.lists(st.text('ab .', max_size=9), min_size=1, max_size=2)),
        min_size=1,
        max_size=4,
    )
)
def test_crslab_scores_equal_crslabs_on_random_text(crslab_scores, pairs):
    crslab, ours = crslab_scores(pairs), score(*pairs)
    for name, value in crslab.items():
        assert ours[f'crslab_{name}'] == pytest.approx(value, rel=1e-12, abs=1e-300)


def test_crslab_scores_count_characters():
    assert score(['ab'], ['ab'], [''])['crslab_dist@2'] == 1 / 2
    assert 0 < score(['a b', ['a c']])['crslab_bleu@2'] < 1e-300  # NLTK without smoothing


def test_complete_corpus_raises_no_warning(recwarn):
    score(['a b', ['c d']], ['', []], ['yes', ['yes']])
    assert not recwarn.list


# ---------------------------------------------------------------- items


def items(response, recommended=None, candidates=None, context=()):
    scores = score([response, [], recommended, candidates, context], items=ITEMS)
    return tuple(scores[f'names_{name}'] for name in ('item', 'recommended', 'other_item', 'unknown_title'))


@pytest.mark.parametrize(
    'response, named',
    [
        ('You should see "It" (2017).', True),
        ('I think It is for you, see It.', True),
        ('*It* is scary', True),
        ('It is scary', False),
        ('Watch It (1990)', False),
        ('Watch the Matrix', False),
        ('', False),
    ],
)
def test_responses_that_name_the_recommended_item(response, named):
    assert items(response, recommended=7)[1] == named


def test_an_ambiguous_title_is_taken_for_the_recommended_item():
    assert items('Watch "It"!', recommended=8)[1] == items('Watch "It"!', recommended=7)[1] == 1
    assert items('Watch "It"!', recommended=8, candidates=[8])[2] == 0


def test_items_other_than_candidates_and_context_are_counted():
    assert items('Try Heat or the Matrix', 3, [3, 7]) == (1, 1, 1, 0)
    assert items('As you liked Heat, try the Matrix', 3, [3, 7], context=[5]) == (1, 1, 0, 0)
    assert items('Try Heat', 5, []) == (1, 1, 0, 0)
    assert math.isnan(items('Try Heat')[1]) and math.isnan(items('Try Heat')[2])


@pytest.mark.parametrize(
    'response, unknown',
    [
        ('Try "Heat" and “The Matrix (1999)”', 0),
        ('Try "Matrix, The" (1999)', 0),
        ('Try "Foo Bar"', 1),
        ('Try **Foo** (2001)', 1),
        ('Try "It" (1950)', 1),
        ('He said "so good"', 0),
        ('"I really liked it a lot."', 0),
        ('Foo Bar (2001)', 0),
        ("It's 'Foo Bar'", 0),
    ],
)
def test_quoted_titles_that_are_not_in_the_catalogue_are_counted(response, unknown):
    assert items(response)[3] == unknown


def test_quoted_titles_equal_the_expected_ones():
    assert list(quoted_titles('See "Heat," «It» (2017), **300** and *The Matrix* (1999); "no", 5*3*2')) == [
        'Heat',
        'It (2017)',
        '300',
        'The Matrix (1999)',
    ]


def test_a_recommended_item_outside_the_catalogue_is_an_error():
    with pytest.raises(UserError, match='recommended item 99 is not in the catalogue'):
        items('Watch it', recommended=99)


def test_there_are_no_scores_of_items_without_a_catalogue():
    assert not any(name.startswith('names') for name in score(['Watch "It"']))


def test_a_reset_removes_all_responses():
    metrics = GenerationMetrics(ITEMS)
    metrics.add('Watch "It"', ['Watch it'], 7, [7])
    metrics.reset()
    scores = metrics.scores()
    assert scores.pop('responses') == 0 and all(map(math.isnan, scores.values()))


def test_all_scores_of_real_responses_are_numbers(real_data):
    import json

    text = (real_data / 'opendialkg' / 'nltk' / 'valid_data.json').read_text('utf-8')
    turns = [' '.join(turn['text']) for conversation in json.loads(text)[:200] for turn in conversation['dialog']]
    scores = score(*([response, [reference]] for response, reference in itertools.pairwise(turns)))
    assert 0 < scores['dist-2'] < scores['dist-3'] < scores['dist-4'] < 1
    assert 0 < scores['bleu-4'] < scores['bleu-2'] < 0.2 and not any(math.isnan(value) for value in scores.values())
