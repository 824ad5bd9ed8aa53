"""The facts about a dataset's catalogue that the LLM half uses."""

from __future__ import annotations

from types import MappingProxyType
from typing import Mapping, NamedTuple, Sequence

from crslab_causal.data.dataset.films import Film
from crslab_causal.llm.knowledge_graph import KnowledgeGraph


class CatalogueInfo(NamedTuple):
    """Names, films, popularity and knowledge graph of a dataset's catalogue; see :func:`.build_catalogue_info`."""

    names: Mapping[int, str]
    """Name of each entity id as people write it: title and year of a film, where the year is known."""
    items: Sequence[int]
    """Entity ids of the catalogue's items."""
    label_count: Mapping[int, float]
    """How often each item is a label in the training data. Decides between items of the same name."""
    graph: KnowledgeGraph
    name_of_token: Mapping[str, str]
    """Name of the film that each ``@`` token of the text represents."""
    films: Mapping[int, Film] = MappingProxyType({})
    """Genres and people of each item, as far as they are known."""
