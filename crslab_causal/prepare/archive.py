"""Read CRSLab's own zip archive of a dataset, if the user has a copy of it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path, PurePosixPath

from crslab_causal.base.errors import UserError
from crslab_causal.data.dataset.genres import TITLES_FILE
from crslab_causal.prepare.blob import sha256
from crslab_causal.prepare.content import Content, Files, read_json, to_json
from crslab_causal.prepare.manifest import Archive
from crslab_causal.prepare.redial import film_uris, redial_entities
from crslab_causal.prepare.titles import item_titles, redial_films

REQUIRED = ('train_data.json', 'valid_data.json', 'test_data.json', 'token2id.json', 'entity2id.json')
"""Names of the files that every dataset of CRSLab has."""


def read_archive(path: Path, archive: Archive) -> Content:
    """Return the files of CRSLab's archive, in whichever of its folders they are. Nothing is unpacked to disk.

    Raises:
        UserError: The file is missing, or is not CRSLab's archive.
    """
    if not path.is_file():
        raise UserError(f'{path}: no such file; name your copy of {archive.name}')
    if (found := sha256(path)) != archive.sha256:
        raise UserError(
            f"{path}: not CRSLab's {archive.name} (SHA-256 {found} instead of {archive.sha256}); name another "
            'copy, or leave out --from-zip to download the files'
        )
    with zipfile.ZipFile(path) as content:
        members = {
            PurePosixPath(member.filename).name: member
            for member in content.infolist()
            if not member.is_dir() and not member.filename.startswith('__MACOSX/')
        }
        files: Content = {name: content.read(member) for name, member in members.items() if not name.startswith('.')}
    if missing := [name for name in REQUIRED if name not in files]:
        raise UserError(f'{path}: lacks {", ".join(missing)}; leave out --from-zip to download the files')
    return files


def add_titles(content: Content, files: Files) -> Content:
    """Return the content of an archive with ``movie_titles.json``, which CRSLab's archives do not contain."""
    entity2id = json.loads(content['entity2id.json'])
    items = set(json.loads(content['movie_ids.json' if 'movie_ids.json' in content else 'item_ids.json']))
    names, redial_ids = read_json(files['film_names']), redial_entities(files)
    films = redial_films(names, read_json(files['film_info']), redial_ids)
    if entity2id == redial_ids:
        return {**content, TITLES_FILE: to_json(films)}
    by_name = {uri: films[redial_ids[uri]] for uri in film_uris(names, redial_ids).values()}
    titles = item_titles(
        {entity: name for name, entity in entity2id.items() if entity in items}, films.values(), by_name
    )
    return {**content, TITLES_FILE: to_json(titles)}
