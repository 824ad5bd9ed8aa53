"""The paper's tables and figures, and what goes past them."""
