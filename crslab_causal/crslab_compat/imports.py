"""Make CRSLab importable on current releases, and import it.

The functions above the import provide what CRSLab expects from other packages. Each one names the file and line of
CRSLab that needs it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
import warnings

import torch

from crslab_causal.base.errors import UserError

if importlib.util.find_spec('crslab') is None:
    raise UserError(
        'CRSLab is not installed: run `pip install --no-deps crslab==0.1.2` '
        '(pip cannot resolve its own requirements; requirements.txt lists the packages that it needs)'
    )


def _provide_adamw() -> None:
    """Put an AdamW into transformers, which removed it in 4.50; system/base.py:19 imports it.

    A model class is loaded first, because a later lazy import replaces the module object and would lose the
    attribute. The defaults are those of the removed class.
    """
    import transformers
    from transformers import BertModel  # noqa: F401

    if not hasattr(transformers, 'AdamW'):

        class AdamW(torch.optim.AdamW):
            def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0):
                super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

        sys.modules['transformers'].AdamW = AdamW


def _provide_fasttext() -> None:
    """Provide a module named fasttext, which has no build for Python 3.13; evaluator/conv.py:13 imports it.

    Only ``evaluator: standard`` and ``evaluator: conv`` call it, with vectors of 7 GB. A run with
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
    import crslab.data.dataset.base as dataset_base  # noqa: F401
    import crslab.download as download  # noqa: F401
    import crslab.evaluator
    import crslab.model
    import crslab.model.base as model_base  # noqa: F401
    import crslab.quick_start
    import crslab.system  # noqa: F401

# by import_module: the star imports of CRSLab's packages replace these modules by a class or a dict
kgsf = importlib.import_module('crslab.model.crs.kgsf.kgsf')
kgsf_modules = importlib.import_module('crslab.model.crs.kgsf.modules')
transformer = importlib.import_module('crslab.model.utils.modules.transformer')
