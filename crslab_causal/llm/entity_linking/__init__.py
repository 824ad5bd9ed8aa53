"""Entity linking: find the entities that a model's titles and a user's messages mean."""
