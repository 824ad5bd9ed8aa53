"""A small Transformer over the mentions and their speakers."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Mapping, Sequence

import torch
from torch import Tensor, nn

from crslab_causal.data.histories import PAD, pad_histories
from crslab_causal.data.schema import Sample
from crslab_causal.data.training_data import TrainingData
from crslab_causal.model.attention import drop_mentions, time_aware_weights
from crslab_causal.model.experts.co_mentions import count_co_mentions
from crslab_causal.model.experts.ease import ease_coefficients
from crslab_causal.model.experts.options import MentionTransformerOptions
from crslab_causal.model.experts.smoothing import log_popularity
from crslab_causal.model.experts.trained_expert import TrainedExpert

UNKNOWN, SEEKER, RECOMMENDER = 0, 1, 2
"""Numbers of the speakers of a mention. The speaker is unknown if a history comes without a sample."""
ROLES = {'Seeker': SEEKER, 'Recommender': RECOMMENDER}
FIRST_SCALE = 20.0
"""Factor of the product of a user vector and an item vector at the start of the training."""
RANDOM_SPREAD = 0.05
"""Standard deviation of random vectors."""


class MentionTransformer(TrainedExpert):
    r"""A Transformer over the mentions of a context, with a softmax over all items.

    .. math:: \ell_y(x) = e^{\tau}\, u(x)^\top v_y + b_y, \qquad
        u(x) = \sum_i w_i e_i + G\, \mathrm{Transformer}(c, h_1 \dots h_n)_c, \qquad h_i = e_i + s_{r_i} + p_{n - i}

    with :math:`e_i` the vector of the i-th mention, :math:`s_r` the vector of its speaker, :math:`p_j` the vector of
    the position, counted from the last mention, and c a vector whose output is read. The weights :math:`w_i` are those
    of Eq 3 to the base ``history_base``. G starts at 0, :math:`b_y` at the logarithm of popularity, and :math:`e` and
    :math:`v` at the largest singular vectors of the coefficients of :class:`.EASE`,
    :math:`B \approx U \Sigma V^\top`, :math:`e = U \Sigma^{1/2}` and :math:`v = V \Sigma^{1/2}`: before the first
    update the expert is an EASE of low rank, and the training corrects it.

    Self-attention over a sequence of items is from Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM
    2018. This Transformer reads in both directions, as that of Sun et al., "BERT4Rec", CIKM 2019, and it reads persons
    and genres as well as items.

    A sample has the speaker of each mention. A history alone has no speakers, and then nothing is added for them.

    Options: :class:`.MentionTransformerOptions`.
    """

    options_class = MentionTransformerOptions
    options: MentionTransformerOptions
    network: MentionNetwork | None

    def build_model(self) -> None:
        super().build_model()
        assert self.side_data is not None
        known = self.side_data.get('mentioned_entity_ids') or range(self.n_entity)
        self.known = torch.tensor(sorted({*known, *self.item_entity_ids.tolist()}))
        row_of_entity = torch.zeros(self.n_entity, dtype=torch.long)
        row_of_entity[self.known] = torch.arange(1, 1 + len(self.known))
        self.register_buffer('row_of_entity', row_of_entity, persistent=False)

    def new_network(self) -> MentionNetwork:
        return MentionNetwork(self.options, len(self.known), self.n_item)

    def start_digest(self) -> str:
        return hashlib.sha256(json.dumps(self.known.tolist()).encode()).hexdigest()

    def start(self, network: nn.Module, data: TrainingData) -> None:
        assert isinstance(network, MentionNetwork)
        network.reset()
        with torch.no_grad():
            network.bias.copy_(log_popularity(self.item_count))
            if self.options.mention_start == 'ease':
                entities, columns, left, right = ease_vectors(
                    list(data.conversations.values()), self.index_of_entity.cpu(), self.options
                )
                rank = left.shape[1]
                network.entity.weight.zero_()
                network.entity.weight[self.row_of_entity.cpu()[entities], :rank] = left.to(network.bias)
                network.item.zero_()
                network.item[columns, :rank] = right.to(network.bias)

    def parameter_groups(self, network: nn.Module) -> list[dict[str, Any]]:
        assert isinstance(network, MentionNetwork)
        options, tables = self.options, [network.entity.weight, network.item]
        others = [p for p in network.parameters() if all(p is not table for table in tables)]
        return [
            {'params': tables, 'lr': options.mention_table_lr, 'weight_decay': options.mention_decay},
            {'params': others, 'lr': options.mention_lr, 'weight_decay': options.mention_decay},
        ]

    def logits(self, batch: Mapping[str, Any]) -> Tensor:
        assert self.network is not None
        histories = batch['context_entities'][:, : max(1, int((batch['context_entities'] != PAD).sum(-1).max()))]
        samples = batch.get('samples')
        roles = torch.zeros_like(histories)
        if samples is not None:
            own = ([entity for entity in row if entity != PAD] for row in histories.tolist())
            speakers = [mention_roles(history, sample) for history, sample in zip(own, samples, strict=True)]
            roles = pad_histories(speakers, UNKNOWN).to(histories)
        present = histories != PAD
        rows = torch.where(present, self.row_of_entity[histories.clamp(min=0)], 0)
        return self.network(rows, roles, present)


class MentionNetwork(nn.Module):
    """The parameters of :class:`MentionTransformer`.

    Args:
        options: options of the expert.
        n_known: number of entities that have a vector; all others share row 0.
        n_item: number of items.
    """

    def __init__(self, options: MentionTransformerOptions, n_known: int, n_item: int):
        super().__init__()
        self.options, dim = options, options.mention_dim
        self.entity = nn.Embedding(1 + n_known, dim, padding_idx=0)
        self.item = nn.Parameter(torch.empty(n_item, dim))
        self.role = nn.Embedding(1 + len(ROLES), dim, padding_idx=UNKNOWN)
        self.position = nn.Embedding(options.mention_length, dim)
        self.reader = nn.Parameter(torch.empty(dim))
        self.first_norm = nn.LayerNorm(dim)
        layer = nn.TransformerEncoderLayer(
            dim,
            options.mention_heads,
            2 * dim,
            options.mention_dropout,
            activation='gelu',
            batch_first=True,
            norm_first=True,
        )
        self.layers = nn.TransformerEncoder(layer, options.mention_layers, enable_nested_tensor=False)
        self.last_norm = nn.LayerNorm(dim)
        self.correction = nn.Linear(dim, dim, bias=False)
        self.bias = nn.Parameter(torch.zeros(n_item))
        self.log_scale = nn.Parameter(torch.tensor(FIRST_SCALE).log())
        self.reset()

    def reset(self) -> None:
        """Draw all vectors at random, and set the weights of the correction by the Transformer to zero."""
        with torch.no_grad():
            for tensor in (self.entity.weight, self.item, self.role.weight, self.position.weight, self.reader):
                tensor.normal_(0, RANDOM_SPREAD)
            self.entity.weight[0] = 0
            self.role.weight[UNKNOWN] = 0
            self.correction.weight.zero_()

    def forward(self, rows: Tensor, roles: Tensor, present: Tensor) -> Tensor:
        """Return the logits of all items, ``(batch, n_item)``.

        Args:
            rows: ``(batch, length)``: rows of the mentions in the table of entities.
            roles: ``(batch, length)``: numbers of the speakers.
            present: ``(batch, length)``: where there is a mention; a history is padded on the right.
        """
        options, count = self.options, present.sum(-1)
        vectors = self.entity(rows)
        weights = time_aware_weights(count, rows.shape[1], options.history_base)
        kept = present
        if self.training and options.mention_dropout:
            weights = drop_mentions(weights, options.mention_dropout)
            kept = present & (weights > 0)
        mean = (weights[..., None] * vectors).sum(1)
        from_end = count[:, None] - 1 - torch.arange(rows.shape[1], device=rows.device)
        kept = kept & (from_end < options.mention_length)
        states = vectors + self.role(roles) + self.position(from_end.clamp(0, options.mention_length - 1))
        reader = self.reader.expand(len(rows), 1, -1)
        states = self.first_norm(torch.cat([reader, states], 1))
        hidden = torch.cat([torch.zeros_like(kept[:, :1]), ~kept], 1)
        read = self.last_norm(self.layers(states, src_key_padding_mask=hidden)[:, 0])
        return self.log_scale.exp() * (mean + self.correction(read)) @ self.item.T + self.bias


def mention_roles(history: Sequence[int], sample: Sample) -> list[int]:
    """Return the speaker of each entity of a history, as a number. If several people named it, the last one counts."""
    speaker = dict(zip(sample['context_mentions'], sample['context_mention_roles'], strict=True))
    return [ROLES[speaker[entity]] if entity in speaker else UNKNOWN for entity in history]


def ease_vectors(
    conversations: list[list[int]], index_of_entity: Tensor, options: MentionTransformerOptions
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the largest singular vectors of the coefficients of EASE.

    Args:
        conversations: the entities of each conversation, each once.
        index_of_entity: ``(n_entity,)``: index of each entity among the items, -1 for none.
        options: ``ease_lambda``, ``min_count`` and ``mention_dim``.

    Returns:
        ``(n,)`` entities, ``(m,)`` indices of items, and vectors of both, ``(n, rank)`` and ``(m, rank)``, whose
        products approximate the coefficients.
    """
    entities, gram = count_co_mentions(conversations, options.min_count)
    item = index_of_entity[entities]
    columns = item[item >= 0]
    if not len(columns):
        return entities, columns, torch.zeros(len(entities), 0), torch.zeros(0, 0)
    coefficients = ease_coefficients(gram, options.ease_lambda)[:, item >= 0]
    rank = min(options.mention_dim, *coefficients.shape)
    if min(coefficients.shape) <= 4 * options.mention_dim:
        left, values, right = torch.linalg.svd(coefficients, full_matrices=False)
        left, values, right = left[:, :rank], values[:rank], right[:rank].T
    else:
        left, values, right = torch.svd_lowrank(coefficients, rank, niter=4)
    spread = values.sqrt()
    return entities, columns, left * spread, right * spread
