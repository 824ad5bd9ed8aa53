"""Commands that put conversations and item data into CRSLab's on-disk format."""
