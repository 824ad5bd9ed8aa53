"""Pairs of a context and a response: the turns that make pairs, truncation and batches."""

import itertools
import json
import random

import pytest
import torch

import tiny
from crslab_causal.data.responses import ResponsePairs


@pytest.fixture
def load(redial, make_config):
    """Return a function that makes the pairs of the training split; conversations in ``silent`` (ids) have no words."""
    from crslab_causal.config import Config
    from crslab_causal.crslab_compat import get_dataloader

    def load(silent=(), response_truncate=40, **settings):
        path = redial / 'redial' / 'nltk' / 'train_data.json'
        conversations = json.loads(path.read_text('utf-8'))
        path.write_text(json.dumps([c | {'text': c['conv_id'] not in silent} for c in conversations]), 'utf-8')
        dataset = tiny.load('ReDial', redial)
        config = Config(make_config(content={'dataset': 'ReDial', 'model': 'Seq2Seq'} | settings))
        loader = get_dataloader(config, dataset.train_data, dataset.vocab)
        return ResponsePairs(loader, dataset.vocab['pad'], dataset.vocab['end'], response_truncate), dataset

    return load


def read(tokens, dataset):
    return [' '.join(dataset.vocab['ind2tok'][t] for t in row if t != dataset.vocab['pad']) for row in tokens.tolist()]


def test_every_turn_of_the_recommender_makes_a_pair_with_or_without_items(load):
    pairs, dataset = load()
    batch = pairs.batch(list(range(len(pairs))))
    assert read(batch.response, dataset) == [
        'Have you seen @199 or @104 ? __end__',
        'Then watch @105 . @105 is great It is science fiction __end__',
        'Watch @102 __unk__ __end__',
        'Then Cosmos __end__',
        '@101 , @104 ? __end__',
        '@102 and @108 __end__',
    ]
    assert (
        read(batch.context_tokens, dataset)[3]
        == 'What do you love ? __end__ @108 and not @102 __end__ Watch @102 __unk__ __end__ No __end__'
    )
    assert batch.n_own == batch.n_token == 8 + 12 + 4 + 3 + 5 + 4


def test_conversations_without_words_give_no_pairs_but_stay_in_the_dataset(load):
    pairs, dataset = load(silent=('t0', 't4'))
    assert read(pairs.batch(list(range(len(pairs)))).response, dataset) == [
        'Watch @102 __unk__ __end__',
        'Then Cosmos __end__',
        '@102 and @108 __end__',
    ]
    assert {s['conv_id'] for s in dataset.train_data if not s['has_text']} == {'t0', 't4'}
    # counted in t1 and t5 only, where @102 occurs twice
    counts = {dataset.vocab['ind2tok'][t]: n for t, n in dataset.side_data['response_token_count'].items()}
    assert counts == {'Watch': 1, '@102': 2, '__unk__': 1, 'Then': 1, 'Cosmos': 1, 'and': 1, '@108': 1}


def test_long_contexts_and_responses_are_truncated(load):
    pairs, dataset = load(response_truncate=3, context_truncate=2)
    batch = pairs.batch([0, 3])
    assert read(batch.response, dataset) == ['Have you seen', 'Then Cosmos __end__']
    assert read(batch.context_tokens, dataset) == ['again __end__', 'No __end__']


@pytest.mark.parametrize('shuffle', [False, True])
@pytest.mark.parametrize('size', [1, 2, 4, 100])
def test_batches_contain_every_pair_once_and_have_similar_lengths(load, shuffle, size):
    pairs, dataset = load()
    random.seed(3)
    batches = list(pairs.batches(size, shuffle))
    texts = [text for batch in batches for text in read(batch.response, dataset)]
    assert sorted(texts) == sorted(read(pairs.batch(list(range(6))).response, dataset))
    assert sum(batch.n_own for batch in batches) == 36
    lengths = sorted(((b.context_tokens != 0).sum(-1).tolist() for b in batches), key=max)
    assert all(max(one) <= min(other) for one, other in itertools.pairwise(lengths))


def test_each_process_gets_a_part_of_every_batch(load, monkeypatch):
    pairs, dataset = load()
    monkeypatch.setenv('WORLD_SIZE', '4')
    parts = []
    for rank in range(4):
        monkeypatch.setenv('RANK', str(rank))
        random.seed(5)
        parts.append(list(pairs.batches(3, True)))
    for parts_of_batch in zip(*parts):
        assert len({batch.n_token for batch in parts_of_batch}) == 1
        assert sum(batch.n_own for batch in parts_of_batch) == parts_of_batch[0].n_token
        assert sum(batch.n_own == 0 for batch in parts_of_batch) == 1  # it gets a pair of another process
        assert all(len(batch.response) == 1 for batch in parts_of_batch)


def test_all_tensors_of_a_batch_move_to_the_device(load):
    batch = load()[0].batch([0]).to(torch.device('meta'))
    assert batch.context_tokens.device.type == batch.response.device.type == 'meta'
