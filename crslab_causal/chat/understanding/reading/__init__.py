"""Read the clauses of a message by rules: attitudes, references, questions, and what is taken back."""
