"""The pool of experts."""

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

    with :math:`g_k = \log p_k(y \mid x)` of each expert, two values of ``Repeat`` (whether y is in the context, and
    whether it is its latest item), and :math:`\varphi` the :data:`.CONTEXT_FEATURES`. A softmax of s is the
    prediction: a product of experts (Hinton, "Training Products of Experts by Minimizing Contrastive Divergence",
    2002) that is conditional on x.

    The weights are fitted by :func:`.fit_pool` to predictions for samples that the experts had not seen. All that the
    pool and its experts have learned is in the checkpoint.

    Options: :class:`.PoolOptions`.
    """

    weights: Tensor
    """``(n_channel, n_feature)``: :math:`\\theta`, 0 for experts that are left out."""
    covariance: Tensor
    """``(n_channel * n_feature, n_channel * n_feature)``: covariance of the weights."""
    active: Tensor
    """``(n_member,)``: whether each expert has taken part in the fit."""

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
        """Return what each expert lacks that cannot work, by its name."""
        lacks = {name: member.missing_requirement() for name, member in zip(self.names, self._members())}
        return {name: requirement for name, requirement in lacks.items() if requirement is not None}

    def fit_experts(self, data: TrainingData) -> None:
        """Let every expert that can work learn from the training conversations, and leave the others out."""
        missing = self.missing_experts()
        for i, (name, member) in enumerate(zip(self.names, self._members())):
            self.active[i] = name not in missing
            if self.active[i]:
                member.fit(data)

    def set_weights(self, fit: LogitFit) -> None:
        """Take the weights of the experts that take part, in the order of :meth:`active_channels`."""
        chosen = self.active_channels()
        self.weights.zero_()
        self.weights[chosen] = fit.weights.to(self.weights)
        index = (torch.arange(self.weights.numel(), device=chosen.device).view_as(self.weights))[chosen].flatten()
        self.covariance.zero_()
        self.covariance[index[:, None], index] = fit.covariance.to(self.covariance)

    def active_channels(self) -> Tensor:
        """Return the positions of the values of the experts that take part among :attr:`channels`."""
        return torch.tensor(self.is_active_channel(), device=self.active.device).nonzero()[:, 0]

    def is_active_channel(self) -> list[bool]:
        """Return for each of :attr:`channels` whether its expert takes part."""
        return [flag for flag, member in zip(self.active.tolist(), self._members()) for _ in member.channels]

    def member_of(self, channel: str) -> Member:
        """Return the expert that one of :attr:`channels` belongs to."""
        return next(member for member in self._members() if channel in member.channels)

    # ------------------------------------------------------------ scores

    def values(self, batch: Mapping[str, Any]) -> Tensor:
        """Return g of the experts that take part, ``(batch, n_active_channel, n_item)``."""
        taking_part = [member for flag, member in zip(self.active.tolist(), self._members()) if flag]
        if not taking_part:
            return torch.zeros(len(batch['context_entities']), 0, self.n_item, device=self.active.device)
        return torch.cat([member.values(batch) for member in taking_part], 1)

    def channel_weights(self, batch: Mapping[str, Any]) -> Tensor:
        """Return w(x), the weight of each channel, ``(batch, n_channel)``, in double precision."""
        return context_features(batch) @ self.weights.T

    def contributions(self, batch: Mapping[str, Any]) -> Tensor:
        """Return what each channel adds to the score of each item.

        Their sum over the channels is the score, except of an item that ``objective: new`` filters: its score is minus
        infinity. Only differences between items matter.

        Args:
            batch: see :meth:`.ItemRecommender.losses_and_scores`; labels are not read.

        Returns:
            ``(batch, n_channel, n_item)``, in the order of :attr:`channels`; 0 for experts that are left out.
        """
        chosen = self.active_channels()
        values = self.values(batch)
        added = torch.zeros(len(values), len(self.channels), self.n_item, device=values.device)
        added[:, chosen] = values * self.channel_weights(batch)[:, chosen, None].to(values)
        return added

    def explain_list(
        self, history: Sequence[int], k: int = 10, sample: RecSample | None = None
    ) -> list[tuple[int, dict[str, float]]]:
        """Return the top ``k`` items for one history, best first, each with what every channel adds to its score.

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
        """Return scores, with minus infinity for the items of each history if ``objective: new`` filters them."""
        if self.options.objective == 'new':
            return scores.masked_fill(self.seen_items(batch['context_entities']), -torch.inf)
        return scores

    def seen_items(self, context_entities: Tensor) -> Tensor:
        """Return which items each history has, ``(batch, n_item)``."""
        item = torch.where(context_entities != PAD, self.index_of_entity[context_entities.clamp(min=0)], -1)
        seen = torch.zeros(len(item), self.n_item + 1, dtype=torch.bool, device=item.device)
        return seen.scatter_(1, torch.where(item < 0, self.n_item, item), True)[:, :-1]  # the last column: no item

    def losses_and_scores(self, batch: Mapping[str, Any], mode: str) -> tuple[dict[str, Tensor], Tensor | None]:
        """Score a batch outside training; the loss is 0, because :func:`.fit_pool` is all the training."""
        terms = {'rec_loss': torch.zeros((), device=self.index_of_entity.device)}
        return terms, None if mode == 'train' else self.item_scores(batch)

    @contextmanager
    def shared_entity_embedding(self) -> Iterator[None]:
        """Compute H of Eq 2 once for all calls of the block, if CausalKBRD takes part."""
        with ExitStack() as stack:
            for model, embedding in self.entity_embeddings():
                stack.enter_context(model.shared_entity_embedding(embedding))
            yield

    def entity_embeddings(self) -> list[tuple[CausalKBRD, Tensor]]:
        """Return H of Eq 2 of each CausalKBRD among the experts."""
        members = (member for member in self._members() if isinstance(member, RecommenderMember))
        return [(member.model, member.model.entity_embedding()) for member in members if member.model is not None]
