"""The knowledge graph: read its edges from a file or from the items' columns, and name its vertices."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Iterator, NamedTuple

from crslab_causal.base.errors import UserError
from crslab_causal.data.dataset.genres import GENRE_RELATIONS
from crslab_causal.data.dataset.mention_order import display_name, entity_name
from crslab_causal.prepare.own_data.catalogue import Catalogue, Item
from crslab_causal.prepare.own_data.text_files import normalise, place, read_lines, shorten


class Triple(NamedTuple):
    """An edge of the graph. Items are named as in :attr:`.Item.name`."""

    head: str
    relation: str
    tail: str


class Graph(NamedTuple):
    """The distinct edges of the graph, and other spellings of the names of vertices."""

    triples: list[Triple]
    written: dict[str, str]
    """Original spelling of each vertex whose name had to be changed, by its name."""


class Vertices:
    """The vertices of the graph: the items, the ends of the edges, and entities that occur only in conversations.

    Args:
        catalogue: the items.
        graph: the edges.
    """

    def __init__(self, catalogue: Catalogue, graph: Graph):
        self.items = frozenset(item.name for item in catalogue.items)
        self._names = dict.fromkeys(item.name for item in catalogue.items)
        self._by_reading: dict[str, dict[str, None]] = defaultdict(dict)
        for triple in graph.triples:
            for name in (triple.head, triple.tail):
                self.add(name)
        self._by_written: dict[str, list[str]] = defaultdict(list)
        for name, written in graph.written.items():
            self._by_written[written].append(name)
            self._by_reading[written.casefold()][name] = None

    def add(self, name: str) -> None:
        """Add a vertex if it does not exist."""
        if name not in self._names:
            self._names[name] = None
            for reading in (name, display_name(name), entity_name(name)):
                self._by_reading[reading.casefold()][name] = None

    @property
    def ids(self) -> dict[str, int]:
        """The entity id of each name. Items come first and start at 1, because 0 is CRSLab's padding."""
        return {name: i for i, name in enumerate(self._names, start=1)}

    def find(self, name: str) -> list[str]:
        """Return the vertices with this name that are not items.

        If there is none, compare without upper and lower case, and compare URIs by the names that people read in them.
        """
        if name in self._names and name not in self.items:
            return [name]
        return self._by_written.get(name) or list(self._by_reading.get(name.casefold(), ()))

    @property
    def other_names(self) -> list[str]:
        """The readable names of all vertices that are not items."""
        return [display_name(name) for name in self._names if name not in self.items]


def read_graph(path: Path, catalogue: Catalogue, warnings: list[str]) -> Graph:
    """Return the edges of a file with ``head<TAB>relation<TAB>tail`` in each line.

    An end of an edge that is an item's id, or its title with year, is this item. Anything else is the name of another
    entity.

    Args:
        path: the file.
        catalogue: the items.
        warnings: list to which lines are added about names that were probably meant as items, and about ids that
            probably were not.

    Raises:
        UserError: a line has another form, or there is no edge between two vertices.
    """
    triples: dict[Triple, int] = {}
    by_id, others = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for line, text in read_lines(path):
        cells = [normalise(cell) for cell in text.split('\t')]
        if len(cells) != 3 or not all(cells):
            raise UserError(
                f'{place(path, line)}: is {shorten(text)}, not head, relation and tail; '
                'write three names with a tab between them'
            )
        items = [catalogue.find_vertex(cells[0]), catalogue.find_vertex(cells[2])]
        for end, cell, item in zip(('heads', 'tails'), (cells[0], cells[2]), items):
            (by_id if item is not None and cell == item.id else others)[end, cells[1]] += 1
        head, tail = (cell if item is None else item.name for cell, item in zip((cells[0], cells[2]), items))
        triples.setdefault(Triple(head, cells[1], tail), line)
    _check_edges(triples, f'{path}: has no edge between two vertices; write lines of head, relation and tail')
    warnings += _titles_without_year(path, catalogue, triples)
    warnings += [
        f'{path}: of the {end} of {relation!r}, {n} are ids of items and {others[end, relation]} are not; '
        'if these are not meant as items, give the items ids that are not names'
        for (end, relation), n in by_id.items()
        if n < others[end, relation]
    ]
    return Graph(list(triples), {})


def _titles_without_year(path: Path, catalogue: Catalogue, triples: dict[Triple, int]) -> Iterator[str]:
    met: set[str] = set()
    for triple, line in triples.items():
        for name in (triple.head, triple.tail):
            if name in met or not (titled := catalogue.titled(name)) or catalogue.find_vertex(name) is not None:
                continue
            met.add(name)
            yield (
                f'{place(path, line)}: {name!r} is taken for an entity; if the item is meant, write '
                f'{titled[0].name!r} or its id'
            )


def graph_from_columns(catalogue: Catalogue) -> Graph:
    """Return the edges from the items' columns: genre, director, starring, writer, and further columns.

    A value that is also the name of an item becomes another entity, whose name gets the relation in brackets. The
    further columns are those of the option ``--columns``.

    Raises:
        UserError: no item has a value in any of these columns.
    """
    items = {item.name.casefold() for item in catalogue.items}
    triples: dict[Triple, int] = {}
    written: dict[str, str] = {}
    for item in catalogue.items:
        for relation, values in item.relations:
            for value in values:
                name = value
                while name.casefold() in items:
                    name = f'{name} ({relation})'
                if name != value:
                    written[name] = value
                triples[Triple(item.name, relation, name)] = 0
    _check_edges(
        triples,
        f'{catalogue.path}: no item has genres, directors, stars or writers, so that there is no graph; '
        'fill such a column, name another with --columns, or give a file with --graph',
    )
    return Graph(list(triples), written)


def _check_edges(triples: dict[Triple, int], message: str) -> None:
    if not any(triple.head != triple.tail for triple in triples):
        raise UserError(message)


def genres_of_items(catalogue: Catalogue, triples: list[Triple]) -> dict[str, tuple[str, ...]]:
    """Return the genres of each item by its name.

    They come from the column of genres, or from the graph if the items have no such column.
    """
    found: dict[str, dict[str, None]] = {item.name: dict.fromkeys(item.row.genres) for item in catalogue.items}
    lacking = {name for name, genres in found.items() if not genres}
    for triple in triples:
        if triple.relation.strip('<>').rpartition('/')[2].lower() not in GENRE_RELATIONS:
            continue
        for item, other in ((triple.head, triple.tail), (triple.tail, triple.head)):
            if item in lacking and other not in found:
                found[item][display_name(other)] = None
    return {name: tuple(genres) for name, genres in found.items()}


def without_edges(catalogue: Catalogue, triples: list[Triple]) -> list[Item]:
    """Return the items that have no edge to another vertex."""
    linked = {name for triple in triples if triple.head != triple.tail for name in (triple.head, triple.tail)}
    return [item for item in catalogue.items if item.name not in linked]
