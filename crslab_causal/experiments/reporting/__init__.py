"""Turn the record of a suite into Markdown, LaTeX and figures.

Everything here reads records only (:mod:`..analysis.record`): no model, corpus or file of ranks is loaded, and PyTorch
is never imported.
"""
