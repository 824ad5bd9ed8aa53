"""The encoder that reads messages: its places, its weights, and how it is averaged with the linear models."""

import math

import pytest
import torch
from film_catalogue import film_facts
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertConfig, BertModel

from crslab_causal.chat.understanding.interpreter import Interpreter
from crslab_causal.chat.understanding.meaning import Situation
from crslab_causal.chat.understanding.models import encoder as encoder_module
from crslab_causal.chat.understanding.models.encoder import (
    MessageEncoder,
    MessageNetwork,
    MessageReader,
    packaged_encoder,
    read_network,
    write_network,
)
from crslab_causal.chat.understanding.models.estimates import SHARE, Estimates
from crslab_causal.chat.understanding.models.linear import read_models

CLASSES = {task: list(model.classes) for task, model in read_models().items()}


class LetterTokenizer:
    """Splits words into letters, of which each is a piece."""

    unk_token_id = 1

    def convert_tokens_to_ids(self, token):
        return {'[CLS]': 2, '[SEP]': 3}[token]

    def __call__(self, word, add_special_tokens):
        assert not add_special_tokens
        return {'input_ids': [4 + ord(letter) % 40 for letter in word]}


class TinySource:
    """A small BERT with random weights, in the place of the packaged encoder."""

    tokenizer = LetterTokenizer()

    def missing_requirement(self):
        return None

    def load_model(self):
        torch.manual_seed(0)
        return BertModel(
            BertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24)
        ).eval()


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(encoder_module, '_source', TinySource)


@pytest.fixture(scope='module')
def facts():
    return film_facts()


@pytest.fixture(scope='module')
def rules(facts):
    return Interpreter(*facts, models={})


def trained(network):
    """Give the added parameters random values, as if they were trained."""
    torch.manual_seed(1)
    with torch.no_grad():
        for value in network.added().values():
            value.copy_(torch.randn_like(value) / 4)
    return network.eval()


def test_each_name_and_each_film_has_its_place(facts, rules):
    titles = {film.name: film.entity for film in facts[0].films.values()}
    speed, die_hard, alien = titles['Speed (1994)'], titles['Die Hard (1988)'], titles['Alien (1979)']
    situation = Situation(
        film=die_hard,
        shown=(die_hard, speed),
        mentioned=(alien,),
        last_turn=('Recommender', 'Try Speed (1994), maybe.'),
    )
    draft = rules.read('I loved Jaws, but not the horror', situation)
    tokenizer = LetterTokenizer()
    reading = MessageReader(facts[0], tokenizer).read(draft)

    def written(place):
        return [reading.pieces[n] for n in reading.places[place]]

    def letters(word):
        return tokenizer(word, add_special_tokens=False)['input_ids'][:6]

    assert written('name 0') == letters('movie') and written('name 1') == letters('horror')
    assert written(f'film {speed}') == written(f'film {die_hard}') == letters('movie')
    assert written(f'film {alien}') == letters('earlier')
    assert reading.places[f'film {speed}'][0] < reading.start < reading.places['name 0'][0] < reading.end
    assert reading.places[f'film {die_hard}'][0] > reading.end  # the recommender's last words do not name it
    assert reading.pieces[0] == 2 and reading.pieces[reading.start] == 3


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400), st.text(max_size=400))
def test_any_message_fits_into_the_encoder(facts, rules, text, said):
    draft = rules.read(f'{text} Alien {"abcdefghij " * 90}', Situation(last_turn=('Recommender', said + ' x' * 40)))
    reading = MessageReader(facts[0], LetterTokenizer()).read(draft)
    assert len(reading.pieces) <= 512 and 0 < reading.start < reading.end <= len(reading.pieces)
    assert all(0 <= n < len(reading.pieces) for places in reading.places.values() for n in places)


def test_merged_matrices_of_low_rank_change_nothing(tiny, facts, rules):
    network = trained(encoder_module.new_network(CLASSES, 4))
    readings = [MessageReader(facts[0], LetterTokenizer()).read(rules.read(text)) for text in ('I love Alien', 'no')]
    with torch.no_grad():
        before = network.states(readings)
        network.merge()
        assert torch.allclose(network.states(readings), before, atol=1e-5)
    assert not network.added() and not any('parametrizations' in name for name, _ in network.named_parameters())


