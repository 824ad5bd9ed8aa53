"""Prepare a public dataset: the function behind ``crslab-causal prepare``."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Callable, Iterable, Iterator
from urllib.parse import urlsplit

from tqdm import tqdm

from crslab_causal.base.errors import UserError
from crslab_causal.base.files import remove_leftovers, replace_file
from crslab_causal.base.locks import hold_lock
from crslab_causal.prepare.content import Files
from crslab_causal.prepare.folder import occupied, recorded, same_recipe, write_folder
from crslab_causal.prepare.manifest import PUBLISHED, Manifest
from crslab_causal.prepare.task import Task
from crslab_causal.prepare.transfer import Downloader, Patience

DOWNLOADS = 'downloads'
"""Folder below ``data_path`` that keeps the downloaded files."""
TOKENIZE = 'nltk'
"""CRSLab's name of the tokenizer whose tokens the folders contain."""


def prepare(
    dataset: str,
    data_path: str | os.PathLike,
    *,
    source: str | None = None,
    split: str | None = None,
    manifest: Path = PUBLISHED,
    mirror: str | None = None,
    from_zip: str | os.PathLike | None = None,
    answers_only: bool = False,
    dry_run: bool = False,
    progress: bool | None = None,
    patience: Patience = Patience(),
    say: Callable[[str], object] = print,
) -> Path:
    """Make the data folder of a dataset from public files, and return its path.

    Every file is checked by its hash before it is read. No setting turns this check off. The folder appears only when
    it is complete and has the expected counts. A second call continues interrupted downloads. If the folder exists, it
    does nothing. Several processes may use one ``data_path``; they wait for each other.

    Args:
        dataset: ``redial``, ``opendialkg`` or ``inspired``.
        data_path: Parent of ``<dataset>/nltk`` and of ``downloads``, which keeps the downloaded files.
        source: Name of the source in the manifest; None: the default.
        split: ``dialogue`` or ``turn`` for OpenDialKG; None: the default.
        manifest: List of files to use instead of the package's own.
        mirror: Address of a server or, with ``file://``, of a folder that has the files at
            ``<mirror>/<owner>/<repository>/<commit>/<path>``.
        from_zip: CRSLab's own archive, which replaces the downloads.
        answers_only: Whether to only add ``seeker_answers.json`` to the folder, whose other files stay as they are.
        dry_run: Whether to only list the files to download.
        progress: Whether to show a progress bar; None: only on a terminal.
        patience: Time limits and number of attempts of a download.
        say: Function that is called with each line for the user.

    Raises:
        UserError: A download, a check or the disk failed, or the folder holds other data. The message says what to do.
    """
    pinned, folder = Manifest.read(manifest), Path(data_path) / dataset / TOKENIZE
    source, split = pinned.choose(dataset, source, split)
    _check_mirror(mirror)
    task = Task(pinned, dataset, source, split, mirror, None if from_zip is None else Path(from_zip))
    for line in task.notice():
        say(line)
    if dry_run:
        for line in task.listing():
            say(line)
        return folder
    with _disk_errors(folder), _alone(Path(data_path), say):
        (_add_answers if answers_only else _make)(task, folder, Path(data_path) / DOWNLOADS, progress, patience, say)
    return folder


def download(
    names: Iterable[str],
    data_path: str | os.PathLike,
    *,
    manifest: Path = PUBLISHED,
    mirror: str | None = None,
    progress: bool | None = None,
    patience: Patience = Patience(),
    say: Callable[[str], object] = print,
) -> Files:
    """Download some files of the manifest, and return the path of each.

    The files are checked by their hashes and kept in ``<data_path>/downloads``, as :func:`prepare` does.

    Args:
        names: Names of the files in the manifest.
        data_path: Parent of ``downloads``.
        manifest: See :func:`prepare`.
        mirror: See :func:`prepare`.
        progress: See :func:`prepare`.
        patience: See :func:`prepare`.
        say: See :func:`prepare`.

    Raises:
        UserError: A download or the disk failed. The message says what to do.
    """
    pinned, downloads = Manifest.read(manifest), Path(data_path) / DOWNLOADS
    _check_mirror(mirror)
    with _disk_errors(downloads), _alone(Path(data_path), say):
        downloads.mkdir(parents=True, exist_ok=True)
        return _download(pinned, names, mirror, downloads, 'files', progress, patience)


