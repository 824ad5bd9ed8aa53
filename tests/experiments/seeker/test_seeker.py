"""Simulated seekers talk to systems over a small corpus, and to made-up systems whose faults are known."""

import json
import random
import re

import numpy as np
import pytest
import yaml

import tiny
from crslab_causal.base.errors import UserError
from crslab_causal.chat.constraints import Constraint, Kind
from crslab_causal.chat.films.genres import GENRES
from crslab_causal.chat.understanding.spans import SpanKind
from crslab_causal.chat.understanding.years.span import Years
from crslab_causal.command_line.run import main as run_main
from crslab_causal.experiments.seeker import study
from crslab_causal.experiments.seeker.__main__ import main
from crslab_causal.experiments.seeker.drivers import Exchange, Message, TemplateDriver, say
from crslab_causal.experiments.seeker.language_model import LanguageModelDriver, seeker_prompt
from crslab_causal.experiments.seeker.measures import compare, ratio, system_record
from crslab_causal.experiments.seeker.page import render
from crslab_causal.experiments.seeker.profiles import LeakCheck, Opinion, Profile, Wish, draw, read_profiles, years_of
from crslab_causal.experiments.seeker.protocol import Outcome, play
from crslab_causal.experiments.seeker.record import SeekerRecord
from crslab_causal.experiments.seeker.systems import ChatSystem, FirstMessageList, PopularityList, RandomList, Shown
from crslab_causal.llm.options import LLMOptions
from crslab_causal.quick_start import load_system
from small_runs import SETTINGS


@pytest.fixture(scope='module')
def folder(data_path, tmp_path_factory):
    """Folder with a saved run over the small corpus."""
    folder = tmp_path_factory.mktemp('seeker')
    (folder / 'small.yaml').write_text(yaml.safe_dump(SETTINGS | {'save_path': str(folder / 'save')}), 'utf-8')
    arguments = ['-c', str(folder / 'small.yaml'), '--data_path', str(data_path), '--save-system']
    assert run_main(arguments) == 0
    return folder


@pytest.fixture(scope='module')
def system(folder, data_path):
    return load_system(str(folder / 'small.yaml'), settings={'data_path': str(data_path)})


@pytest.fixture
def conversation(system):
    with system.conversation() as conversation:
        yield conversation


@pytest.fixture
def profiles(system, conversation):
    return read_profiles(system.valid_dataloader.dataset, system.side_data['name_of_token'], conversation).profiles


def profile(*facts, target=0):
    return Profile('c1', target, facts)


def test_profiles_hold_what_was_said_before_the_target_was_named_and_never_its_title(system, conversation):
    samples = system.valid_dataloader.dataset
    read = read_profiles(samples, system.side_data['name_of_token'], conversation)
    n_conversations = len({sample['conv_id'] for sample in samples})
    assert len(read.profiles) > n_conversations / 2
    assert len(read.profiles) + sum(read.left_out.values()) == n_conversations
    leaks, driver = LeakCheck(conversation.facts), TemplateDriver()
    for each in read.profiles:
        named = [
            item
            for sample in samples
            if sample['conv_id'] == each.conversation and sample['role'] == 'Recommender'
            for item in sample['items']
        ]
        assert each.target in named and each.facts
        assert all(fact.entity != each.target for fact in each.facts if isinstance(fact, Opinion))
        title = conversation.facts.films[each.target].title
        exchanges = []
        for _ in range(len(each.facts) + 2):
            message = driver.message(each, exchanges)
            assert title not in message.text and not leaks.names(message.text, each.target)
            exchanges.append(Exchange(message, '', (1,), ('one',)))
        assert {wish for exchange in exchanges for wish in exchange.message.wishes} == {*each.wishes}


@pytest.mark.parametrize(
    'texts, wanted',
    [
        (('No drama movies, please.', 'I like drama movies.'), []),
        (('I like drama movies.', 'No drama movies, please.'), [False]),
        (('I want a drama movie.', 'No drama movies, please.'), [False]),
        (('I want a comedy movie.', 'I want a drama movie.'), [True]),
    ],
)
def test_of_what_a_seeker_contradicts_the_last_word_counts(conversation, texts, wanted):
    context = [turn for text in texts for turn in (('Seeker', text), ('Recommender', 'Well .'))]
    target = min(conversation.facts.films)
    sample = {'conv_id': '1', 'has_text': True, 'role': 'Recommender', 'items': [target], 'context_mentions': []}
    ((profile,), *_) = read_profiles([sample | {'context_text': context}], {}, conversation)
    assert [(wish.labels, wish.wanted) for wish in profile.wishes] == [(('drama',), each) for each in wanted]
    assert any(isinstance(fact, Opinion) for fact in profile.facts) == (not wanted)


