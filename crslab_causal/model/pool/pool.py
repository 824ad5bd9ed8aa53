"""The pool, which combines several experts."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pkgutil import resolve_name
from typing import Any, Iterator, Mapping, Sequence, cast

import torch
from torch import Tensor, nn

from crslab_causal.data.histories import PAD, pad_histories
from crslab_causal.data.schema import RecSample
from crslab_causal.data.training_data import TrainingData
from crslab_causal.model.base import ItemRecommender
from crslab_causal.model.baselines.repeat import Repeat
from crslab_causal.model.causal_kbrd import CausalKBRD
from crslab_causal.model.experts.base import Expert
from crslab_causal.model.pool.conditional_logit import LogitFit
from crslab_causal.model.pool.context import CONTEXT_FEATURES, context_features
from crslab_causal.model.pool.members import CountsMember, ExpertMember, Member, RecommenderMember, RepeatMember
from crslab_causal.model.pool.options import RECOMMENDER, ExpertSpec, PoolOptions, read_experts
from crslab_causal.registry import MODELS


class Pool(ItemRecommender):
    r"""A log-linear pool of experts with weights that depend on the context.

    .. math:: s(y \mid x) = \sum_k w_k(x)\, g_k(x, y), \qquad w_k(x) = \sum_a \theta_{ka}\, \varphi_a(x)

    Every :math:`g_k` is called a channel: a value that an expert gives each item. Most experts have one channel,
    :math:`g_k = \log p_k(y \mid x)`. ``Repeat`` has two channels: whether y is in the context, and whether y is the
    latest item of the context. :math:`\varphi` are the :data:`.CONTEXT_FEATURES`. The
    prediction is a softmax of s. It is a product of experts (Hinton, "Training Products of Experts by Minimizing
    Contrastive Divergence", 2002) that is conditional on x.

    :func:`.fit_pool` fits the weights to predictions for samples that the experts have not seen. A checkpoint contains
    everything that the pool and its experts have learned.

    Options: :class:`.PoolOptions`.
    """

    weights: Tensor
    r"""Weights :math:`\theta`, ``(n_channel, n_feature)``; 0 for experts that are left out."""
    covariance: Tensor
    """Covariance of the weights, ``(n_channel * n_feature, n_channel * n_feature)``."""
    active: Tensor
    """Boolean mask of the experts that were not left out, ``(n_member,)``."""

    def _build(self, opt: Any, device: torch.device, vocab: Mapping[str, Any], side_data: Mapping[str, Any]) -> None:
        self._arguments = device, vocab, side_data
        super()._build(opt, device, vocab, side_data)
        del self._arguments

    def build_model(self) -> None:
        self.options = PoolOptions.of(self.opt)
        specs = list(read_experts(self.options.experts))
        self.names = [spec.name for spec in specs]
        self.members = nn.ModuleList([self._build_member(spec) for spec in specs])
        self.channels: list[str] = [channel for member in self._members() for channel in member.channels]
        n_weight = len(self.channels) * len(CONTEXT_FEATURES)
        self.register_buffer('weights', torch.zeros(len(self.channels), len(CONTEXT_FEATURES), dtype=torch.float64))
        self.register_buffer('covariance', torch.zeros(n_weight, n_weight, dtype=torch.float64))
        self.register_buffer('active', torch.zeros(len(specs), dtype=torch.bool))

    def _members(self) -> list[Member]:
        return cast(list[Member], list(self.members))

    def _build_member(self, spec: ExpertSpec) -> Member:
        if spec.model == RECOMMENDER:
            return RecommenderMember(spec.name, *self._arguments)
        entry = MODELS[spec.model]
        defaults = {
            'expert_smoothing': self.options.expert_smoothing,
            'seed': self.opt.get('seed', 0),
            'save_path': self.opt.get('save_path', None),
        }
        assert entry.model is not None
        model = resolve_name(entry.model)({**defaults, **spec.options}, *self._arguments)
        if isinstance(model, Expert):
            return ExpertMember(spec.name, model)
        if isinstance(model, Repeat):
            return RepeatMember(spec.name, model)
        return CountsMember(spec.name, model, self.options.expert_smoothing)

    # ------------------------------------------------------------ learning

    def missing_experts(self) -> dict[str, str]:
        """Return the experts that cannot work: a dict from the name of the expert to what is missing."""
        lacks = {name: member.missing_requirement() for name, member in zip(self.names, self._members())}
        return {name: requirement for name, requirement in lacks.items() if requirement is not None}

    def fit_experts(self, data: TrainingData) -> None:
        """Fit every expert that can work to the training conversations. Leave out the others."""
        missing = self.missing_experts()
        for i, (name, member) in enumerate(zip(self.names, self._members())):
            self.active[i] = name not in missing
            if self.active[i]:
                member.fit(data)

    def set_weights(self, fit: LogitFit) -> None:
        """Store fitted weights and their covariance. ``fit`` has a row for each of :meth:`active_channels`."""
        chosen = self.active_channels()
        self.weights.zero_()
        self.weights[chosen] = fit.weights.to(self.weights)
        index = (torch.arange(self.weights.numel(), device=chosen.device).view_as(self.weights))[chosen].flatten()
        self.covariance.zero_()
        self.covariance[index[:, None], index] = fit.covariance.to(self.covariance)

    def active_channels(self) -> Tensor:
        """Return the indices of the channels of all experts that were not left out, ``(n_active_channel,)``."""
        return torch.tensor(self.is_active_channel(), device=self.active.device).nonzero()[:, 0]

    def is_active_channel(self) -> list[bool]:
        """Return a flag for each channel: True if its expert is used."""
        return [flag for flag, member in zip(self.active.tolist(), self._members()) for _ in member.channels]

    def member_of(self, channel: str) -> Member:
        """Return the expert that computes this channel. ``channel`` is a name in :attr:`channels`."""
        return next(member for member in self._members() if channel in member.channels)

    # ------------------------------------------------------------ scores

    def values(self, batch: Mapping[str, Any]) -> Tensor:
        """Return the values g of the channels in :meth:`active_channels`, ``(batch, n_active_channel, n_item)``."""
        taking_part = [member for flag, member in zip(self.active.tolist(), self._members()) if flag]
        if not taking_part:
            return torch.zeros(len(batch['context_entities']), 0, self.n_item, device=self.active.device)
        return torch.cat([member.values(batch) for member in taking_part], 1)

    def channel_weights(self, batch: Mapping[str, Any]) -> Tensor:
        """Return the weight w(x) of each channel in double precision, ``(batch, n_channel)``."""
        return context_features(batch) @ self.weights.T

    def contributions(self, batch: Mapping[str, Any]) -> Tensor:
        """Return the contribution of each channel to the score of each item.

        The contributions of all channels sum to the score of the item. (Items that ``objective: new`` excludes have the
        score minus infinity instead.) Compare contributions between items; a single one has no meaning.

        Args:
            batch: see :meth:`.ItemRecommender.losses_and_scores`; labels are not read.

        Returns:
            Contributions of shape ``(batch, n_channel, n_item)``, in the order of :attr:`channels`; 0 for experts that
            are left out.
        """
        chosen = self.active_channels()
        values = self.values(batch)
        added = torch.zeros(len(values), len(self.channels), self.n_item, device=values.device)
        added[:, chosen] = values * self.channel_weights(batch)[:, chosen, None].to(values)
        return added

    def explain_list(
        self, history: Sequence[int], k: int = 10, sample: RecSample | None = None
    ) -> list[tuple[int, dict[str, float]]]:
        """Return the top ``k`` items for one history, best first, with the contribution of each channel.

        An entry is the entity id of the item, and a dict from the name of a channel to its contribution.

        Args:
            history: entity ids in order of mention.
            k: length of the list. It is shorter if there are fewer items that may be recommended.
            sample: the context as a sample, which has its text; None: no text is known.
        """
        batch = {
            'context_entities': pad_histories([list(history)]).to(self.index_of_entity.device),
            'samples': None if sample is None else [sample],
        }
        with torch.no_grad():
            added = self.contributions(batch)[0]
            scores = self.filtered(added.sum(0, keepdim=True), batch)[0]
        best = scores.topk(min(k, self.n_item))
        return [
            (int(self.item_entity_ids[i]), dict(zip(self.channels, added[:, i].tolist())))
            for i, score in zip(best.indices.tolist(), best.values.tolist())
            if score > -torch.inf
        ]

    def item_scores(self, batch: Mapping[str, Any]) -> Tensor:
        weights = self.channel_weights(batch)[:, self.active_channels()]
        values = self.values(batch)
        return self.filtered(torch.einsum('bc,bci->bi', weights.to(values), values), batch)

    def filtered(self, scores: Tensor, batch: Mapping[str, Any]) -> Tensor:
        """Return the scores, ``(batch, n_item)``. With ``objective: new`` items of the history get minus infinity."""
        if self.options.objective == 'new':
            return scores.masked_fill(self.seen_items(batch['context_entities']), -torch.inf)
        return scores

    def seen_items(self, context_entities: Tensor) -> Tensor:
        """Return a Boolean mask, ``(batch, n_item)``, which is true for the items that occur in the history."""
        item = torch.where(context_entities != PAD, self.index_of_entity[context_entities.clamp(min=0)], -1)
        seen = torch.zeros(len(item), self.n_item + 1, dtype=torch.bool, device=item.device)
        return seen.scatter_(1, torch.where(item < 0, self.n_item, item), True)[:, :-1]  # last column: no item

    def losses_and_scores(self, batch: Mapping[str, Any], mode: str) -> tuple[dict[str, Tensor], Tensor | None]:
        """Return a loss of 0 and the scores, which are None in training. :func:`.fit_pool` does all the training."""
        terms = {'rec_loss': torch.zeros((), device=self.index_of_entity.device)}
        return terms, None if mode == 'train' else self.item_scores(batch)

    @contextmanager
    def shared_entity_embedding(self) -> Iterator[None]:
        """Compute H of Eq 2 once for all calls of the block, if CausalKBRD is an expert of the pool."""
        with ExitStack() as stack:
            for model, embedding in self.entity_embeddings():
                stack.enter_context(model.shared_entity_embedding(embedding))
            yield

    def entity_embeddings(self) -> list[tuple[CausalKBRD, Tensor]]:
        """Return each CausalKBRD among the experts with its entity vectors H of Eq 2, ``(n_row, d)``."""
        members = (member for member in self._members() if isinstance(member, RecommenderMember))
        return [(member.model, member.model.entity_embedding()) for member in members if member.model is not None]
