"""The one door to CRSLab 0.1.2, and the only place that works around it.

Every other module of this package imports CRSLab's classes from here. Importing this module makes
CRSLab importable on current releases and mends, in memory, what would break or corrupt a run; each
step names the file and line of CRSLab that it answers. Nothing in site-packages is edited. All
steps are idempotent, and they also hold when CRSLab was imported before this module.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import sys
import tempfile
import types
import warnings
from contextlib import contextmanager
from io import IOBase
from pathlib import Path
from typing import Iterator
from urllib.parse import urlsplit

import torch
from torch.nn import functional as F
from torch_geometric.nn import RGCNConv

from crslab_causal.base.errors import UserError
from crslab_causal.config_files import patch_crslab_config
from crslab_causal.model.sparse import Places, WeightedBags

if importlib.util.find_spec('crslab') is None:
    raise UserError('CRSLab is not installed: run `pip install --no-deps crslab==0.1.2` '
                    '(its own requirements cannot be resolved any more; requirements.txt lists what it needs)')


# ---------------------------------------------------------------- before the import of crslab

def _provide_adamw() -> None:
    """system/base.py:19 imports AdamW from transformers, which dropped it in 4.50.

    A model class is loaded first, because a later lazy import replaces the module object and would
    lose the attribute. The defaults are those of the AdamW that is gone.
    """
    import transformers
    from transformers import BertModel  # noqa: F401

    if not hasattr(transformers, 'AdamW'):
        class AdamW(torch.optim.AdamW):
            def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0):
                super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

        sys.modules['transformers'].AdamW = AdamW


def _provide_fasttext() -> None:
    """evaluator/conv.py:13 and standard.py:14 import fasttext, which has no build for Python 3.13.

    Only ``evaluator: standard`` and ``conv`` call it, with vectors of 7 GB; a run with
    ``evaluator: causal`` never does.
    """
    if 'fasttext' not in sys.modules and importlib.util.find_spec('fasttext') is None:
        stub = types.ModuleType('fasttext', 'Stands in for fasttext, which is not installed.')

        def load_model(path):
            raise UserError('fasttext is not installed (`pip install fasttext-wheel`); `evaluator: causal` needs none')

        stub.load_model = load_model
        sys.modules['fasttext'] = stub


_provide_adamw()
_provide_fasttext()
with warnings.catch_warnings():
    # fuzzywuzzy recommends python-Levenshtein at every import
    warnings.simplefilter('ignore', UserWarning)
    import crslab.config
    import crslab.data
    import crslab.data.dataset.base as _dataset_base
    import crslab.download as _download
    import crslab.evaluator
    import crslab.model
    import crslab.model.base as _model_base
    import crslab.quick_start
    import crslab.system

from crslab.config import Config as CRSLabConfig  # noqa: E402
from crslab.data import dataloader_register_table, dataset_language_map, dataset_register_table  # noqa: E402
from crslab.data import get_dataloader, get_dataset  # noqa: E402
from crslab.data.dataloader.base import BaseDataLoader  # noqa: E402
from crslab.data.dataset.base import BaseDataset  # noqa: E402
from crslab.data.dataset.inspired import InspiredDataset  # noqa: E402
from crslab.data.dataset.opendialkg import OpenDialKGDataset  # noqa: E402
from crslab.data.dataset.redial import ReDialDataset  # noqa: E402
from crslab.evaluator import Evaluator_register_table  # noqa: E402
from crslab.evaluator.metrics.base import AverageMetric, Metric  # noqa: E402
from crslab.evaluator.rec import RecEvaluator  # noqa: E402
from crslab.model import Model_register_table  # noqa: E402
from crslab.model.base import BaseModel  # noqa: E402
from crslab.model.crs.kbrd import KBRDModel  # noqa: E402
from crslab.model.recommendation.popularity import PopularityModel  # noqa: E402
from crslab.model.recommendation.textcnn import TextCNNModel  # noqa: E402
from crslab.system import get_system, system_register_table  # noqa: E402
from crslab.system.base import BaseSystem  # noqa: E402
from crslab.system.kbrd import KBRDSystem  # noqa: E402

# by import_module: the packages' star imports put a class or a dict in the place of these modules
_kgsf = importlib.import_module('crslab.model.crs.kgsf.kgsf')
_kgsf_modules = importlib.import_module('crslab.model.crs.kgsf.modules')
_transformer = importlib.import_module('crslab.model.utils.modules.transformer')
_inspired = importlib.import_module('crslab.data.dataset.inspired.resources')
_opendialkg = importlib.import_module('crslab.data.dataset.opendialkg.resources')
_redial = importlib.import_module('crslab.data.dataset.redial.resources')

KGSFModel = _kgsf.KGSFModel
CRSLAB_RESOURCES = {'ReDial': _redial.resources, 'OpenDialKG': _opendialkg.resources, 'Inspired': _inspired.resources}
"""Download and special tokens of each of CRSLab's datasets, by tokenisation."""


