"""The texts of the items for a sentence encoder."""

from __future__ import annotations

from typing import Any, Mapping

from crslab_causal.data.dataset.films import Film


def item_texts(side_data: Mapping[str, Any]) -> list[str]:
    """Return the text of each item of a dataset, in the order of ``item_entity_ids``.

    Args:
        side_data: side data of the dataset.
    """
    films, names = side_data.get('films', {}), entity_names(side_data)
    return [item_text(films.get(item), names.get(item, '')) for item in side_data['item_entity_ids']]


def entity_names(side_data: Mapping[str, Any]) -> Mapping[int, str]:
    """Return the display name of each entity; if a dataset has none, the names of its items.

    Args:
        side_data: side data of the dataset.
    """
    names = side_data.get('display_names', {})
    return names or dict(zip(side_data['item_entity_ids'], side_data.get('item_names', ())))


def item_text(film: Film | None, name: str) -> str:
    """Return the text of an item for an encoder: its title, year, genres, directors, cast and plot, where known."""
    if film is None:
        return name
    parts = [
        film.name or name,
        ', '.join(film.genres),
        f'directed by {", ".join(film.directors)}' if film.directors else '',
        f'with {", ".join(film.stars)}' if film.stars else '',
        film.plot,
    ]
    return '. '.join(part.rstrip('.') for part in parts if part)