def _check_mirror(mirror: str | None) -> None:
    if mirror is not None and urlsplit(mirror).scheme not in ('http', 'https', 'file'):
        raise UserError(f'--mirror: {mirror!r} is not an address; begin it with https://, http:// or file://')


def _make(
    task: Task, folder: Path, downloads: Path, progress: bool | None, patience: Patience, say: Callable[[str], object]
) -> None:
    record = recorded(folder)
    if same_recipe(record, task.recipe()):
        say(f'{folder} is there already')
        return
    if occupied(folder):
        what = (
            'holds other data'
            if record is None
            else f'was prepared with --source {record.get("source")} --split {record.get("split")}'
        )
        raise UserError(f'{folder} {what}; move it away, or choose another --data-path')
    remove_leftovers(folder)
    downloads.mkdir(parents=True, exist_ok=True)

    def fetch(names: list[str]) -> Files:
        return _download(task.manifest, names, task.mirror, downloads, task.dataset, progress, patience)

    content = task.content(fetch, say)
    counts = write_folder(folder, content, task.known.version, task.record(), task.expected())
    say(f'{folder} is ready: ' + ', '.join(f'{number:,} {name}' for name, number in counts.items()))
    say(f'The downloaded files stay in {downloads} for other datasets and splits; remove them when you like.')
    for work in task.known.cite:
        say(f'Please cite: {work}')


def _add_answers(
    task: Task, folder: Path, downloads: Path, progress: bool | None, patience: Patience, say: Callable[[str], object]
) -> None:
    if not occupied(folder):
        raise UserError(f'{folder}: holds no data to add answers to; leave out --answers-only')
    downloads.mkdir(parents=True, exist_ok=True)
    content = task.answers(
        lambda names: _download(task.manifest, names, task.mirror, downloads, task.dataset, progress, patience)
    )
    for name, text in content.items():
        replace_file(folder / name, text)
        say(f'{folder / name} is ready')


def _download(
    manifest: Manifest,
    names: Iterable[str],
    mirror: str | None,
    downloads: Path,
    title: str,
    progress: bool | None,
    patience: Patience,
) -> Files:
    files = {name: manifest.files[name] for name in names}
    total = sum(file.size or 0 for file in files.values())
    with (
        tqdm(
            total=total,
            unit='B',
            unit_scale=True,
            unit_divisor=1024,
            dynamic_ncols=True,
            leave=False,
            desc=f'Downloading {title}',
            disable=None if progress is None else not progress,
        ) as bar,
        Downloader(downloads, bar, patience) as downloader,
    ):
        return {name: downloader.get(name, file, manifest.places(file, mirror)) for name, file in files.items()}


@contextmanager
def _alone(data_path: Path, say: Callable[[str], object]) -> Iterator[None]:
    """Hold the lock of ``data_path``, and remove its folder of downloads at the end if it is empty."""
    waits = f'Another process prepares data in {data_path}; waiting for it'
    with hold_lock(data_path / '.prepare.lock', lambda: say(waits)):
        try:
            yield
        finally:
            with suppress(OSError):
                (data_path / DOWNLOADS).rmdir()


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    """Turn errors of the disk in the block into a UserError."""
    try:
        yield
    except OSError as error:
        advice = (
            'free space on the disk and run the command again; finished downloads are kept'
            if error.errno in (errno.ENOSPC, errno.EDQUOT)
            else 'make the folder writable, or choose another --data-path'
        )
        raise UserError(f'{error.filename or folder}: {error.strerror or error}; {advice}') from error
