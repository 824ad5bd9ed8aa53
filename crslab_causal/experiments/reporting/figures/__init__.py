"""Draw single figures with Matplotlib."""
