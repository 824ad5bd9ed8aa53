"""Download a dataset like CRSLab, but never delete a folder of the user, and verify the files before use."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from crslab_causal.base.errors import UserError
from crslab_causal.crslab_compat.imports import crslab
from crslab_causal.crslab_compat.imports import download as _crslab_download


def build(dpath: str, dfile, version: str | None = None) -> None:
    """Download a dataset, as the replacement of CRSLab's ``build`` (CRSLab's download.py:266).

    CRSLab's function deletes a folder whose ``.built`` names another version.

    This function does not change a folder that contains files, because they belong to the user. Otherwise it downloads
    the files to a temporary folder. When that folder is complete and verified, it is renamed to ``dpath``.

    Args:
        dpath: folder of the data.
        dfile: CRSLab's description of the download.
        version: version that is written into ``.built``.

    Raises:
        UserError: the download failed.
    """
    folder = Path(dpath)
    if folder.is_dir() and any(not f.name.startswith('.') for f in folder.iterdir()):
        return
    if folder.parent.parent == Path(crslab.config.MODEL_PATH) and folder.parent.name == 'kgsf':
        return  # copy_mask.npy; see patches.build_kgsf_conversation_layer
    missing = [parent for parent in folder.parents if not parent.exists()]
    folder.parent.mkdir(parents=True, exist_ok=True)
    workspace = Path(tempfile.mkdtemp(prefix=f'.{folder.name}-', dir=folder.parent))
    partial = workspace / 'new'  # mkdtemp makes a private folder; this one gets the permissions of the umask
    try:
        partial.mkdir()
        _fetch(dfile, partial)
        _crslab_download.mark_done(str(partial), version)
        if folder.is_dir():
            shutil.rmtree(folder)  # holds nothing but hidden files, see above
        os.replace(partial, folder)
    except (OSError, AssertionError, RuntimeError, shutil.ReadError) as error:
        shutil.rmtree(workspace, ignore_errors=True)
        for parent in missing:
            parent.rmdir()
        raise UserError(
            f'{folder}: no data there, and the download of {dfile.file_name} from '
            f'{urlsplit(dfile.url).netloc} failed ({_reason(error)})'
        ) from error
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


def _reason(error: Exception) -> str:
    """Return a short description of an error, because the text of a failed connection contains nested objects."""
    status = getattr(getattr(error, 'response', None), 'status_code', None)
    if status is not None:
        return f'HTTP status {status}'
    return 'wrong checksum' if isinstance(error, AssertionError) else type(error).__name__


def _fetch(dfile, folder: Path, timeout_s: float = 20.0) -> None:
    """Fetch a file, and check the HTTP status.

    CRSLab's download.py:83 ignores the status, so that it saves a 404 page, and has no time-out.
    """
    import requests

    with requests.get(dfile.url, stream=True, timeout=timeout_s) as response:
        response.raise_for_status()
        with open(folder / dfile.file_name, 'wb') as file:
            for chunk in response.iter_content(1 << 16):
                file.write(chunk)
    dfile.checksum(str(folder))
    if dfile.zipped:
        _crslab_download.untar(str(folder), dfile.file_name)
