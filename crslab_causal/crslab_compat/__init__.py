"""The one door to CRSLab 0.1.2, and the home of every workaround for it.

All other modules import CRSLab's classes from here. :mod:`.imports` makes CRSLab importable on current releases,
:mod:`.patches` and :mod:`.download` repair it in memory, and :mod:`.calls` calls it. The table lists every defect of
CRSLab that this package works around. Paths of CRSLab are below its package ``crslab``; paths of this package are
below ``crslab_causal``.

TABLE
"""

from crslab_causal.crslab_compat.imports import crslab, kgsf
from crslab_causal.crslab_compat import patches

patches.apply()

from crslab.config import Config as CRSLabConfig  # noqa: E402
from crslab.data import (  # noqa: E402
    dataloader_register_table,
    dataset_language_map,
    dataset_register_table,
    get_dataloader,
    get_dataset,
)
from crslab.data.dataloader.base import BaseDataLoader  # noqa: E402
from crslab.data.dataset.base import BaseDataset  # noqa: E402
from crslab.data.dataset.inspired import InspiredDataset  # noqa: E402
from crslab.data.dataset.inspired.resources import resources as _inspired_resources  # noqa: E402
from crslab.data.dataset.opendialkg import OpenDialKGDataset  # noqa: E402
from crslab.data.dataset.opendialkg.resources import resources as _opendialkg_resources  # noqa: E402
from crslab.data.dataset.redial import ReDialDataset  # noqa: E402
from crslab.data.dataset.redial.resources import resources as _redial_resources  # noqa: E402
from crslab.evaluator import Evaluator_register_table  # noqa: E402
from crslab.evaluator.metrics.base import AverageMetric  # noqa: E402
from crslab.evaluator.rec import RecEvaluator  # noqa: E402
from crslab.model import Model_register_table  # noqa: E402
from crslab.model.base import BaseModel  # noqa: E402
from crslab.model.crs.kbrd import KBRDModel  # noqa: E402
from crslab.system import get_system, system_register_table  # noqa: E402
from crslab.system.base import BaseSystem  # noqa: E402
from crslab.system.kbrd import KBRDSystem  # noqa: E402

from crslab_causal.crslab_compat.calls import building, rec_batchify, use_directories  # noqa: E402
from crslab_causal.crslab_compat.patches import close_files, let_kgsf_read  # noqa: E402

KGSFModel = kgsf.KGSFModel
CRSLAB_RESOURCES = {
    'ReDial': _redial_resources,
    'OpenDialKG': _opendialkg_resources,
    'Inspired': _inspired_resources,
}
"""Download and special tokens of each of CRSLab's datasets, by tokenisation."""
