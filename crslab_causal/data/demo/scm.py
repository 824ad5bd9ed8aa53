"""The structural causal model that the demo corpus is drawn from.

It has the graph of Figure 2(c) of "Do Mentioned Items Truly Matter? Enhancing Conversational
Recommender Systems with Causal Intervention and Large Language Models": the context C drives the
history X and the explanation E, and these two drive the target Y.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple, Sequence

import numpy as np

from crslab_causal.data.demo.catalogue import Catalogue
from crslab_causal.data.demo.variables import CONTEXTS, FACTORS, REASONS

LENGTH_PROBABILITIES = (0.15, 0.30, 0.30, 0.25)
"""Of a history of 1, 2, 3 and 4 mentions."""
LIKED_PROBABILITY = 0.85
"""That a mentioned film is liked. Genres and people are mentioned because they are liked."""
KIND_PROBABILITIES = {'films': 0.80, 'genres': 0.08, 'people': 0.12}
"""What a mention is, whatever the context."""
HABIT_SHARPNESS = 3.0
REASON_SHARPNESS = 4.0
"""Logit of a match in the context-specific distributions of mentions and of explanations."""
POPULARITY_SPREAD = 0.5
"""Standard deviation of the log-popularity of films."""
AFFINITY_WEIGHT = 8.0
FIT_WEIGHT = 5.0
"""Theta and eta. Both causes of the target count, so that neither X nor E alone predicts it well."""
RECENCY_DECAY = 0.7
"""Weight of a mention relative to the one after it."""
SIMILARITY_WEIGHTS = {'genres': 0.5, 'directors': 0.3, 'stars': 0.2}
"""Of the overlap (Jaccard) of two films."""


class Mention(NamedTuple):
    """One element of a history."""

    entity: int
    liked: bool


class Draw(NamedTuple):
    """One joint sample of the four variables, as indices of contexts, entities, explanations and films."""

    context: int
    history: tuple[Mention, ...]
    explanation: int
    target: int


@dataclass(frozen=True, eq=False)
class StructuralCausalModel:
    r"""C -> X, C -> E, X -> Y, E -> Y, all of them discrete.

    .. math::
        P(x|c) &= (1 - s) P_0(x) + s P_1(x|c) \\
        P(e|c) &= (1 - s) P_0(e) + s P_1(e|c) \\
        P(y|X, e) &\propto \exp(\theta \, \mathrm{affinity}(X, y) + \eta \, \mathrm{fit}(e, y) + \mathrm{popularity}(y))

    A history X is a sequence of mentions x drawn one after the other without repetition. Its length
    and whether its films were liked do not depend on C. With n contexts, m mentionable entities
    (films first), k explanations and f films:

    Attributes:
        strength: the confounding s in [0, 1]. At 0, C has no children, and P(Y|X) = P(Y|do(X)).
        context_prior: P(c), of shape [n].
        mention_base: P_0(x), [m].
        mention_specific: P_1(x|c), [n, m].
        explanation_base: P_0(e), [k].
        explanation_specific: P_1(e|c), [n, k].
        similarity: of every mentionable entity to every film, [m, f].
        fit: of every film to every explanation, [k, f].
        popularity: log-popularity of the films, [f].
        affinity_weight: theta.
        fit_weight: eta.
    """

    strength: float
    context_prior: np.ndarray
    mention_base: np.ndarray
    mention_specific: np.ndarray
    explanation_base: np.ndarray
    explanation_specific: np.ndarray
    similarity: np.ndarray
    fit: np.ndarray
    popularity: np.ndarray
    affinity_weight: float
    fit_weight: float

    @classmethod
    def build(cls, catalogue: Catalogue, strength: float, seed: int) -> StructuralCausalModel:
        """The model over the films of ``catalogue``; the seed draws how popular each is."""
        if not 0.0 <= strength <= 1.0:
            raise ValueError(f'strength is {strength}, not between 0 and 1')
        popularity = np.random.default_rng([seed, 1]).normal(0.0, POPULARITY_SPREAD, len(catalogue.films))
        values = [[FACTORS[factor][value] for factor, value in zip(FACTORS, context)] for context in CONTEXTS]
        tags = _tags(catalogue)
        names = catalogue.genres + catalogue.themes
        habits = np.array([[sum(name in v.habits for v in context) for name in names] for context in values], float)
        reasons = np.array([[sum(r in v.reasons for v in context) for r in REASONS] for context in values], float)
        prior = np.array([np.prod([v.probability for v in context]) for context in values])
        films = tags[:len(catalogue.films)]
        wanted = np.array([[(name == r.genre) + 0.5 * (name in r.themes) for name in names] for r in REASONS.values()])
        return cls(
            strength=float(strength),
            context_prior=prior / prior.sum(),
            mention_base=_mention_distribution(catalogue, np.zeros((1, len(tags))), popularity)[0],
            mention_specific=_mention_distribution(catalogue, HABIT_SHARPNESS * habits @ tags.T, popularity),
            explanation_base=np.array([r.probability for r in REASONS.values()]),
            explanation_specific=_softmax(REASON_SHARPNESS * reasons),
            similarity=_similarity(catalogue),
            fit=wanted @ films.T,
            popularity=popularity,
            affinity_weight=AFFINITY_WEIGHT,
            fit_weight=FIT_WEIGHT)

    # ------------------------------------------------------------ the mechanisms

    @cached_property
    def mention_given_context(self) -> np.ndarray:
        """P(x|c), of shape [n_contexts, n_mentionable]."""
        return (1 - self.strength) * self.mention_base + self.strength * self.mention_specific

    @cached_property
    def explanation_given_context(self) -> np.ndarray:
        """P(e|c), of shape [n_contexts, n_explanations]."""
        return (1 - self.strength) * self.explanation_base + self.strength * self.explanation_specific

    def affinity(self, history: Sequence[Mention]) -> np.ndarray:
        """How close every film is to what was liked, and how far from what was not; in [-1, 1], [n_films]."""
        recency = RECENCY_DECAY ** np.arange(len(history) - 1, -1, -1)
        sign = np.array([1.0 if mention.liked else -1.0 for mention in history])
        return (recency * sign / recency.sum()) @ self.similarity[[mention.entity for mention in history]]

    def p_target_given_explanations(self, history: Sequence[Mention]) -> np.ndarray:
        """P(Y|X, e) for every e, of shape [n_explanations, n_films]."""
        return _softmax(self.affinity_weight * self.affinity(history) + self.fit_weight * self.fit + self.popularity)

    def p_context(self, history: Sequence[Mention]) -> np.ndarray:
        """P(c|X), of shape [n_contexts]."""
        p = self.mention_given_context[:, [mention.entity for mention in history]]
        without_repetition = 1.0 - (np.cumsum(p, axis=1) - p)
        joint = self.context_prior * (p / without_repetition).prod(axis=1)
        return joint / joint.sum()

    # ------------------------------------------------------------ the target

    def p_target(self, history: Sequence[Mention], explanation: int) -> np.ndarray:
        """P(Y|X, e), of shape [n_films]."""
        return self.p_target_given_explanations(history)[explanation]

    def p_target_do(self, history: Sequence[Mention]) -> np.ndarray:
        """P(Y|do(X)) = sum_c P(c) sum_e P(e|c) P(Y|X, e), the backdoor adjustment; [n_films]."""
        return self.context_prior @ self.explanation_given_context @ self.p_target_given_explanations(history)

    def p_target_observational(self, history: Sequence[Mention]) -> np.ndarray:
        """P(Y|X) = sum_c P(c|X) sum_e P(e|c) P(Y|X, e), what any amount of data would teach; [n_films]."""
        return self.p_context(history) @ self.explanation_given_context @ self.p_target_given_explanations(history)

    # ------------------------------------------------------------ sampling

    def sample_observational(self, rng: np.random.Generator) -> Draw:
        """Draws C, then X and E given C, then Y."""
        context = _draw(rng, self.context_prior)
        return self._complete(rng, context, self._draw_history(rng, self.mention_given_context[context]))

    def sample_interventional(self, rng: np.random.Generator) -> Draw:
        """Draws X by intervention, from ``mention_base`` whatever C is; then E given C, then Y."""
        context = _draw(rng, self.context_prior)
        return self._complete(rng, context, self._draw_history(rng, self.mention_base))

    def _complete(self, rng: np.random.Generator, context: int, history: tuple[Mention, ...]) -> Draw:
        explanation = _draw(rng, self.explanation_given_context[context])
        return Draw(context, history, explanation, _draw(rng, self.p_target(history, explanation)))

    def _draw_history(self, rng: np.random.Generator, p_mention: np.ndarray) -> tuple[Mention, ...]:
        remaining = p_mention.copy()
        history = []
        for _ in range(1 + _draw(rng, np.array(LENGTH_PROBABILITIES))):
            entity = _draw(rng, remaining / remaining.sum())
            remaining[entity] = 0.0
            is_film = entity < len(self.popularity)
            history.append(Mention(entity, not is_film or bool(rng.random() < LIKED_PROBABILITY)))
        return tuple(history)

    # ------------------------------------------------------------ JSON

    def to_dict(self) -> dict[str, Any]:
        """All parameters in types that JSON has; :meth:`from_dict` restores them exactly."""
        return {name: value.tolist() if isinstance(value, np.ndarray) else value
                for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, parameters: dict[str, Any]) -> StructuralCausalModel:
        """The model that :meth:`to_dict` described."""
        values = {field.name: parameters[field.name] for field in fields(cls)}
        return cls(**{name: np.array(value) if isinstance(value, list) else value for name, value in values.items()})


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Along the last axis."""
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _draw(rng: np.random.Generator, p: np.ndarray) -> int:
    """An index, with probability ``p``."""
    return int(rng.choice(len(p), p=p))


