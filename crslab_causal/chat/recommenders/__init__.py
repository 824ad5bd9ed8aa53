"""The recommenders of the chat: they give lists, probabilities and explanations, for one user at a time.

- :mod:`.base`: the interface;
- :mod:`.causal_kbrd`: CausalKBRD;
- :mod:`.pool`: the pool of experts, which has contributions;
- :mod:`.model`: any other model that scores items.
"""
