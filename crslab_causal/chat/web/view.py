"""Build the JSON that the web page shows: constraints, list, facts and paths."""

from __future__ import annotations

from typing import Any, Sequence

from crslab_causal.chat.conversation import Conversation
from crslab_causal.chat.films.facts import CAST, DIRECTOR
from crslab_causal.chat.inspection import MAX_PATHS, TOP_SHOWN, rounded
from crslab_causal.chat.recommenders.base import Contribution
from crslab_causal.llm.knowledge_graph import Path
from crslab_causal.llm.offline.paths import describe_path, entity_name

_MAX_CAST = 5


def describe_conversation(conversation: Conversation) -> dict[str, Any]:
    """Return the constraints, the mentions and the last list as a dict for JSON."""
    names, state = conversation.recommender.names, conversation.state
    shown, probabilities = state.shown, conversation.probabilities()
    left = [film for film in shown if film in state.left]
    ranks = {} if left else _ranks(conversation.films_by_score())
    return {
        'chips': [constraint.words for constraint in state.constraints.binding],
        'heard': [
            {'name': names.get(entity, str(entity)), 'seen': entity in state.seen, 'liked': is_liked}
            for entity, is_liked in state.opinions.items()
        ],
        'mentions': [names[entity] for entity in conversation.history],
        'films': [
            {
                'entity': film,
                'name': names[film],
                'p': probabilities[film].observed,
                'rank': rank,
                'recommender_rank': ranks.get(film),  # None: not known, or no longer that of the list
            }
            for rank, film in enumerate(shown, start=1)
            if film not in left
        ],
        'left': [names[film] for film in left],
        'offered': [
            names[film]
            for film in dict.fromkeys(state.recommended)
            if film not in shown and film not in state.left and all(c.allows(film) for c in state.constraints.binding)
        ],
        'order': _order_in_words(conversation),
    }


def describe_mask(conversation: Conversation, index: int) -> dict[str, Any]:
    """Return the list with one mention masked, and the probabilities before and after, as a dict for JSON.

    Args:
        conversation: the conversation.
        index: index of the mention in the history, from 0.
    """
    history, names = conversation.history, conversation.recommender.names
    before = conversation.probabilities()
    after = conversation.probabilities(masked=index)
    listed = conversation.list_without(index)[:TOP_SHOWN]
    shown = conversation.state.shown
    ranks = _ranks(shown)
    places = _ranks([film for film in shown if film not in conversation.state.left])
    return {
        'mention': names[history[index]],
        'is_own_order': conversation.pipeline.backend.uses_prompt,
        'films': [
            {
                'entity': film,
                'name': names[film],
                'p': before[film].observed,
                'masked': after[film].masked,
                'rank': rank,
                'rank_before': ranks.get(film),  # the number in the list that is shown; None: not in it
                'moved': places[film] - rank if film in places else None,
            }
            for rank, film in enumerate(listed, start=1)
        ],
    }


def describe_film(conversation: Conversation, entity: int) -> dict[str, Any]:
    """Return the facts about a film, what the parts of the model add to its score, and its paths from the mentions."""
    film = conversation.facts.films[entity]
    return {
        'entity': entity,
        'title': film.title,
        'year': film.year,
        'genres': sorted(film.genres),
        'directors': conversation.facts.names_of_people(entity, DIRECTOR),
        'cast': conversation.facts.names_of_people(entity, CAST)[:_MAX_CAST],
        'plot': film.plot,
        'why': conversation.plain_reason(entity),
        'parts': _parts(conversation.contributions(entity)),
        'paths': [_path(path, conversation) for path in conversation.paths(entity)[:MAX_PATHS]],
    }


def _parts(parts: list[Contribution] | None) -> list[dict[str, Any]]:
    """Return what the parts of the model add, without those that add nothing."""
    rows = zip(parts or (), rounded(parts or []))
    return [{'words': part.words, 'evidence': part.evidence, 'added': n / 100} for part, n in rows if n]


def _path(path: Path, conversation: Conversation) -> dict[str, Any]:
    names = conversation.pipeline.catalogue.names
    return {
        'nodes': [entity_name(entity, names) for entity in path.entities],
        'edges': [', '.join(relations) for relations in path.relations],
        'words': describe_path(path, names),
    }


def _ranks(films: Sequence[int]) -> dict[int, int]:
    """Return the rank of each film, from 1."""
    return {film: rank for rank, film in enumerate(films, start=1)}


def _order_in_words(conversation: Conversation) -> str:
    """Return the order of the last list in words."""
    backend = conversation.pipeline.backend
    if conversation.result is None or not conversation.result.is_answered:
        return 'by probability'
    return backend.name if backend.uses_prompt else 'by probability, and by links to what you like and dislike'
