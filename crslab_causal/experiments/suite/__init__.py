"""Suites: YAML files that describe tables and figures, and the runs that these need."""
