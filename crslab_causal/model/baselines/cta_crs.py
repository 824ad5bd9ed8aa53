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
    r"""Two views of a user: one from the mentioned entities, and one from the words.

    After Wang, Joty, Gao, Zeng and Wong, "Improving Conversational Recommender System via Contextual and Time-Aware
    Modeling with Less Domain-Specific Knowledge", TKDE 2024, https://arxiv.org/abs/2209.11386, and the authors'
    released code (Lingzhi-WANG/CTA-CRS), which fixes what the paper's abstract leaves open:

    - entity level: an R-GCN with bases over the knowledge graph, the mean over the entities mentioned weighted by
      :math:`1.5^i`, and logits by its product with the items, with a bias for each: :math:`p_e`;
    - contextual level: the mean of the encoder's states over the conversation's tokens, and a linear layer with bias to
      the items: :math:`p_c`;
    - each is trained by its own cross-entropy, and the two are added up;
    - items are ranked by :math:`(1 - \rho) p_e + \rho p_c`, with :math:`\rho` chosen on valid, see
      :mod:`crslab_causal.system.mixture`.

    Differences from the released code: by default the encoder is a small Transformer that is trained with the rest,
    because BART has to be downloaded. ``text_encoder: facebook/bart-base`` uses BART. The authors first tune it on
    responses and then keep its parameters; ``freeze_text_encoder`` keeps them. There is no decoder, so there is no loss
    of responses. The softmaxes run over the items, not over all entities. A ReLU follows the R-GCN, as in Eq 2 of the
    paper of this package; the released code has none.

    An empty conversation has the zero vector at both levels, so its scores are the biases.

    Constructor and ``forward`` are those of CRSLab's models. Options: :class:`.CTACRSOptions`.
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
        # NaN: open, and validation while training sees the entity level alone, as in the released code
        self.register_buffer('context_weight', mixture_weight(options.context_weight))

    def level_logits(self, context_entities: Tensor, context_tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``(batch, n_item)`` logits of the entity level and of the contextual level.

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
        """Compute the sum of both cross-entropies, and the scores of the mixture.

        Raises:
            ValueError: a label is no item, or an entity has no row in H.
        """
        logits = self.level_logits(batch['context_entities'], batch['context_tokens'])
        label = self.label_index(batch['item'])
        entity, context = (F.cross_entropy(level, label) for level in logits)
        terms = {'rec_loss': entity + context, 'entity_loss': entity, 'context_loss': context}
        return terms, None if mode == 'train' else self._mixture(*logits)
