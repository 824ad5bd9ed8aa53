"""The LLM half: explain by cause, re-rank, respond (Section 3.4)."""
