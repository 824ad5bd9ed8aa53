"""A cache of the vectors of texts on disk."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Iterable, Mapping

import numpy as np

from crslab_causal.base.files import replace_file

KEY_LENGTH = 16
"""Length of a key in bytes."""


class VectorCache:
    """A cache of vectors by the content of their texts. Several processes and runs can share its folder.

    Every call of :meth:`add` writes a file, which is complete or does not exist. If two processes add the same texts,
    these are written twice.

    Args:
        folder: folder of the files; it should contain the vectors of one encoder only. None: nothing is written.
    """

    def __init__(self, folder: Path | None):
        self.folder = folder
        self._vectors: dict[bytes, np.ndarray] = {}
        self._unsaved: set[bytes] = set()
        for path in sorted(folder.glob('*.npz')) if folder is not None else ():
            try:
                with np.load(path) as file:
                    keys, vectors = file['keys'], file['vectors']
                self._vectors.update((key.tobytes(), vector) for key, vector in zip(keys, vectors, strict=True))
            except (OSError, ValueError, KeyError, zipfile.BadZipFile):
                path.unlink(missing_ok=True)  # the vectors of a damaged file are computed again

    def get(self, text: str) -> np.ndarray | None:
        """Return the vector of a text; None if the cache does not have it."""
        return self._vectors.get(_key(text))

    def add(self, vectors: Mapping[str, np.ndarray], keep: bool = True) -> None:
        """Add the vectors of texts, and write them to disk if ``keep``."""
        if not vectors:
            return
        keys = [_key(text) for text in vectors]
        if not keep:
            self._unsaved.update(key for key in keys if key not in self._vectors)
        self._vectors.update(zip(keys, vectors.values()))
        if self.folder is None or not keep:
            return
        buffer = io.BytesIO()
        np.savez(
            buffer,
            keys=np.frombuffer(b''.join(keys), dtype=np.uint8).reshape(-1, KEY_LENGTH),
            vectors=np.stack(list(vectors.values())),
        )
        name = hashlib.sha256(b''.join(sorted(keys))).hexdigest()[: 2 * KEY_LENGTH]
        replace_file(self.folder / f'{name}.npz', buffer.getvalue())
        self._unsaved.difference_update(keys)

    def save(self, texts: Iterable[str]) -> None:
        """Write the vectors of those texts to disk that are in memory only."""
        self.add({text: self._vectors[key] for text in texts if (key := _key(text)) in self._unsaved})


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode('utf-8', 'surrogatepass')).digest()[:KEY_LENGTH]
