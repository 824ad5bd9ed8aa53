"""Write files in one step, so that no reader finds a half-written file."""

from __future__ import annotations

import os
import uuid
from pathlib import Path


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
