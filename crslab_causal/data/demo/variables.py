"""The values of the context C and of the explanation E, and what each of them is tied to."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple


class ContextValue(NamedTuple):
    """One value of one factor of the context."""

    probability: float
    habits: tuple[str, ...]
    """Genres and themes that come up in a conversation then (C -> X)."""
    reasons: tuple[str, ...]
    """Explanations that a recommendation has then (C -> E)."""


class Reason(NamedTuple):
    """One value of the explanation."""

    probability: float
    """Whatever the context."""
    genre: str
    themes: tuple[str, ...]
    """Films of that genre and of those themes give this reason to be watched (E -> Y)."""


# A context value is tied to reasons whose genres are not its own habits. What it makes people
# mention then says nothing about taste for the film that it makes them watch: that is confounding.
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
    'company': {
        'alone': ContextValue(0.30, ('Science fiction', 'Time travel'), ('tears', 'riddle')),
        'friends': ContextValue(0.45, ('Romance', 'Friendship'), ('laughter', 'scare')),
        'family': ContextValue(0.25, ('Adventure', 'Growing up'), ('comfort', 'wonder')),
    },
}
"""Independent factors of the context, their values in order."""

CONTEXTS: tuple[tuple[str, ...], ...] = tuple(product(*FACTORS.values()))
"""All contexts, each one value for every factor."""

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
