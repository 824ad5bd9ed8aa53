"""Figures of arrays and titles. Matplotlib is loaded when the first one is drawn."""
