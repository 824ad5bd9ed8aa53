"""The language half of the system: explain, re-rank and respond with a language model (Section 3.4 of the paper)."""
