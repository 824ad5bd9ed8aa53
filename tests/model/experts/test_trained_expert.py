"""The training that DualEncoder and MentionTransformer share: seeds, breaks, files, the choice of the epoch."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from loguru import logger

from crslab_causal.data.training_data import TrainingData
from crslab_causal.model.experts import trained_expert
from crslab_causal.model.experts.mention_transformer import MentionTransformer
from crslab_causal.model.experts.trained_expert import TrainedExpert
from tests.model.experts.small_data import batch, build, training_data

ITEMS = [1, 2, 3]
CONVERSATIONS = [[[0, 1], [2], [4], [1]], [[2], [3, 1], [5]], [[1], [6], [3], [2]], [[4], [2]], [[1], [2, 3]]] * 3
DATA = training_data(ITEMS, CONVERSATIONS)
HISTORIES = batch([[1], [4, 2], [], [6, 0, 3]])


def model(items=ITEMS, side_data=None, model_class=MentionTransformer, **options):
    small = {'mention_dim': 8, 'mention_heads': 2, 'min_count': 1, 'expert_epochs': 3, 'expert_batch_size': 4}
    return build(model_class, items, side_data=side_data, **{**small, **options})


def fitted(**options):
    expert = model(**options)
    expert.fit(DATA)
    return expert


def test_the_same_seed_learns_the_same_whatever_was_drawn_before():
    first = fitted(seed=1).item_scores(HISTORIES)
    torch.rand(17)
    state = torch.get_rng_state()
    assert torch.equal(fitted(seed=1).item_scores(HISTORIES), first)
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(fitted(seed=2).item_scores(HISTORIES), first)


@pytest.mark.parametrize('stop', [1, 4, 8])
def test_a_training_that_was_killed_ends_as_one_that_was_not(stop, tmp_path, monkeypatch):
    whole = fitted(seed=1).item_scores(HISTORIES)
    monkeypatch.setattr(trained_expert, 'CHECKPOINT_SECONDS', 0.0)
    loss, calls = TrainedExpert._loss, []

    def killed_loss(self, part):
        if len(calls) == stop:
            raise KeyboardInterrupt
        calls.append(part)
        return loss(self, part)

    monkeypatch.setattr(TrainedExpert, '_loss', killed_loss)
    with pytest.raises(KeyboardInterrupt):
        fitted(seed=1, save_path=str(tmp_path))
    (file,) = (tmp_path / 'trained_experts').iterdir()
    done = len(calls)

    def counted_loss(self, part):
        calls.append(part)
        return loss(self, part)

    monkeypatch.setattr(TrainedExpert, '_loss', counted_loss)
    torch.testing.assert_close(fitted(seed=1, save_path=str(tmp_path)).item_scores(HISTORIES), whole, rtol=0, atol=0)
    monkeypatch.setattr(TrainedExpert, '_loss', loss)
    total = 3 * -(-len(trained_expert.grouped(DATA)) // 4)
    assert done == stop and len(calls) == total


def test_a_training_that_has_ended_is_not_repeated_unless_something_differs(tmp_path, monkeypatch):
    first = fitted(seed=1, save_path=str(tmp_path)).item_scores(HISTORIES)

    def no_training(self, part):
        raise AssertionError('trained again')

    monkeypatch.setattr(TrainedExpert, '_loss', no_training)
    assert torch.equal(fitted(seed=1, save_path=str(tmp_path)).item_scores(HISTORIES), first)
    for change in ({'seed': 2}, {'mention_lr': 0.1}):
        with pytest.raises(AssertionError, match='trained again'):
            fitted(**{'seed': 1, 'save_path': str(tmp_path), **change})
    other = model(seed=1, save_path=str(tmp_path))
    with pytest.raises(AssertionError, match='trained again'):
        other.fit(training_data(ITEMS, CONVERSATIONS[:-1]))


def test_the_choice_of_the_epoch_takes_no_training_without_held_out_conversations(tmp_path):
    options = {'seed': 1, 'expert_epoch_choice': 'late', 'mention_lr': 0.2, 'expert_epochs': 6}
    expected = fitted(**options).item_scores(HISTORIES)
    early = model(**{**options, 'expert_epoch_choice': 'last'}, save_path=str(tmp_path))
    early.fit(DATA.within(DATA.conversations.keys() - DATA.latest()))
    assert torch.equal(fitted(**options, save_path=str(tmp_path)).item_scores(HISTORIES), expected)


def test_other_held_out_conversations_are_measured_again(tmp_path):
    (first, *others) = (DATA.within(part) for part in DATA.folds(3, seed=0))
    measured = [model(save_path=str(tmp_path))._train(first, 2, held_out) for held_out in others]
    assert measured == [model()._train(first, 2, held_out) for held_out in others] and measured[0] != measured[1]


@pytest.mark.parametrize(
    ('items', 'side_data'),
    [(ITEMS[::-1], {}), (ITEMS, {'mentioned_entity_ids': [0, 1, 2, 3, 4]})],
    ids=['order of the items', 'fewer known entities'],
)
def test_the_same_conversations_with_other_ids_are_another_training(items, side_data, tmp_path):
    fitted(seed=1, save_path=str(tmp_path))
    found = []
    for folder in (tmp_path, tmp_path / 'fresh'):
        expert = model(items, side_data, seed=1, save_path=str(folder))
        expert.fit(training_data(items, CONVERSATIONS))
        found.append(expert.item_scores(HISTORIES))
    assert torch.equal(*found)


def test_other_speakers_are_another_training(tmp_path):
    fitted(seed=1, save_path=str(tmp_path))
    changed = [
        {**sample, 'context_mention_roles': ['Seeker'] * len(sample['context_mentions'])} for sample in DATA.samples
    ]
    found = []
    for folder in (tmp_path, tmp_path / 'fresh'):
        expert = model(seed=1, save_path=str(folder))
        expert.fit(TrainingData(DATA.turns, changed, DATA.index_of_item, DATA.history))
        found.append(expert.item_scores(HISTORIES))
    assert torch.equal(*found)


def test_an_expert_is_told_what_every_epoch_took():
    told = []

    class Watched(MentionTransformer):
        def end_epoch(self, updates, seconds, parameters):
            told.append((updates, parameters))
            assert seconds > 0

    expert = model(model_class=Watched)
    expert.fit(DATA)
    updates = -(-len(trained_expert.grouped(DATA)) // 4)
    assert told == [(updates, sum(parameter.numel() for parameter in expert.parameters()))] * 3


def test_two_runs_train_the_same_expert_once(tmp_path, monkeypatch):
    """The second run waits for the first one, and takes its result."""
    loss, calls, both = TrainedExpert._loss, [], threading.Barrier(2)

    def counted_loss(self, part):
        calls.append(part)
        return loss(self, part)

    monkeypatch.setattr(TrainedExpert, '_loss', counted_loss)

    def train():
        both.wait()
        return fitted(seed=1, save_path=str(tmp_path)).item_scores(HISTORIES)

    with ThreadPoolExecutor(2) as pool:
        first, second = (future.result(timeout=60) for future in [pool.submit(train), pool.submit(train)])
    assert torch.equal(first, second)
    assert len(calls) == 3 * -(-len(trained_expert.grouped(DATA)) // 4)
    assert [path.suffix for path in (tmp_path / 'trained_experts').iterdir()] == ['.pth']


@pytest.mark.parametrize('has_other_format', [False, True])
def test_a_damaged_file_costs_time_and_a_warning_and_no_result(tmp_path, has_other_format):
    lines = []
    sink = logger.add(lines.append, level='WARNING', format='{message}')
    first = fitted(seed=1, save_path=str(tmp_path)).item_scores(HISTORIES)
    (file,) = (tmp_path / 'trained_experts').iterdir()
    assert not lines
    if has_other_format:
        torch.save({'weights': {}}, file)
    else:
        file.write_bytes(file.read_bytes()[:200])
    assert torch.equal(fitted(seed=1, save_path=str(tmp_path)).item_scores(HISTORIES), first)
    logger.remove(sink)
    (line,) = lines
    assert line.startswith(f'[{file}: cannot be used, so the training starts from the beginning (')
    assert line.count('\n') == 1


def test_the_best_epoch_on_the_latest_conversations_is_trained_again_on_all(monkeypatch):
    trained = []
    train = TrainedExpert._train

    def watched(self, data, epochs, held_out):
        history = train(self, data, epochs, held_out)
        trained.append((set(data.conversations), epochs, held_out and set(held_out.conversations), history))
        return history

    monkeypatch.setattr(TrainedExpert, '_train', watched)
    fitted(expert_epoch_choice='late', mention_lr=0.2, expert_epochs=6)
    (part, most, held_out, history), (everything, chosen, none, _) = trained
    assert held_out == DATA.latest() and part == set(DATA.conversations) - held_out and none is None
    assert most == len(history) == 6 and everything == set(DATA.conversations)
    assert history[chosen - 1] == max(history)


def test_the_log_likelihood_of_held_out_labels_is_the_mean_over_the_labels(monkeypatch):
    expert = model()
    history = expert._train(DATA, 2, DATA)
    total = [
        float(
            expert.logits({**batch([sample['context_entities']]), 'samples': [sample]}).log_softmax(-1)[
                0, ITEMS.index(sample['item'])
            ]
        )
        for sample in DATA.samples
    ]
    assert history[-1] == pytest.approx(sum(total) / len(total), rel=1e-5)


def test_nothing_of_it_is_left_for_the_system_to_train():
    expert = fitted()
    assert list(expert.parameters()) and not any(parameter.requires_grad for parameter in expert.parameters())
    other = model()
    other.load_state_dict(expert.state_dict())
    assert torch.equal(other.item_scores(HISTORIES), expert.item_scores(HISTORIES))
