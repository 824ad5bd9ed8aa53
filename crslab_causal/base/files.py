"""Write files and folders in one step, so that no reader finds a half-written one."""

from __future__ import annotations

import os
import shutil
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator


def replace_file(path: Path, content: bytes | str) -> None:
    """Write ``content`` to ``path`` in one step. A reader finds the old file or the new one, never a part of it.

    The file gets the default permissions of the umask.
    """
    if isinstance(content, str):
        content = content.encode('utf-8')
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f'.{path.name}-{uuid.uuid4().hex[:8]}')
    try:
        with open(partial, 'xb') as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder for files, and rename it to ``folder`` at the end of the block.

    An existing ``folder`` is kept until then. It is restored if the renaming fails, and stays if the block fails.

    Args:
        folder: path of the finished folder.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    workspace = folder.with_name(f'.{folder.name}-{uuid.uuid4().hex[:8]}.partial')
    new, old = workspace / 'new', workspace / 'old'
    new.mkdir(parents=True)
    try:
        yield new
        _sync(new)
        if folder.exists():
            os.replace(folder, old)
        try:
            os.replace(new, folder)
        except BaseException:
            if old.exists():
                os.replace(old, folder)
            raise
        _sync(folder.parent)
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes have left of a :func:`new_folder`. No other process may be writing ``folder``."""
    for leftover in folder.parent.glob(f'.{folder.name}-*.partial'):
        shutil.rmtree(leftover, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Flush the file names of a folder to disk, so that they survive a power cut."""
    if os.name != 'posix':
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
