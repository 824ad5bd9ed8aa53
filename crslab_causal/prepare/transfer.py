"""Download files. A download continues where it was interrupted, and is accepted only if its hash is right."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Iterable, Protocol, Self
from urllib.parse import urlsplit
from urllib.request import url2pathname

import requests
from requests.exceptions import ChunkedEncodingError
from urllib3 import HTTPResponse
from urllib3.exceptions import InvalidHeader, MaxRetryError, ReadTimeoutError
from urllib3.util.retry import Retry

from crslab_causal.base.errors import UserError
from crslab_causal.prepare.blob import blob_sha1
from crslab_causal.prepare.manifest import Place, PublicFile

_CHUNK = 1 << 14
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses after which the same address may answer later."""
_LONGEST_WAIT_S = 120
"""Longest wait in seconds (``Retry-After``) that a server may ask for. If it asks for more, the next address is tried.
"""
_PROGRESS = 1 << 20
"""Number of bytes from which an interrupted transfer does not count as a failed attempt."""
_LARGEST = 1 << 28
"""Upper limit of the size of a file in bytes. GitHub serves at most 100 MB."""


@dataclass(frozen=True)
class Patience:
    """The time limits and the number of attempts of a transfer."""

    timeout_s: float = 30.0
    """Longest wait for a connection or for the next bytes, in seconds."""
    tries: int = 5
    """Number of attempts at one address."""
    backoff_s: float = 1.0
    """Half of the wait before the third attempt, in seconds. The wait doubles with each further attempt. The second
    attempt follows at once."""


class Bar(Protocol):
    """The methods of a tqdm bar that a transfer needs."""

    total: float | None

    def update(self, n: float) -> object:
        """Advance the bar by ``n`` bytes."""

    def refresh(self) -> object:
        """Draw the bar again."""


class _Refused(Exception):
    """The address does not have the file, so another attempt is useless."""


class _Broken(Exception):
    """The transfer failed, but another attempt may succeed."""

    def __init__(self, reason: str, response: HTTPResponse | None = None):
        super().__init__(reason)
        self.response = response


