"""Years of films in a text: numbers, and words such as "new"."""
