"""Turn ``results/<suite>.json``, the record of a suite, into Markdown, LaTeX and figures.

This folder reads nothing but records (schema: :mod:`..analysis.record`). It loads no model, corpus or file of ranks,
and never imports PyTorch.
"""
