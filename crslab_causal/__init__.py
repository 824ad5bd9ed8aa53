"""A plugin for CRSLab: causal conversational recommendation that installs today and can be trusted."""

__version__ = '0.1.0'


def register() -> None:
    """Adds this package's datasets, dataloader, models, system and evaluator to CRSLab's tables.

    Safe to call more than once, and before or after CRSLab was imported. Importing the package
    alone imports neither CRSLab nor PyTorch.

    Raises:
        UserError: CRSLab is not installed.
    """
    from crslab_causal.registration import register_all

    register_all()
