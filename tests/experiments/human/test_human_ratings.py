"""Reading filled forms with made-up ratings, and analysing them."""

import itertools
import json
import random

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from crslab_causal.base.errors import UserError
from crslab_causal.experiments.human.kit import make_kit
from crslab_causal.experiments.human.ratings import Ratings, read_ratings
from crslab_causal.experiments.human.summary import markdown, summarise

TRUE = {'causal': 4, 'vanilla': 3, 'human': 5}
CRITERIA = ['fluency', 'informativeness', 'coherence']


def rater(seed, bias=0):
    """Return the true rating, or one that is off by one."""

    def rate(system, criterion, context):
        return min(
            5,
            max(
                1,
                TRUE[system] + bias + random.Random(f'{seed} {system} {criterion} {context}').choice([-1, 0, 0, 0, 1]),
            ),
        )

    return rate


# ---------------------------------------------------------------- reading


def test_ratings_are_assigned_to_their_systems(kit, fill):
    _, key = kit
    paths = [fill('ann', rater(1)), fill('bob', rater(2))]
    ratings = read_ratings(key, paths)
    assert list(ratings.raters) == ['ann', 'bob'] and ratings.systems == ['causal', 'vanilla', 'human']
    assert ratings.criteria == CRITERIA and ratings.scores.shape == (2, 8, 3, 3)
    for r, c, s, k in itertools.product(range(2), range(8), range(3), range(3)):
        assert ratings.scores[r, c, s, k] == rater(r + 1)(ratings.systems[s], CRITERIA[k], key.items[c].id)


def test_other_row_orders_additional_columns_and_other_delimiters_are_accepted(kit, fill):
    _, key = kit

    def change(rows):
        header, *rest = rows
        random.Random(0).shuffle(rest)
        order = [6, 0, 7, 1, 2, 5]  # without the texts
        rows[:] = [
            ['remark', *(header[i] for i in order)],
            *(['fine', *(row[i] for i in order)] for row in rest),
            [''] * 7,
            [],
        ]

    plain = read_ratings(key, [fill('ann', rater(1))])
    changed = read_ratings(key, [path := fill('bob', rater(1), change)])
    assert (plain.scores == changed.scores).all()
    for delimiter in ';\t':
        text = path.read_text('utf-8-sig').replace('","', f'"{delimiter}"')
        path.write_text(text, 'utf-8')  # without a byte order mark
        assert (read_ratings(key, [path]).scores == plain.scores).all()


def put(row, column, value):
    return lambda rows: rows[row].__setitem__(column, value)


MISTAKES = {
    'empty cell': (put(4, 6, ' '), r'line 5: informativeness of context c002, response A is not rated'),
    'above the scale': (put(1, 5, '6'), r"line 2: fluency of context c001, response A is '6'; write .* 1 to 5"),
    'below the scale': (put(1, 5, '0'), r"line 2: fluency .* is '0'"),
    'fraction': (put(2, 7, '3.5'), r"line 3: coherence of context c001, response B is '3.5'"),
    'word': (put(2, 7, 'good'), r"line 3: .* is 'good'"),
    'another script': (put(2, 7, '٤'), r"line 3: .* is '٤'"),
    'negative': (put(2, 7, '-1'), r"line 3: .* is '-1'"),
    'unknown context': (put(3, 1, 'c900'), r"line 4: context 'c900' with response 'C' is not in the kit"),
    'unknown letter': (put(3, 2, 'D'), r"line 4: context 'c001' with response 'D' is not in the kit"),
    'row twice': (lambda rows: rows.append(rows[2]), r'line 26: context c001, response B repeats line 3'),
    'row missing': (lambda rows: rows.pop(5), r'line 24: the file ends without a row for context c002, .* B'),
    'other kit': (put(2, 0, 'kit-0'), r'line 3: belongs to kit-0, but the key to kit-[0-9a-f]{16}; read it with'),
    'no kit': (put(2, 0, ''), r'line 3: belongs to no kit'),
    'no column': (put(0, 6, 'information'), r'line 1: column informativeness is missing; the columns of this kit are'),
    'column twice': (put(0, 3, 'fluency'), r'line 1: column fluency is repeated'),
    'short row': (lambda rows: rows[7].pop(), r'line 8: coherence of context c003, response A is not rated'),
    'shorter row': (lambda rows: rows.__setitem__(7, ['x']), r'line 8: has 1 cells, fewer than'),
    'nothing': (lambda rows: rows.clear(), r'line 1: column kit is missing'),
}


