"""Which contexts are rated, and behind which letter each system stands there."""

from __future__ import annotations

import random
from string import ascii_uppercase
from typing import Mapping, NamedTuple

from crslab_causal.base.errors import UserError
from crslab_causal.experiments.analysis.answers import Context, Sample, Turn
from crslab_causal.experiments.human.inputs import System


class Item(NamedTuple):
    """A context, and a response of each system."""

    id: str
    """``c001``, ``c002``, ...: says nothing of the conversation."""
    sample: Sample
    context: list[tuple[str, str]]
    """(role, text)."""
    systems: dict[str, str]
    """Name of the system behind each letter, from A on."""
    responses: dict[str, str]
    """Response behind each letter."""


def draw_items(contexts: Mapping[Turn, Context], systems: Mapping[str, System], n: int, seed: int) -> list[Item]:
    """Draws contexts that all systems answered, of distinct conversations, and letters for the systems in each.

    Args:
        contexts: by conversation and turn.
        systems: by name.
        n: how many contexts.
        seed: equal seeds give equal items; the letters in a context depend on the seed and the context alone.

    Raises:
        UserError: more systems than letters, or fewer than ``n`` such conversations.
    """
    if len(systems) > len(ascii_uppercase):
        raise UserError(f'--systems: {len(systems)} systems, but only {len(ascii_uppercase)} letters; name fewer')
    answered = set.intersection(*(set(system.responses) for system in systems.values()))
    by_conversation: dict[str, list[Sample]] = {}
    for sample in sorted(answered):
        if sample[:2] in contexts:
            by_conversation.setdefault(sample[0], []).append(sample)
    if len(by_conversation) < n:
        each = ', '.join(f'{name} {len({sample[0] for sample in system.responses})}'
                         for name, system in systems.items())
        raise UserError(f'--n {n}: only {len(by_conversation)} conversations have a turn that stands among the '
                        f'contexts and that every system answered (conversations answered: {each}); '
                        'ask for fewer, or answer more')
    rng = random.Random(f'contexts {seed}')
    width = max(3, len(str(n)))
    return [_item(f'c{number:0{width}}', rng.choice(by_conversation[conversation]), contexts, systems, seed)
            for number, conversation in enumerate(rng.sample(list(by_conversation), n), start=1)]


def _item(name: str, sample: Sample, contexts: Mapping[Turn, Context], systems: Mapping[str, System],
          seed: int) -> Item:
    order = sorted(systems)
    random.Random(f'letters {seed} {sample}').shuffle(order)
    behind = dict(zip(ascii_uppercase, order))
    return Item(name, sample, contexts[sample[:2]].context, behind,
                {letter: systems[system].responses[sample] for letter, system in behind.items()})