# ---------------------------------------------------------------- after it

def _create_position_codes(n_pos: int, dim: int, out: torch.Tensor) -> None:
    """model/utils/modules/transformer.py:47 writes in place into a leaf that requires grad."""
    position = torch.arange(n_pos, dtype=torch.float64)[:, None]
    frequency = 10000.0 ** (-2.0 * (torch.arange(dim) // 2) / dim)
    angle = position * frequency
    with torch.no_grad():
        out[:, 0::2] = torch.sin(angle[:, 0::2]).to(out)
        out[:, 1::2] = torch.cos(angle[:, 1::2]).to(out)
    out.requires_grad = False


def close_files(dataset: BaseDataset) -> None:
    """data/dataset/redial/redial.py:132 and opendialkg/opendialkg.py:123 and 132 keep files as attributes, and open."""
    for value in vars(dataset).values():
        if isinstance(value, IOBase):
            value.close()


def _as_number(cls, obj):
    """evaluator/metrics/base.py:95 asserts int or float, which numpy 2's scalars are not."""
    return obj.item() if hasattr(obj, 'item') else obj


def _build(dpath: str, dfile, version: str | None = None) -> None:
    """Replaces download.py:266 ``build``, which deletes a folder whose ``.built`` is of another version.

    A folder that holds files is the user's and is taken as it is. Otherwise the download goes to a
    temporary folder beside it, and replaces it only when whole and verified.
    """
    folder = Path(dpath)
    if folder.is_dir() and any(not f.name.startswith('.') for f in folder.iterdir()):
        return
    if folder.parent.parent == Path(crslab.config.MODEL_PATH) and folder.parent.name == 'kgsf':
        return  # copy_mask.npy; see _build_kgsf_conversation_layer
    missing = [parent for parent in folder.parents if not parent.exists()]
    folder.parent.mkdir(parents=True, exist_ok=True)
    workspace = Path(tempfile.mkdtemp(prefix=f'.{folder.name}-', dir=folder.parent))
    partial = workspace / 'new'  # unlike the workspace, it can be read by whoever the umask lets
    try:
        partial.mkdir()
        _fetch(dfile, partial)
        _download.mark_done(str(partial), version)
        if folder.is_dir():
            shutil.rmtree(folder)  # holds nothing but hidden files, see above
        os.replace(partial, folder)
    except (OSError, AssertionError, RuntimeError, shutil.ReadError) as error:
        shutil.rmtree(workspace, ignore_errors=True)
        for parent in missing:
            parent.rmdir()
        raise UserError(f'{folder}: no data there, and the download of {dfile.file_name} from '
                        f'{urlsplit(dfile.url).netloc} failed ({_reason(error)})') from error
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


def _reason(error: Exception) -> str:
    """A few words; the text of a failed connection is a nest of representations."""
    status = getattr(getattr(error, 'response', None), 'status_code', None)
    if status is not None:
        return f'HTTP status {status}'
    return 'wrong checksum' if isinstance(error, AssertionError) else type(error).__name__


def _fetch(dfile, folder: Path, timeout_s: float = 20.0) -> None:
    """download.py:83 neither looks at the status (a 404 page is saved as the archive) nor times out."""
    import requests

    with requests.get(dfile.url, stream=True, timeout=timeout_s) as response:
        response.raise_for_status()
        with open(folder / dfile.file_name, 'wb') as file:
            for chunk in response.iter_content(1 << 16):
                file.write(chunk)
    dfile.checksum(str(folder))
    if dfile.zipped:
        _download.untar(str(folder), dfile.file_name)


_host_build_kgsf_conversation_layer = KGSFModel._build_conversation_layer


def _build_kgsf_conversation_layer(self) -> None:
    """model/crs/kgsf/kgsf.py:199 loads copy_mask.npy, a dead download, that only the conversation stage reads."""
    if (Path(self.dpath) / 'copy_mask.npy').is_file():
        _host_build_kgsf_conversation_layer(self)


_host_textcnn_init = TextCNNModel.__init__


def _textcnn_init(self, opt, device, vocab: dict, side_data: dict) -> None:
    """model/recommendation/textcnn/textcnn.py:64 looks up tokens in a table with a row for each entity."""
    _host_textcnn_init(self, opt, device, vocab, side_data)
    if vocab['vocab_size'] > vocab['n_entity']:
        self.embedding = torch.nn.Embedding(vocab['vocab_size'], self.embed)


def _conv_and_pool(self, x: torch.Tensor, conv: torch.nn.Conv2d) -> torch.Tensor:
    """model/recommendation/textcnn/textcnn.py:54 takes the tokens for an image with one channel, which is slow.

    Its kernels are as wide as an embedding, so that this is a convolution over tokens.
    """
    x = F.conv1d(x.squeeze(1).transpose(1, 2), conv.weight.squeeze(1).transpose(1, 2), conv.bias)
    return F.max_pool1d(F.relu(x), x.shape[2]).squeeze(2)


def _mend_popularity() -> None:
    """model/recommendation/popularity/popularity.py:45 keeps its counts out of the checkpoint."""
    PopularityModel.get_extra_state = lambda self: dict(self.item_frequency)
    PopularityModel.set_extra_state = lambda self, state: self.item_frequency.update(state)


def _mend_crslab() -> None:
    _transformer.create_position_codes = _create_position_codes
    _kgsf_modules.create_position_codes = _create_position_codes
    Metric.as_number = classmethod(_as_number)
    for module in (_download, _dataset_base, _model_base):
        module.build = _build
    KGSFModel._build_conversation_layer = _build_kgsf_conversation_layer
    # model/crs/kgsf/kgsf.py:120 looks its download up by dataset, and knows CRSLab's only
    _kgsf.resources.setdefault('CausalDemo', _kgsf.resources['ReDial'])
    TextCNNModel.__init__ = _textcnn_init
    TextCNNModel.conv_and_pool = _conv_and_pool
    _mend_popularity()
    patch_crslab_config(CRSLabConfig)


_mend_crslab()


def use_directories(data_path: str, save_path: str) -> None:
    """Points CRSLab's paths, which lead into site-packages (config/__init__.py:26), to the user's.

    They are copied by name into the modules that use them, so every loaded one is set.
    """
    root = Path(data_path)
    paths = {'SAVE_PATH': save_path, 'DATA_PATH': root, 'DATASET_PATH': root, 'MODEL_PATH': root / 'model',
             'PRETRAIN_PATH': root / 'model' / 'pretrain', 'EMBEDDING_PATH': root / 'embedding'}
    for name, module in list(sys.modules.items()):
        if name == 'crslab' or name.startswith('crslab.'):
            for key, value in paths.items():
                if key in vars(module):
                    setattr(module, key, str(value))


def show_gpus(gpu: str) -> int:
    """Makes only the GPUs of ``-g`` visible, as CRSLab does, and says how many of them there are.

    They are then numbered from 0. CRSLab addresses them by the number they had before
    (system/base.py:59), which fails for one GPU that is not the first.
    """
    os.environ['CUDA_VISIBLE_DEVICES'] = gpu
    return torch.cuda.device_count()


def rec_batchify(loader: BaseDataLoader, samples: list[dict]):
    """``loader.rec_batchify(samples)``, which leaves the samples as they are.

    data/dataloader/tgredial.py:114 inserts a separator into the lists of tokens it is given.
    """
    return loader.rec_batchify([{**sample, 'context_tokens': [list(tokens) for tokens in sample['context_tokens']]}
                                for sample in samples])


@contextmanager
def building(model: str) -> Iterator[None]:
    """Turns what a model of CRSLab raises on impossible options, say heads that do not divide a size, into one line."""
    try:
        yield
    except (ArithmeticError, AssertionError, LookupError, RuntimeError, SyntaxError, TypeError, ValueError) as error:
        if not Model_register_table[model].__module__.startswith('crslab.'):
            raise
        raise UserError(f'model {model}: cannot be built with these options ({type(error).__name__}: '
                        f'{str(error)[:200]})') from error


class SparseRGCNConv(RGCNConv):
    """PyG's ``RGCNConv`` over one-hot features as one sparse product with all bases; equal in output and gradients.

    The loop over relations of PyG's, and its backward, which fills the whole relation x entity x dim tensor with zeros
    once for each relation, take several to thirty times as long.
    """

    _edges: tuple[torch.Tensor, torch.Tensor] | None = None

    def forward(self, x, edge_index, edge_type):
        if x is not None or self.num_bases is None:
            return super().forward(x, edge_index, edge_type)
        if self._edges is None or self._edges[0] is not edge_index or self._edges[1] is not edge_type:
            self._prepare(edge_index, edge_type)
        values = (self.comp[self.relation] * self.norm[:, None]).flatten()
        out = WeightedBags.apply(values, self.weight.flatten(0, 1), self.places)
        return out + self.root + (0 if self.bias is None else self.bias)

    def _prepare(self, edge_index: torch.Tensor, edge_type: torch.Tensor) -> None:
        n_entity, order = self.in_channels_l, torch.argsort(edge_index[1], stable=True)
        (source, target), self.relation = edge_index[:, order], edge_type[order]
        _, group, size = torch.unique(self.relation * n_entity + target, return_inverse=True, return_counts=True)
        self.norm = 1.0 / size[group]
        column = source[:, None] + n_entity * torch.arange(self.num_bases, device=source.device)
        self.places = Places.of(target.repeat_interleave(self.num_bases), column.flatten(), n_entity,
                                n_entity * self.num_bases)
        self._edges = edge_index, edge_type


def use_sparse_rgcn(model: torch.nn.Module) -> None:
    """Turns every ``RGCNConv`` of ``model`` into a :class:`SparseRGCNConv`."""
    for module in model.modules():
        if type(module) is RGCNConv:
            module.__class__ = SparseRGCNConv


class KBRDRepaired(KBRDModel):
    """CRSLab's KBRD with the user vector of its paper.

    model/crs/kbrd/kbrd.py:177 asks ``is not None`` where it means ``is None``, so every user gets
    the zero vector, all users the same scores, and the R-GCN no gradient. ``context_entities`` must
    come as lists: system/kbrd.py:79 pads them with 0, which is a real entity. The layers of the
    conversation stage, which the recommender does not read, are not built.
    """

    def _build_conversation_layer(self) -> None:
        pass

    def _build_embedding(self) -> None:
        pass

    def encode_user(self, entity_lists, kg_embedding):
        lengths = [len(entities) for entities in entity_lists]
        flat = torch.tensor([e for entities in entity_lists for e in entities], dtype=torch.long)
        # looked up at once: the backward of each lookup fills a tensor of the size of kg_embedding
        mentions = kg_embedding[flat.to(kg_embedding.device)].split(lengths)
        zero = torch.zeros(self.user_emb_dim, device=kg_embedding.device)
        return torch.stack([self.kg_attn(h) if len(h) else zero for h in mentions])
