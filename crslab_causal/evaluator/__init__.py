"""Metrics of recommendation lists and of responses."""
