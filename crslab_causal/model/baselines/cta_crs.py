"""The recommender of CTA-CRS."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from crslab_causal.crslab_compat import BaseModel
from crslab_causal.model.causal_kbrd import CausalKBRD
from crslab_causal.model.mixture import log_mixture, mixture_weight
from crslab_causal.model.options import CTACRSOptions
from crslab_causal.model.text.build import build_text_encoder


class CTACRS(BaseModel):
    r"""Two views of a user, one by the entities mentioned and one by the words said.

    After Wang, Joty, Gao, Zeng and Wong, "Improving Conversational Recommender System via Contextual and Time-Aware
    Modeling with Less Domain-Specific Knowledge", TKDE 2024, https://arxiv.org/abs/2209.11386, and the authors'
    released code (Lingzhi-WANG/CTA-CRS), which fixes what the paper's abstract leaves open:

    - entity level: an R-GCN with bases over the knowledge graph, the mean over the entities mentioned weighted by
      :math:`1.5^i`, and logits by its product with the items, with a bias for each: :math:`p_e`;
    - contextual level: the mean of the encoder's states over the conversation's tokens, and a linear layer with bias to
      the items: :math:`p_c`;
    - each is trained by its own cross-entropy, and the two are added up;
    - recommended is by :math:`(1 - \rho) p_e + \rho p_c`, with :math:`\rho` chosen on valid, see
      :mod:`crslab_causal.system.mixture`.

    Otherwise than there: the encoder is by default a small Transformer trained with the rest, because BART has to be
    downloaded (``text_encoder: facebook/bart-base`` takes it; the source first tunes it on responses, then keeps it as
    it is, which is ``freeze_text_encoder``); there is no decoder and so no loss of responses; the softmaxes run over
    the items, not over all entities; and the R-GCN is followed by a ReLU, as in Eq 2 of the paper of this package,
    which the released code leaves out.

    An empty conversation has the zero vector at either level, and its scores are the biases'.

    Constructor and ``forward`` are those of CRSLab's models. Options: :class:`.CTACRSOptions`.
    """

    reads_tokens = True
    mixture_key, mixture_weights = 'context_weight', tuple(i / 10 for i in range(11))  # as in the released code

    def __init__(self, opt, device, vocab: dict, side_data: dict):
        self.vocab, self.side_data = vocab, side_data
        self.loss_terms: dict[str, Tensor] = {}
        super().__init__(opt, device)
        del self.vocab, self.side_data

    def build_model(self) -> None:
        options = CTACRSOptions.of(self.opt)
        of_level = {**options.model_dump(), 'alpha': 0.0, 'beta': 0.0, 'item_bias': True}
        self.entity_level = CausalKBRD(of_level, self.device, self.vocab, self.side_data)
        self.text_encoder = build_text_encoder(options, self.vocab, self.side_data)
        self.context_to_item = nn.Linear(self.text_encoder.dim, self.entity_level.n_item)
        nn.init.zeros_(self.context_to_item.bias)
        # NaN: open, and validation while training sees the entity level alone, as in the released code
        self.register_buffer('context_weight', mixture_weight(options.context_weight))

    def level_logits(self, context_entities: Tensor, context_tokens: Tensor) -> tuple[Tensor, Tensor]:
        """``(batch, n_item)`` logits of the entity level and of the contextual level.

        Args:
            context_entities: ``(batch, length)``, histories padded on the right with -1.
            context_tokens: ``(batch, length)``, token ids padded on the right.
        """
        entity = self.entity_level.item_logits(context_entities, intervene=False).observed
        return entity, self.context_to_item(self.text_encoder.vector(context_tokens))

    def item_scores(self, context_entities: Tensor, context_tokens: Tensor) -> Tensor:
        """``(batch, n_item)``: logarithms of the mixture, for the arguments of :meth:`level_logits`."""
        return self._mixture(*self.level_logits(context_entities, context_tokens))

    def _mixture(self, entity: Tensor, context: Tensor) -> Tensor:
        return log_mixture(F.log_softmax(entity, -1), F.log_softmax(context, -1), self.context_weight)

    def forward(self, batch: dict, mode: str, stage: str = 'rec') -> tuple[Tensor, Tensor | None]:
        """Sum of both cross-entropies, and ``(batch, n_entity)`` scores, or None in training.

        Args:
            batch: ``context_entities`` and ``context_tokens``, as in :meth:`level_logits`; ``item``, ``(batch,)``,
                entity ids of the labels.
            mode: ``train``, ``valid`` or ``test``.
            stage: ``rec``.

        Raises:
            ValueError: a label is no item, or an entity has no row in H.
        """
        logits = self.level_logits(batch['context_entities'], batch['context_tokens'])
        label = self.entity_level.row_of_entity[batch['item']]
        if ((label < 0) | (label >= self.entity_level.n_item)).any():
            raise ValueError('a label is not one of item_entity_ids')
        entity, context = (F.cross_entropy(own, label) for own in logits)
        self.loss_terms = {'entity_loss': entity, 'context_loss': context}
        if mode == 'train':
            return entity + context, None
        scores = logits[0].new_full((len(label), self.entity_level.n_entity), -torch.inf)
        scores[:, self.entity_level.item_entity_ids] = self._mixture(*logits)
        return entity + context, scores
