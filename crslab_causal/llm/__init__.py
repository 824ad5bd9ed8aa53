"""The language model behind the recommender: it explains, re-ranks and responds (Section 3.4 of the paper)."""
