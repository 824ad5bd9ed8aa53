"""Digests of data folders, which are part of the key of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Iterable, Mapping

from crslab_causal.data.data_files import digest_of_files


class DataDigests:
    """Computes the digest of each data folder once, and keeps it.

    Args:
        known: digests by folder that are not computed again.
    """

    def __init__(self, known: Mapping[Path, str] | None = None):
        self._digests: dict[Path, str | None] = dict(known or {})

    def digest(self, folder: Path, files: Iterable[str]) -> str | None:
        """Return the digest of a data folder, see :func:`.digest_of_files`.

        Args:
            folder: folder of the data package.
            files: names of the files that the dataset requires.
        """
        if folder not in self._digests:
            self._digests[folder] = digest_of_files(folder, files)
        return self._digests[folder]