def test_draw_is_a_subset_in_order_that_depends_on_the_seed(profiles):
    some = draw(profiles, 5, 1)
    assert some == draw(profiles, 5, 1) != draw(profiles, 5, 2)
    assert [each for each in profiles if each in some] == some
    assert draw(profiles, 10_000, 1) == profiles


@pytest.mark.parametrize(
    'years', [Years(None, 1979), Years(2000, None), Years(1990, 1999), Years(1994, 1994)], ids=lambda y: y.label
)
def test_labels_of_years_are_read_back(years):
    assert years_of(years.label) == years


@pytest.mark.parametrize(
    'wish',
    [
        *(Wish(Kind.GENRE, (genre,), wanted) for genre in GENRES for wanted in (True, False)),
        Wish(Kind.GENRE, ('comedy', 'drama'), True, True),
        Wish(Kind.GENRE, ('comedy', 'romance'), True),
        Wish(Kind.YEARS, ('1990–1999',), True),
        Wish(Kind.YEARS, ('before 1980',), True),
        Wish(Kind.YEARS, ('1990–1999',), False),
        Wish(Kind.YEARS, ('2000 or later',), True),
        Wish(Kind.YEARS, ('1991–1994',), True),
    ],
    ids=lambda wish: f'{wish.kind} {wish.labels} {wish.wanted}',
)
def test_chat_understands_the_constraints_of_the_templates(conversation, wish):
    for seed in range(12):
        text = say(wish, random.Random(seed))
        found = conversation.interpreter.understand(text).constraints
        assert {(c.kind, c.label, c.wanted) for c in found} == {
            (wish.kind, label, wish.wanted) for label in wish.labels
        }
        if len(wish.labels) > 1:
            (alternatives,) = {c.alternatives for c in found}
            assert bool(alternatives) == wish.is_either


class Scripted:
    """A system that shows given lists."""

    name = 'scripted'

    def __init__(self, *lists, relaxed=()):
        self.lists, self.relaxed = lists, relaxed

    def talk(self, profile):
        lists = iter(self.lists)
        relaxed = self.relaxed

        class Talk:
            def reply(self, text):
                return Shown(tuple(next(lists)), 'Here.', relaxed)

        return Talk()


def test_success_violations_and_repeats_are_counted(conversation):
    facts = conversation.facts
    genre = next(iter(facts.films_of_genre))
    inside = sorted(facts.films_of_genre[genre])
    outside = sorted({*facts.films} - {*inside} - facts.without_genre)
    seeker = profile(Wish(Kind.GENRE, (genre,), False), target=outside[-1])
    lists = [outside[:3], [inside[0], *outside[2:4]], [outside[-1]], [outside[5]]]
    (outcome,) = play([seeker], TemplateDriver(), Scripted(*lists), facts, 4)
    assert (outcome.success, outcome.offers, outcome.violations, outcome.repeated) == (3, 7, 1, 1)
    (failed,) = play([seeker], TemplateDriver(), Scripted(*lists), facts, 2)
    assert failed.success is None and len(failed.exchanges) == 2
    wanted = profile(Wish(Kind.GENRE, (genre,), True), target=inside[0])
    open_about_it = Constraint(Kind.GENRE, genre, frozenset())
    for relaxed, expected in (((), (2, 0)), ((open_about_it,), (0, 2))):
        (outcome,) = play([wanted], TemplateDriver(), Scripted(outside[:2], relaxed=relaxed), facts, 1)
        assert (outcome.violations, outcome.relaxed) == expected


def test_a_message_with_the_title_is_counted_and_not_sent(conversation):
    facts = conversation.facts
    target = sorted(facts.films)[0]
    sent = []

    class Leaky:
        name = 'leaky'

        def messages(self, seekers):
            return [Message(f'Have you heard of {facts.films[target].name}?') for _ in seekers]

    class Listening(Scripted):
        def talk(self, profile):
            class Talk:
                def reply(self, text):
                    sent.append(text)
                    return Shown(())

            return Talk()

    seeker = profile(Opinion(SpanKind.GENRE, 'Drama', 1, True), target=target)
    (outcome,) = play([seeker], Leaky(), Listening(), facts, 3)
    assert outcome.leaks == 3 and not any(facts.films[target].title in text for text in sent)


