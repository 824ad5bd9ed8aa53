"""The backend without a language model: paths in the knowledge graph, stated opinions, templates."""
