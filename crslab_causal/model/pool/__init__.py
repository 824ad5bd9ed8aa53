"""A pool of experts, which weights what several recommenders say by the context.

- :mod:`.pool`: the model;
- :mod:`.members`: what each expert says of each item;
- :mod:`.context`: the features of a context that the weights depend on;
- :mod:`.fitting`: predictions that the experts make of samples that they have not seen;
- :mod:`.conditional_logit`: the weights that fit these predictions best.
"""
