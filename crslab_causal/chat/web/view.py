"""Build the JSON that the web page shows: constraints, list, facts and paths."""

from __future__ import annotations

from typing import Any

from crslab_causal.chat.conversation import Conversation
from crslab_causal.chat.films.facts import CAST, DIRECTOR
from crslab_causal.chat.inspection import MAX_PATHS, TOP_SHOWN, rounded
from crslab_causal.chat.recommenders.base import Contribution
from crslab_causal.llm.knowledge_graph import Path
from crslab_causal.llm.offline.paths import describe_path, entity_name

_MAX_CAST = 5
_SEEN = ' (seen)'


def describe_conversation(conversation: Conversation) -> dict[str, Any]:
    """Return the constraints, the mentions and the last list as a dict for JSON."""
    names, shown = conversation.recommender.names, conversation.state.shown
    ranks, probabilities = _ranks(conversation, None), conversation.probabilities()
    is_answered = conversation.result is not None and conversation.result.is_answered
    return {
        'chips': [constraint.words for constraint in conversation.state.constraints.binding],
        'heard': [
            {'name': names.get(entity, str(entity)) + _SEEN * (entity in conversation.state.seen), 'liked': is_liked}
            for entity, is_liked in conversation.state.opinions.items()
        ],
        'mentions': [names[entity] for entity in conversation.history],
        'films': [
            {
                'entity': film,
                'name': names[film],
                'p': probabilities[film].observed,
                'rank': rank,
                'recommender_rank': ranks.get(film),
            }
            for rank, film in enumerate(shown, start=1)
        ],
        'order': conversation.pipeline.backend.name if is_answered else "the recommender's own order",
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
    old, new = _ranks(conversation, None), _ranks(conversation, index)
    listed = sorted(new, key=new.__getitem__)[:TOP_SHOWN]
    return {
        'mention': names[history[index]],
        'films': [
            {
                'entity': film,
                'name': names[film],
                'p': before[film].observed,
                'masked': after[film].masked,
                'rank': new[film],
                'rank_before': old[film],
            }
            for film in listed
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


def _ranks(conversation: Conversation, masked: int | None) -> dict[int, int]:
    """Return the rank of each film that satisfies the constraints and can be listed now.

    Films that the seeker has named cannot be listed, nor can earlier recommendations that are not in the last list.
    """
    state, history = conversation.state, conversation.history
    probabilities = conversation.probabilities(masked)
    score = {film: p.observed if masked is None else p.masked or 0.0 for film, p in probabilities.items()}
    films = sorted(score, key=lambda film: (-score[film], film))
    gone = {*state.named_films, *history, *(set(state.recommended) - set(state.shown))}
    new = [film for film in films if film not in gone]
    return {film: rank for rank, film in enumerate(state.constraints.select(new).films, start=1)}
