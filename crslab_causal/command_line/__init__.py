"""The command ``crslab-causal`` (``python -m crslab_causal``), with a module for each subcommand.

No module here imports PyTorch or CRSLab before it has to train. Help, lists and mistakes are therefore shown at once.
"""
