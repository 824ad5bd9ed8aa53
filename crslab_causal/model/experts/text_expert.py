"""The base class of the experts that read the text."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any, Mapping, Sequence

import torch
from torch import Tensor

from crslab_causal.data.schema import LIVE, RecSample
from crslab_causal.data.training_data import TrainingData
from crslab_causal.model.experts.base import Expert
from crslab_causal.model.experts.context_text import context_text
from crslab_causal.model.experts.options import TextOptions
from crslab_causal.model.experts.sentence_encoder import SentenceEncoder
from crslab_causal.model.text.pretrained import item_titles


class TextExpert(Expert):
    """An expert that uses the vector of the last turns, see :class:`.SentenceEncoder`.

    A context without text gives no evidence. Neither does a batch without samples, for example a history alone. The
    vectors are cached in ``<save_path>/embeddings``.
    """

    options_class: type[TextOptions] = TextOptions
    options: TextOptions

    def build_model(self) -> None:
        super().build_model()
        assert self.side_data is not None
        save_path = self.opt.get('save_path', None)
        self.titles = item_titles(self.side_data)
        self.encoder = SentenceEncoder.shared(
            self.options.sentence_encoder,
            self.options.context_pieces,
            None if save_path is None else Path(save_path) / 'embeddings',
            torch.device(self.device),
        )

    def missing_requirement(self) -> str | None:
        return self.encoder.missing_requirement()

    def fit_evidence(self, data: TrainingData) -> None:
        vectors, has_text = self.text_vectors(data.samples)
        self.fit_texts(vectors, data.labels.to(has_text.device)[has_text])

    @abstractmethod
    def fit_texts(self, vectors: Tensor, labels: Tensor) -> None:
        """Learn from the training samples that have text.

        Args:
            vectors: ``(n, dim)``, vectors of the texts.
            labels: ``(n,)``, indices of the labels among the items.
        """

    @abstractmethod
    def text_evidence(self, vectors: Tensor) -> Tensor:
        """Return the evidence for each item, ``(n, n_item)``.

        Args:
            vectors: ``(n, dim)``, vectors of the texts.
        """

    def evidence(self, batch: Mapping[str, Any]) -> Tensor:
        histories, samples = batch['context_entities'], batch.get('samples')
        evidence = torch.zeros(len(histories), self.n_item, device=histories.device)
        if samples is not None:
            vectors, has_text = self.text_vectors(samples)
            if has_text.any():
                evidence[has_text] = self.text_evidence(vectors)
        return evidence

    def text_vectors(self, samples: Sequence[RecSample]) -> tuple[Tensor, Tensor]:
        """Return the vectors of the samples that have text.

        Args:
            samples: the samples.

        Returns:
            Vectors of the samples with text, ``(n_text, dim)``; and a Boolean mask, ``(n_sample,)``, that is true for
            them.
        """
        texts = [context_text(sample, self.titles, self.options.context_turns) for sample in samples]
        device = self.index_of_entity.device
        has_text = torch.tensor([bool(text) for text in texts], dtype=torch.bool, device=device)
        keep = any(sample['conv_id'] != LIVE for sample in samples)
        return self.encoder.encode([text for text in texts if text], keep).to(device), has_text