def test_chat_breaks_no_constraint_and_repeats_nothing_while_lists_do(profiles, conversation):
    facts = conversation.facts
    chat = play(profiles, TemplateDriver(), ChatSystem('chat', conversation), facts, 5)
    assert sum(outcome.offers for outcome in chat) > 100
    assert sum(outcome.violations + outcome.repeated + outcome.leaks for outcome in chat) == 0
    others = [
        play(profiles, TemplateDriver(), system, facts, 5)
        for system in (
            FirstMessageList('list', conversation),
            PopularityList(conversation),
            RandomList(conversation, 1),
        )
    ]
    assert any(sum(outcome.violations for outcome in outcomes) for outcomes in others)
    assert sum(outcome.repeated for outcomes in others for outcome in outcomes) == 0
    again = play(profiles, TemplateDriver(), RandomList(conversation, 1), facts, 5)
    assert [o.shown for o in again] == [o.shown for o in others[-1]]


def outcomes(*successes):
    return [Outcome(profile(target=i), success, offers=10) for i, success in enumerate(successes)]


def test_measures_and_tests_of_known_outcomes():
    record = system_record('a', outcomes(1, 2, None, 5), 1.0)
    assert [record.success[k].mean for k in (1, 3, 5)] == [0.25, 0.5, 0.75]
    assert record.turns.mean == pytest.approx(8 / 3) and record.violations.mean == 0
    assert 0 <= record.success[1].low < 0.25 < record.success[1].high <= 1
    # the interval is that of a resampled mean: about ±1.96 standard errors
    part = np.array([1.0] * 50 + [0.0] * 150)
    estimate = ratio(part, np.ones(200))
    error = 1.96 * np.sqrt(0.25 * 0.75 / 200)
    assert estimate.low == pytest.approx(0.25 - error, abs=0.01)
    assert estimate.high == pytest.approx(0.25 + error, abs=0.01)
    a, b = outcomes(*[1] * 20, *[None] * 20), outcomes(*[None] * 40)
    one, three, five = compare({'a': a, 'b': b}, [('a', 'b')])
    assert one.difference == three.difference == 0.5 and one.significant and one.p_holm >= one.p
    (same, *_) = compare({'a': a, 'b': a}, [('a', 'b')])
    assert same.difference == 0 and not same.significant
    with pytest.raises(ValueError, match='different seekers'):
        compare({'a': a, 'b': b[:-1]}, [('a', 'b')])


def test_language_model_writes_messages_and_a_replay_sends_nothing(
    llm_server, conversation, profiles, tmp_path, monkeypatch
):
    monkeypatch.setenv('NO_PROXY', '*')
    monkeypatch.setenv('OPENAI_API_KEY', 'none')
    url = llm_server.plan(answer={'message': 'A drama\nplease.'})
    store = str(tmp_path / 'store.jsonl')
    options = LLMOptions(mode='live', base_url=url, store=store, budget={'calls': 4}, retries=0)
    some = profiles[:3]
    with LanguageModelDriver(options, conversation.interpreter) as driver:
        first = play(some, driver, ChatSystem('chat', conversation), conversation.facts, 2)
    sent = llm_server.log(url)
    # the budget ends in the second round; the templates go on
    assert len(sent) == 4 and driver.n_unanswered == driver.n_messages - 4 > 0
    assert all(outcome.exchanges[0].message.text == 'A drama please.' for outcome in first)
    for outcome in first:
        title = conversation.facts.films[outcome.profile.target].title
        assert not any(title in entry['text'] for entry in sent) or outcome.success
    replayed = LLMOptions(mode='replay', store=store)
    with LanguageModelDriver(replayed, conversation.interpreter) as driver:
        again = play(some, driver, ChatSystem('chat', conversation), conversation.facts, 2)
    assert [o.exchanges for o in again] == [o.exchanges for o in first] and len(llm_server.log(url)) == 4


def test_prompt_of_the_language_model_has_the_facts_and_the_conversation():
    seeker = profile(Wish(Kind.GENRE, ('horror',), False), Opinion(SpanKind.FILM, 'Alien (1979)', 5, True), target=9)
    exchange = Exchange(Message('Hello'), 'Try it.', (1,), ('Heat (1995)',))
    system, user = (message['content'] for message in seeker_prompt(seeker, [exchange]))
    assert 'never guess a title' in system
    for part in ('not be of this genre: horror', 'You like Alien (1979)', 'You: Hello', 'Listed: Heat (1995)'):
        assert part in user
    assert seeker_prompt(seeker, []) == seeker_prompt(Profile('c2', 7, seeker.facts), [])


