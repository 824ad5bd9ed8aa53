"""A plugin for CRSLab: causal conversational recommendation, baselines, a language model and a chat."""

from crslab_causal.base.version import __version__

__all__ = ['__version__', 'register']


def register() -> None:
    """Add this package's datasets, dataloader, models, systems and evaluator to CRSLab's tables.

    It may be called more than once, and before or after the import of CRSLab. Importing this package alone imports
    neither CRSLab nor PyTorch.

    Raises:
        UserError: CRSLab is not installed.
    """
    from crslab_causal.registration import register_in_crslab

    register_in_crslab()
