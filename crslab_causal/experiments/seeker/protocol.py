"""Hold the conversations of all seekers with one system."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Sequence

from crslab_causal.base.progress_bar import progress
from crslab_causal.chat.films.facts import FilmFacts
from crslab_causal.experiments.seeker.drivers import Driver, Exchange, Message, TemplateDriver
from crslab_causal.experiments.seeker.profiles import LeakCheck, Profile, Wish
from crslab_causal.experiments.seeker.systems import Shown, System


@dataclass
class Outcome:
    """A conversation of a seeker with a system, and the counts that its measures need."""

    profile: Profile
    success: int | None = None
    """Number of the message after which the target was listed; None: it never was."""
    offers: int = 0
    """Number of listed films."""
    violations: int = 0
    """Number of listed films that break a constraint which the seeker has stated, and which the system has not openly
    left out."""
    relaxed: int = 0
    """Number of listed films that break only constraints that the system has openly left out."""
    repeated: int = 0
    """Number of listed films that were listed before in the same conversation. The templates reject every list."""
    leaks: int = 0
    """Number of messages that would have named the target. A message of the templates was sent instead."""
    exchanges: list[Exchange] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)
    """Constraints that the seeker has stated."""
    shown: set[int] = field(default_factory=set)
    """Films that were listed."""


def play(
    profiles: Sequence[Profile], driver: Driver, system: System, facts: FilmFacts, patience: int, seed: int = 2020
) -> list[Outcome]:
    """Let every seeker talk to a system until its target is listed, or its patience ends.

    Args:
        profiles: the seekers.
        driver: writes their messages.
        system: the system.
        facts: facts about the films, which decide whether a film breaks a constraint.
        patience: maximum number of messages of a seeker.
        seed: seed of the templates that take the place of a message with a leak.
    """
    outcomes = [Outcome(profile) for profile in profiles]
    talks = [system.talk(profile) for profile in profiles]
    leaks, substitute = LeakCheck(facts), TemplateDriver(seed)
    for turn in range(1, patience + 1):
        active = [i for i, outcome in enumerate(outcomes) if outcome.success is None]
        messages = driver.messages([(profiles[i], outcomes[i].exchanges) for i in active])
        for i, message in zip(active, progress(messages, f'{system.name}, message {turn}')):
            outcome = outcomes[i]
            if leaks.names(message.text, outcome.profile.target):
                outcome.leaks += 1
                message = substitute.message(outcome.profile, outcome.exchanges)
            _count(outcome, message, talks[i].reply(message.text), facts, turn)
    return outcomes


def _count(outcome: Outcome, message: Message, shown: Shown, facts: FilmFacts, turn: int) -> None:
    outcome.wishes += [wish for wish in message.wishes if wish not in outcome.wishes]
    left_out = {(constraint.kind, constraint.label) for constraint in shown.relaxed}
    for film in shown.films:
        broken = [wish for wish in outcome.wishes if not wish.allows(facts.films[film], facts)]
        is_open = all(wish.wanted and {(wish.kind, label) for label in wish.labels} & left_out for wish in broken)
        outcome.violations += bool(broken) and not is_open
        outcome.relaxed += bool(broken) and is_open
    outcome.offers += len(shown.films)
    outcome.repeated += sum(film in outcome.shown for film in shown.films)
    outcome.shown.update(shown.films)
    names = tuple(facts.films[film].name for film in shown.films)
    outcome.exchanges.append(Exchange(message, shown.text, shown.films, names))
    if outcome.profile.target in shown.films:
        outcome.success = turn
