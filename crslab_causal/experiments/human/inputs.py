"""Read the responses of each system that people rate."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Iterable, Mapping, NamedTuple

from crslab_causal.experiments.analysis.answers import Context, Sample, Turn, read_answers

REFERENCE = 'reference'
"""Word in place of a file that stands for the responses of the human recommenders."""


class System(NamedTuple):
    """A system whose responses people rate, with all its usable responses."""

    responses: dict[Sample, str]
    file: str
    """Path of the file."""
    sha256: str
    """SHA-256 of the file."""
    backends: list[str]
    """Names of the backends that gave the answers, from the file."""


def read_system(path: Path) -> System:
    """Read the responses of a run, except those that its language model failed to give.

    Raises:
        UserError: the file cannot be read, or a line is not an answer.
    """
    responses: dict[Sample, str] = {}
    backends: dict[str, None] = {}
    for answer in read_answers(path):
        backends[answer.backend] = None
        if answer.status == 'ok' and answer.response.strip():
            responses.setdefault(answer.sample, answer.response)
    return System(responses, str(path), file_hash(path), list(backends))


def reference_system(contexts: Mapping[Turn, Context], samples: Iterable[Sample], path: Path) -> System:
    """Return the responses of the human recommenders to some samples, as a system.

    Args:
        contexts: contexts with the human responses.
        samples: samples that other systems have answered.
        path: file of the contexts.
    """
    responses = {
        sample: contexts[sample[:2]].reference
        for sample in samples
        if sample[:2] in contexts and contexts[sample[:2]].reference.strip()
    }
    return System(responses, REFERENCE, file_hash(path), ['responses of the data'])


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
