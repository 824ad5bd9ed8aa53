"""A pool of experts, which combines several recommenders with weights that depend on the context.

- :mod:`.pool`: the model;
- :mod:`.members`: the values that each expert gives each item;
- :mod:`.context`: the features of a context on which the weights depend;
- :mod:`.fitting`: predictions of the experts for samples that they have not seen;
- :mod:`.conditional_logit`: the weights that fit these predictions best.
"""
