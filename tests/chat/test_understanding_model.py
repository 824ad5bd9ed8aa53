"""The trained model of acts and attitudes: its file, and the agreement of acts, attitudes and constraints."""

import numpy as np
import pytest

from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.interpreter import Interpreter
from crslab_causal.chat.understanding.meaning import Attitude, Situation
from crslab_causal.chat.understanding.models.linear import PATH, LinearModel, read_models, write_models

MESSAGES = [
    'that one had me in tears, a real gem',
    'Heat bored me to death, honestly',
    'anything by Tarantino?',
    'my wife and I caught Alien last week',
    'alright, Heat it is then',
    'no horror, no Marvel, something from the 90s',
    'Alien, Heat and Titanic',
    'what about Alien, or a comedy?',
    'it came out last year',
]


@pytest.fixture(scope='module')
def situation(trained_interpreter):
    films = {film.name: film.entity for film in trained_interpreter.facts.films.values()}
    shown = films['Die Hard (1988)'], films['Speed (1994)']
    return Situation(film=shown[0], shown=shown, last_turn=('Recommender', 'Try Die Hard (1988).'))


def test_written_model_is_read_with_the_same_probabilities_and_written_with_the_same_bytes(tmp_path):
    rng = np.random.default_rng(0)
    features = [f'word {number}' for number in range(50)]
    rows = {feature: row for row, feature in enumerate(features)}
    model = LinearModel(['yes', 'no', ''], rows, rng.normal(size=(50, 3)), rng.normal(size=3))
    for name in ('one.npz', 'two.npz'):
        write_models(tmp_path / name, {'acts': model})
    assert (tmp_path / 'one.npz').read_bytes() == (tmp_path / 'two.npz').read_bytes()
    read = read_models(tmp_path / 'one.npz')['acts']
    for used in (features[:5], features[10:30], ['unheard of'], []):
        expected, found = model.probabilities(used), read.probabilities(used)
        assert found == pytest.approx(expected, abs=0.05)
        assert sum(read.distribution(used).values()) == pytest.approx(1)


def test_file_of_the_model_is_small():
    assert PATH.stat().st_size < 1_500_000


@pytest.mark.parametrize('text', MESSAGES)
def test_acts_attitudes_and_constraints_agree(trained_interpreter, situation, text):
    meaning = trained_interpreter.understand(text, situation)
    acts, attitudes = set(meaning.acts), {heard.attitude for heard in meaning.heard}
    if Attitude.LIKED in attitudes:
        assert Act.LIKE in acts
    if attitudes & {Attitude.DISLIKED, Attitude.REJECTED}:
        assert acts & {Act.DISLIKE, Act.REJECT, Act.WANT}
    if Attitude.ACCEPTED in attitudes:
        assert Act.ACCEPT in acts
    if attitudes & {Attitude.WANTED, Attitude.SIMILAR}:
        assert acts & {Act.WANT, Act.MORE}
    if acts & {Act.ASK_FILM, Act.ASK_PERSON}:
        assert meaning.questions
    wanted = {heard.name.lower() for heard in meaning.heard if heard.attitude is Attitude.WANTED}
    rejected = {heard.name.lower() for heard in meaning.heard if heard.attitude is Attitude.DISLIKED}
    for constraint in meaning.constraints:
        assert constraint.label.lower() not in (rejected if constraint.wanted else wanted)
    assert not meaning.constraints or acts & {Act.WANT, Act.MORE, Act.LIKE, Act.DISLIKE, Act.REJECT}


@pytest.mark.parametrize(('text', 'act'), [("I'm down for that", Act.ACCEPT), ('gives me a headache', Act.DISLIKE)])
def test_words_that_no_rule_has_are_understood(trained_interpreter, situation, text, act):
    rules = Interpreter(trained_interpreter.facts, trained_interpreter.collections, models={})
    assert act not in rules.understand(text, situation).acts
    assert trained_interpreter.understand(text, situation).acts == [act]


@pytest.mark.parametrize(
    ('said', 'text', 'name', 'attitude'),
    [
        ('Sigourney Weaver plays in Alien (1979).', 'I love her', 'Sigourney Weaver', Attitude.LIKED),
        ('Tom Hanks is great, and so is Sigourney Weaver.', 'I love her', 'Sigourney Weaver', Attitude.LIKED),
    ],
)
def test_he_and_she_mean_the_person_whom_the_recommender_named_last(trained_interpreter, said, text, name, attitude):
    heard = trained_interpreter.understand(text, Situation(last_turn=('Recommender', said))).heard
    assert (name, attitude) in [(each.name, each.attitude) for each in heard]
    assert not any(
        each.name == name
        for each in trained_interpreter.understand(text, Situation(last_turn=('Recommender', 'Hello!'))).heard
    )
    assert not any(
        each.name == name
        for each in trained_interpreter.understand('I love comedies', Situation(last_turn=('Recommender', said))).heard
    )


@pytest.mark.parametrize(
    'text, names',
    [
        ('None of those, sorry. I am in the mood for drama movies or action movies.', {'drama', 'action'}),
        ('Hi there! It should be a history movie. It should be a drama movie.', {'history', 'drama'}),
        ('I would like to watch a comedy movie. I like comedy movies.', {'comedy'}),
        ('I love comedies. But not with Will Ferrell.', {'no Will Ferrell'}),
        ('I loved The Shining. Anything by that director?', {'with Stanley Kubrick'}),
        ('it should also be funny', {'comedy'}),
        ('cool. my kids will be watching too', {'for children'}),
    ],
)
def test_constraint_in_plain_words_binds(trained_interpreter, situation, text, names):
    meaning = trained_interpreter.understand(text, situation)
    assert {constraint.name for constraint in meaning.constraints if constraint.binding} == names


@pytest.mark.parametrize(
    'text, attitude',
    [
        ('my husband wants Titanic but I find it boring', Attitude.DISLIKED),
        ('I watched Titanic but I found it really dull', Attitude.DISLIKED),
        ('I saw Titanic and thought it was great', Attitude.LIKED),
    ],
)
def test_opinion_after_find_and_think(trained_interpreter, situation, text, attitude):
    heard = {each.name: each.attitude for each in trained_interpreter.understand(text, situation).heard}
    assert heard['Titanic (1997)'] is attitude


@pytest.mark.parametrize(
    'text, film',
    [
        ("I haven't seen it, what is it about?", 'Die Hard (1988)'),
        ('never seen that one, is it any good?', 'Die Hard (1988)'),
        ("I haven't seen Heat. Who is in it?", 'Heat (1995)'),
    ],
)
def test_film_that_is_asked_about_counts_as_asked_although_it_is_not_seen(trained_interpreter, situation, text, film):
    meaning = trained_interpreter.understand(text, situation)
    assert {Act.NOT_SEEN, Act.ASK_FILM} <= {*meaning.acts}
    assert [trained_interpreter.facts.names[question.film] for question in meaning.questions] == [film]
    assert {(each.name, each.attitude) for each in meaning.heard} <= {(film, Attitude.ASKED)}
