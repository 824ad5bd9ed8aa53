"""The structural causal model that the demo corpus is drawn from.

Its graph is Figure 2(c) of "Do Mentioned Items Truly Matter? Enhancing Conversational Recommender Systems with Causal
Intervention and Large Language Models": the context C affects the history X and the explanation E, and these two affect
the target Y.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple, Sequence

import numpy as np

from crslab_causal.data.demo.catalogue import Catalogue
from crslab_causal.data.demo.variables import CONTEXTS, FACTORS, REASONS

LENGTH_PROBABILITIES = (0.15, 0.30, 0.30, 0.25)
"""Probabilities of a history of 1, 2, 3 and 4 mentions."""
LIKED_PROBABILITY = 0.85
"""Probability that a mentioned film is liked. Mentioned genres and people are always liked."""
KIND_PROBABILITIES = {'films': 0.80, 'genres': 0.08, 'people': 0.12}
"""Probabilities of the kind of a mention, in every context."""
HABIT_SHARPNESS = 3.0
"""Logit of a film or genre that matches the context, when its mentions are drawn; the logit without a match is 0."""
REASON_SHARPNESS = 4.0
"""Logit of an explanation that matches the context; the logit without a match is 0."""
POPULARITY_SPREAD = 0.5
"""Standard deviation of the log-popularity of films."""
AFFINITY_WEIGHT = 8.0
"""Theta, the weight of the history."""
FIT_WEIGHT = 5.0
"""Eta, the weight of the explanation. It is chosen so that neither X nor E alone predicts the target well."""
RECENCY_DECAY = 0.7
"""Weight of a mention relative to the one after it."""
SIMILARITY_WEIGHTS = {'genres': 0.5, 'directors': 0.3, 'stars': 0.2}
"""Weights of the overlaps (Jaccard) of two films."""


class Mention(NamedTuple):
    """One element of a history."""

    entity: int
    """Index of a mentionable entity."""
    liked: bool


class Draw(NamedTuple):
    """A joint sample of the four variables, as indices of a context, of entities, of an explanation and of a film."""

    context: int
    history: tuple[Mention, ...]
    explanation: int
    target: int


@dataclass(frozen=True, eq=False)
class StructuralCausalModel:
    r"""The model C -> X, C -> E, X -> Y, E -> Y of discrete variables.

    .. math::
        P(x|c) &= (1 - s) P_0(x) + s P_1(x|c) \\
        P(e|c) &= (1 - s) P_0(e) + s P_1(e|c) \\
        P(y|X, e) &\propto \exp(\theta \, \mathrm{affinity}(X, y) + \eta \, \mathrm{fit}(e, y) + \mathrm{popularity}(y))

    A history X is a sequence of mentions x that are drawn one after the other without repetition. Its length, and
    whether its films were liked, do not depend on C. There are n contexts, m mentionable entities (films first), k
    explanations and f films.

    Attributes:
        strength: strength s of the confounding in [0, 1]. At 0, C has no effect, and P(Y|X) = P(Y|do(X)).
        context_prior: P(c), of shape [n].
        mention_base: P_0(x), [m].
        mention_specific: P_1(x|c), [n, m].
        explanation_base: P_0(e), [k].
        explanation_specific: P_1(e|c), [n, k].
        similarity: similarity of each mentionable entity to each film, [m, f].
        fit: fit of each film to each explanation, [k, f].
        popularity: log-popularity of each film, [f].
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
        """Return the model over the films of a catalogue.

        Args:
            catalogue: the films.
            strength: see the class.
            seed: seed of the films' popularity.

        Raises:
            ValueError: ``strength`` is not in [0, 1].
        """
        if not 0.0 <= strength <= 1.0:
            raise ValueError(f'strength is {strength}, not between 0 and 1')
        popularity = np.random.default_rng([seed, 1]).normal(0.0, POPULARITY_SPREAD, len(catalogue.films))
        values = [[FACTORS[factor][value] for factor, value in zip(FACTORS, context)] for context in CONTEXTS]
        tags = _tags(catalogue)
        names = catalogue.genres + catalogue.themes
        habits = np.array([[sum(name in v.habits for v in context) for name in names] for context in values], float)
        reasons = np.array([[sum(r in v.reasons for v in context) for r in REASONS] for context in values], float)
        prior = np.array([np.prod([v.probability for v in context]) for context in values])
        films = tags[: len(catalogue.films)]
        reason_tags = np.array(
            [[(name == r.genre) + 0.5 * (name in r.themes) for name in names] for r in REASONS.values()]
        )
        return cls(
            strength=float(strength),
            context_prior=prior / prior.sum(),
            mention_base=_mention_distribution(catalogue, np.zeros((1, len(tags))), popularity)[0],
            mention_specific=_mention_distribution(catalogue, HABIT_SHARPNESS * habits @ tags.T, popularity),
            explanation_base=np.array([r.probability for r in REASONS.values()]),
            explanation_specific=_softmax(REASON_SHARPNESS * reasons),
            similarity=_similarity(catalogue),
            fit=reason_tags @ films.T,
            popularity=popularity,
            affinity_weight=AFFINITY_WEIGHT,
            fit_weight=FIT_WEIGHT,
        )

    # ------------------------------------------------------------ the mechanisms

    @cached_property
    def mention_given_context(self) -> np.ndarray:
        """The probabilities P(x|c) of each mention in each context, of shape [n_contexts, n_mentionable]."""
        return (1 - self.strength) * self.mention_base + self.strength * self.mention_specific

    @cached_property
    def explanation_given_context(self) -> np.ndarray:
        """The probabilities P(e|c) of each explanation in each context, of shape [n_contexts, n_explanations]."""
        return (1 - self.strength) * self.explanation_base + self.strength * self.explanation_specific

    def affinity(self, history: Sequence[Mention]) -> np.ndarray:
        """Return the mean similarity of each film to the mentions of a history. Disliked mentions count negatively.

        Recent mentions have a larger weight.

        Returns:
            Numbers in [-1, 1], of shape [n_films].
        """
        recency = RECENCY_DECAY ** np.arange(len(history) - 1, -1, -1)
        sign = np.array([1.0 if mention.liked else -1.0 for mention in history])
        return (recency * sign / recency.sum()) @ self.similarity[[mention.entity for mention in history]]

    def p_target_given_explanations(self, history: Sequence[Mention]) -> np.ndarray:
        """Return P(Y|X, e) for every e, of shape [n_explanations, n_films]."""
        return _softmax(self.affinity_weight * self.affinity(history) + self.fit_weight * self.fit + self.popularity)

    # ------------------------------------------------------------ the target

    def p_target(self, history: Sequence[Mention], explanation: int) -> np.ndarray:
        """Return P(Y|X, e), of shape [n_films]."""
        return self.p_target_given_explanations(history)[explanation]

    # ------------------------------------------------------------ sampling

    def sample_observational(self, rng: np.random.Generator) -> Draw:
        """Draw C, then X and E given C, then Y."""
        context = _draw(rng, self.context_prior)
        return self._complete(rng, context, self._draw_history(rng, self.mention_given_context[context]))

    def sample_interventional(self, rng: np.random.Generator) -> Draw:
        """Draw C, then X by intervention from ``mention_base`` regardless of C, then E given C, then Y."""
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
        """Return all parameters as types that JSON has. :meth:`from_dict` restores them exactly."""
        return {
            name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in asdict(self).items()
        }

    @classmethod
    def from_dict(cls, parameters: dict[str, Any]) -> StructuralCausalModel:
        """Return the model with the parameters of :meth:`to_dict`."""
        values = ((field.name, parameters[field.name]) for field in fields(cls))
        arguments: dict[str, Any] = {
            name: np.array(value) if isinstance(value, list) else value for name, value in values
        }
        return cls(**arguments)


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Return the softmax along the last axis."""
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _draw(rng: np.random.Generator, p: np.ndarray) -> int:
    """Draw an index with the probabilities ``p``."""
    return int(rng.choice(len(p), p=p))


def _tags(catalogue: Catalogue) -> np.ndarray:
    """Return the genres and themes of each mentionable entity, of shape [m, n_tags].

    A genre has itself as tag. A person has the mean of the tags of their films.
    """
    names = catalogue.genres + catalogue.themes
    films = np.array([[name in film.genres + film.themes for name in names] for film in catalogue.films], float)
    works = np.array([[person in film.people for film in catalogue.films] for person in catalogue.people], float)
    people = works @ films / np.maximum(works.sum(axis=1, keepdims=True), 1.0)
    return np.vstack([films, np.eye(len(catalogue.genres), len(names)), people])


def _mention_distribution(catalogue: Catalogue, logits: np.ndarray, popularity: np.ndarray) -> np.ndarray:
    """Return a distribution over films, genres and people for each row of ``logits``. Both have the shape [n, m]."""
    kinds = np.split(logits, np.cumsum([len(catalogue.films), len(catalogue.genres)]), axis=1)
    kinds[0] = kinds[0] + popularity
    return np.hstack([p * _softmax(kind) for p, kind in zip(KIND_PROBABILITIES.values(), kinds)])


def _similarity(catalogue: Catalogue) -> np.ndarray:
    """Return the similarity of each mentionable entity to each film, numbers in [0, 1] of shape [m, f].

    The similarity of a film to itself is 0, so that a film that was seen is not recommended for this reason.
    """

    def jaccard(kind: str) -> np.ndarray:
        sets = [set(getattr(film, kind)) for film in catalogue.films]
        return np.array([[len(a & b) / len(a | b) for b in sets] for a in sets])

    films = np.zeros((len(catalogue.films), len(catalogue.films)))
    for kind, weight in SIMILARITY_WEIGHTS.items():
        films += weight * jaccard(kind)
    np.fill_diagonal(films, 0.0)
    genres = [[genre in film.genres for film in catalogue.films] for genre in catalogue.genres]
    people = [[person in film.people for film in catalogue.films] for person in catalogue.people]
    return np.vstack([films, genres, people]).astype(float)
