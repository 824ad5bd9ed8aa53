"""The dataset INSPIRED: conversations about films, with persuasion strategies."""

from __future__ import annotations

from typing import Iterator

from crslab_causal.base.errors import UserError
from crslab_causal.crslab_compat import InspiredDataset
from crslab_causal.data.dataset.base import MentionDataset
from crslab_causal.registry import DATASETS


class CausalInspiredDataset(MentionDataset, InspiredDataset):
    """The dataset `INSPIRED <https://aclanthology.org/2020.emnlp-main.654>`_, see :class:`.MentionDataset`."""

    name, resource_name, item_key = 'Inspired', 'Inspired', 'movies'
    kg_file, item_file, crslab_edge_threshold = 'dbpedia_subkg.txt', 'movie_ids.json', 0
    files = DATASETS['Inspired'].files

    def _edges(self) -> Iterator[tuple[int, int, str]]:
        for number, line in enumerate(self.entity_kg, start=1):
            triple = line.strip().split('\t')
            if len(triple) != 3 or triple[0] not in self.entity2id or triple[2] not in self.entity2id:
                raise UserError(
                    f'{self._path(self.kg_file)}, line {number}: not "head<tab>relation<tab>tail" '
                    'with both entities in entity2id.json'
                )
            head, tail = self.entity2id[triple[0]], self.entity2id[triple[2]]
            yield head, tail, triple[1]
            yield tail, head, triple[1]
            yield head, head, 'SELF_LOOP'
            if tail != head:
                yield tail, tail, 'SELF_LOOP'
