"""Register the classes of this package in CRSLab's tables."""

from __future__ import annotations

from pkgutil import resolve_name

from crslab_causal import crslab_compat
from crslab_causal.data.dataloader import CausalDataLoader
from crslab_causal.evaluator.causal import CausalEvaluator
from crslab_causal.registry import DATASETS, MODELS, SHARED_NAME
from crslab_causal.system.causal import CausalSystem


def register_in_crslab() -> None:
    """Add this package's datasets, dataloaders, models, systems and evaluator to CRSLab's tables.

    The datasets replace CRSLab's own datasets. Their samples have CRSLab's keys and values and some more keys, so
    CRSLab's models work unchanged. CRSLab's other entries are not changed.
    """
    for dataset in DATASETS.values():
        crslab_compat.dataset_register_table[dataset.name] = dataset.load()
        crslab_compat.dataset_language_map[dataset.name] = dataset.language
        crslab_compat.let_kgsf_read(dataset.name)
    for model in MODELS.values():
        if model.model is not None:
            crslab_compat.Model_register_table[model.name] = resolve_name(model.model)
            crslab_compat.dataloader_register_table[model.name] = CausalDataLoader
            crslab_compat.system_register_table[model.name] = resolve_name(model.system)
    crslab_compat.dataloader_register_table[SHARED_NAME] = CausalDataLoader
    crslab_compat.system_register_table[SHARED_NAME] = CausalSystem
    crslab_compat.Evaluator_register_table['causal'] = CausalEvaluator
