"""Call CRSLab's functions with the right arguments, paths and error messages."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from crslab_causal.base.errors import UserError
from crslab_causal.crslab_compat import imports  # noqa: F401  imports CRSLab

from crslab.data.dataloader.base import BaseDataLoader  # isort: skip
from crslab.model import Model_register_table  # isort: skip


def use_directories(data_path: str, save_path: str) -> None:
    """Set CRSLab's paths, which lead into site-packages (config/__init__.py:26), to the user's folders.

    Modules of CRSLab copy the paths when they are imported, so the paths are set in every loaded module.

    Args:
        data_path: folder of the datasets.
        save_path: folder of the runs.
    """
    root = Path(data_path)
    paths = {
        'SAVE_PATH': save_path,
        'DATA_PATH': root,
        'DATASET_PATH': root,
        'MODEL_PATH': root / 'model',
        'PRETRAIN_PATH': root / 'model' / 'pretrain',
        'EMBEDDING_PATH': root / 'embedding',
    }
    for name, module in list(sys.modules.items()):
        if name == 'crslab' or name.startswith('crslab.'):
            for key, value in paths.items():
                if key in vars(module):
                    setattr(module, key, str(value))


def rec_batchify(loader: BaseDataLoader, samples: list[dict]):
    """Return ``loader.rec_batchify(samples)`` without changing the samples.

    data/dataloader/tgredial.py:114 inserts a separator into the lists of tokens that it gets.
    """
    return loader.rec_batchify(
        [{**sample, 'context_tokens': [list(tokens) for tokens in sample['context_tokens']]} for sample in samples]
    )


@contextmanager
def building(model: str) -> Iterator[None]:
    """Turn an error that a model of CRSLab raises for impossible options into a UserError, while the block runs."""
    try:
        yield
    except (ArithmeticError, AssertionError, LookupError, RuntimeError, SyntaxError, TypeError, ValueError) as error:
        if not Model_register_table[model].__module__.startswith('crslab.'):
            raise
        raise UserError(
            f'model {model}: cannot be built with these options ({type(error).__name__}: {str(error)[:200]})'
        ) from error
