"""The dataloader: its samples, which are the same for every model, and its batches."""

import copy
import random
from collections import Counter

import pytest
import torch

import tiny
from tiny import ALIEN, BIG, COMEDY, COSMOS, GODFATHER, HANKS, HEAT, ITEMS, PACINO, STAR_WARS

CRSLAB_MODELS = ('KBRD', 'KGSF', 'ReDialRec', 'TextCNN', 'GRU4REC', 'SASREC', 'Popularity', 'KBRDRepaired')
OWN_MODELS = ('CausalKBRD', 'TargetPopularity', 'Repeat', 'TransitionCounts')
TEXT_MODELS = ('CTACRS', 'Seq2Seq', 'TransformerSeq2Seq')
"""Models that also read the text."""


@pytest.fixture
def dataset(redial):
    return tiny.load('ReDial', redial)


@pytest.fixture
def load(dataset, make_config):
    """Return a function that makes the loader of a split; keyword arguments are keys of the configuration."""
    from crslab_causal.config import Config
    from crslab_causal.crslab_compat import get_dataloader

    def load(split='train', **settings):
        base = {'dataset': 'ReDial', 'model': 'CausalKBRD'}
        config = Config(make_config(content=base | settings))
        return get_dataloader(config, getattr(dataset, f'{split}_data'), dataset.vocab)

    return load


def pairs(loader):
    return [(set(s['context_entities']), s['item']) for s in loader.samples]


