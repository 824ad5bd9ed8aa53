"""The dataset ReDial: conversations about films."""

from __future__ import annotations

from typing import Iterator

from crslab_causal.base.errors import UserError
from crslab_causal.crslab_compat import ReDialDataset
from crslab_causal.data.dataset.base import MentionDataset
from crslab_causal.registry import DATASETS

SELF_LOOP = 185
"""Relation id of a self-loop in ``dbpedia_subkg.json``."""


class CausalReDialDataset(MentionDataset, ReDialDataset):
    """The dataset `ReDial <https://redialdata.github.io/website/>`_, see :class:`.MentionDataset`."""

    name, resource_name, item_key = 'ReDial', 'ReDial', 'movies'
    kg_file, item_file, crslab_edge_threshold = 'dbpedia_subkg.json', 'movie_ids.json', 1000
    files = DATASETS['ReDial'].files
    # The file has only numbers, so these names were inferred from the edges: relation 69 links films to their cast,
    # 76 % of the 5,817 edges of relation 122 link a film to its director in movie_titles.json, and so on. The other
    # relations have too few or too mixed edges for a name.
    relation_names = {
        69: 'starring',
        122: 'director',
        125: 'writer',
        114: 'producer',
        71: 'music',
        19: 'cinematography',
        31: 'editing',
    }

    def _crslab_turns(self, conversation: dict) -> list[dict]:
        return self._merge_conv_data(conversation['dialog'])

    def _edges(self) -> Iterator[tuple[int, int, int]]:
        for head in self.entity_kg:
            if not head.isdigit() or int(head) >= self.n_entity:
                raise UserError(
                    f'{self._path(self.kg_file)}: the head {head!r} is out of range of '
                    f'entity2id.json, whose largest id is {self.n_entity - 1}; the files are of different '
                    'versions'
                )
        for entity in range(self.n_entity):
            if str(entity) not in self.entity_kg:
                continue
            yield entity, entity, SELF_LOOP
            for relation, tail in self.entity_kg[str(entity)]:
                if entity != tail and relation != SELF_LOOP:
                    yield entity, tail, relation
                    yield tail, entity, relation
