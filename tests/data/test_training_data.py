"""The training conversations as models that count read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
from crslab_causal.data.training_data import TrainingData, latest_conversations


@pytest.fixture
def loaded(redial):
    from crslab_causal.data.dataloader import CausalDataLoader

    def loaded(**opt):
        dataset = tiny.load('ReDial', redial)
        loader = CausalDataLoader({'model': 'EASE', 'scale': 1.0, **opt}, dataset.train_data, dataset.vocab)
        loader.drop_labels_outside_catalogue()
        return loader

    return loaded


def test_samples_are_those_of_the_dataloader(loaded):
    loader = loaded()
    data = TrainingData.of(loader)
    assert [sample['item'] for sample in loader.samples] == [tiny.ITEMS[label] for label in data.labels]
    for history, sample in zip(data.histories.tolist(), loader.samples, strict=True):
        assert [entity for entity in history if entity >= 0] == sample['context_entities']


def test_conversations_have_all_mentions_but_the_entities_of_the_last_turn(loaded):
    assert TrainingData.of(loaded()).conversations == {
        't0': [tiny.ALIEN, tiny.COMEDY, tiny.HANKS, tiny.HEAT, tiny.PACINO, tiny.BIG, tiny.STAR_WARS],
        't1': [tiny.GODFATHER, tiny.HEAT, tiny.COSMOS],
        't4': [tiny.STAR_WARS, tiny.ALIEN, tiny.BIG],
        't5': [tiny.PACINO, tiny.HEAT, tiny.GODFATHER],
    }


def test_the_seekers_items_have_the_history_of_their_turn(loaded):
    histories, labels = TrainingData.of(loaded()).seeker_mentions()
    found = [([e for e in row if e >= 0], tiny.ITEMS[i]) for row, i in zip(histories.tolist(), labels.tolist())]
    earlier = [tiny.COMEDY, tiny.HANKS, tiny.HEAT, tiny.PACINO, tiny.ALIEN, tiny.BIG]
    assert sorted((sorted(history), item) for history, item in found) == sorted(
        [(sorted(earlier), tiny.BIG), ([], tiny.GODFATHER), ([], tiny.HEAT)]
    )


def test_a_part_has_the_turns_and_samples_of_its_conversations(loaded):
    data = TrainingData.of(loaded())
    part = data.within({'t1', 't5'})
    assert set(part.conversations) == {'t1', 't5'}
    assert {sample['conv_id'] for sample in part.samples} == {'t1', 't5'}
    assert len(part.samples) + len(data.within({'t0', 't4'}).samples) == len(data.samples)


def test_folds_are_disjoint_complete_and_follow_the_seed(loaded):
    data = TrainingData.of(loaded())
    folds = data.folds(3, seed=1)
    assert sorted(conv_id for fold in folds for conv_id in fold) == sorted(data.conversations)
    assert max(map(len, folds)) - min(map(len, folds)) <= 1
    assert folds == data.folds(3, seed=1) and any(folds != data.folds(3, seed=seed) for seed in range(2, 9))


def test_a_share_of_the_data_is_a_share_of_the_turns(loaded):
    data = TrainingData.of(loaded(scale=0.5))
    assert 0 < len(data.turns) < len(TrainingData.of(loaded()).turns)


@given(st.lists(st.integers(0, 10**6), min_size=1, unique=True), st.floats(0, 1))
def test_the_latest_conversations_have_the_largest_numbers(numbers, share):
    late = latest_conversations([str(number) for number in numbers], share)
    assert len(late) == max(1, round(share * len(numbers)))
    assert sorted(map(int, late)) == sorted(numbers)[-len(late) :]


def test_ids_with_words_are_ordered_by_their_numbers():
    assert latest_conversations(['train-9', 'train-10', 'train-1'], 0.34) == {'train-10'}
    assert latest_conversations(['9', 'own'], 0.5) == {'own'}


def test_valid_can_be_the_latest_of_train(redial):
    given, late = tiny.load('ReDial', redial), tiny.load('ReDial', redial, valid='late')
    assert {turn['conv_id'] for turn in late.valid_data} == {'t5'}  # the last of the four with two turns
    assert late.train_data + late.valid_data == given.train_data and late.test_data == given.test_data
