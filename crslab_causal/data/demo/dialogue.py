"""Write a conversation in words from a draw of the causal model."""

from __future__ import annotations

from typing import Any, Iterator, Sequence

import numpy as np

from crslab_causal.data.demo import templates
from crslab_causal.data.demo.catalogue import Catalogue
from crslab_causal.data.demo.scm import Draw, Mention
from crslab_causal.data.demo.variables import CONTEXTS, FACTORS, REASONS

GREETING_PROBABILITY = 0.8
"""Probability that the other speaker returns the greeting."""
INTERJECTION_PROBABILITY = 0.7
"""Probability that the recommender asks another question between two utterances with mentions."""
CLOSING_PROBABILITY = 0.6
"""Probability that the seeker says goodbye."""


def film_token(film: int) -> str:
    """Return the token that represents a film in a text: ``@`` and five digits."""
    return f'@{film + 1:05d}'


def is_concept(token: str) -> bool:
    """Return whether a token belongs in the list ``word`` of an utterance.

    As in ReDial, these are films and content words in lower case.
    """
    return token.startswith('@') or (token.isalpha() and token.islower() and token not in templates.STOP_WORDS)


def converse(rng: np.random.Generator, catalogue: Catalogue, draw: Draw, conv_id: str) -> dict[str, Any]:
    """Return a conversation in the format of ReDial. Its key ``scm`` holds the draw that it was written from.

    The seeker states the context in words and mentions the history in order. Then the recommender names the target and
    the explanation. The target is the only film in the turns of the recommender.

    Args:
        rng: random generator for the wording only.
        catalogue: the films.
        draw: values of the four variables.
        conv_id: id of the conversation.
    """
    context = dict(zip(FACTORS, CONTEXTS[draw.context]))
    explanation = list(REASONS)[draw.explanation]
    target = catalogue.uris[draw.target]
    dialog = [
        *_open(rng, context),
        *_mention_history(rng, catalogue, draw.history),
        _utterance('Recommender', templates.recommend(rng, film_token(draw.target), explanation), movies=[target]),
    ]
    if rng.random() < CLOSING_PROBABILITY:
        dialog.append(_utterance('Seeker', templates.choose(rng, templates.CLOSINGS)))
    return {
        'conv_id': conv_id,
        'dialog': [{'utt_id': i, **utterance} for i, utterance in enumerate(dialog)],
        'scm': {
            'context': context,
            'explanation': explanation,
            'history': [{'entity': catalogue.uris[m.entity], 'liked': m.liked} for m in draw.history],
            'target': target,
        },
    }


def _open(rng: np.random.Generator, context: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the greetings, the context, and the question that leads to the history."""
    speakers = ['Seeker', 'Recommender']
    rng.shuffle(speakers)
    yield _utterance(speakers[0], templates.choose(rng, templates.GREETINGS[speakers[0]]))
    if rng.random() < GREETING_PROBABILITY:
        yield _utterance(speakers[1], templates.choose(rng, templates.GREETINGS[speakers[1]]))
    yield _utterance('Recommender', templates.choose(rng, templates.QUESTIONS_ABOUT_OCCASION))
    yield _utterance('Seeker', templates.state_context(rng, context))
    yield _utterance('Recommender', templates.choose(rng, templates.QUESTIONS_ABOUT_TASTE))


def _mention_history(
    rng: np.random.Generator, catalogue: Catalogue, history: Sequence[Mention]
) -> Iterator[dict[str, Any]]:
    """Yield utterances of the seeker with one or two mentions each, and questions of the recommender."""
    start = 0
    while start < len(history):
        if start and rng.random() < INTERJECTION_PROBABILITY:
            yield _utterance('Recommender', templates.choose(rng, templates.MORE_QUESTIONS))
        stop = start + int(rng.integers(1, 3))
        mentions = history[start:stop]
        is_film = [m.entity < len(catalogue.films) for m in mentions]
        yield _utterance(
            'Seeker',
            templates.mention(rng, [_wording(catalogue, m) for m in mentions]),
            movies=[catalogue.uris[m.entity] for m, film in zip(mentions, is_film) if film],
            entity=[catalogue.uris[m.entity] for m, film in zip(mentions, is_film) if not film],
            liked=[catalogue.uris[m.entity] for m in mentions if m.liked],
            disliked=[catalogue.uris[m.entity] for m in mentions if not m.liked],
        )
        start = stop


def _wording(catalogue: Catalogue, mention: Mention) -> templates.Wording:
    if mention.entity < len(catalogue.films):
        return templates.Wording(film_token(mention.entity), 'film', mention.liked)
    name = catalogue.entity_names[mention.entity]
    if name in catalogue.genres:
        return templates.Wording(name.lower(), 'genre', mention.liked)
    return templates.Wording(name, 'person', mention.liked)


def _utterance(
    role: str,
    text: str,
    movies: Sequence[str] = (),
    entity: Sequence[str] = (),
    liked: Sequence[str] = (),
    disliked: Sequence[str] = (),
) -> dict[str, Any]:
    """Return an utterance.

    Args:
        role: the speaker.
        text: the text, not tokenized.
        movies: URIs of the mentioned films, in the order of the text.
        entity: URIs of the other mentioned entities, in the order of the text.
        liked: URIs of the mentions that the seeker liked.
        disliked: URIs of the mentions that the seeker disliked.
    """
    tokens = templates.tokenize(text)
    return {
        'role': role,
        'text': tokens,
        'movies': list(movies),
        'entity': list(entity),
        'word': [token for token in tokens if is_concept(token)],
        'liked': list(liked),
        'disliked': list(disliked),
    }
