"""Loaded datasets that the runs of a process share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crslab_causal.config import Config

if TYPE_CHECKING:
    from crslab_causal.data.dataset.base import MentionDataset

DATASET_KEYS = ('dataset', 'tokenize', 'data_path', 'kg_edge_threshold', 'valid')
"""Options on which the loaded dataset depends."""


def dataset_key(config: Config) -> tuple[str, ...]:
    """Return a key that is equal for configurations that can share a loaded dataset."""
    return tuple(str(getattr(config.run, name)) for name in DATASET_KEYS) + tuple(
        map(str, dict(config.dataset).values())
    )


class DatasetCache:
    """Loads datasets, and keeps the last one in memory for the next configuration that needs it."""

    def __init__(self) -> None:
        self._key: tuple[str, ...] | None = None
        self._dataset: MentionDataset | None = None

    def load(self, config: Config) -> MentionDataset:
        """Return the dataset of a configuration. Set CRSLab's folders to those of the configuration."""
        from crslab_causal.crslab_compat import get_dataset, use_directories

        use_directories(config['data_path'], config['save_path'])
        key = dataset_key(config)
        if self._dataset is None or self._key != key:
            self._dataset = None  # free it first: two datasets may not fit into memory
            self._dataset = get_dataset(config, config['tokenize'], False, False)
            self._key = key
        return self._dataset
