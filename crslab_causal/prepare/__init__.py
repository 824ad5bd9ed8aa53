"""Data folders in CRSLab's on-disk format, made from public files.

:func:`.preparation.prepare` downloads the files that ``manifest.json`` pins, checks each by its hash, converts them and
writes the folder in one step. Nothing that was downloaded is executed. No module here imports PyTorch or CRSLab.
"""
