"""The LLM half of the system: explain by cause, re-rank and respond (Section 3.4 of the paper)."""
