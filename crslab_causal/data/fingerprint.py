"""A fingerprint of the data that a model was trained on."""

from __future__ import annotations

import hashlib
import json

from crslab_causal.data.dataloader import CausalDataLoader
from crslab_causal.data.schema import SideData, Vocab


def data_fingerprint(train: CausalDataLoader, vocab: Vocab, side_data: SideData) -> str:
    """Return a hash of the training samples and of the meaning of the parameters' rows (entities, items, tokens).

    A checkpoint stores the hash. Loading it with other data is therefore refused.
    """
    items = side_data['item_entity_ids']
    digest = hashlib.sha256(
        json.dumps(
            [vocab['entity2id'], items, side_data.get('mentioned_entity_ids'), sorted(side_data['entity_kg']['edge'])]
        ).encode()
    )
    if 'confounder' in side_data:
        digest.update(repr(side_data['confounder'].names).encode())
    catalogue = frozenset(items)
    for sample in train.samples:
        if sample['item'] in catalogue:  # other samples are dropped in training but not in a chat
            digest.update(repr((sample['item'], sample['context_entities'])).encode())
            if train.reads_tokens:
                digest.update(repr(sample['context_tokens']).encode())
    if train.reads_tokens:
        digest.update(json.dumps(vocab['tok2ind']).encode())
    return digest.hexdigest()
