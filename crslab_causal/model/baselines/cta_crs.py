"""The recommender of CTA-CRS."""

from __future__ import annotations

from typing import Any, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from crslab_causal.model.base import ItemRecommender
from crslab_causal.model.causal_kbrd import CausalKBRD
from crslab_causal.model.mixture import log_mixture, mixture_weight
from crslab_causal.model.options import CausalKBRDOptions, CTACRSOptions
from crslab_causal.model.text.build import build_text_encoder


class CTACRS(ItemRecommender):
    r"""The recommender of CTA-CRS, which mixes a score from the mentioned entities with a score from the words.

    The model follows Wang, Joty, Gao, Zeng and Wong, "Improving Conversational Recommender System via Contextual and
    Time-Aware Modeling with Less Domain-Specific Knowledge", TKDE 2024, https://arxiv.org/abs/2209.11386, and the
    authors' released code (Lingzhi-WANG/CTA-CRS), which fixes what the paper's abstract leaves open:

    - entity level: an R-GCN with bases over the knowledge graph gives each entity a vector. The user vector is the mean
      of the mentioned entities, in which the mention at position i has the weight :math:`1.5^i`. The logits of the
      items are the products of their vectors with the user vector, plus a bias of each item. A softmax gives
      :math:`p_e`;
    - contextual level: the mean of the encoder's states over the tokens of the conversation, and a linear layer with
      bias to the items. A softmax gives :math:`p_c`;
    - each level has its own cross-entropy, and the loss is their sum;
    - items are ranked by :math:`(1 - \rho) p_e + \rho p_c`, with :math:`\rho` chosen on valid, see
      :mod:`crslab_causal.system.mixture`.

    Differences from the released code:

    - By default the encoder is a small Transformer that is trained with the rest, because BART has to be downloaded.
      ``text_encoder: facebook/bart-base`` uses BART. The authors first tune BART on responses and then freeze it;
      ``freeze_text_encoder`` freezes it from the start.
    - There is no decoder, so there is no loss of responses.
    - The softmaxes run over the items, not over all entities.
    - A ReLU follows the R-GCN, as in Eq 2 of the paper that this package implements.

    An empty conversation has the zero vector at both levels, so its scores are the biases.

    The constructor and ``forward`` are those of CRSLab's models. Options: :class:`.CTACRSOptions`.
    """

    context_weight: Tensor

    mixture_key, mixture_weights = 'context_weight', tuple(i / 10 for i in range(11))  # as in the released code

    def _build(self, opt: Any, device: torch.device, vocab: Mapping[str, Any], side_data: Mapping[str, Any]) -> None:
        self.vocab, self.side_data = vocab, side_data
        super()._build(opt, device, vocab, side_data)
        del self.vocab, self.side_data

    def build_model(self) -> None:
        options = CTACRSOptions.of(self.opt)
        entity_options = CausalKBRDOptions(
            kg_emb_dim=options.kg_emb_dim,
            num_bases=options.num_bases,
            rgcn_aggr=options.rgcn_aggr,
            attention_decay=options.attention_decay,
            embedding_dropout=options.embedding_dropout,
            alpha=0.0,
            beta=0.0,
            item_bias=True,
        )
        self.entity_level = CausalKBRD(entity_options, self.device, self.vocab, self.side_data)
        self.text_encoder = build_text_encoder(options, self.vocab, self.side_data)
        self.context_to_item = nn.Linear(self.text_encoder.dim, self.n_item)
        nn.init.zeros_(self.context_to_item.bias)
        # NaN until it is chosen; validation in training then uses the entity level alone, as in the released code
        self.register_buffer('context_weight', mixture_weight(options.context_weight))

    def level_logits(self, context_entities: Tensor, context_tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of the entity level and those of the contextual level, each ``(batch, n_item)``.

        Args:
            context_entities: ``(batch, length)``, histories padded on the right with -1.
            context_tokens: ``(batch, length)``, token ids padded on the right.
        """
        entity = self.entity_level.item_logits(context_entities, intervene=False).observed
        return entity, self.context_to_item(self.text_encoder.vector(context_tokens))

    def item_scores(self, batch: Mapping[str, Any]) -> Tensor:
        """Return the log-probability of each item in the mixture of both levels, ``(batch, n_item)``."""
        return self._mixture(*self.level_logits(batch['context_entities'], batch['context_tokens']))

    def _mixture(self, entity: Tensor, context: Tensor) -> Tensor:
        return log_mixture(F.log_softmax(entity, -1), F.log_softmax(context, -1), self.context_weight)

    def losses_and_scores(self, batch: Mapping[str, Any], mode: str) -> tuple[dict[str, Tensor], Tensor | None]:
        """Compute the loss, which is the sum of both cross-entropies, and the scores of the mixture.

        Raises:
            ValueError: a label is not an item, or an entity has no row in H.
        """
        logits = self.level_logits(batch['context_entities'], batch['context_tokens'])
        label = self.label_index(batch['item'])
        entity, context = (F.cross_entropy(level, label) for level in logits)
        terms = {'rec_loss': entity + context, 'entity_loss': entity, 'context_loss': context}
        return terms, None if mode == 'train' else self._mixture(*logits)
