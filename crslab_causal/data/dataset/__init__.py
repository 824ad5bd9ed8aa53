"""The datasets, each in the format of CRSLab."""
