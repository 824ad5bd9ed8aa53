"""Understanding of a seeker's message: its acts, the entities and constraints it names, and its question."""
