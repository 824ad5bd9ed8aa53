"""A sentence encoder that is fine-tuned to find the item that a context asks for."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from crslab_causal.data.histories import PAD
from crslab_causal.data.schema import RecSample
from crslab_causal.data.training_data import TrainingData
from crslab_causal.model.experts.context_text import spoken_context
from crslab_causal.model.experts.item_text import entity_names, item_texts
from crslab_causal.model.experts.options import DualEncoderOptions
from crslab_causal.model.experts.sentence_encoder import SentenceEncoder
from crslab_causal.model.experts.smoothing import log_popularity
from crslab_causal.model.experts.trained_expert import TrainedExpert
from crslab_causal.model.text.pretrained import item_titles

FIRST_SCALE = 10.0
"""Scale of the cosines at the start of the training."""


class DualEncoder(TrainedExpert):
    r"""A dual encoder with a softmax over all items.

    .. math:: \ell_y(x) = e^{\tau}\, f(x)^\top (W t_y + r_y) + b_y

    f is a sentence encoder of Hugging Face that is fine-tuned: the mean of its last states, of length 1, for the text
    of a context x, which is the last turns with their speakers and with titles in the place of item tokens; or the
    names of the last mentions, where the words are not known. :math:`t_y` is the vector of the encoder for the text of
    item y: title, year, genres, directors, cast and plot. W is a square matrix that starts as the identity, :math:`r_y`
    a free vector that starts at 0 and is decayed, and the bias :math:`b_y` starts at the logarithm of popularity.

    A full softmax would need all texts of the items encoded with gradients at every update. :math:`t_y` is therefore
    computed before the training, by the encoder as it is then, and W and r learn to follow the encoder. With
    ``item_refresh: epoch`` the texts are read again before every further epoch, without gradients.

    Two encoders that are compared by a dot product are from Karpukhin et al., "Dense Passage Retrieval for Open-Domain
    Question Answering", EMNLP 2020 (Eq 1); sentence vectors that are means, from Reimers and Gurevych,
    "Sentence-BERT", EMNLP 2019; the softmax over all items in the place of sampled ones is that of extreme
    classification.

    Options: :class:`.DualEncoderOptions`.
    """

    options_class = DualEncoderOptions
    options: DualEncoderOptions
    network: DualEncoderNetwork | None

    def build_model(self) -> None:
        super().build_model()
        side_data = self.side_data
        assert side_data is not None
        save_path = self.opt.get('save_path', None)
        cache = None if save_path is None else Path(save_path) / 'embeddings'
        options, device = self.options, torch.device(self.device)
        self.titles = item_titles(side_data)
        self.names = entity_names(side_data)
        self.item_texts = item_texts(side_data)
        self.source = SentenceEncoder.shared(options.sentence_encoder, options.context_pieces, None, device)
        self.item_source = SentenceEncoder.shared(options.sentence_encoder, options.item_pieces, cache, device, 'right')

    def missing_requirement(self) -> str | None:
        return self.source.missing_requirement()

    def new_network(self) -> DualEncoderNetwork:
        encoder = self.source.load_model()
        network = DualEncoderNetwork(encoder, self.source.reads_first_state, self.n_item, encoder.config.hidden_size)
        freeze_layers(encoder, self.options.frozen_layers)
        return network

    def start_digest(self) -> str:
        read = [self.item_texts, sorted(self.titles.items()), sorted(self.names.items())]
        return f'{self.source.weights_digest} {hashlib.sha256(json.dumps(read).encode()).hexdigest()}'

    def start(self, network: nn.Module, data: TrainingData) -> None:
        assert isinstance(network, DualEncoderNetwork)
        with torch.no_grad():
            network.item_text.copy_(self.item_source.encode(self.item_texts))
            network.bias.copy_(log_popularity(self.item_count))

    def start_epoch(self, epoch: int) -> None:
        """Read the texts of the items again, if ``item_refresh`` says so."""
        network = self.network
        assert network is not None
        if epoch and self.options.item_refresh == 'epoch':
            network.eval()
            with torch.no_grad():
                for start in range(0, self.n_item, 64):
                    texts = self.item_texts[start : start + 64]
                    network.item_text[start : start + 64] = network.vectors(self.item_source.pieces(texts))

    def parameter_groups(self, network: nn.Module) -> list[dict[str, Any]]:
        assert isinstance(network, DualEncoderNetwork)
        options = self.options
        encoder = [p for p in network.encoder.parameters() if p.requires_grad]
        return [
            *([{'params': encoder, 'lr': options.encoder_lr, 'weight_decay': 0.0}] if encoder else []),
            {'params': [network.free], 'lr': options.item_lr, 'weight_decay': options.item_decay},
            {
                'params': [network.map.weight, network.bias, network.log_scale],
                'lr': options.item_lr,
                'weight_decay': 0.0,
            },
        ]

    def length(self, sample: RecSample) -> int:
        return len(self.text(sample['context_entities'], sample))

    def text(self, history: Sequence[int], sample: RecSample | None) -> str:
        """Return the text of a context.

        Args:
            history: the mentioned entities.
            sample: the sample; None if the history alone is known.
        """
        spoken = '' if sample is None else spoken_context(sample, self.titles, self.options.context_turns)
        if spoken:
            return spoken
        names = (self.names.get(entity, '') for entity in history[-self.options.context_names :])
        return ', '.join(name for name in names if name)

    def logits(self, batch: Mapping[str, Any]) -> Tensor:
        network = self.network
        assert network is not None
        histories = [[entity for entity in row if entity != PAD] for row in batch['context_entities'].tolist()]
        samples = batch.get('samples') or [None] * len(histories)
        texts = [self.text(history, sample) for history, sample in zip(histories, samples, strict=True)]
        distinct = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        device = self.index_of_entity.device
        reduced = network.training and self.options.encoder_precision == 'bfloat16'
        with torch.autocast(device.type, torch.bfloat16, enabled=reduced):
            vectors = network.vectors(self.source.pieces(list(distinct)))
        return network(vectors.float())[torch.tensor([distinct[text] for text in texts], device=device)]


class DualEncoderNetwork(nn.Module):
    """The parameters of :class:`DualEncoder`.

    Args:
        encoder: encoder of ``transformers``.
        reads_first_state: whether the vector of a text is the first state and not the mean.
        n_item: number of items.
        dim: size of the vectors.
    """

    item_text: Tensor
    """``(n_item, dim)``: vectors of the texts of the items, t."""

    def __init__(self, encoder: nn.Module, reads_first_state: bool, n_item: int, dim: int):
        super().__init__()
        self.encoder, self.reads_first_state = encoder, reads_first_state
        self.map = nn.Linear(dim, dim, bias=False)
        nn.init.eye_(self.map.weight)
        self.free = nn.Parameter(torch.zeros(n_item, dim))
        self.bias = nn.Parameter(torch.zeros(n_item))
        self.log_scale = nn.Parameter(torch.tensor(FIRST_SCALE).log())
        self.register_buffer('item_text', torch.zeros(n_item, dim))

    def vectors(self, pieces: Mapping[str, Tensor]) -> Tensor:
        """Return the vectors of texts, ``(n, dim)``, of length 1."""
        states = self.encoder(**pieces).last_hidden_state.float()
        if self.reads_first_state:
            return F.normalize(states[:, 0], dim=-1)
        mask = pieces['attention_mask'][..., None].to(states)
        return F.normalize((states * mask).sum(1) / mask.sum(1), dim=-1)

    def forward(self, vectors: Tensor) -> Tensor:
        """Return the logits of all items, ``(n, n_item)``, for the vectors of contexts."""
        items = self.map(self.item_text) + self.free
        return self.log_scale.exp() * vectors @ items.T + self.bias


def freeze_layers(encoder: nn.Module, count: int) -> None:
    """Freeze the embeddings and the lower ``count`` layers of an encoder; with -1 freeze nothing."""
    if count < 0:
        return
    stacks = [module for module in encoder.modules() if isinstance(module, nn.ModuleList) and len(module) > 1]
    kept = list(stacks[0])[count:] if stacks else []
    trained = {id(p) for layer in kept for p in layer.parameters()}
    for parameter in encoder.parameters():
        parameter.requires_grad_(id(parameter) in trained)
