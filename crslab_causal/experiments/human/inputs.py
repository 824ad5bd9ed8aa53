"""What a kit is made of: the usable responses of each system."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Iterable, Mapping, NamedTuple

from crslab_causal.experiments.analysis.answers import Context, Sample, Turn, read_answers

REFERENCE = 'reference'
"""Instead of a file: the responses of the data."""


class System(NamedTuple):
    """The usable responses of a system."""

    responses: dict[Sample, str]
    file: str
    sha256: str
    backends: list[str]


def read_system(path: Path) -> System:
    """The responses of a run, without those that its language model did not give.

    Raises:
        UserError: an unreadable file, or a line that is no answer.
    """
    responses, backends = {}, {}
    for answer in read_answers(path):
        backends[answer.backend] = None
        if answer.status == 'ok' and answer.response.strip():
            responses.setdefault(answer.sample, answer.response)
    return System(responses, str(path), file_hash(path), list(backends))


def reference_system(contexts: Mapping[Turn, Context], samples: Iterable[Sample], path: Path) -> System:
    """The responses of the data, to the samples that others have answered."""
    responses = {sample: contexts[sample[:2]].reference for sample in samples
                 if sample[:2] in contexts and contexts[sample[:2]].reference.strip()}
    return System(responses, REFERENCE, file_hash(path), ['responses of the data'])


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
