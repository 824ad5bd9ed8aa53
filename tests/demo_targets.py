"""The distributions of the demo corpus's causal model that follow from its tables, one history at a time."""

import numpy as np


def p_context(model, history):
    """Return P(c|X), of shape [n_contexts]."""
    p = model.mention_given_context[:, [mention.entity for mention in history]]
    without_repetition = 1.0 - (np.cumsum(p, axis=1) - p)
    joint = model.context_prior * (p / without_repetition).prod(axis=1)
    return joint / joint.sum()


def p_target_do(model, history):
    """Return P(Y|do(X)) = sum_c P(c) sum_e P(e|c) P(Y|X, e), the backdoor adjustment, of shape [n_films]."""
    return _p_target(model, history, model.context_prior)


def p_target_observational(model, history):
    """Return P(Y|X) = sum_c P(c|X) sum_e P(e|c) P(Y|X, e), of shape [n_films].

    No model can learn more than this from observational data.
    """
    return _p_target(model, history, p_context(model, history))


def _p_target(model, history, context):
    return context @ model.explanation_given_context @ model.p_target_given_explanations(history)
