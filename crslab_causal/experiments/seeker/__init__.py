"""A simulated seeker: one protocol that talks to every system, and counts how soon it is shown its film.

``python -m crslab_causal.experiments.seeker`` (:mod:`.__main__`) goes from a saved run to a page:

1. :mod:`.profiles` reads what seekers of held-out conversations said, and the film that they were recommended.
2. :mod:`.drivers` writes a seeker's messages from its profile by rules; :mod:`.language_model` by a language model.
3. :mod:`.systems` are the systems that seekers talk to.
4. :mod:`.protocol` holds the conversations.
5. :mod:`.measures` turns them into the record, :mod:`.record` is its schema, :mod:`.page` draws it.

:mod:`.study` takes these steps in turn.
"""
