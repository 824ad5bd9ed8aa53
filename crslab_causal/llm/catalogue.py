"""The facts about a dataset's catalogue that prompts and backends use."""

from __future__ import annotations

from types import MappingProxyType
from typing import Mapping, NamedTuple, Sequence

from crslab_causal.data.dataset.films import Film
from crslab_causal.llm.knowledge_graph import KnowledgeGraph

_MAX_GENRES, _MAX_DIRECTORS, _MAX_STARS = 4, 2, 3


class CatalogueInfo(NamedTuple):
    """The names, films, popularity and knowledge graph of a dataset's catalogue; see :func:`.build_catalogue_info`."""

    names: Mapping[int, str]
    """Name of each entity id as people write it. The name of a film has the year if it is known."""
    items: Sequence[int]
    """Entity ids of the catalogue's items."""
    label_count: Mapping[int, float]
    """Number of times that each item is a label in the training data. It decides between items of the same name."""
    graph: KnowledgeGraph
    name_of_token: Mapping[str, str]
    """Name of the film that each ``@`` token of the text represents."""
    films: Mapping[int, Film] = MappingProxyType({})
    """Genres and people of each item with known facts."""

    def facts(self, item: int) -> str:
        """Return the genres and people of an item in words, for example ``Horror; directed by Ridley Scott``."""
        film = self.films.get(item, Film())
        lists = (
            ('', film.genres[:_MAX_GENRES]),
            ('directed by ', film.directors[:_MAX_DIRECTORS]),
            ('with ', film.stars[:_MAX_STARS]),
        )
        return '; '.join(f'{title}{", ".join(values)}' for title, values in lists if values)
