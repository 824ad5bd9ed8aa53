"""TextToItem, TextNeighbours and TextSimilarity against plain references, on a tiny random BERT."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from crslab_causal.base.errors import UserError
from crslab_causal.data.histories import pad_histories
from crslab_causal.data.training_data import TrainingData
from crslab_causal.model.experts.text_neighbours import TextNeighbours
from crslab_causal.model.experts.text_similarity import TextSimilarity
from crslab_causal.model.experts.text_to_item import TextToItem, fit_softmax
from tests.model.experts.small_data import label_share, smoothed
from tests.model.experts.tiny_bert import tiny_bert  # noqa: F401

ITEMS = [1, 2, 3, 5]
TEXTS = [
    ('i love alien', 1),
    ('i love alien !', 1),
    ('i love alien and heat', 2),
    ('watch comedies', 3),
    ('great comedies', 3),
    (None, 2),
    ('hello', 1),
]
QUERIES = ['love alien', 'comedies', None, 'there !']
EXPERTS = pytest.mark.parametrize('expert', [TextToItem, TextNeighbours, TextSimilarity])


def sample(text, item=1):
    return {
        'conv_id': '0',
        'turn': 1,
        'role': 'Recommender',
        'item': item,
        'items': [item],
        'context_entities': [],
        'context_mentions': [],
        'has_text': text is not None,
        'context_text': [('Seeker', text or '@101')],
    }


def data(texts=TEXTS):
    samples = [sample(*pair) for pair in texts]
    return TrainingData(samples, samples, {item: i for i, item in enumerate(ITEMS)}, list)


def build(expert, folder, **options):
    side_data = {'item_entity_ids': ITEMS, 'item_names': ['alien', 'heat', 'a', 'b'], 'item_of_token': {}}
    return expert({'sentence_encoder': folder, **options}, torch.device('cpu'), {'n_entity': 6}, side_data)


def batch(texts=QUERIES):
    return {'context_entities': pad_histories([[]] * len(texts)), 'samples': [sample(text) for text in texts]}


def vector(model, text):
    return model.encoder.encode([text])[0].double().numpy()


def check(model, evidence):
    prior = label_share(data(), ITEMS)
    for found, text in zip(model.log_probabilities(batch()).exp().tolist(), QUERIES, strict=True):
        expected = prior if text is None else smoothed(evidence(vector(model, text)), prior, 0.25)
        assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize('neighbours, temperature', [(1, 0.1), (3, 0.02), (100, 1.0)])
def test_neighbours_count_by_their_similarity(neighbours, temperature, tiny_bert):  # noqa: F811
    model = build(TextNeighbours, tiny_bert, neighbours=neighbours, neighbour_temperature=temperature)
    model.fit(data())

    def evidence(query):
        cosines = sorted(
            ((float(query @ vector(model, text)), item) for text, item in TEXTS if text is not None),
            key=lambda pair: -pair[0],
        )[:neighbours]
        return [
            sum(math.exp((cosine - cosines[0][0]) / temperature) for cosine, label in cosines if label == item)
            for item in ITEMS
        ]

    check(model, evidence)


def test_similarity_is_the_softmax_of_the_cosines_with_the_texts_of_the_items(tiny_bert):  # noqa: F811
    model = build(TextSimilarity, tiny_bert, similarity_temperature=0.2)
    model.fit(data())
    texts = [vector(model, text) for text in ('alien', 'heat', 'a', 'b')]

    def evidence(query):
        return [math.exp(float(query @ text) / 0.2) for text in texts]

    check(model, evidence)


def test_the_softmax_is_that_of_the_formula_and_gives_items_without_labels_only_popularity(tiny_bert):  # noqa: F811
    model = build(TextToItem, tiny_bert, text_epochs=300, text_lr=0.2)
    model.fit(data())
    assert model.labels.tolist() == [0, 1, 2]

    def evidence(query):
        scores = model.coefficients.double().numpy() @ query + model.bias.double().numpy()
        return [*(np.exp(scores) / np.exp(scores).sum()), 0.0]

    check(model, evidence)
    best = model.log_probabilities(batch(['i love alien', 'great comedies'])).argmax(-1).tolist()
    assert [ITEMS[i] for i in best] == [1, 3]


def test_many_epochs_with_decay_reach_the_optimum_of_the_ridge_softmax():
    generator = torch.Generator().manual_seed(0)
    x, y = F.normalize(torch.randn(200, 4, generator=generator), dim=-1), torch.arange(200) % 3
    coefficients, bias = fit_softmax(x, y, torch.zeros(3), epochs=1500, lr=0.05, decay=0.01, seed=0)
    coefficients.requires_grad_(), bias.requires_grad_()
    objective = F.cross_entropy(F.linear(x, coefficients, bias), y) + 0.01 * coefficients.square().sum()
    gradients = torch.autograd.grad(objective, [coefficients, bias])
    assert max(gradient.abs().max().item() for gradient in gradients) < 1e-3 and coefficients.abs().max() > 0.05


@pytest.mark.parametrize('expert', [TextToItem, TextNeighbours])
def test_without_any_text_popularity_is_the_answer(expert, tiny_bert):  # noqa: F811
    model = build(expert, tiny_bert)
    model.fit(data([(None, 2), (None, 1)]))
    prior = pytest.approx(label_share(data([(None, 2), (None, 1)]), ITEMS))
    for row in model.log_probabilities(batch()).exp().tolist():
        assert row == prior
    history_alone = {'context_entities': pad_histories([[1], []])}
    assert model.log_probabilities(history_alone).exp().tolist() == [prior, prior]


@EXPERTS
def test_a_checkpoint_holds_what_was_learned(expert, tiny_bert):  # noqa: F811
    model, other = build(expert, tiny_bert), build(expert, tiny_bert)
    model.fit(data())
    other.load_state_dict(model.state_dict())
    assert torch.equal(other.item_scores(batch()), model.item_scores(batch()))
    assert not list(model.parameters()) and not [name for name in model.state_dict() if 'encoder' in name]


@EXPERTS
def test_the_same_seed_learns_the_same(expert, tiny_bert):  # noqa: F811
    scores = []
    for seed in (1, 1, 2):
        model = build(expert, tiny_bert, seed=seed)
        torch.manual_seed(len(scores))
        model.fit(data())
        scores.append(model.item_scores(batch()))
    assert torch.equal(scores[0], scores[1])


@EXPERTS
def test_an_encoder_that_is_missing_is_reported_before_anything_is_learned(expert, tmp_path):
    model = build(expert, str(tmp_path / 'nowhere'))
    with pytest.raises(UserError, match='sentence_encoder: .* cannot be loaded'):
        model.fit(data())
