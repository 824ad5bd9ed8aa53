"""The folders of runs: their data and their results."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from crslab_causal.config import Config


class RunPaths(NamedTuple):
    """The folders and resources that all runs of a command share."""

    data_path: Path
    """Folder that contains ``redial/nltk`` and ``opendialkg/nltk``."""
    work: Path
    """Folder that contains the folders of all runs."""
    gpu: str = '-1'
    """GPU as for ``run_crslab.py``; ``-1`` is the CPU."""
    threads: int = 1
    """Number of threads of each run."""
    llm: str | None = None
    """``replay`` or ``live``: how rows that need a language model get answers; None: these rows are not run."""
    official: Path | None = None
    """Folder that holds ``redial/test_data.json`` and ``opendialkg/test_data.json``, the files of tables of the split
    ``official``; None: these tables are not run."""

    def data_for(self, config: Config) -> Path:
        """Return the data folder of a configuration. Each demo corpus is written into its own folder."""
        if not config.dataset_entry.generated:
            return self.data_path
        return self.work / 'data' / '_'.join(str(value) for _, value in config.dataset)

    def official_test(self, config: Config) -> Path | None:
        """Return the official test file of a configuration's dataset; None if the command line names no folder."""
        return None if self.official is None else self.official / config.dataset_entry.folder / 'test_data.json'
