"""Data folders in CRSLab's on-disk format, made from public files or from a user's own.

:func:`.preparation.prepare` downloads the files that ``manifest.json`` pins, checks each by its hash, converts them and
writes the folder in one step. Nothing that was downloaded is executed. :func:`.own.prepare_own` converts a user's own
conversations. No module here imports PyTorch or CRSLab.
"""
