"""The inputs of a kit: the usable responses of each system."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Iterable, Mapping, NamedTuple

from crslab_causal.experiments.analysis.answers import Context, Sample, Turn, read_answers

REFERENCE = 'reference'
"""Word that stands for the responses of the data, instead of a file."""


class System(NamedTuple):
    """The usable responses of a system."""

    responses: dict[Sample, str]
    file: str
    """Path of the file."""
    sha256: str
    """SHA-256 of the file."""
    backends: list[str]
    """Backends that gave the answers, as the file names them."""


def read_system(path: Path) -> System:
    """Read the responses of a run, without those that its language model did not give.

    Raises:
        UserError: the file cannot be read, or a line is no answer.
    """
    responses: dict[Sample, str] = {}
    backends: dict[str, None] = {}
    for answer in read_answers(path):
        backends[answer.backend] = None
        if answer.status == 'ok' and answer.response.strip():
            responses.setdefault(answer.sample, answer.response)
    return System(responses, str(path), file_hash(path), list(backends))


def reference_system(contexts: Mapping[Turn, Context], samples: Iterable[Sample], path: Path) -> System:
    """Return the responses of the data to some samples.

    Args:
        contexts: contexts with the responses of the data.
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
