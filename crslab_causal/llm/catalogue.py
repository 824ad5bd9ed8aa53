"""The facts about a dataset's catalogue that the LLM half uses."""

from __future__ import annotations

from typing import Mapping, NamedTuple, Sequence

from crslab_causal.llm.knowledge_graph import KnowledgeGraph


class CatalogueInfo(NamedTuple):
    """Names, popularity and knowledge graph of a dataset's catalogue; see :func:`.build_catalogue_info`."""

    names: Mapping[int, str]
    """Name of each entity id, with the year where it is known."""
    items: Sequence[int]
    """Entity ids of the catalogue's items."""
    label_count: Mapping[int, float]
    """How often each item is a label in the training data. Decides between items of the same name."""
    graph: KnowledgeGraph
    name_of_token: Mapping[str, str]
    """Name of the item that each ``@`` token of the text represents."""
