"""The list of public files from which data folders are made: addresses, hashes, sizes, licences and expected counts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Mapping, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from crslab_causal.base.errors import UserError
from crslab_causal.base.options import first_mistake

PUBLISHED = Path(__file__).with_name('manifest.json')
"""Path of the manifest of this package."""
RAW_SERVER = 'https://raw.githubusercontent.com'
"""Address of GitHub's server of single files, at ``/owner/repository/commit/path``."""

Sha1 = Annotated[str, Field(pattern='^[0-9a-f]{40}$')]
Sha256 = Annotated[str, Field(pattern='^[0-9a-f]{64}$')]
Size = Annotated[int, Field(ge=0)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra='forbid', frozen=True)


class Repository(_Entry):
    """A public repository at one commit."""

    commit: Sha1
    licence: str | None
    """Licence that the repository states; None if it states none."""


class PublicFile(_Entry):
    """A file that one or more repositories contain."""

    sha1: Sha1
    """Git's blob hash, which covers the size, too."""
    size: Size | None
    """Size in bytes; None if it is not known before the download."""
    places: Annotated[list[Annotated[str, Field(pattern='^[^/:]+/[^/:]+:.+$')]], Field(min_length=1)]
    """Location ``owner/repository:path`` of each copy, the preferred one first."""


class Source(_Entry):
    """One way to make the data folder of a dataset."""

    note: str
    files: list[str]
    splits: Annotated[dict[str, dict[str, int]], Field(min_length=1)]
    """Counts that the data folder must have, by name of the split; the first split is the default."""
    answers: list[str] = []
    """Files with the answers that the seekers gave after their conversations. The folder is complete without them."""


class Archive(_Entry):
    """CRSLab's own archive of a dataset. Its address is dead, but a user may have a copy."""

    name: str
    sha256: Sha256
    counts: dict[str, int]


class Dataset(_Entry):
    """The sources, the licence and the citations of a dataset."""

    version: str
    """Version that CRSLab expects in ``.built``."""
    licence: str
    cite: list[str]
    default_source: str
    sources: dict[str, Source]
    archive: Archive

    @model_validator(mode='after')
    def _default_exists(self) -> Self:
        if self.default_source not in self.sources:
            raise ValueError(f'default_source {self.default_source!r} is not among the sources')
        return self


class Place(NamedTuple):
    """A copy of a file: its address and where it comes from."""

    address: str
    licence: str | None


class Manifest(_Entry):
    """The content of ``manifest.json``."""

    repositories: dict[str, Repository]
    files: dict[str, PublicFile]
    datasets: dict[str, Dataset]

    @classmethod
    def read(cls, path: Path = PUBLISHED) -> Self:
        """Read and check a manifest.

        Raises:
            UserError: The file is missing or not a manifest.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise UserError(f'{path}: cannot be read ({error.strerror}); name an existing manifest') from error
        except ValidationError as error:
            raise UserError(f'{path}: not a manifest ({first_mistake(error)}); correct it') from error

    @model_validator(mode='after')
    def _names_exist(self) -> Self:
        for name, file in self.files.items():
            for place in file.places:
                if place.partition(':')[0] not in self.repositories:
                    raise ValueError(f'file {name}: {place} is in no repository of the manifest')
        for name, dataset in self.datasets.items():
            for source in dataset.sources.values():
                if unknown := [file for file in (*source.files, *source.answers) if file not in self.files]:
                    raise ValueError(f'dataset {name}: file {unknown[0]} is not in the manifest')
        return self

    def choose(self, dataset: str, source: str | None, split: str | None) -> tuple[str, str]:
        """Return the names of the source and of the split. None stands for the default ones.

        Raises:
            UserError: The manifest does not have one of the names.
        """
        _require('dataset', dataset, self.datasets)
        sources = self.datasets[dataset].sources
        source = self.datasets[dataset].default_source if source is None else source
        _require(f'--source of {dataset}', source, sources)
        split = next(iter(sources[source].splits)) if split is None else split
        _require(f'--split of {dataset}', split, sources[source].splits)
        return source, split

    def places(self, file: PublicFile, mirror: str | None = None) -> list[Place]:
        """Return the addresses of a file. If ``mirror`` is given, they are on this server instead of GitHub."""
        server = (mirror or RAW_SERVER).rstrip('/')
        places = []
        for place in file.places:
            name, _, path = place.partition(':')
            repository = self.repositories[name]
            places.append(Place(f'{server}/{name}/{repository.commit}/{path}', repository.licence))
        return places


def _require(what: str, name: str, known: Mapping[str, object]) -> None:
    if name not in known:
        raise UserError(f'{what}: {name!r} does not exist; choose one of {", ".join(known)}')
