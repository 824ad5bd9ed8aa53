"""The catalogue of ReDial's films for the chat, read from the files of the dataset, without a trained model."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from crslab_causal.chat.films.collections import Collections
from crslab_causal.chat.films.facts import FilmFacts, build_film_facts
from crslab_causal.data.dataset.display_names import display_names
from crslab_causal.data.dataset.films import films_from_titles, merge_films
from crslab_causal.data.dataset.genres import genres_from_titles
from crslab_causal.data.dataset.redial import CausalReDialDataset
from crslab_causal.llm.catalogue import CatalogueInfo
from crslab_causal.llm.knowledge_graph import KnowledgeGraph


def read_catalogue(folder: Path) -> tuple[FilmFacts, Collections]:
    """Return the facts about the films of ReDial, and their franchises and topics.

    Args:
        folder: folder with the files of the dataset, ``redial/nltk`` of the data path.
    """

    def read(name: str) -> Any:
        return json.loads((folder / name).read_text('utf-8'))

    id_of, items, graph = read('entity2id.json'), read('movie_ids.json'), read('dbpedia_subkg.json')
    labels = Counter(
        id_of[uri]
        for conversation in read('train_data.json')
        for turn in conversation['dialog']
        if turn['role'] == 'Recommender'
        for uri in turn['movies']
        if uri in id_of
    )
    edges = [(int(head), tail, relation) for head, listed in graph.items() for relation, tail in listed]
    knowledge = KnowledgeGraph(edges, CausalReDialDataset.relation_names)
    titles = read('movie_titles.json')
    films = merge_films(items, genres_from_titles(titles, items), films_from_titles(titles, items), {})
    names = display_names({number: uri for uri, number in id_of.items()}, items, films)
    facts = build_film_facts(CatalogueInfo(names, items, labels, knowledge, {}, films), list(names))
    return facts, Collections(facts, names)
