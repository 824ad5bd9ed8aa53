"""The values of the context C and of the explanation E, with their probabilities and effects."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple


class ContextValue(NamedTuple):
    """One value of one factor of the context."""

    probability: float
    habits: tuple[str, ...]
    """Genres and themes that people mention more often in this context (C -> X)."""
    reasons: tuple[str, ...]
    """Explanations that a recommendation has more often in this context (C -> E)."""


class Reason(NamedTuple):
    """One value of the explanation."""

    probability: float
    """Probability without an effect of the context."""
    genre: str
    themes: tuple[str, ...]
    """Themes that fit this reason. A film of the genre or of one of the themes is recommended more often for this
    reason (E -> Y)."""


# The habits of a context value never include the genres of its reasons. So the films that people mention because of the
# context say nothing about the film that they watch because of it: their association is confounding.
FACTORS: dict[str, dict[str, ContextValue]] = {
    'season': {
        'winter': ContextValue(0.35, ('Mystery', 'Family secrets'), ('comfort', 'wonder')),
        'spring': ContextValue(0.15, ('Romance', 'First love'), ('escape', 'laughter')),
        'summer': ContextValue(0.20, ('Adventure', 'Life at sea'), ('scare', 'suspense')),
        'autumn': ContextValue(0.30, ('Horror', 'Haunted places'), ('tears', 'riddle')),
    },
    'mood': {
        'cheerful': ContextValue(0.45, ('Comedy', 'Heists'), ('escape', 'riddle')),
        'tired': ContextValue(0.35, ('Drama', 'Small towns'), ('laughter', 'comfort')),
        'restless': ContextValue(0.20, ('Thriller', 'Road trips'), ('wonder', 'tears')),
    },
    'companions': {
        'alone': ContextValue(0.30, ('Science fiction', 'Time travel'), ('tears', 'riddle')),
        'friends': ContextValue(0.45, ('Romance', 'Friendship'), ('laughter', 'scare')),
        'family': ContextValue(0.25, ('Adventure', 'Growing up'), ('comfort', 'wonder')),
    },
}
"""The independent factors of the context, and their values in order."""

CONTEXTS: tuple[tuple[str, ...], ...] = tuple(product(*FACTORS.values()))
"""All contexts. Each has one value of every factor."""

REASONS: dict[str, Reason] = {
    'laughter': Reason(0.20, 'Comedy', ('Friendship', 'Growing up')),
    'tears': Reason(0.10, 'Drama', ('Family secrets', 'First love')),
    'comfort': Reason(0.20, 'Romance', ('Small towns', 'Friendship')),
    'suspense': Reason(0.15, 'Thriller', ('Survival', 'Heists')),
    'scare': Reason(0.10, 'Horror', ('Haunted places', 'Survival')),
    'wonder': Reason(0.10, 'Science fiction', ('Space travel', 'Time travel')),
    'escape': Reason(0.10, 'Adventure', ('Road trips', 'Life at sea')),
    'riddle': Reason(0.05, 'Mystery', ('Heists', 'Family secrets')),
}
"""All explanations."""
