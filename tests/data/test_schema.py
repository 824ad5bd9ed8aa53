"""The types of the data, checked against the data that datasets and dataloaders make."""

import typing

import pytest
from pydantic import TypeAdapter, ValidationError

import tiny
from crslab_causal.data.confounders import Confounder
from crslab_causal.data.dataset.films import Film
from crslab_causal.data.schema import EntityGraph, RecSample, Sample, SideData, Vocab, WordGraph
from crslab_causal.data.seeker_answers import SeekerAnswers


def check(kind: type, *dictionaries: dict) -> None:
    """Assert that dictionaries have the keys of a ``TypedDict``, with values of exactly their types."""
    # The schema imports these for type checkers only.
    names = {'Confounder': typing.Any, 'Film': Film, 'SeekerAnswers': SeekerAnswers}
    declared = typing.get_type_hints(kind, localns=names, include_extras=True)
    required = {key for key, value in declared.items() if typing.get_origin(value) is not typing.NotRequired}
    assert all(required <= values.keys() <= declared.keys() for values in dictionaries)
    for key, value_type in typing.get_type_hints(kind, localns=names).items():
        if values := [dictionary[key] for dictionary in dictionaries if key in dictionary]:
            TypeAdapter(list[value_type]).validate_python(values, strict=True)


def check_dataset(dataset) -> None:
    check(Sample, *dataset.train_data, *dataset.valid_data, *dataset.test_data)
    check(SideData, dataset.side_data)
    check(EntityGraph, dataset.side_data['entity_kg'])
    check(WordGraph, dataset.side_data['word_kg'])
    check(Vocab, dataset.vocab)


def test_samples_side_data_and_vocabulary_have_their_types(corpus):
    check_dataset(tiny.load(*corpus))


def test_the_demo_corpus_has_the_types_and_the_optional_keys(tmp_path):
    dataset = tiny.load('CausalDemo', tmp_path, demo_train=20)
    check_dataset(dataset)
    assert all('scm' in sample for sample in (*dataset.train_data, *dataset.side_data['interventional_data']))


@pytest.mark.parametrize('name', ['CausalDemo', *tiny.WRITERS])
def test_attributes_of_a_dataset_class_agree_with_its_data(name, tmp_path):
    if name in tiny.WRITERS:
        tiny.WRITERS[name](tmp_path)
    dataset = tiny.load(name, tmp_path, demo_train=20)
    assert dataset.entry.generated == (name == 'CausalDemo')
    assert ('interventional' in dataset.entry.splits) == ('interventional_data' in dataset.side_data)
    assert dataset.entry.knows_confounder == all('scm' in sample for sample in dataset.train_data)


def test_samples_of_a_dataloader_have_their_types(redial, make_config):
    from crslab_causal.config import Config
    from crslab_causal.crslab_compat import get_dataloader

    dataset = tiny.load('ReDial', redial)
    config = Config(make_config(content={'dataset': 'ReDial', 'model': 'CausalKBRD'}))
    loader = get_dataloader(config, dataset.train_data, dataset.vocab)
    confounder = Confounder.fit('turn', loader.samples, dataset.side_data)
    assert all('stratum' not in sample for sample in loader.samples)
    loader.stratify(confounder)
    assert all('stratum' in sample for sample in loader.samples)
    check(RecSample, *loader.samples)
    check(SideData, dataset.side_data | {'confounder': confounder})


@pytest.mark.parametrize(
    'change', [{'turn': '1'}, {'context_text': [['Seeker', 'Hi']]}, {'role': 'user'}, {'extra': 1}]
)
def test_the_check_finds_a_wrong_type_and_an_unknown_key(change, redial):
    sample = tiny.load('ReDial', redial).train_data[0]
    check(Sample, sample)
    with pytest.raises((ValidationError, AssertionError)):
        check(Sample, sample | change)
