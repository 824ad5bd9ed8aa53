"""Baselines that count, and need no gradient."""
