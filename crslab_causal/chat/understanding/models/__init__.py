"""Correct what the rules read by two trained models, a linear one and a sentence encoder."""
