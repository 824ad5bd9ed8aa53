"""The schema of ``results/seeker/seeker.json``."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """The base class: unknown keys are mistakes."""

    model_config = ConfigDict(extra='forbid')


class Estimate(Strict):
    """A mean over seekers, with its 95 % bootstrap interval. A single seeker has no interval."""

    mean: float | None
    """None: there is nothing to average."""
    low: float | None = None
    high: float | None = None


class SystemRecord(Strict):
    """The measures of one system."""

    name: str
    success: dict[int, Estimate]
    """Share of the seekers whose target was listed within a number of messages, by this number."""
    success_in_the_end: Estimate
    """Share of seekers whose target was listed before their patience ended."""
    turns: Estimate
    """Number of messages until the target was listed, over the seekers who were successful."""
    violations: Estimate
    """Share of the listed films that break a constraint which was stated and not openly left out."""
    relaxed: Estimate
    """Share of the listed films that break only constraints that were openly left out."""
    repeated: Estimate
    """Share of the listed films that were listed before in the same conversation."""
    n_offers: int
    n_violations: int
    n_repeated: int
    n_leaks: int
    """Number of messages that would have named the target."""
    seconds: float


class TestRecord(Strict):
    """A paired test of two systems over the same seekers."""

    __test__ = False  # no test of pytest

    a: str
    b: str
    measure: str
    difference: float
    """Mean of a - b."""
    low: float
    high: float
    p: float
    p_holm: float
    """p after Holm's correction over all tests of the record."""
    significant: bool


class SeekerRecord(Strict):
    """The results of a run of the protocol: its settings, its seekers, and the measures of each system."""

    command: str
    seed: int
    patience: int
    driver: str
    n_driver_messages: int | None = None
    """Number of messages that a language model was asked for."""
    n_driver_unanswered: int | None = None
    """Number of messages that the templates wrote, because the language model gave none."""
    dataset: str
    split: str
    n_conversations: int
    left_out: dict[str, int]
    """Conversations without a profile, by the reason."""
    unused_constraints: dict[str, int]
    """Constraints of kinds that no profile keeps."""
    n_profiles: int
    n_seekers: int
    n_with_wishes: int
    """Seekers with a constraint."""
    n_inconsistent: int
    """Seekers whose target breaks a constraint of their own."""
    mean_facts: float
    systems: list[SystemRecord]
    tests: list[TestRecord]
    runs: dict[str, str]
    """Identity of the weights of each configuration: the SHA-256 of the saved run."""
    versions: dict[str, str]
    git_commit: str | None
