"""Compute hashes of whole files."""

from __future__ import annotations

import hashlib
from pathlib import Path

_CHUNK = 1 << 20


def blob_sha1(path: Path) -> str:
    """Return git's hash of a file: the SHA-1 of ``blob <size>``, a zero byte and the content."""
    return _digest(path, hashlib.sha1(b'blob %d\0' % path.stat().st_size, usedforsecurity=False))


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return _digest(path, hashlib.sha256())


def _digest(path: Path, digest) -> str:
    with open(path, 'rb') as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
