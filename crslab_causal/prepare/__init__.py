"""Make data folders in CRSLab's format, from public files or from a user's own files.

:func:`.preparation.prepare` downloads the files that ``manifest.json`` lists, checks each by its hash, converts them
and writes the folder in one step. Downloaded files are never executed. :func:`.own.prepare_own` converts a user's own
conversations. No module here imports PyTorch or CRSLab.
"""
