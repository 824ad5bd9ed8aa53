"""Experts on the real ReDial."""

import pytest
import torch

from crslab_causal.data.dataloader import CausalDataLoader
from crslab_causal.data.training_data import TrainingData
from crslab_causal.model.experts.co_mentions import count_co_mentions
from crslab_causal.model.experts.ease import EASE, ease_coefficients


@pytest.fixture(scope='module')
def real(load_real):
    dataset = load_real('ReDial')
    loader = CausalDataLoader({'model': 'EASE', 'scale': 1.0}, dataset.train_data, dataset.vocab)
    return dataset, TrainingData.of(loader)


def test_single_precision_of_ease_suffices(real):
    _, data = real
    _, gram = count_co_mentions(list(data.conversations.values()), min_count=2)
    double = ease_coefficients(gram.double(), 150.0)
    single = ease_coefficients(gram, 150.0)
    assert len(single) > 2500
    assert (single - double).abs().max() < 1e-5 * double.abs().max()


def test_ease_knows_the_films_of_a_series(real):
    dataset, data = real
    model = EASE({}, torch.device('cpu'), dataset.vocab, dataset.side_data)
    model.fit(data)
    names = dataset.side_data['item_names']
    first = dataset.side_data['item_entity_ids'][names.index('The Conjuring')]
    best = model.item_scores({'context_entities': torch.tensor([[first]])})[0].topk(10).indices.tolist()
    assert {'Annabelle', 'The Conjuring 2'} & {names[i] for i in best}
