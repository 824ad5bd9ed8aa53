"""The dataset OpenDialKG: conversations about films and books with paths of a knowledge graph."""

from __future__ import annotations

from typing import Iterator

from crslab_causal.crslab_compat import OpenDialKGDataset
from crslab_causal.data.dataset.base import MentionDataset
from crslab_causal.registry import DATASETS


class CausalOpenDialKGDataset(MentionDataset, OpenDialKGDataset):
    """The dataset `OpenDialKG <https://aclanthology.org/P19-1081>`_, see :class:`.MentionDataset`."""

    name, resource_name, item_key = 'OpenDialKG', 'OpenDialKG', 'item'
    kg_file, item_file, crslab_edge_threshold = 'opendialkg_subkg.txt', 'item_ids.json', 20000
    files = DATASETS['OpenDialKG'].files

    def _edges(self) -> Iterator[tuple[int, int, str]]:
        for line in self.entity_kg:
            triple = line.strip().split('\t')
            if len(triple) != 3 or triple[0] not in self.entity2id or triple[2] not in self.entity2id:
                continue
            head, tail = self.entity2id[triple[0]], self.entity2id[triple[2]]
            yield head, tail, triple[1]
            yield head, head, 'SELF_LOOP'
            if tail != head:
                yield tail, tail, 'SELF_LOOP'
