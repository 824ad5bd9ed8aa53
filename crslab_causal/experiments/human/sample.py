"""Draw the contexts of a rating kit, and the letters that hide the systems."""

from __future__ import annotations

import random
from string import ascii_uppercase
from typing import Mapping, NamedTuple

from crslab_causal.base.errors import UserError
from crslab_causal.experiments.analysis.answers import Context, Sample, Turn
from crslab_causal.experiments.human.inputs import System


class Item(NamedTuple):
    """A context and the response of each system."""

    id: str
    """Id that does not reveal the conversation: ``c001``, ``c002``, ..."""
    sample: Sample
    context: list[tuple[str, str]]
    """Role of the speaker and text of each turn."""
    systems: dict[str, str]
    """Name of the system by letter, from A."""
    responses: dict[str, str]
    """Response by letter."""


def draw_items(contexts: Mapping[Turn, Context], systems: Mapping[str, System], n: int, seed: int) -> list[Item]:
    """Draw the contexts that raters see, and a letter for each system in each context, which hides its name.

    Only contexts that all systems have answered are drawn, and at most one of each conversation.

    Args:
        contexts: contexts by conversation and turn.
        systems: systems by name.
        n: number of contexts.
        seed: seed of the draws. The letters of a context depend on nothing but the seed and the context.

    Raises:
        UserError: there are more systems than letters, or fewer than ``n`` conversations with such a context.
    """
    if len(systems) > len(ascii_uppercase):
        raise UserError(f'--systems: {len(systems)} systems, but only {len(ascii_uppercase)} letters; name fewer')
    answered = set.intersection(*(set(system.responses) for system in systems.values()))
    by_conversation: dict[str, list[Sample]] = {}
    for sample in sorted(answered):
        if sample[:2] in contexts:
            by_conversation.setdefault(sample[0], []).append(sample)
    if len(by_conversation) < n:
        each = ', '.join(
            f'{name} {len({sample[0] for sample in system.responses})}' for name, system in systems.items()
        )
        raise UserError(
            f'--n {n}: only {len(by_conversation)} conversations have a turn that is among the contexts and '
            f'that every system answered (conversations answered: {each}); lower --n, or run the systems on '
            'more turns'
        )
    rng = random.Random(f'contexts {seed}')
    width = max(3, len(str(n)))
    return [
        _item(f'c{number:0{width}}', rng.choice(by_conversation[conversation]), contexts, systems, seed)
        for number, conversation in enumerate(rng.sample(list(by_conversation), n), start=1)
    ]


def _item(
    name: str, sample: Sample, contexts: Mapping[Turn, Context], systems: Mapping[str, System], seed: int
) -> Item:
    order = sorted(systems)
    random.Random(f'letters {seed} {sample}').shuffle(order)
    by_letter = dict(zip(ascii_uppercase, order))
    return Item(
        name,
        sample,
        contexts[sample[:2]].context,
        by_letter,
        {letter: systems[system].responses[sample] for letter, system in by_letter.items()},
    )
