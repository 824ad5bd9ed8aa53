"""A digest of the files of a dataset, by which result tables identify their data."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Iterable, Mapping

from crslab_causal.data.dataset.genres import TITLES_FILE

OPTIONAL_FILES = (TITLES_FILE,)
"""Files that a dataset reads if they exist, besides the required ones in its attribute ``files``."""
SHOWN = 12
"""Number of digits of a digest that a table shows. The JSON file has all digits."""


def digest_of_files(folder: Path, required: Iterable[str]) -> str | None:
    """Return the digest of the content of a data folder, in hexadecimal; None if it holds no file of the dataset.

    Args:
        folder: folder of the data.
        required: names of the files that the dataset requires; a missing file is left out.
    """
    digest, found = hashlib.sha256(), False
    for name in sorted({*required, *OPTIONAL_FILES}):
        path = folder / name
        if path.is_file():
            found = True
            digest.update(f'{name}\n{hashlib.sha256(path.read_bytes()).hexdigest()}\n'.encode())
    return digest.hexdigest() if found else None


def data_line(digests: Mapping[str, str]) -> str:
    """Return the sentence below a table that names its data by the digest of each dataset; empty without digests."""
    named = ', '.join(f'{dataset} {digest[:SHOWN]}' for dataset, digest in digests.items())
    return f'Fingerprint of the data: {named}.' if named else ''