class Downloader:
    """Downloads files into a folder. The name of a file in it is its hash.

    ``requests`` does the transfer. It uses the proxies of the environment (``HTTPS_PROXY``, ``NO_PROXY``), redirects
    and certificates. ``Retry`` of ``urllib3`` counts the attempts and waits between them, for as long as the server
    asks for.

    Args:
        folder: Folder of the files. No other process may download into it at the same time.
        bar: Progress bar over all bytes.
        patience: Time limits and number of attempts.
    """

    def __init__(self, folder: Path, bar: Bar, patience: Patience = Patience()):
        self._folder, self._bar, self._patience = folder, bar, patience
        self._shown: dict[str, int] = {}
        self._expected: set[str] = set()
        self._session = requests.Session()
        self._session.max_redirects = 5
        # a compressed answer could not be continued from a position in the file
        self._session.headers['Accept-Encoding'] = 'identity'

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self._session.close()

    def get(self, name: str, file: PublicFile, places: Iterable[Place]) -> Path:
        """Return the path of a file with the right content. Download it if it does not exist.

        Args:
            name: Name of the file in messages.
            file: Hash and size of the file.
            places: Addresses to try, in this order.

        Raises:
            UserError: No address provided the file.
        """
        path = self._folder / file.sha1
        if path.is_file():
            if _is_right(path, file):
                self._show(file, path.stat().st_size)
                return path
            path.unlink()
        partial = path.with_suffix('.part')
        failures = []
        for place in places:
            try:
                self._bring(place.address, partial, file)
            except (_Refused, _Broken) as failure:
                failures.append(f'{place.address}: {failure}')
            else:
                os.replace(partial, path)
                return path
        raise UserError(
            f'{name} could not be downloaded ({"; ".join(failures)}); run the command again to continue, or '
            'name a server that has the files with --mirror'
        )

    def _bring(self, address: str, partial: Path, file: PublicFile) -> None:
        """Download from one address to ``partial`` until the content is right."""
        retries = fresh = Retry(total=self._patience.tries - 1, backoff_factor=self._patience.backoff_s)
        while not _is_right(partial, file):
            before = _size(partial)
            try:
                self._transfer(address, partial, file)
                self._check(partial, file)
            except _Broken as failure:
                if _size(partial) - before >= _PROGRESS:
                    retries = fresh
                try:
                    retries = retries.increment('GET', address, response=failure.response, error=failure)
                except MaxRetryError:
                    raise failure from None
                with suppress(InvalidHeader):  # the Retry-After cannot be read
                    retries.sleep(failure.response)
        self._show(file, _size(partial))

    def _transfer(self, address: str, partial: Path, file: PublicFile) -> None:
        """Append the missing bytes to ``partial``."""
        if urlsplit(address).scheme == 'file':
            _copy(address, partial)
            return
        start = _size(partial)
        self._show(file, start)
        headers = {'Range': f'bytes={start}-'} if start else {}
        try:
            with self._session.get(address, headers=headers, stream=True, timeout=self._patience.timeout_s) as response:
                position = _position(response, start)
                if position is None:
                    partial.unlink()
                    raise _Broken('the server could not continue the transfer')
                self._expect(file, position, response)
                with open(partial, 'r+b' if position else 'wb') as out:
                    out.seek(position)
                    self._receive(response, out, file)
        except requests.TooManyRedirects as error:
            raise _Refused('it redirects without end') from error
        except (requests.ConnectionError, requests.Timeout, ChunkedEncodingError) as error:
            raise _Broken(self._reason(error)) from error
        except (requests.RequestException, UnicodeError) as error:
            raise _Refused(f'{type(error).__name__}: {error}') from error

    def _receive(self, response: requests.Response, out: BinaryIO, file: PublicFile) -> None:
        largest = _LARGEST if file.size is None else file.size
        for chunk in response.iter_content(_CHUNK):
            out.write(chunk)
            self._show(file, out.tell())
            if out.tell() > largest:
                break  # the check will find that it is too long

    def _check(self, partial: Path, file: PublicFile) -> None:
        """Remove a complete download whose content is wrong."""
        size = partial.stat().st_size
        if not _is_right(partial, file):
            partial.unlink()
            self._show(file, 0)
            raise _Broken(
                f'{size} bytes arrived instead of {file.size}'
                if file.size not in (None, size)
                else 'its content is not the pinned one'
            )

    def _expect(self, file: PublicFile, position: int, response: requests.Response) -> None:
        """Add the size of a file to the total of the progress bar, if only the server knows the size."""
        length = response.headers.get('Content-Length', '')
        if file.size is None and file.sha1 not in self._expected and length.isdecimal():
            self._expected.add(file.sha1)
            self._bar.total = (self._bar.total or 0) + position + int(length)
            self._bar.refresh()

    def _show(self, file: PublicFile, present: int) -> None:
        self._bar.update(present - self._shown.get(file.sha1, 0))
        self._shown[file.sha1] = present

    def _reason(self, error: Exception) -> str:
        """Return a short description of an error, because its own text contains nested representations of objects."""
        if isinstance(error, requests.exceptions.ProxyError):
            return 'the proxy of the environment does not answer'
        if isinstance(error, requests.exceptions.SSLError):
            return 'the certificate is not accepted'
        if isinstance(error, requests.Timeout) or isinstance(error.args[:1] and error.args[0], ReadTimeoutError):
            return f'no answer for {self._patience.timeout_s:g} s'
        return 'the connection broke' if isinstance(error, ChunkedEncodingError) else 'no connection'


def _position(response: requests.Response, start: int) -> int | None:
    """Return the position in the file at which a response begins; None if it is not the requested position."""
    if response.status_code == 200:
        return 0
    if response.status_code == 206:
        return start if re.match(rf'bytes {start}-', response.headers.get('Content-Range', '')) else None
    if response.status_code == 416 and start:
        return None
    wait = response.headers.get('Retry-After', '')
    if wait.isdecimal() and int(wait) > _LONGEST_WAIT_S:
        raise _Refused(f'HTTP status {response.status_code}, and the server asks to wait for {wait} s')
    if response.status_code in _PASSING:
        raise _Broken(f'HTTP status {response.status_code}', response.raw)
    raise _Refused(f'HTTP status {response.status_code}')


def _copy(address: str, partial: Path) -> None:
    source = Path(url2pathname(urlsplit(address).path))
    if not source.is_file():
        raise _Refused('no such file')
    shutil.copyfile(source, partial)


def _is_right(path: Path, file: PublicFile) -> bool:
    return path.is_file() and file.size in (None, path.stat().st_size) and blob_sha1(path) == file.sha1


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
