"""Suites of experiments, as their YAML files describe them."""
