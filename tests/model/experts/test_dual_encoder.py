"""DualEncoder against a plain reference, on a tiny random BERT."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from crslab_causal.base.errors import UserError
from crslab_causal.data.dataset.films import Film
from crslab_causal.data.histories import pad_histories
from crslab_causal.data.training_data import TrainingData
from crslab_causal.model.experts.dual_encoder import DualEncoder
from crslab_causal.model.experts.item_text import item_text
from crslab_causal.model.experts.trained_expert import Context, grouped
from tests.model.experts.small_data import label_share, smoothed
from tests.model.experts.tiny_bert import tiny_bert  # noqa: F401

ITEMS = [1, 2, 3, 5]
NAMES = {1: 'alien', 2: 'heat', 3: 'comedies', 4: 'hello', 5: 'there'}
TEXTS = [
    ('c1', 1, 'i love alien', 1),
    ('c1', 1, 'i love alien', 3),
    ('c2', 1, 'i love heat !', 2),
    ('c3', 1, 'watch comedies', 3),
    ('c3', 3, 'great comedies', 3),
    ('c4', 1, None, 2),
    ('c5', 1, 'hello', 1),
]


def sample(conv_id, turn, text, item=1, history=()):
    return {
        'conv_id': conv_id,
        'turn': turn,
        'role': 'Recommender',
        'item': item,
        'items': [item],
        'context_entities': list(history),
        'context_mentions': list(history),
        'context_mention_roles': ['Seeker'] * len(history),
        'has_text': text is not None,
        'context_text': [('Seeker', text or '@101')],
    }


def data(rows=TEXTS):
    samples = [sample(*row) for row in rows]
    return TrainingData(samples, samples, {item: i for i, item in enumerate(ITEMS)}, list)


def build(folder, names=NAMES, **options):
    side_data = {
        'item_entity_ids': ITEMS,
        'item_names': ['alien', 'heat', 'comedies', 'there'],
        'display_names': names,
        'item_of_token': {'@7': 1},
    }
    options = {'sentence_encoder': folder, 'expert_epochs': 2, 'expert_batch_size': 2, **options}
    return DualEncoder(options, torch.device('cpu'), {'n_entity': 6}, side_data).eval()


def fitted(folder, **options):
    model = build(folder, **options)
    model.fit(data())
    return model


def batch():
    rows = [('watch alien', []), (None, [4, 1]), (None, []), ('great @7 !', [1])]
    samples = [sample('q', 1, text, history=history) for text, history in rows]
    return {'context_entities': pad_histories([history for _, history in rows]), 'samples': samples}


def vector(encoder, folder, text):
    """Encode one text without padding, in NumPy from the states on."""
    from transformers import AutoTokenizer

    pieces = AutoTokenizer.from_pretrained(folder)([text], return_tensors='pt')
    with torch.no_grad():
        states = encoder(**pieces).last_hidden_state[0].double().numpy()
    mean = states.mean(0)
    return mean / np.linalg.norm(mean)


def test_the_prediction_is_that_of_the_formula(tiny_bert):  # noqa: F811
    model = fitted(tiny_bert, item_lr=0.1)
    network = model.network
    parts = {name: tensor.double().numpy() for name, tensor in network.state_dict().items()}
    assert np.abs(parts['free']).max() > 0 and not np.array_equal(parts['map.weight'], np.eye(8))
    texts = ['Seeker: watch alien', 'hello, alien', '', 'Seeker: great alien !']
    items = parts['item_text'] @ parts['map.weight'].T + parts['free']
    for text, found in zip(texts, model.log_probabilities(batch()).exp().tolist(), strict=True):
        logits = math.exp(parts['log_scale']) * items @ vector(network.encoder, tiny_bert, text) + parts['bias']
        expected = np.exp(logits) / np.exp(logits).sum()
        assert found == pytest.approx(smoothed(expected, label_share(data(), ITEMS), 0.01), rel=1e-4)


def test_the_vectors_of_the_items_start_as_those_of_the_frozen_encoder(tiny_bert):  # noqa: F811
    from transformers import AutoModel

    model = fitted(tiny_bert)
    frozen = AutoModel.from_pretrained(tiny_bert).eval()
    for row, item in zip(model.network.item_text, ITEMS):
        assert row.tolist() == pytest.approx(vector(frozen, tiny_bert, NAMES[item]), rel=1e-4, abs=1e-5)
    refreshed = fitted(tiny_bert, item_refresh='epoch', encoder_lr=0.01).network
    assert not torch.allclose(refreshed.item_text, model.network.item_text, atol=1e-3)


def test_the_loss_of_contexts_with_several_labels_is_the_mean_over_all_labels(tiny_bert):  # noqa: F811
    model = fitted(tiny_bert, label_smoothing=0.1)
    together = grouped(data())
    assert [len(context.labels) for context in together] == [2, 1, 1, 1, 1, 1]
    apart = [Context(s, [ITEMS.index(s['item'])]) for s in data().samples]
    empty = torch.full((1, 1), -1)
    rows = [model.logits({'context_entities': empty, 'samples': [context.sample]}) for context in apart]
    log_p = torch.cat(rows).log_softmax(-1)
    expected = sum(
        -sum((0.9 * (y == context.labels[0]) + 0.1 / 4) * float(row[y]) for y in range(4))
        for row, context in zip(log_p, apart)
    ) / len(apart)
    assert float(model._loss(together)) == pytest.approx(expected, rel=1e-5)
    assert float(model._loss(apart)) == pytest.approx(expected, rel=1e-5)


def test_training_moves_the_encoder_and_finds_the_items_that_are_asked_for(tiny_bert):  # noqa: F811
    model = fitted(tiny_bert, expert_epochs=60, encoder_lr=0.01, item_lr=0.02)
    first = build(tiny_bert).new_network()
    assert not torch.equal(
        model.network.encoder.embeddings.word_embeddings.weight, first.encoder.embeddings.word_embeddings.weight
    )
    queries = [sample('q', 1, text) for text in ('i love heat !', 'great comedies')]
    scores = model.item_scores({'context_entities': pad_histories([[], []]), 'samples': queries})
    assert [ITEMS[i] for i in scores.argmax(-1).tolist()] == [2, 3]


@pytest.mark.parametrize('layers, trained', [(-1, True), (0, False)])
def test_frozen_embeddings_keep_their_parameters(layers, trained, tmp_path):
    from tests.model.experts.tiny_bert import write_bert

    write_bert(tmp_path, layers=2)
    model = fitted(str(tmp_path), frozen_layers=layers, encoder_lr=0.01)
    before, after = build(str(tmp_path)).new_network().encoder, model.network.encoder
    moved = {
        name: not torch.equal(old, new)
        for (name, old), new in zip(before.named_parameters(), after.parameters(), strict=True)
    }
    assert moved['embeddings.word_embeddings.weight'] is trained
    assert moved['encoder.layer.0.output.dense.weight'] and moved['encoder.layer.1.output.dense.weight']


def test_a_history_alone_is_read_by_its_names(tiny_bert):  # noqa: F811
    model = fitted(tiny_bert, context_names=2)
    assert model.text([1, 2, 4], None) == 'heat, hello'
    alone = model.item_scores({'context_entities': pad_histories([[1, 2, 4]])})
    listed = model.item_scores(
        {'context_entities': pad_histories([[1, 2, 4]]), 'samples': [sample('q', 1, None, history=[1, 2, 4])]}
    )
    assert torch.equal(alone, listed)


def test_the_text_of_an_item_has_what_is_known():
    film = Film('Alien', 1979, ('Horror', 'Sci-Fi'), ('Ridley Scott',), ('Sigourney Weaver',), 'A crew meets it.', ())
    assert item_text(film, '') == (
        'Alien (1979). Horror, Sci-Fi. directed by Ridley Scott. with Sigourney Weaver. A crew meets it'
    )
    assert item_text(Film(), 'Alien') == item_text(None, 'Alien') == 'Alien'


def test_a_checkpoint_holds_the_encoder_and_needs_no_training(tiny_bert):  # noqa: F811
    model, other = fitted(tiny_bert, encoder_lr=0.01), build(tiny_bert)
    other.load_state_dict(model.state_dict())
    assert torch.equal(other.item_scores(batch()), model.item_scores(batch()))
    assert not any(parameter.requires_grad for parameter in other.parameters())


def test_a_training_is_repeated_if_a_name_that_it_reads_differs(tiny_bert, tmp_path):  # noqa: F811
    found = []
    for folder, names in (
        (tmp_path, NAMES),
        (tmp_path, {**NAMES, 4: 'great'}),
        (tmp_path / 'fresh', {**NAMES, 4: 'great'}),
    ):
        model = build(tiny_bert, names, save_path=str(folder), encoder_lr=0.01)
        model.fit(data([*TEXTS, ('c6', 1, None, 3, [4])]))
        found.append(model.item_scores(batch()))
    assert torch.equal(found[1], found[2]) and not torch.equal(found[0], found[1])


def test_an_encoder_that_is_missing_is_reported_before_anything_is_learned(tmp_path):
    with pytest.raises(UserError, match='sentence_encoder: .* cannot be loaded'):
        fitted(str(tmp_path / 'nowhere'))


def test_reduced_precision_changes_the_training_a_little(tiny_bert):  # noqa: F811
    exact, reduced = (fitted(tiny_bert, encoder_precision=p) for p in ('float32', 'bfloat16'))
    pair = [model.item_scores(batch()) for model in (exact, reduced)]
    assert not torch.equal(*pair)
    assert F.l1_loss(*pair) < 0.05
