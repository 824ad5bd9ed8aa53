"""Describe the experts of a pool, and the facts that they have found about an item, in words."""

from __future__ import annotations

from typing import Mapping

from crslab_causal.model.pool.evidence import Evidence
from crslab_causal.registry import MODELS

_WORDS = {
    'TargetPopularity': 'how often it is recommended to anybody',
    'TransitionCounts': 'what was recommended after your mentions',
    'EASE': 'what is mentioned together with your mentions',
    'ItemCosine': 'what is mentioned together with your mentions, by cosine',
    'OneHop': 'what is next to your mentions in the knowledge graph',
    'TextToItem': 'the meaning of what was said',
    'TextNeighbours': 'the past conversations that are most like this one',
    'TextSimilarity': 'the texts of the films that are most like what was said',
    'CausalKBRD': "the paper's recommender",
    'in the context': 'whether it was mentioned',
    'latest item': 'whether it was mentioned last',
}
"""Description of the evidence of each expert."""

_OPTION_WORDS = {
    'seeker_weight': 'the films that a person named count {}',
    'history_base': 'each mention counts {} times the one before it',
}
"""Description of each option of an expert."""


def describe_expert(channel: str) -> str:
    """Return words for the kind of information from which an expert predicts.

    Args:
        channel: name of the expert, with the options that are given in brackets.
    """
    name, bracket, options = channel.partition(' (')
    words = _WORDS.get(name) or (MODELS[name].summary if name in MODELS else name)
    if not bracket:
        return words
    described = (option.split(' ', 1) for option in options.removesuffix(')').split(', '))
    return f'{words} ({", ".join(_OPTION_WORDS.get(key, f"{key} {{}}").format(value) for key, value in described)})'


def describe_evidence(evidence: Evidence | None, names: Mapping[int, str]) -> str:
    """Return a fact about an item as a clause without a full stop, in which "it" is the item; empty for None."""
    if evidence is None:
        return ''
    mention = '' if evidence.mention is None else names[evidence.mention]
    match evidence.kind:
        case 'labels':
            return f'{_recommended(evidence.number)} in past conversations'
        case 'transitions':
            return f'{_recommended(evidence.number)} to people who talked about {mention}'
        case 'coefficient':
            return f'it goes together with {mention} in past conversations'
        case 'neighbour':
            return f'it is next to {mention} in the knowledge graph'
        case 'text':
            return f'by what was said alone its probability is {evidence.number:.1%}'
        case 'similar texts':
            return f'{_recommended(evidence.number)} in the past conversations most like this one'
        case 'popularity':
            return f'this is from its popularity: {_recommended(evidence.number)} in past conversations'
        case 'scores':
            return f'{mention} speaks for it most'


def is_checkable(evidence: Evidence | None) -> bool:
    """Return whether a fact is a reason that a person can check: past conversations about a mention."""
    return evidence is not None and evidence.kind in ('transitions', 'coefficient')


def _recommended(number: float) -> str:
    if number < 1:
        return 'it was never recommended'
    return f'it was recommended {("once", "twice")[int(number) - 1] if number <= 2 else f"{number:,.0f} times"}'
