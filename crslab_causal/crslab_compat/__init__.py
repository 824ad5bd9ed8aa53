"""The only module that imports CRSLab 0.1.2, and the list of all workarounds for its defects.

All other modules import CRSLab's classes from here. :mod:`.imports` makes CRSLab importable on current releases,
:mod:`.patches` and :mod:`.download` repair it in memory, and :mod:`.calls` calls it. The table lists every defect of
CRSLab that this package works around. Paths of CRSLab are below its package ``crslab``; paths of this package are
below ``crslab_causal``.

- ``system/base.py:19`` imports AdamW from transformers, which removed it in 4.50
  -> ``crslab_compat/imports.py:26`` _provide_adamw
- ``evaluator/conv.py:13`` imports fasttext, which has no build for Python 3.13
  -> ``crslab_compat/imports.py:44`` _provide_fasttext
- ``model/utils/modules/transformer.py:47`` writes into a leaf that requires a gradient
  -> ``crslab_compat/patches.py:25`` create_position_codes
- ``evaluator/metrics/base.py:95`` refuses the scalars of NumPy 2
  -> ``crslab_compat/patches.py:50`` as_number
- ``data/dataset/redial/redial.py:132`` leaves files open
  -> ``crslab_compat/patches.py:36`` read_open_files
- ``data/dataset/opendialkg/opendialkg.py:123`` leaves files open
  -> ``crslab_compat/patches.py:36`` read_open_files
- ``model/crs/kgsf/kgsf.py:199`` loads copy_mask.npy from a dead link, for the recommender, too
  -> ``crslab_compat/patches.py:58`` build_kgsf_conversation_layer
- ``model/crs/kgsf/kgsf.py:120`` knows the downloads of CRSLab's datasets only
  -> ``crslab_compat/patches.py:93`` let_kgsf_read
- ``model/recommendation/textcnn/textcnn.py:64`` looks up tokens in a table of entities
  -> ``crslab_compat/patches.py:67`` textcnn_init
- ``model/recommendation/textcnn/textcnn.py:54`` convolves over tokens as over an image, which is slow
  -> ``crslab_compat/patches.py:78`` conv_and_pool
- ``model/recommendation/popularity/popularity.py:45`` keeps its counts out of checkpoints
  -> ``crslab_compat/patches.py:87`` keep_popularity_counts
- ``model/recommendation/popularity/popularity.py:53`` counts the items of contexts, not the labels
  -> ``model/baselines/popularity.py:9`` TargetPopularity
- ``download.py:266`` deletes the user's folder if its version is another one
  -> ``crslab_compat/download.py:16`` build
- ``download.py:83`` saves an error page as the data, and never times out
  -> ``crslab_compat/download.py:43`` _fetch
- ``config/__init__.py:26`` writes into site-packages
  -> ``crslab_compat/calls.py:17`` use_directories
- ``config/config.py:90`` reads 5e-3 as a text, and knows no base:
  -> ``config_files.py:334`` patch_crslab_config
- ``data/dataloader/tgredial.py:114`` changes the samples that it gets
  -> ``crslab_compat/calls.py:42`` rec_batchify
- ``data/dataloader/kbrd.py:59`` scores other turns than TGReDial's loader, so that scores cannot be compared
  -> ``data/dataloader.py:79`` CausalDataLoader
- ``data/dataset/redial/redial.py:200`` puts entities before items, so that the last one is not the last mention
  -> ``data/dataset/mention_order.py:102`` order_mentions
- ``data/dataset/redial/redial.py:241`` drops all relations of a small graph
  -> ``run_options.py:48`` kg_edge_threshold
- ``model/crs/kbrd/kbrd.py:177`` gives every user the zero vector
  -> ``model/baselines/kbrd_repaired.py:25`` encode_user
- ``system/kbrd.py:79`` pads histories with 0, a real entity
  -> ``data/histories.py:10`` PAD
- ``system/base.py:185`` multiplies the gradient by the loss
  -> ``system/trainer.py:217`` update
- ``system/base.py:125`` removes keys from the configuration that it reads
  -> ``system/schedule.py:39`` build_optimizer
- ``system/kbrd.py:127`` tests and saves the last weights after an early stop, not the best
  -> ``system/trainer.py:153`` fit
- ``system/kbrd.py:133`` leaves dropout on in tests
  -> ``system/evaluation.py:55`` evaluate
- ``system/kgsf.py:131`` never shuffles the training samples
  -> ``system/rec_stage.py:47`` batches
- ``system/kgsf.py:86`` has a second loss and a call of its own
  -> ``system/adapters.py:136`` KGSFAdapter
- ``system/utils/lr_scheduler.py:53`` makes the first step of a warm-up with the full learning rate
  -> ``system/schedule.py:14`` lr_multiplier
- ``system/base.py:59`` fails on a single GPU that is not the first
  -> ``base/devices.py:11`` select_gpus
- ``system/base.py:336`` downloads an NLTK model at every start of a chat
  -> ``chat/conversation.py:151`` respond
- ``evaluator/rec.py:38`` leaves samples with a short list out of the mean
  -> ``evaluator/causal.py:68`` rec_evaluate
- ``evaluator/conv.py:65`` computes Dist over characters
  -> ``evaluator/generation.py:64`` GenerationMetrics
- ``evaluator/metrics/gen.py:94`` computes BLEU of one order of n-grams
  -> ``evaluator/generation.py:64`` GenerationMetrics
"""

from crslab_causal.crslab_compat import patches
from crslab_causal.crslab_compat.imports import crslab, kgsf

patches.apply()

from crslab.config import Config as CRSLabConfig
from crslab.data import (
    dataloader_register_table,
    dataset_language_map,
    dataset_register_table,
    get_dataloader,
    get_dataset,
)
from crslab.data.dataloader.base import BaseDataLoader
from crslab.data.dataset.base import BaseDataset
from crslab.data.dataset.inspired import InspiredDataset
from crslab.data.dataset.inspired.resources import resources as _inspired_resources
from crslab.data.dataset.opendialkg import OpenDialKGDataset
from crslab.data.dataset.opendialkg.resources import resources as _opendialkg_resources
from crslab.data.dataset.redial import ReDialDataset
from crslab.data.dataset.redial.resources import resources as _redial_resources
from crslab.evaluator import Evaluator_register_table
from crslab.evaluator.metrics.base import AverageMetric
from crslab.evaluator.rec import RecEvaluator
from crslab.model import Model_register_table
from crslab.model.base import BaseModel
from crslab.model.crs.kbrd import KBRDModel
from crslab.system import get_system, system_register_table
from crslab.system.base import BaseSystem
from crslab.system.kbrd import KBRDSystem

from crslab_causal.crslab_compat.calls import building, rec_batchify, use_directories
from crslab_causal.crslab_compat.patches import let_kgsf_read, read_open_files

KGSFModel = kgsf.KGSFModel
CRSLAB_RESOURCES = {
    'ReDial': _redial_resources,
    'OpenDialKG': _opendialkg_resources,
    'Inspired': _inspired_resources,
}
"""Download and special tokens of each of CRSLab's datasets, by tokenisation."""