def test_command_writes_a_record_and_its_page(folder, data_path, tmp_path, capsys):
    arguments = ['-c', str(folder / 'small.yaml'), '--data_path', str(data_path), '--n', '8', '--patience', '3']
    arguments += ['--set', f'save_path={folder / "save"}', '--set', 'seed=2020']
    assert main([*arguments, '--out', str(tmp_path), '--transcripts', str(tmp_path / 'talk.jsonl')]) == 0
    record = SeekerRecord.model_validate_json((tmp_path / 'seeker.json').read_text('utf-8'))
    assert record.n_seekers == 8 and record.patience == 3 and str(data_path) not in record.command
    assert 'save_path' not in record.command and '--set seed=2020' in record.command
    assert (tmp_path / 'seeker.md').read_text('utf-8') == render(record)
    assert [system.name for system in record.systems] == [
        'chat, small',
        'list after the first message, small',
        'list from the whole profile, small',
        'popularity',
        'random',
    ]
    assert len(record.tests) == 4 * 3 and record.systems[0].n_violations == record.systems[0].n_repeated == 0
    lines = [json.loads(line) for line in (tmp_path / 'talk.jsonl').read_text('utf-8').splitlines()]
    assert len(lines) == 5 * 8 and all(len(line['turns']) <= 3 for line in lines)


def test_one_seeker_gives_transcripts_and_a_record_without_intervals_and_tests(folder, data_path, tmp_path):
    arguments = ['-c', str(folder / 'small.yaml'), '--data_path', str(data_path), '--n', '1', '--patience', '2']
    assert main([*arguments, '--out', str(tmp_path), '--transcripts', str(tmp_path / 'talk.jsonl')]) == 0
    assert len((tmp_path / 'talk.jsonl').read_text('utf-8').splitlines()) == 5
    record = SeekerRecord.model_validate_json((tmp_path / 'seeker.json').read_text('utf-8'))
    ends = [system.success_in_the_end for system in record.systems]
    assert record.tests == [] and {(end.low, end.high) for end in ends} == {(None, None)}
    page = (tmp_path / 'seeker.md').read_text('utf-8')
    assert 'they need more than one seeker' in page and 'nan' not in page
    (row,) = [line for line in page.splitlines() if line.startswith('| popularity |')]
    assert re.fullmatch(r'\d+\.\d', row.split(' | ')[1])  # a share without an interval


def test_transcripts_of_finished_systems_survive_a_mistake_in_the_measures(folder, data_path, tmp_path, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(study, 'compare', fail)
    talk = tmp_path / 'talk.jsonl'
    arguments = ['-c', str(folder / 'small.yaml'), '--data_path', str(data_path), '--n', '2', '--patience', '1']
    with pytest.raises(ZeroDivisionError):
        main([*arguments, '--out', str(tmp_path), '--transcripts', str(talk)])
    assert len(talk.read_text('utf-8').splitlines()) == 5 * 2


def test_runs_of_equally_named_files_have_different_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ('a/x/run.yaml', 'b/x/run.yaml', 'other.yaml'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('')
    assert study.run_names(['a/x/run.yaml', 'b/x/run', 'other']) == ['a/x/run', 'b/x/run', 'other']
    assert study.run_names(['a/x/run.yaml', 'other.yaml']) == ['run', 'other']
    for same in ('./other.yaml', str(tmp_path / 'other')):
        with pytest.raises(UserError, match='^--config: the configuration other is named twice; leave one'):
            study.run_names(['other', same])


def test_command_refuses_what_does_not_go_together(folder, data_path, tmp_path, capsys):
    config = ['-c', str(folder / 'small.yaml'), '--data_path', str(data_path), '--out', str(tmp_path)]
    for wrong in (['--driver', 'llm'], ['--llm-config', 'llm_demo'], ['--n', '0']):
        with pytest.raises(SystemExit):
            main([*config, *wrong])
    capsys.readouterr()
    assert main([*config, '--driver', 'llm', '--llm-config', 'llm_demo']) == 2
    assert 'llm.mode to live or replay' in capsys.readouterr().err
    assert main([*config, *config[:2]]) == 2
    assert 'named twice' in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


def test_committed_page_is_that_of_the_committed_record():
    results = tiny.ROOT / 'results' / 'seeker'
    record = SeekerRecord.model_validate_json((results / 'seeker.json').read_text('utf-8'))
    assert (results / 'seeker.md').read_text('utf-8') == render(record)
    assert record.n_seekers >= 500
    chats = [system for system in record.systems if system.name.startswith('chat')]
    assert chats and all(system.violations.mean < 0.01 and system.n_repeated == 0 for system in chats)