def _tags(catalogue: Catalogue) -> np.ndarray:
    """Genres and themes of each film, of each genre (itself), of each person (mean of the films); [m, n_tags]."""
    names = catalogue.genres + catalogue.themes
    films = np.array([[name in film.genres + film.themes for name in names] for film in catalogue.films], float)
    works = np.array([[person in film.people for film in catalogue.films] for person in catalogue.people], float)
    people = works @ films / np.maximum(works.sum(axis=1, keepdims=True), 1.0)
    return np.vstack([films, np.eye(len(catalogue.genres), len(names)), people])


def _mention_distribution(catalogue: Catalogue, logits: np.ndarray, popularity: np.ndarray) -> np.ndarray:
    """A distribution over films, genres and people for each row of ``logits``, [n, m] both."""
    kinds = np.split(logits, np.cumsum([len(catalogue.films), len(catalogue.genres)]), axis=1)
    kinds[0] = kinds[0] + popularity
    return np.hstack([p * _softmax(kind) for p, kind in zip(KIND_PROBABILITIES.values(), kinds)])


def _similarity(catalogue: Catalogue) -> np.ndarray:
    """Of each mentionable entity to each film, in [0, 1]; [m, f].

    A film has none to itself: having seen it is no reason to be recommended it.
    """
    def jaccard(kind: str) -> np.ndarray:
        sets = [set(getattr(film, kind)) for film in catalogue.films]
        return np.array([[len(a & b) / len(a | b) for b in sets] for a in sets])

    films = sum(weight * jaccard(kind) for kind, weight in SIMILARITY_WEIGHTS.items())
    np.fill_diagonal(films, 0.0)
    genres = [[genre in film.genres for film in catalogue.films] for genre in catalogue.genres]
    people = [[person in film.people for film in catalogue.films] for person in catalogue.people]
    return np.vstack([films, genres, people]).astype(float)
