"""Read and decompress the body of a response up to a limit."""

from __future__ import annotations

import zlib

_EITHER_FORMAT = zlib.MAX_WBITS | 32
"""Value of ``wbits`` that accepts gzip and zlib."""


class BoundedBody:
    """Collects and decompresses the bytes of a body up to a limit, because a short body may expand to gigabytes.

    Args:
        encoding: value of ``Content-Encoding``.
        limit: maximum number of bytes, compressed and decompressed.

    Raises:
        ValueError: the encoding is unknown, or the bytes are not in this encoding.
    """

    def __init__(self, encoding: str, limit: int):
        self.content = bytearray()
        self.is_whole = True
        self._limit = limit
        self._n_received = self._n_taken = 0
        encoding = encoding.strip().lower()
        if encoding not in ('', 'identity', 'gzip', 'x-gzip', 'deflate'):
            raise ValueError(f'its answer has the encoding {encoding[:20]!r}, which was not requested')
        self._zlib = zlib.decompressobj(_EITHER_FORMAT) if encoding not in ('', 'identity') else None

    def add(self, chunk: bytes) -> bool:
        """Add bytes. Return False if the limit is reached."""
        self._n_received += len(chunk)
        room = self._limit - self._n_taken - len(self.content) + 1
        if self._zlib is not None:
            try:
                chunk = self._zlib.decompress(chunk, room)
            except zlib.error:
                raise ValueError('its answer is not compressed as it says') from None
        self.content += chunk[:room]
        self.is_whole = max(self._n_received, self._n_taken + len(self.content)) <= self._limit
        del self.content[self._limit - self._n_taken :]
        return self.is_whole

    def take(self) -> bytes:
        """Return the decompressed bytes since the last call. They count towards the limit, but are not kept."""
        taken = bytes(self.content)
        self._n_taken += len(taken)
        self.content.clear()
        return taken