@pytest.mark.parametrize('mistake', MISTAKES)
def test_a_mistake_is_reported_in_one_line_with_file_and_line(kit, fill, mistake):
    change, said = MISTAKES[mistake]
    path = fill('ann', rater(1), change)
    with pytest.raises(UserError, match=said) as error:
        read_ratings(kit[1], [fill('bob', rater(2)), path])
    assert str(error.value).startswith(f'{path}, line ') and '\n' not in str(error.value)


def test_files_without_csv_are_refused(kit, fill, tmp_path):
    _, key = kit
    with pytest.raises(UserError, match='name the filled form'):
        read_ratings(key, [tmp_path / 'none.csv'])
    path = fill('ann', rater(1))
    path.write_bytes(path.read_bytes().replace(b'Seeker: Hello', 'É'.encode('latin-1')))
    with pytest.raises(UserError, match='ann.csv, line 2: is not UTF-8'):
        read_ratings(key, [path])
    path = fill('ann', rater(1))
    path.write_text(path.read_text('utf-8') + '"open', 'utf-8')
    with pytest.raises(UserError, match=r'ann.csv, line 26: no CSV \(unexpected end of data\)'):
        read_ratings(key, [path])
    with pytest.raises(UserError, match='no ratings'):
        read_ratings(key, [])


def test_a_repeated_rater_is_refused(kit, fill, tmp_path):
    _, key = kit
    ann = fill('ann', rater(1))
    copy = tmp_path / 'copy.csv'
    copy.write_bytes(ann.read_bytes())
    with pytest.raises(UserError, match=f'copy.csv: all 72 ratings equal those of {ann}'):
        read_ratings(key, [fill('bob', rater(2)), ann, copy])
    folder = tmp_path / 'again'
    folder.mkdir()
    fill('ann', rater(3)).rename(folder / 'ann.csv')
    ann = fill('ann', rater(1))
    with pytest.raises(UserError, match=f'{folder / "ann.csv"}: {ann} has the same name'):
        read_ratings(key, [ann, folder / 'ann.csv'])


# ---------------------------------------------------------------- summing up


@pytest.fixture
def key(kit):
    return kit[1]


def ratings_of(scores, systems=('causal', 'vanilla', 'human')):
    return Ratings({f'r{i}': 'hash' for i in range(len(scores))}, list(systems), CRITERIA[: scores.shape[3]], scores)


def test_means_and_intervals_are_over_contexts(key):
    scores = np.random.default_rng(0).integers(1, 6, (3, 40, 3, 3))
    summary = summarise(key, ratings_of(scores))
    for s, c in itertools.product(range(3), range(3)):
        found = summary['systems'][['causal', 'vanilla', 'human'][s]][CRITERIA[c]]
        each = [np.mean([scores[r, i, s, c] for r in range(3)]) for i in range(40)]
        low, high = stats.t.interval(0.95, 39, np.mean(each), stats.sem(each))
        assert found['mean'] == pytest.approx(np.mean(each))
        assert [found['mean'] - found['half_width'], found['mean'] + found['half_width']] == pytest.approx([low, high])
    assert summary['ratings'] == 3 * 40 * 3 * 3 and summary['ratings_per_system_and_criterion'] == 120
    json.dumps(summary, allow_nan=False)


def test_agreement_is_computed_for_each_pair_over_all_responses(key):
    rng = np.random.default_rng(1)
    truth = rng.integers(1, 6, (40, 3, 3))
    scores = np.stack([np.clip(truth + rng.integers(-1, 2, truth.shape), 1, 5) for _ in range(3)])
    agreement = summarise(key, ratings_of(scores))['agreement']
    for c, criterion in enumerate(CRITERIA):
        kappas = {'kappa': [], 'quadratic_kappa': []}
        for pair, (a, b) in zip(agreement[criterion]['pairs'], itertools.combinations(range(3), 2), strict=True):
            assert pair['raters'] == [f'r{a}', f'r{b}']
            for name, weights in (('kappa', None), ('quadratic_kappa', 'quadratic')):
                theirs = cohen_kappa_score(
                    scores[a, ..., c].ravel(), scores[b, ..., c].ravel(), weights=weights, labels=[1, 2, 3, 4, 5]
                )
                assert pair[name]['kappa'] == pytest.approx(theirs)
                assert pair[name]['low'] < theirs < pair[name]['high']
                kappas[name].append(theirs)
        assert agreement[criterion]['mean_kappa'] == pytest.approx(np.mean(kappas['kappa']))
        assert agreement[criterion]['mean_quadratic_kappa'] == pytest.approx(np.mean(kappas['quadratic_kappa']))


