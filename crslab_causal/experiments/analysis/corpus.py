"""Statistics of the datasets (Table 1)."""

from __future__ import annotations

import json
from pathlib import Path

from crslab_causal.data.dataset.base import MentionDataset

SPLITS = ('train', 'valid', 'test')


def corpus_statistics(dataset: MentionDataset) -> dict[str, dict[str, float]]:
    """Return counts of each split.

    Conversations, utterances and words are counted in the files. Pairs are the samples on which recommenders are
    trained and scored: (context, label) for each item of a recommender's turn. Mentions are those of entities and items
    in all turns. The numbers of items, entities and triples describe the catalogue and the knowledge graph without
    self-loops. They are the same for every split.
    """
    edges = dataset.side_data['entity_kg']['edge']
    triples = {(head, relation, tail) for head, tail, relation in edges if head != tail}
    items = frozenset(dataset.side_data['item_entity_ids'])
    graph = {
        'items': len(dataset.side_data['item_entity_ids']),
        'triples': len(triples),
        'entities': len({entity for head, _, tail in triples for entity in (head, tail)}),
        'relations': len({relation for _, relation, _ in triples}),
    }
    statistics: dict[str, dict[str, float]] = {}
    for split, turns in zip(SPLITS, (dataset.train_data, dataset.valid_data, dataset.test_data)):
        conversations = json.loads((Path(dataset.dpath) / f'{split}_data.json').read_text('utf-8'))
        utterances = [utterance for conversation in conversations for utterance in conversation['dialog']]
        pairs = [
            (item, {*turn['context_mentions'], *turn['context_items']})
            for turn in turns
            if turn['role'] == 'Recommender'
            for item in turn['items']
        ]
        mentioned = {item for turn in turns for item in (*turn['items'], *turn['context_mentions'])} & items
        statistics[split] = {
            'conversations': len(conversations),
            'utterances': len(utterances),
            'words': sum(len(utterance['text']) for utterance in utterances),
            'pairs': len(pairs),
            'items mentioned': len(mentioned),
            'repeated labels (%)': 100 * sum(item in seen for item, seen in pairs) / max(1, len(pairs)),
            **graph,
        }
    return statistics
