"""Entity linking: titles that a model writes, and mentions that a user types."""