def test_new_network_is_the_encoder_itself(tiny, facts, rules):
    reading = MessageReader(facts[0], LetterTokenizer()).read(rules.read('I love Alien'))
    network = encoder_module.new_network(CLASSES, 4).eval()
    with torch.no_grad():
        plain = TinySource().load_model()(input_ids=torch.tensor([reading.pieces])).last_hidden_state
        assert torch.allclose(network.states([reading]), plain, atol=1e-6)


def test_written_network_is_read_with_the_same_probabilities(tiny, facts, rules, tmp_path):
    network = trained(encoder_module.new_network(CLASSES, 4))
    write_network(tmp_path / 'encoder.npz', network)
    draft = rules.read('I love Alien')
    found = [
        MessageEncoder(facts[0], each, LetterTokenizer()).encode(draft)
        for each in (network, read_network(tmp_path / 'encoder.npz'))
    ]
    for task, place in (('acts', ''), ('names', 'name 0'), ('questions', ''), ('films', 'film 7')):
        first, second = (each.probabilities(task, place) for each in found)
        assert second == pytest.approx(first, abs=0.01) and [*first] == CLASSES[task]
    assert sum(found[1].probabilities('names', 'name 0').values()) == pytest.approx(1)


def test_padding_changes_nothing(tiny, facts, rules):
    network: MessageNetwork = trained(encoder_module.new_network(CLASSES, 4))
    reader = MessageReader(facts[0], LetterTokenizer())
    short, long = (reader.read(rules.read(text)) for text in ('no', 'I love Alien and I hate Jaws'))
    with torch.no_grad():
        alone, beside = network.states([short])[0], network.states([short, long])[0]
    assert torch.allclose(alone, beside[: len(short.pieces)], atol=1e-5)


def test_estimates_are_means_of_both_models(tiny, facts, rules):
    models = read_models()
    draft = rules.read('I love Alien')
    encoded = MessageEncoder(facts[0], trained(encoder_module.new_network(CLASSES, 4)), LetterTokenizer()).encode(draft)
    alone, both = Estimates(models, None), Estimates(models, encoded)
    features = ['kind=<film>', 'cue=like']
    first, second, mixed = (
        alone.of_message('acts', features),
        encoded.probabilities('acts'),
        both.of_message('acts', features),
    )
    assert first == models['acts'].probabilities(features)
    for name in first:
        odds = [math.log((p + 1e-6) / (1 - p + 1e-6)) for p in (first[name], second[name])]
        mean = (1 - SHARE) * odds[0] + SHARE * odds[1]
        assert mixed[name] == pytest.approx(1 / (1 + math.exp(-mean)), abs=1e-4)
    weights = {
        name: p ** (1 - SHARE) * encoded.probabilities('names', 'name 0')[name] ** SHARE
        for name, p in models['names'].distribution(features).items()
    }
    expected = {name: value / sum(weights.values()) for name, value in weights.items()}
    assert both.of_target('names', features, 'name 0') == pytest.approx(expected, abs=1e-3)


def test_interpreter_with_an_encoder_understands_any_words(tiny, facts):
    network = trained(encoder_module.new_network(CLASSES, 4))
    interpreter = Interpreter(*facts, encoder=MessageEncoder(facts[0], network, LetterTokenizer()))
    for text in ('I loved Alien', 'qwzx vbnm', 'who is in Jaws?', '', 'a comedy with Tom Hanks', 'he is great'):
        assert interpreter.understand(text).acts


def test_without_the_extra_there_is_no_encoder(monkeypatch, facts):
    monkeypatch.setattr(TinySource, 'missing_requirement', lambda self: 'run pip')
    monkeypatch.setattr(encoder_module, '_source', TinySource)
    assert packaged_encoder(facts[0]) is None


def test_file_of_the_encoder_is_small():
    assert encoder_module.PATH.stat().st_size < 1_500_000
