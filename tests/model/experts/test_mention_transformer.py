"""MentionTransformer against plain references."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as limits

from crslab_causal.chat.live_context import LiveContexts
from crslab_causal.data.training_data import TrainingData
from crslab_causal.model.experts.ease import EASE
from crslab_causal.model.experts.mention_transformer import (
    FIRST_SCALE,
    RECOMMENDER,
    SEEKER,
    UNKNOWN,
    MentionTransformer,
    mention_roles,
)
from crslab_causal.model.experts.options import MentionTransformerOptions
from tests.model.experts.small_data import batch, build, corpora, fitted, histories, label_share, training_data, weights

SMALL = {'mention_dim': 8, 'mention_heads': 2, 'min_count': 1, 'ease_lambda': 1.0, 'expert_epochs': 2}
ITEMS = [1, 2, 3]
CONVERSATIONS = [[[0, 1], [2], [4], [1]], [[2], [3, 1], [5]], [[1], [6], [3], [2]], [[4], [2]]]


@limits(deadline=None, max_examples=25)
@given(corpora(), histories)
def test_before_the_training_it_is_ease(corpus, rows):
    items, data = corpus
    model = build(MentionTransformer, items, **SMALL)
    model.item_count = torch.bincount(data.labels, minlength=len(items)).float()
    model.network = model.new_network().eval()
    model.start(model.network, data)
    ease = fitted(EASE, items, data, min_count=1, ease_lambda=1.0)
    prior = np.log(label_share(data, items))
    row_of, column_of = ({e: i for i, e in enumerate(ids.tolist())} for ids in (ease.entities, ease.items))
    for history, found in zip(rows, model.logits(batch(rows)).tolist(), strict=True):
        evidence = [
            sum(
                w * float(ease.coefficients[row_of[e], column_of[y]])
                for w, e in zip(weights(history, 1.2), history)
                if e in row_of and y in column_of
            )
            for y in range(len(items))
        ]
        assert found == pytest.approx([FIRST_SCALE * e + p for e, p in zip(evidence, prior)], rel=1e-3, abs=1e-3)


def test_the_logits_are_those_of_the_formula():
    model = fitted(MentionTransformer, ITEMS, training_data(ITEMS, CONVERSATIONS), mention_lr=0.05, **SMALL)
    history, roles = [4, 2, 1], [SEEKER, RECOMMENDER, UNKNOWN]
    sample = {
        'context_mentions': [1, 4, 2],
        'context_mention_roles': ['Recommender', 'Seeker', 'Recommender'],
    }
    sample['context_mentions'][0] = 6  # so that nobody is known to have said 1
    longer = {'context_mentions': [0, 4, 2, 1, 6, 3], 'context_mention_roles': ['Seeker'] * 6}
    rows = batch([history, [0, 4, 2, 1, 6, 3]])  # the shorter one is padded
    found = model.logits({**rows, 'samples': [sample, longer]})[0].tolist()

    p = {name: tensor.double().numpy() for name, tensor in model.network.state_dict().items()}
    e = np.stack([p['entity.weight'][model.row_of_entity[i]] for i in history])
    mean = np.array(weights(history, 1.2)) @ e
    states = [p['reader']] + [
        e[i] + p['role.weight'][roles[i]] + p['position.weight'][len(history) - 1 - i] for i in range(3)
    ]
    states = norm(np.stack(states), p, 'first_norm')
    for number in range(2):
        states = transformer_layer(states, p, f'layers.layers.{number}.', heads=2)
    read = norm(states[0], p, 'last_norm')
    user = mean + p['correction.weight'] @ read
    assert np.abs(p['correction.weight']).max() > 0.01
    assert found == pytest.approx(list(math.exp(p['log_scale']) * p['item'] @ user + p['bias']), rel=1e-4, abs=1e-4)


def norm(x, p, name):
    spread = np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    return (x - x.mean(-1, keepdims=True)) / spread * p[f'{name}.weight'] + p[f'{name}.bias']


def transformer_layer(x, p, name, heads):
    """A layer of a Transformer that normalises first, in NumPy."""
    h = norm(x, p, f'{name}norm1')
    q, k, v = np.split(h @ p[f'{name}self_attn.in_proj_weight'].T + p[f'{name}self_attn.in_proj_bias'], 3, -1)
    size = x.shape[1] // heads
    outputs = []
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        scores = np.exp(q[:, part] @ k[:, part].T / math.sqrt(size))
        outputs.append(scores / scores.sum(-1, keepdims=True) @ v[:, part])
    attended = np.concatenate(outputs, -1)
    x = x + attended @ p[f'{name}self_attn.out_proj.weight'].T + p[f'{name}self_attn.out_proj.bias']
    h = norm(x, p, f'{name}norm2') @ p[f'{name}linear1.weight'].T + p[f'{name}linear1.bias']
    h = np.array([[0.5 * z * (1 + math.erf(z / math.sqrt(2))) for z in row] for row in h])
    return x + h @ p[f'{name}linear2.weight'].T + p[f'{name}linear2.bias']


def test_padding_and_mentions_before_the_last_ones_change_nothing_of_the_transformer():
    model = fitted(MentionTransformer, ITEMS, training_data(ITEMS, CONVERSATIONS), mention_length=2, **SMALL)
    alone = model.logits(batch([[1, 4]]))[0]
    assert torch.allclose(model.logits(batch([[1, 4], [0, 2, 3, 5, 6]]))[0], alone, atol=1e-5)
    assert model.logits(batch([[]])).isfinite().all()


def test_the_speaker_of_the_last_mention_counts():
    sample = {'context_mentions': [1, 2, 1], 'context_mention_roles': ['Seeker', 'Recommender', 'Recommender']}
    assert mention_roles([2, 1, 5], sample) == [RECOMMENDER, RECOMMENDER, UNKNOWN]


def test_mentions_of_a_chat_are_those_of_the_seeker():
    """The sample of a chat gives the logits of the same mentions in a conversation."""
    model = fitted(MentionTransformer, ITEMS, training_data(ITEMS, CONVERSATIONS), mention_lr=0.05, **SMALL)
    vocab = {'tok2ind': {}, 'unk': 0}
    contexts = LiveContexts(vocab, {'item_entity_ids': ITEMS, 'item_of_token': {}, 'films': {}})
    said = {'context_mentions': [4, 2], 'context_mention_roles': ['Seeker', 'Seeker']}
    recorded = model.logits({**batch([[4, 2]]), 'samples': [said]})
    live = model.logits({**batch([[4, 2]]), 'samples': [contexts.sample([4, 2], [('Seeker', 'hello')])]})
    alone = model.logits(batch([[4, 2]]))
    assert torch.equal(live, recorded) and not torch.allclose(alone, recorded)


def test_nothing_is_added_for_an_unknown_speaker():
    model = fitted(MentionTransformer, ITEMS, training_data(ITEMS, CONVERSATIONS), mention_lr=0.05, **SMALL)
    roles = model.network.role.weight
    assert not roles[UNKNOWN].any() and roles[SEEKER].any() and roles[RECOMMENDER].any()


def test_mentions_and_speakers_of_different_number_are_an_error():
    with pytest.raises(ValueError, match='shorter'):
        mention_roles([1], {'context_mentions': [1, 2], 'context_mention_roles': ['Seeker']})


def test_it_learns_that_a_mention_means_something_else_when_the_other_one_says_it():
    turns = []
    for number in range(60):
        role, label = (('Seeker', 2), ('Recommender', 3))[number % 2]
        turns.append(
            {
                'conv_id': f'c{number}',
                'turn': 1,
                'role': 'Recommender',
                'context_mentions': [1],
                'context_mention_roles': [role],
                'items': [label],
                'item': label,
                'context_entities': [1],
            }
        )
    data = TrainingData(turns, turns, {item: i for i, item in enumerate(ITEMS)}, list)
    model = build(
        MentionTransformer,
        ITEMS,
        **{**SMALL, 'expert_epochs': 30, 'mention_lr': 0.02, 'mention_table_lr': 0.02, 'mention_dropout': 0.0},
    )
    model.fit(data)
    scores = model.item_scores({**batch([[1], [1]]), 'samples': turns[:2]})
    assert [ITEMS[i] for i in scores.argmax(-1).tolist()] == [2, 3]


def test_heads_that_do_not_divide_the_size_are_refused():
    with pytest.raises(ValueError, match='mention_heads: 3 does not divide mention_dim, 8'):
        MentionTransformerOptions(mention_dim=8, mention_heads=3)
