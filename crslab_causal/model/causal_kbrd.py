"""The recommender of the paper: KBRD with time-aware attention and a causal intervention."""

from __future__ import annotations

from contextlib import contextmanager
from functools import reduce
from typing import Any, Iterator, Mapping, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from crslab_causal.base.options import Options
from crslab_causal.crslab_compat import KBRDModel
from crslab_causal.data.confounders import Confounder
from crslab_causal.data.histories import PAD, pad_histories
from crslab_causal.model.attention import drop_mentions, time_aware_weights
from crslab_causal.model.base import ItemRecommender
from crslab_causal.model.intervention import Intervention
from crslab_causal.model.losses import causal_loss
from crslab_causal.model.mixture import log_mixture, mixture_weight
from crslab_causal.model.options import CausalKBRDOptions
from crslab_causal.model.rgcn import PairRGCN
from crslab_causal.model.transition import TransitionCounts


class ItemLogits(NamedTuple):
    """The logits over the items before and after the intervention. Each has the shape ``(batch, n_item)``."""

    observed: Tensor
    intervened: Tensor | None


def backdoor_adjustment(logits: Tensor, shift: Tensor, log_prior: Tensor) -> Tensor:
    r"""Compute the backdoor adjustment of Eq 1, :math:`\log \sum_c P(c)\, \mathrm{softmax}(z + g_c)`.

    The paper states Eq 1 but does not compute it. Its model masks a mention instead (Eq 5). This package computes it if
    the option ``adjustment`` is not ``none``. The sum runs over the strata in logarithms.

    Args:
        logits: ``(batch, n_item)``, logits z without the confounder.
        shift: ``(n_stratum, n_item)``, what each stratum c adds to the logits, g.
        log_prior: ``(n_stratum,)``, logarithm of P(c).

    Returns:
        Log-probabilities of shape ``(batch, n_item)``.
    """

    def adjusted(rows: Tensor) -> Tensor:
        terms = (F.log_softmax(rows + of_stratum, -1) + weight for of_stratum, weight in zip(shift, log_prior))
        return reduce(torch.logaddexp, terms)  # Eq 1: log sum_c P(Y|X, c) P(c)

    # on the CPU a few rows at a time, which stay in the cache over all strata
    n_row = 32 if logits.device.type == 'cpu' else max(1, len(logits))
    return torch.cat([adjusted(rows) for rows in logits.split(n_row)])


