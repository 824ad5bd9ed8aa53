"""Wishes: how they relate to each other, and those that no name expresses."""
