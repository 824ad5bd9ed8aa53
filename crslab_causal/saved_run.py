"""Load a saved run with its data, and score it on samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from crslab_causal.base.errors import UserError

if TYPE_CHECKING:
    from crslab_causal.config import Config
    from crslab_causal.data.dataset.base import MentionDataset
    from crslab_causal.system.causal import CausalSystem


def load_data(config_name: str, settings: list[str]) -> tuple[Path, Config, MentionDataset]:
    """Return the file and the content of the configuration of a saved run, and its dataset.

    Raises:
        UserError: there is no such run.
    """
    from loguru import logger

    from crslab_causal import register
    from crslab_causal.base.data_path import DATA_PATH
    from crslab_causal.config import Config
    from crslab_causal.config_files import find_config
    from crslab_causal.system.run_folder import check_saved

    register()
    from crslab_causal.crslab_compat import get_dataset, use_directories

    logger.remove()
    config_file = find_config(config_name)
    config = Config(config_file, settings=settings)
    check_saved(config)
    use_directories(config.run.data_path or DATA_PATH, config.run.save_path)
    return config_file, config, get_dataset(config, config.run.tokenize, False, False)


class LoadedRun(NamedTuple):
    """A saved run with its training data and the weights of its best epoch."""

    config_file: Path
    config: Config
    dataset: MentionDataset
    system: CausalSystem


def load_run(config_name: str, settings: list[str]) -> LoadedRun:
    """Load a saved run.

    Raises:
        UserError: there is no such run, or it was trained on other data.
    """
    from crslab_causal.quick_start import assemble

    config_file, config, dataset = load_data(config_name, settings)
    system = assemble(config, dataset)
    system.load_best()
    return LoadedRun(config_file, config, dataset, system)


def score_samples(
    config: Config, dataset: MentionDataset, system: CausalSystem, samples: list[Any], source: object, split: str
) -> tuple[dict[str, Any], list[Any]]:
    """Score a run on samples of its dataset. Afterwards the evaluator of the run contains the ranks.

    Args:
        config: configuration of the run.
        dataset: the dataset that the run was trained on.
        system: the system with the weights of the run.
        samples: samples of the dataset.
        source: file of the samples, for the message.
        split: name for the scores.

    Returns:
        The scores, and the samples with a label that were scored.

    Raises:
        UserError: no sample has a label.
    """
    from crslab_causal.crslab_compat import get_dataloader

    dataloader = get_dataloader(config, samples, dataset.vocab)
    if system.confounder is not None:
        dataloader.stratify(system.confounder)
    if not len(dataloader):
        raise UserError(f"{source}: no recommender's turn names an item")
    scores = system.evaluation.evaluate(split, dataloader.to(system.device), report=False)
    return scores, list(dataloader.samples)