class CausalKBRD(ItemRecommender, KBRDModel):
    r"""KBRD with an intervention on one mentioned entity (Sections 3.2 and 3.3).

    For the entities :math:`T_u = (e_1 \dots e_n)` mentioned so far, in order of appearance:

    - Eq 2: :math:`H = \mathrm{ReLU}(\text{R-GCN})`, see :class:`.PairRGCN`;
    - Eq 3: :math:`h^E = \sum_i w_i h_i`, :math:`w_i = \lambda^{i-1} / \sum_j \lambda^{j-1}`;
    - Eq 4: :math:`p = \mathrm{softmax}(\mathrm{mask}(h^E H^\top))`, where the mask keeps only items;
    - Eqs 5, 6: :math:`\bar p` in the same way from :math:`\bar h^E = \sum_{i<n} w_i h_i + w_n M h_n`, see
      :class:`.Intervention`;
    - Eqs 7, 8: the loss, see :func:`.causal_loss`.

    An empty history has the zero vector as user vector. Without an item bias its p is then uniform. A history of one
    entity has the zero vector after the ``zero`` intervention.

    The constructor and ``forward`` are those of CRSLab's ``KBRDModel``. Its layers for the conversation stage are built
    if ``opt`` has a section ``conv``. Options: :class:`crslab_causal.model.options.CausalKBRDOptions`.

    ``side_data`` may contain ``mentioned_entity_ids``, the entities that occur in the data besides the items. The
    datasets of this package provide it. Without it every entity gets a row in H.

    **Adjustment.** With a :class:`.Confounder` of two or more strata in ``side_data['confounder']`` the model is
    :math:`P(Y \mid X, C = c) = \mathrm{softmax}((h^E + v_c) H^\top + b)`, with a vector :math:`v_c` for each stratum
    that starts at zero. It is trained with the sample's own c, and scores with the backdoor adjustment

    .. math:: \log P(Y \mid do(X)) = \log \sum_c P(c)\, P(Y \mid X, C = c),

    where P(c) is the share of the training samples in stratum c. :math:`\bar p` is computed in the same way. The result
    is a causal effect only under two assumptions:

    - C is the only confounder. The effect of any other common cause of X and Y remains in the scores.
    - Positivity: every X occurs in every stratum. This does not hold here. The popularity and the genre mix are
      functions of X, and the turn nearly follows from its length. :math:`P(Y \mid X, c)` is therefore never observed
      for other c. The additive form above extrapolates to it, as the product form does in `PDA
      <https://arxiv.org/abs/2105.06067>`_ and the network in `DecRS <https://arxiv.org/abs/2105.10648>`_.

    Without an adjustment (``adjustment: none``), or with a single stratum, scores are the logits of :math:`P(Y \mid
    X)`.

    **Transition counts.** With a ``counts_weight`` w other than 0, scores are the logarithms of :math:`(1 - w)\, p +
    w\, q`, where q is the distribution of :class:`.TransitionCounts`. Call ``counts.count`` once for all training
    samples before the training. After an intervention q is computed from the history without the mention. The loss is
    computed from p alone. If w is not chosen yet (NaN), validation also uses p alone, and the trained parameters equal
    those of ``counts_weight: 0``. If w is a number, early stopping uses the mixture.
    """

    log_prior: Tensor
    counts_weight: Tensor
    rgcn: PairRGCN
    intervention: Intervention

    mixture_key, mixture_weights = 'counts_weight', tuple(i / 10 for i in range(10))  # p stays in the mixture

    def __init__(self, opt: Any, device: torch.device, vocab: Mapping[str, Any], side_data: Mapping[str, Any]):
        self.options = options = CausalKBRDOptions.of(opt)
        self.decay, self.alpha, self.beta = options.attention_decay, options.alpha, options.beta
        self.entity_dropout = options.entity_dropout
        self._shared: Tensor | None = None
        confounder: Confounder | None = side_data.get('confounder')
        self._prior = None if confounder is None or len(confounder.prior) < 2 else torch.as_tensor(confounder.prior)
        super().__init__(opt, device, vocab, side_data)
        mixes = options.counts_weight != 0
        self.counts = TransitionCounts(options, device, vocab, side_data) if mixes else None
        self.register_buffer('counts_weight', mixture_weight(options.counts_weight) if mixes else None)

    def _build(self, opt: Any, device: torch.device, vocab: Mapping[str, Any], side_data: Mapping[str, Any]) -> None:
        others = torch.as_tensor(side_data.get('mentioned_entity_ids', range(self.n_entity)), dtype=torch.long)
        is_item = torch.zeros(self.n_entity, dtype=torch.bool)
        is_item[self.item_entity_ids] = True
        self.row_entity_ids = torch.cat([self.item_entity_ids, others[~is_item[others]]])
        # CRSLab needs a mapping; CTACRS passes its options instead
        KBRDModel.__init__(self, dict(opt) if isinstance(opt, Options) else opt, device, vocab, side_data)

    def build_model(self) -> None:
        self._build_kg_layer()
        self._build_recommendation_layer()
        if self.opt.get('conv', None):
            self._build_embedding()
            self._build_conversation_layer()

    def _build_kg_layer(self) -> None:
        options = self.options
        self.rgcn = PairRGCN(
            self.n_entity,
            self.kg_emb_dim,
            self.edge_idx.cpu(),
            self.edge_type.cpu(),
            self.row_entity_ids,
            num_bases=options.num_bases,
            aggr=options.rgcn_aggr,
            num_neighbors=options.num_neighbors,
        )
        self.embedding_dropout = nn.Dropout(options.embedding_dropout)
        self.intervention = Intervention(options.intervention, self.kg_emb_dim, options.intervention_position)
        self.intervention.requires_grad_(bool(self.alpha or self.beta))  # not used without the causal terms

    def _build_recommendation_layer(self) -> None:
        self.item_bias = nn.Parameter(torch.zeros(self.n_item)) if self.options.item_bias else None
        self.stratum_shift = None
        log_prior = None
        if self._prior is not None:
            self.stratum_shift = nn.Parameter(torch.zeros(len(self._prior), self.kg_emb_dim))
            log_prior = self._prior.log().to(self.stratum_shift)
        self.register_buffer('log_prior', log_prior)

    @property
    def row_of_entity(self) -> Tensor:
        """Row of each entity in H, ``(n_entity,)``; -1 for an entity without a row."""
        return self.rgcn.row_of_entity

    def entity_embedding(self) -> Tensor:
        """Return the matrix H of the entity vectors (Eq 2), ``(n_row, d)``.

        It has a row for each item, then one for each other entity of ``row_entity_ids``.
        """
        if self._shared is not None:
            return self._shared
        return self.embedding_dropout(torch.relu(self.rgcn()))  # Eq 2: H = ReLU(R-GCN)

    @contextmanager
    def shared_entity_embedding(self, embedding: Tensor | None = None) -> Iterator[None]:
        """Compute H once for all calls of the block, and back-propagate through it once, at the end of the block.

        Use it while the parameters do not change: in an evaluation, or while gradients are accumulated.

        Args:
            embedding: H, if it has been computed before.
        """
        embedding = self.entity_embedding() if embedding is None else embedding
        self._shared = embedding.detach().requires_grad_(embedding.requires_grad)
        try:
            yield
            grad = self._shared.grad
        finally:
            self._shared = None
        if grad is not None:
            embedding.backward(grad)

    def _user_vectors(
        self, context_entities: Tensor, embedding: Tensor, chosen: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Return the user vectors of Eqs 3 and 5, each ``(batch, d)``.

        The second one is None if ``chosen`` is None.
        """
        present = context_entities != PAD
        lengths = present.sum(-1)
        rows = self.row_of_entity[context_entities.clamp(min=0)]
        if (rows[present] < 0).any():
            unknown = context_entities[present & (rows < 0)][0].item()
            raise ValueError(f'entity {unknown} is neither an item nor in mentioned_entity_ids')
        mentions = F.embedding(rows.clamp(min=0), embedding)  # (batch, length, d)
        weight = time_aware_weights(lengths, context_entities.shape[1], self.decay).to(mentions)
        if self.training and self.entity_dropout:
            weight = drop_mentions(weight, self.entity_dropout)
        user = torch.einsum('bl,bld->bd', weight, mentions)  # Eq 3: h^E = sum_i w_i h_i
        if chosen is None:
            return user, None
        if self.intervention.position == 'all':
            return user, self.intervention(user)
        chosen = chosen[:, None]
        h_n = mentions.gather(1, chosen[..., None].expand(-1, -1, mentions.shape[-1])).squeeze(1)
        w_n = weight.gather(1, chosen)
        return user, user + w_n * (self.intervention(h_n) - h_n)  # Eq 5: w_n M h_n in the place of w_n h_n

    def item_logits(
        self,
        context_entities: Tensor,
        intervene: bool = True,
        stratum: Tensor | None = None,
        mixed: bool = True,
        chosen: Tensor | None = None,
    ) -> ItemLogits:
        """Return the logits of p (Eq 4) over the items.

        If ``intervene`` is set, also return those of the intervened p (Eq 6).

        Args:
            context_entities: ``(batch, length)``, histories padded on the right with ``PAD``.
            intervene: whether to compute Eq 6, too.
            stratum: ``(batch,)``, the strata to condition on; None: the result is adjusted for all strata, and consists
                of log-probabilities. It is not read without an adjustment.
            mixed: whether to mix in the transition counts. The result then consists of log-probabilities.
            chosen: ``(batch,)``, index of the mention to intervene on; None: the intervention chooses it.

        Raises:
            ValueError: an entity has no row in H.
        """
        embedding = self.entity_embedding()
        items = embedding[: self.n_item]
        if not intervene:
            chosen = None
        elif chosen is None:
            chosen = self.intervention.choose((context_entities != PAD).sum(-1))
        user, intervened = self._user_vectors(context_entities, embedding, chosen)
        if self.stratum_shift is not None and stratum is not None:
            shift = F.embedding(stratum, self.stratum_shift)
            user, intervened = user + shift, intervened if intervened is None else intervened + shift
        # Eq 4: p = softmax(h^E H^T) over the items. Eq 6: p_bar in the same way from Eq 5. The softmax is in the loss.
        # One product computes both, so that the item vectors are read once.
        logits = F.linear(user if intervened is None else torch.cat([user, intervened]), items, self.item_bias)
        if self.stratum_shift is not None and stratum is None:
            logits = backdoor_adjustment(logits, F.linear(self.stratum_shift, items), self.log_prior)
        if mixed and self.counts is not None and self.counts_weight > 0:
            counted = context_entities
            if chosen is not None:
                counted = torch.cat([counted, self.intervention.on_history(context_entities, chosen)])
            logits = log_mixture(
                F.log_softmax(logits, -1), self.counts.history_scores(counted).log(), self.counts_weight
            )
        return ItemLogits(logits, None) if intervened is None else ItemLogits(*logits.chunk(2))

    def item_scores(self, batch: Mapping[str, Any]) -> Tensor:
        return self.item_logits(batch['context_entities'], intervene=False).observed

    def losses_and_scores(self, batch: Mapping[str, Any], mode: str) -> tuple[dict[str, Tensor], Tensor]:
        """Compute the loss of Eq 8, and the scores.

        Args:
            batch: see :meth:`.ItemRecommender.losses_and_scores`. ``stratum`` is read in training with an adjustment.
            mode: ``train``, ``valid`` or ``test``. Outside training, the loss and the scores come from the adjusted and
                mixed p.

        Raises:
            ValueError: a label is not an item, or an entity has no row in H.
        """
        stratum = batch['stratum'] if mode == 'train' and self.stratum_shift is not None else None
        intervene = bool(self.alpha or self.beta)
        logits = self.item_logits(batch['context_entities'], intervene, stratum, mixed=mode != 'train')
        loss = causal_loss(*logits, self.label_index(batch['item']), self.alpha, self.beta)
        terms = {'rec_loss': loss.total, 'cross_entropy': loss.cross_entropy, 'causal_loss': loss.causal, 'kl': loss.kl}
        return terms, logits.observed

    # KBRDModel.converse needs H for every entity, and user vectors from it.
    def kg_encoder(self, *_) -> Tensor:
        """Return the matrix H of the entity vectors (Eq 2)."""
        return self.entity_embedding()

    def encode_user(self, entity_lists, kg_embedding: Tensor) -> Tensor:
        """Return the user vectors of Eq 3, ``(batch, d)``."""
        if not isinstance(entity_lists, Tensor):
            entity_lists = pad_histories(entity_lists).to(kg_embedding.device)
        return self._user_vectors(entity_lists, kg_embedding)[0]
