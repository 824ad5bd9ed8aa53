"""Repair, in memory, the functions of CRSLab that break or corrupt a run.

Most functions here replace a function of CRSLab, whose file and line they name. Files in site-packages are not edited.
All patches can be applied twice, and they also work when CRSLab was imported before this module.
"""

from __future__ import annotations

from io import IOBase
from pathlib import Path

import torch
from torch.nn import functional as F

from crslab_causal import config_files
from crslab_causal.crslab_compat import download, imports
from crslab_causal.crslab_compat.imports import kgsf

from crslab.data.dataset.base import BaseDataset  # isort: skip
from crslab.evaluator.metrics.base import Metric  # isort: skip
from crslab.model.recommendation.popularity import PopularityModel  # isort: skip
from crslab.model.recommendation.textcnn import TextCNNModel  # isort: skip


def create_position_codes(n_pos: int, dim: int, out: torch.Tensor) -> None:
    """Fill ``out`` with position codes; model/utils/modules/transformer.py:47 writes into a leaf that requires grad."""
    position = torch.arange(n_pos, dtype=torch.float64)[:, None]
    frequency = 10000.0 ** (-2.0 * (torch.arange(dim) // 2) / dim)
    angle = position * frequency
    with torch.no_grad():
        out[:, 0::2] = torch.sin(angle[:, 0::2]).to(out)
        out[:, 1::2] = torch.cos(angle[:, 1::2]).to(out)
    out.requires_grad = False


def read_open_files(dataset: BaseDataset) -> None:
    """Replace the text files that a dataset keeps open by their lines, without a byte order mark and blank lines.

    data/dataset/redial/redial.py:132 and data/dataset/opendialkg/opendialkg.py:123 leave them open for as long as the
    dataset exists. A byte order mark would be part of the first name. Characters like U+2028, at which ``splitlines``
    would split, are part of a name.
    """
    for name, value in list(vars(dataset).items()):
        if isinstance(value, IOBase):
            with value:
                lines = value.read().removeprefix('\ufeff').split('\n')
            setattr(dataset, name, [line for line in lines if line.strip()])


def as_number(cls, obj):
    """Convert a metric to a Python number. evaluator/metrics/base.py:95 accepts int or float, not NumPy 2 scalars."""
    return obj.item() if hasattr(obj, 'item') else obj


_crslab_build_conversation_layer = kgsf.KGSFModel._build_conversation_layer


def build_kgsf_conversation_layer(self) -> None:
    """Build no conversation layer of KGSF. model/crs/kgsf/kgsf.py:199 would load copy_mask.npy from a dead link."""
    if (Path(self.dpath) / 'copy_mask.npy').is_file():
        _crslab_build_conversation_layer(self)


_crslab_textcnn_init = TextCNNModel.__init__


def textcnn_init(self, opt, device, vocab: dict, side_data: dict) -> None:
    """Initialise TextCNN with an embedding table that has a row for each token.

    The table of CRSLab (model/recommendation/textcnn/textcnn.py:64) has a row for each entity, although it is indexed
    by tokens.
    """
    _crslab_textcnn_init(self, opt, device, vocab, side_data)
    if vocab['vocab_size'] > vocab['n_entity']:
        self.embedding = torch.nn.Embedding(vocab['vocab_size'], self.embed)


def conv_and_pool(self, x: torch.Tensor, conv: torch.nn.Conv2d) -> torch.Tensor:
    """Convolve over tokens; model/recommendation/textcnn/textcnn.py:54 convolves over an image, which is slow.

    CRSLab's kernels are as wide as an embedding, so the results are equal.
    """
    x = F.conv1d(x.squeeze(1).transpose(1, 2), conv.weight.squeeze(1).transpose(1, 2), conv.bias)
    return F.max_pool1d(F.relu(x), x.shape[2]).squeeze(2)


def keep_popularity_counts() -> None:
    """Save the counts of Popularity; model/recommendation/popularity/popularity.py:45 keeps them out of checkpoints."""
    PopularityModel.get_extra_state = lambda self: dict(self.item_frequency)
    PopularityModel.set_extra_state = lambda self, state: self.item_frequency.update(state)


def let_kgsf_read(dataset: str) -> None:
    """Register a dataset with KGSF. model/crs/kgsf/kgsf.py:120 looks datasets up in a table that has only CRSLab's."""
    kgsf.resources.setdefault(dataset, kgsf.resources['ReDial'])


def apply() -> None:
    """Replace CRSLab's functions by the repaired ones."""
    imports.transformer.create_position_codes = create_position_codes
    imports.kgsf_modules.create_position_codes = create_position_codes
    Metric.as_number = classmethod(as_number)
    for module in (imports.download, imports.dataset_base, imports.model_base):
        module.build = download.build
    kgsf.KGSFModel._build_conversation_layer = build_kgsf_conversation_layer
    TextCNNModel.__init__ = textcnn_init
    TextCNNModel.conv_and_pool = conv_and_pool
    keep_popularity_counts()
    config_files.patch_crslab_config(imports.crslab.config.Config)
