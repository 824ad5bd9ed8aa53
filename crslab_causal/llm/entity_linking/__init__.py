"""Names in free text: titles that a model writes, mentions that a user types."""
