"""The command ``crslab-causal``, which is also ``python -m crslab_causal``, a module for each of its subcommands.

No module here imports PyTorch or CRSLab before it has to train, so that help, lists and mistakes are shown at once.
"""
