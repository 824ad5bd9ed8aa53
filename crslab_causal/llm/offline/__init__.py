"""The backend without a language model: paths in the knowledge graph, opinion cues and templates."""
