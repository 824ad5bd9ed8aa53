"""What the chat asks of a model: lists, probabilities, and what explains them, for one user at a time.

- :mod:`.base`: the interface;
- :mod:`.pool`: the pool of experts, which has contributions;
- :mod:`.model`: any other model that scores items.
"""