def same(a, b):
    """Return whether two batches of CRSLab's loaders are equal, including tensors."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


# ---------------------------------------------------------------- samples


@pytest.mark.parametrize('model', CRSLAB_MODELS + OWN_MODELS + TEXT_MODELS)
@pytest.mark.parametrize('split', ['train', 'valid', 'test'])
def test_every_model_has_the_samples_of_crslabs_kbrd(model, split, load, dataset):
    from crslab.data.dataloader.kbrd import KBRDDataLoader

    reference = KBRDDataLoader({}, getattr(dataset, f'{split}_data'), dataset.vocab).rec_process_fn()
    assert pairs(load(split, model=model)) == [(set(s['context_entities']), s['item']) for s in reference]


@pytest.mark.parametrize('name, valid, test', [('ReDial', 3010, 1484), ('OpenDialKG', 885, 864)])
def test_samples_of_the_real_data_equal_those_of_crslabs_kbrd(name, valid, test, load_real, make_config):
    from crslab.data.dataloader.kbrd import KBRDDataLoader

    from crslab_causal.config import Config
    from crslab_causal.crslab_compat import get_dataloader

    dataset = load_real(name)
    config = Config(make_config(content={'dataset': name, 'model': 'CausalKBRD'}))
    for data, expected in ((dataset.valid_data, valid), (dataset.test_data, test)):
        loader = get_dataloader(config, data, dataset.vocab)
        reference = KBRDDataLoader({}, data, dataset.vocab).rec_process_fn()
        assert pairs(loader) == [(set(s['context_entities']), s['item']) for s in reference]
        assert len(loader) == expected == sum(len(b.item) for b in loader.get_rec_data(512, shuffle=False))


def test_an_item_mentioned_twice_in_a_turn_makes_two_samples(load):
    assert [(s['turn'], s['item']) for s in load().samples if s['conv_id'] == 't0'] == [
        (1, BIG),
        (3, STAR_WARS),
        (3, STAR_WARS),
    ]


def test_history_follows_the_option_mention_order(load):
    def first_history(order):
        return load(mention_order=order).samples[0]['context_entities']

    assert first_history('all') == [ALIEN, COMEDY, HANKS, HEAT, PACINO, ALIEN]
    assert first_history('last') == [COMEDY, HANKS, HEAT, PACINO, ALIEN]
    assert first_history('first') == [ALIEN, COMEDY, HANKS, HEAT, PACINO]


def test_truncation_keeps_the_last_mentions(load):
    assert load(entity_truncate=2).samples[0]['context_entities'] == [PACINO, ALIEN]
    assert load(entity_truncate=99).samples[0]['context_entities'] == load().samples[0]['context_entities']
    assert max(b.context_entities.shape[1] for b in load(entity_truncate=2).get_rec_data(2)) == 2


@pytest.mark.parametrize('scale, expected', [(1.0, 9), (0.5, 5), (0.1, 1)])
def test_scale_keeps_the_first_samples(scale, expected, load):
    assert len(load()) == 9
    assert pairs(load(scale=scale)) == pairs(load())[:expected]


def test_samples_with_a_label_outside_the_catalogue_are_dropped_on_request(load):
    train = load()
    assert [s['item'] for s in train.samples if s['item'] not in ITEMS] == [COSMOS]
    assert train.drop_labels_outside_catalogue() == 1
    assert len(train) == 8 and COSMOS not in [s['item'] for s in train.samples]
    assert all((b.label >= 0).all() for b in train.get_rec_data(3))
    assert train.drop_labels_outside_catalogue() == 0


def test_labels_are_indices_of_the_catalogue(load):
    batch = next(load('test').get_rec_data(9, shuffle=False))
    assert batch.item.tolist() == [GODFATHER, HEAT, STAR_WARS, COSMOS]
    assert batch.label.tolist() == [ITEMS.index(GODFATHER), ITEMS.index(HEAT), ITEMS.index(STAR_WARS), -1]


def test_labels_are_counted_by_item(load):
    assert load().label_count().tolist() == [1, 2, 2, 2, 1]  # of ITEMS, COSMOS being none
    assert load('valid').label_count().tolist() == [1, 0, 1, 1, 0]


def test_batches_have_the_items_of_the_context_and_mark_repeated_labels(load):
    loader = load('test')
    batch = next(loader.get_rec_data(9, shuffle=False))
    seen = [{ITEMS[i] for i in row if i >= 0} for row in batch.seen.tolist()]
    assert seen == [{HEAT}, {HEAT, GODFATHER}, set(), {STAR_WARS, ALIEN}]
    assert batch.repeat.tolist() == [False, True, False, False]
    assert all(len(row) == len(set(row)) for row in ([i for i in r if i >= 0] for r in batch.seen.tolist()))


def test_truncation_does_not_change_the_items_of_the_context(load):
    whole = next(load('test').get_rec_data(9, shuffle=False))
    cut = next(load('test', entity_truncate=1).get_rec_data(9, shuffle=False))
    assert cut.context_entities.shape[1] == 1
    assert cut.repeat.tolist() == whole.repeat.tolist()
    assert torch.equal(cut.seen, whole.seen)


def test_an_empty_history_consists_of_padding(load):
    batch = load('test').rec_batchify(torch.tensor([2]))
    assert batch.context_entities.tolist() == [[-1]]
    assert batch.item.tolist() == [STAR_WARS]


# ---------------------------------------------------------------- batches


@pytest.mark.parametrize('size', [1, 2, 3, 9, 100])
@pytest.mark.parametrize('shuffle', [False, True])
def test_batches_contain_every_sample_once(size, shuffle, load):
    loader = load()
    batches = list(loader.get_rec_data(size, shuffle=shuffle))
    rows = [
        (tuple(e for e in row if e >= 0), item)
        for b in batches
        for row, item in zip(b.context_entities.tolist(), b.item.tolist())
    ]
    expected = [(tuple(s['context_entities']), s['item']) for s in loader.samples]
    assert Counter(rows) == Counter(expected)
    assert shuffle or rows == expected
    assert [len(b.item) for b in batches] == [size] * (9 // size) + ([9 % size] if 9 % size else [])


def test_the_order_follows_the_seed(load):
    loader = load()

    def items(seed):
        random.seed(seed)
        return [b.item.tolist() for b in loader.get_rec_data(2)]

    assert items(1) == items(1)
    assert len({str(items(seed)) for seed in range(10)}) > 1


@pytest.mark.parametrize('model', CRSLAB_MODELS)
def test_crslabs_batches_have_the_same_samples_and_do_not_change_them(model, load, dataset):
    before = copy.deepcopy(dataset.train_data)
    loader = load(model=model)
    samples = copy.deepcopy(loader.samples)
    passes = []
    for _ in range(2):
        random.seed(0)  # TGReDialDataLoader draws negative samples
        batches = list(loader.get_rec_data(4, shuffle=False))
        for batch in batches:
            crslab_item = batch.crslab_batch['item'] if isinstance(batch.crslab_batch, dict) else batch.crslab_batch[-1]
            assert torch.equal(crslab_item, batch.item)
        passes.append([b.crslab_batch for b in batches])
    assert sum(len(b.item) for b in batches) == 9
    assert same(*passes)
    assert loader.samples == samples
    assert dataset.train_data == before


def test_crslabs_kbrd_gets_histories_in_the_configured_order(load):
    batch = next(load(model='KBRD').get_rec_data(4, shuffle=False))
    assert batch.crslab_batch['context_entities'][0] == [COMEDY, HANKS, HEAT, PACINO, ALIEN]


@pytest.mark.parametrize('model', OWN_MODELS + TEXT_MODELS)
def test_models_of_this_package_have_no_crslab_batch(model, load):
    assert all(b.crslab_batch is None for b in load(model=model).get_rec_data(4))


def test_all_tensors_of_a_batch_move_to_the_device(load):
    for model in ('KBRD', 'ReDialRec', 'TextCNN', 'CausalKBRD', 'CTACRS'):
        batch = next(load(model=model).get_rec_data(4)).to('meta')
        crslab_values = batch.crslab_batch or ()
        if isinstance(crslab_values, dict):
            crslab_values = crslab_values.values()
        tensors = [v for v in (*batch, *crslab_values) if isinstance(v, torch.Tensor)]
        assert len(tensors) >= 5 and all(t.device.type == 'meta' for t in tensors)


# ---------------------------------------------------------------- tokens


def words(loader, dataset, index):
    batch = loader.rec_batchify(torch.tensor(index))
    return [
        [dataset.vocab['ind2tok'][t] for t in row if t != dataset.vocab['pad']] for row in batch.context_tokens.tolist()
    ]


def test_text_models_get_the_tokens_of_each_turn(load, dataset):
    loader = load(model='CTACRS')
    assert words(loader, dataset, [0]) == [
        'Hi , I love @101 and comedies with Tom Hanks Also @102 with Pacino , and @101 again __end__'.split()
    ]
    samples = [(s['conv_id'], s['turn']) for s in loader.samples]
    first, second = samples.index(('t1', 2)), samples.index(('t1', 4))
    assert words(loader, dataset, [first, second]) == [
        'What do you love ? __end__ @108 and not @102 __end__'.split(),
        'What do you love ? __end__ @108 and not @102 __end__ Watch @102 __unk__ __end__ No __end__'.split(),
    ]


def test_the_last_tokens_are_kept(load, dataset):
    assert words(load(model='CTACRS', context_truncate=3), dataset, [0, 1]) == [
        ['@101', 'again', '__end__'],
        ['was', 'fun', '__end__'],
    ]


def test_a_context_without_text_consists_of_padding(load, dataset):
    loader = load(model='CTACRS')
    loader.samples[0]['context_tokens'] = [[]]
    loader._tensorise()
    assert loader.rec_batchify(torch.tensor([0])).context_tokens.tolist() == [[dataset.vocab['pad']]]


@pytest.mark.parametrize('model', CRSLAB_MODELS + OWN_MODELS)
def test_other_models_get_no_tokens(model, load):
    assert all(b.context_tokens is None for b in load(model=model).get_rec_data(4))
