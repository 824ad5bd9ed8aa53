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
    """Source of the answers for rows that need a language model: ``replay`` or ``live``. None: these rows are not run.
    """

    def data_for(self, config: Config) -> Path:
        """Return the data folder of a configuration. Each demo corpus is written into its own folder."""
        if not config.dataset_entry.generated:
            return self.data_path
        return self.work / 'data' / '_'.join(str(value) for _, value in config.dataset)