def test_a_better_system_differs_from_a_worse_one_but_not_from_an_equal_one(key):
    rng = np.random.default_rng(2)
    quality = rng.normal(0, 1, (60, 1, 1))  # some contexts are easier, for all systems
    scores = np.stack(
        [
            np.clip(
                np.rint(3 + quality + np.array([0.8, 0, 0])[:, None] + rng.normal(0, 0.5, (60, 3, 2))), 1, 5
            ).astype(int)
            for _ in range(2)
        ]
    )
    found = {(of['criterion'], *of['systems']): of for of in summarise(key, ratings_of(scores))['differences']}
    assert len(found) == 6
    for criterion in CRITERIA[:2]:
        assert found[criterion, 'causal', 'vanilla']['p_holm'] < 0.05 < found[criterion, 'vanilla', 'human']['p_holm']
        of = found[criterion, 'causal', 'vanilla']
        assert of['low'] < of['mean'] < of['high'] and of['p'] <= of['p_holm']


def test_raters_who_give_one_rating_have_no_kappa(key):
    scores = np.full((3, 10, 3, 1), 4)
    scores[2] = np.random.default_rng(0).integers(1, 6, (10, 3, 1))
    of = summarise(key, ratings_of(scores))['agreement']['fluency']
    assert [pair['kappa']['kappa'] for pair in of['pairs']] == [None, 0, 0] and of['mean_kappa'] == 0
    summary = summarise(key, ratings_of(scores[:2]))
    assert summary['agreement']['fluency']['mean_kappa'] is None
    assert '| fluency | r0, r1 | - [-, -] | - [-, -] |' in markdown(summary)


def test_one_rater_and_one_context_are_enough(key):
    scores = np.array([4, 5, 3]).reshape(1, 1, 3, 1)
    summary = summarise(key, ratings_of(scores))
    assert summary['systems']['vanilla']['fluency'] == {'mean': 5.0, 'half_width': None}
    assert summary['agreement']['fluency'] == {'pairs': [], 'mean_kappa': None, 'mean_quadratic_kappa': None}
    text = markdown(summary)
    assert '| vanilla | 5.00 ± - | 1 |' in text and 'Agreement' not in text and 'Differences' not in text


def test_the_tables_of_a_summary(kit, fill):
    _, key = kit
    summary = summarise(key, read_ratings(key, [fill(name, rater(i)) for i, name in enumerate(['ann', 'bob', 'cy'])]))
    text = markdown(summary)
    lines = text.splitlines()
    assert f'Raters: 3; contexts: 8; systems: 3; ratings: 216, from 1 to 5; {key.kit}.' in lines
    cells = ' | '.join('{mean:.2f} ± {half_width:.2f}'.format(**summary['systems']['causal'][c]) for c in CRITERIA)
    assert f'| causal | {cells} | 24 |' in lines
    pair = summary['agreement']['coherence']['pairs'][2]
    kappa, quadratic = (
        f'{pair[n]["kappa"]:.2f} [{pair[n]["low"]:.2f}, {pair[n]["high"]:.2f}]' for n in ('kappa', 'quadratic_kappa')
    )
    assert f'| coherence | bob, cy | {kappa} | {quadratic} |' in lines
    for block in text.split('\n\n'):  # every row of a table has as many cells as its head
        rows = [line for line in block.splitlines() if line.startswith('|')]
        assert len({row.count('|') for row in rows}) <= 1
    assert text == markdown(json.loads(json.dumps(summary)))


def test_a_pipe_in_a_name_breaks_no_table(world, tmp_path):
    contexts, systems = world()
    key = make_kit(tmp_path / 'kit', {'a|b': systems['causal'], 'c': systems['vanilla']}, contexts, n=2)
    scores = np.array([4, 5, 3, 2]).reshape(1, 2, 2, 1)
    assert '| a\\|b | 3.50 ± ' in markdown(summarise(key, ratings_of(scores, ['a|b', 'c'])))
