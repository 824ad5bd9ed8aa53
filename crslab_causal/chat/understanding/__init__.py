"""What a seeker's message says: its acts, the entities and constraints it names, and its question."""
