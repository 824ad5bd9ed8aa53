"""The task of one call of ``prepare``: its messages to the user, and the content of the folder."""

from __future__ import annotations

import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping

from crslab_causal import __version__
from crslab_causal.base.errors import UserError
from crslab_causal.data.seeker_answers import ANSWERS_FILE
from crslab_causal.prepare import inspired, opendialkg, redial
from crslab_causal.prepare.archive import add_titles, read_archive
from crslab_causal.prepare.content import Content, Files
from crslab_causal.prepare.manifest import Dataset, Manifest
from crslab_causal.prepare.seeker_answers import FILM_SOURCES, answers_content

CONVERTERS: dict[tuple[str, str], Callable[[Files, str], Content]] = {
    ('redial', 'crslab'): redial.from_crslab,
    ('redial', 'official'): redial.from_official,
    ('opendialkg', 'ievalm'): opendialkg.convert,
    ('inspired', 'unicrs'): inspired.convert,
}
"""Function that converts the downloaded files, by dataset and source."""
TITLE_SOURCES = ('film_names', 'film_info', 'redial_entities')
"""Names of the files from which titles are made."""


class Task:
    """The dataset, the source and the split that a call prepares."""

    def __init__(
        self, manifest: Manifest, dataset: str, source: str, split: str, mirror: str | None, zipped: Path | None
    ):
        self.manifest, self.dataset, self.source, self.split = manifest, dataset, source, split
        self.mirror, self.zipped = mirror, zipped
        self.known: Dataset = manifest.datasets[dataset]
        self._names = manifest.datasets[dataset].sources[source].files
        self._answers = manifest.datasets[dataset].sources[source].answers

    def notice(self) -> Iterator[str]:
        """Yield the licences and warnings that are shown before the download."""
        yield f'Licences of the data: {self.known.licence}'
        if self.zipped is not None:
            yield f"Source: {self.zipped}, CRSLab's {self.known.archive.name}"
            return
        yield f'Source: {self.source} ({self.known.sources[self.source].note})'
        for name in self._names:
            places = self.manifest.places(self.manifest.files[name])
            if not any(place.licence for place in places):
                yield f'Note: the repository of {name} states no licence: {places[0].address}'
        if (self.dataset, self.split) == ('opendialkg', 'turn'):
            yield f'Note: {opendialkg.LEAK}'

    def listing(self) -> Iterator[str]:
        """Yield lines about each file: its size, its hash and its addresses."""
        if self.zipped is not None:
            yield f'{self.known.archive.name}: SHA-256 {self.known.archive.sha256}'
            return
        for name in dict.fromkeys([*self._names, *self._answers]):
            file = self.manifest.files[name]
            size = 'size not known' if file.size is None else f'{file.size:,} bytes'
            yield f'{name}: {size}, git blob SHA-1 {file.sha1}'
            for place in self.manifest.places(file, self.mirror):
                yield f'    {place.address} ({place.licence or "no licence stated"})'

    def recipe(self) -> dict[str, Any]:
        """Return the settings and hashes on which the content of the folder depends."""
        if self.zipped is not None:
            return {
                'dataset': self.dataset,
                'source': self.known.archive.name,
                'split': 'published',
                'files': {self.known.archive.name: {'sha256': self.known.archive.sha256}},
            }
        return {
            'dataset': self.dataset,
            'source': self.source,
            'split': self.split,
            'files': {name: {'sha1': self.manifest.files[name].sha1} for name in self._names},
        }

    def record(self) -> dict[str, Any]:
        """Return the content of the folder's record file."""
        return {**self.recipe(), 'licence': self.known.licence, 'cite': self.known.cite, 'crslab_causal': __version__}

    def expected(self) -> Mapping[str, int]:
        """Return the counts that the folder must have."""
        return (
            self.known.archive.counts if self.zipped is not None else self.known.sources[self.source].splits[self.split]
        )

    def content(self, fetch: Callable[[list[str]], Files], say: Callable[[str], object]) -> Content:
        """Return the files of the folder.

        Args:
            fetch: Function that downloads the files with the given names.
            say: Function that is called with each line for the user.
        """
        if self.zipped is not None:
            content = self._zipped_content(self.zipped, fetch, say)
        else:
            files = fetch(self._names)
            say(f'Converting {self.dataset}')
            with _expected_form(self.dataset, self.source):
                content = CONVERTERS[self.dataset, self.source](files, self.split)
        try:
            return {**content, **self.answers(fetch)}
        except UserError as error:
            remedy = f'crslab-causal prepare {self.dataset} --answers-only adds it'
            say(f'Note: without {ANSWERS_FILE}: {error}; {remedy}')
            return content

    def answers(self, fetch: Callable[[list[str]], Files]) -> Content:
        """Return the file of the seekers' answers. Return nothing if the source has no answers.

        Args:
            fetch: Function that downloads the files with the given names.
        """
        if not self._answers:
            return {}
        files = fetch([*self._answers, *FILM_SOURCES])
        with _expected_form(self.dataset, self.source):
            return answers_content(files, self._answers)

    def _zipped_content(
        self, zipped: Path, fetch: Callable[[list[str]], Files], say: Callable[[str], object]
    ) -> Content:
        """Return the files of CRSLab's archive, and the file of titles if it can be downloaded."""
        content = read_archive(zipped, self.known.archive)
        try:
            files = fetch(list(TITLE_SOURCES))
        except UserError as error:
            say(f'Note: without movie_titles.json, which the archive lacks: {error}')
            return content
        with _expected_form(self.dataset, self.known.archive.name):
            return add_titles(content, files)


@contextmanager
def _expected_form(dataset: str, source: str) -> Iterator[None]:
    """Turn the exceptions of a converter on files with another format into a UserError."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, SyntaxError, zipfile.BadZipFile) as error:
        raise UserError(
            f'{dataset}, {source}: the files have the expected hashes, but this version cannot parse them '
            f'({type(error).__name__}: {error}); report this, and use another --source or --from-zip meanwhile'
        ) from error
