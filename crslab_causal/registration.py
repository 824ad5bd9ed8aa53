"""What this package adds to CRSLab's tables, and under which names."""

from crslab_causal.config import LANGUAGE_MODEL, SYSTEM_NAME
from crslab_causal.data.dataloader import CausalDataLoader
from crslab_causal.data.dataset.causal_demo import CausalDemoDataset
from crslab_causal.data.dataset.inspired import CausalInspiredDataset
from crslab_causal.data.dataset.opendialkg import CausalOpenDialKGDataset
from crslab_causal.data.dataset.redial import CausalReDialDataset
from crslab_causal.evaluator.causal import CausalEvaluator
from crslab_causal.crslab_compat import (Evaluator_register_table, KBRDRepaired, Model_register_table, dataloader_register_table,
                                dataset_language_map, dataset_register_table, system_register_table)
from crslab_causal.model.baselines.cta_crs import CTACRS
from crslab_causal.model.baselines.popularity import TargetPopularity
from crslab_causal.model.baselines.repeat import Repeat
from crslab_causal.model.baselines.text import Seq2Seq, TransformerSeq2Seq
from crslab_causal.model.causal_kbrd import CausalKBRD
from crslab_causal.model.transition import TransitionCounts
from crslab_causal.system.causal import CausalSystem
from crslab_causal.system.causal_llm import CausalLLMSystem
from crslab_causal.system.text import TextSystem

MODELS = {'CausalKBRD': CausalKBRD, LANGUAGE_MODEL: CausalKBRD, 'TargetPopularity': TargetPopularity, 'Repeat': Repeat,
          'TransitionCounts': TransitionCounts, 'CTACRS': CTACRS, 'Seq2Seq': Seq2Seq,
          'TransformerSeq2Seq': TransformerSeq2Seq}
DATASETS = {'ReDial': CausalReDialDataset, 'OpenDialKG': CausalOpenDialKGDataset, 'Inspired': CausalInspiredDataset,
            'CausalDemo': CausalDemoDataset}


def register_all() -> None:
    """See :func:`crslab_causal.register`.

    The datasets take the place of CRSLab's own: their samples have CRSLab's keys and values, and
    some more, so that CRSLab's models see no difference. Its other entries are left alone. The
    dataloader and the system also stand under ``Causal``, for every model run with
    ``evaluator: causal``.
    """
    Model_register_table.update(MODELS, KBRDRepaired=KBRDRepaired)
    dataset_register_table.update(DATASETS)
    dataset_language_map.update(dict.fromkeys(DATASETS, 'en'))
    dataloader_register_table.update({name: CausalDataLoader for name in (SYSTEM_NAME, *MODELS)})
    dataloader_register_table['KBRDRepaired'] = dataloader_register_table['KBRD']
    system_register_table.update({name: CausalSystem for name in (SYSTEM_NAME, *MODELS)})
    system_register_table.update({LANGUAGE_MODEL: CausalLLMSystem, 'Seq2Seq': TextSystem,
                                  'TransformerSeq2Seq': TextSystem})
    Evaluator_register_table['causal'] = CausalEvaluator
