"""Digests of data packages: a run's key changes when its data do."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Mapping, Sequence


class DataDigests:
    """Computes the digest of each data folder once, and remembers it.

    Args:
        known: digests by folder that are not computed again.
    """

    def __init__(self, known: Mapping[Path, str] | None = None):
        self._digests = dict(known or {})

    def digest(self, folder: Path, files: Sequence[str]) -> str:
        """Return the digest of the content of a data folder, in hexadecimal.

        Args:
            folder: folder of the data package.
            files: names of the files that a run may read, sorted; a missing file is left out.
        """
        if folder not in self._digests:
            digest = hashlib.sha256()
            for path in (folder / name for name in files):
                if path.is_file():
                    digest.update(f'{path.name}\n{hashlib.sha256(path.read_bytes()).hexdigest()}\n'.encode())
            self._digests[folder] = digest.hexdigest()
        return self._digests[folder]
