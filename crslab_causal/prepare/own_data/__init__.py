"""Conversion of a user's own conversations, items and graph into CRSLab's on-disk format."""
