"""Drawing single figures with Matplotlib."""
