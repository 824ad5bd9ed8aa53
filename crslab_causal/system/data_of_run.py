"""The digests of the data that a run used, which its results contain."""

from __future__ import annotations

from pathlib import Path

from crslab_causal.base.data_path import DATA_PATH
from crslab_causal.config import Config
from crslab_causal.data.data_files import digest_of_files


def data_of_run(config: Config) -> dict[str, str]:
    """Return the digest of the files of a run's dataset, by the dataset's name.

    The dict is empty if the files do not exist any more.
    """
    entry, run = config.dataset_entry, config.run
    folder = Path(run.data_path or DATA_PATH) / entry.folder / run.tokenize
    digest = digest_of_files(folder, entry.file_names())
    return {} if digest is None else {run.dataset: digest}
