"""Models, their losses, and the intervention of the paper."""
