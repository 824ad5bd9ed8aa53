"""Answer ``/why`` and ``/mask``: why a film was recommended, and how the intervention changes the list (Eq 5)."""

from __future__ import annotations

import math
from itertools import zip_longest
from typing import Iterator, Mapping, Sequence

from crslab_causal.chat.constraints import Kind, describe
from crslab_causal.chat.recommendation_source import RecommendationSource
from crslab_causal.chat.recommenders.base import Contribution
from crslab_causal.chat.state import DialogueState
from crslab_causal.llm.offline.backend import SEEKERS, YOUR
from crslab_causal.llm.offline.paths import describe_path
from crslab_causal.llm.pipeline import LLMResult

TOP_SHOWN = 10
"""Number of items of a list that are shown."""
MAX_PATHS = 3
"""Maximum number of paths of the knowledge graph that ``/why`` shows."""
_MAX_NAME_WIDTH = 44
"""Maximum width of a name in a table, in characters."""
NOTHING_LEFT = 'Everything in the catalogue has been named already; /reset starts over.'


def explain(source: RecommendationSource, state: DialogueState, result: LLMResult | None) -> Iterator[str]:
    """Yield the lines that explain the last recommendation."""
    if result is None:
        yield 'There is no recommendation to explain.'
        return
    uses_prompt = source.pipeline.backend.uses_prompt
    if result.ranking and not (uses_prompt and result.is_answered and result.explanation):
        yield plain_reason(source, state, result.ranking[0])
        yield 'Details:'
    if not result.is_answered:
        yield "The last list has the recommender's own order; there is no explanation of it."
    else:
        explanation = result.explanation if uses_prompt else result.explanation.replace(SEEKERS, YOUR)
        yield explanation or 'The answer came without an explanation.'
        yield f'Explained by: {source.pipeline.backend.name}'
    catalogue = source.pipeline.catalogue
    paths = source.reasons(state).paths(result.ranking[0])[:MAX_PATHS] if result.ranking else []
    if paths:
        yield 'Paths in the knowledge graph:'
        yield from (f'  {describe_path(path, catalogue.names)}' for path in paths)
    yield from describe_contributions(source.contributions(state, result.ranking[0]) if result.ranking else None)


def plain_reason(source: RecommendationSource, state: DialogueState, film: int) -> str:
    """Return why a film is recommended in short sentences, without words of the model."""
    catalogue, history = source.pipeline.catalogue, source.history(state)
    names = catalogue.names
    wanted = [c for c in state.constraints.binding if c.wanted and film in c.films and c.kind is not Kind.SIMILAR]
    sentences = [f'You asked for: {describe(wanted)}.'] if wanted else []
    reason = source.first_reason(state, film)
    if reason:
        sentences.append(f'{reason[0].upper()}{reason[1:]}.')
    if not sentences:
        told = ', '.join(names[entity] for entity in dict.fromkeys(history) if entity in names)
        sentences.append(
            f'It goes best with what you told me: {told}.'
            if told
            else 'It is popular, and I do not know your taste yet.'
        )
    return f'Why {names[film]}? {" ".join(sentences)}'


def describe_contributions(parts: list[Contribution] | None) -> Iterator[str]:
    """Yield a line for each part that changes a score, whose numbers sum to the score; nothing for None."""
    if parts is None:
        return
    numbers = rounded(parts)
    yield f'Compared with the average film its score is {sum(numbers) / 100:+.2f}. Each part of the model adds this:'
    for part, number in zip(parts, numbers):
        if number:
            yield f'  {number / 100:+6.2f}  {part.words}{f": {part.evidence}" if part.evidence else ""}'


def rounded(parts: Sequence[Contribution]) -> list[int]:
    """Return the contributions as whole hundredths, rounded so that they sum to the rounded score."""
    exact = [100 * part.added for part in parts]
    numbers = [math.floor(value) for value in exact]
    up = round(sum(exact)) - sum(numbers)
    for i in sorted(range(len(parts)), key=lambda i: numbers[i] - exact[i])[:up]:
        numbers[i] += 1
    return numbers


def compare_masked(source: RecommendationSource, state: DialogueState, names: Mapping[int, str]) -> Iterator[str]:
    """Yield the lines that compare the recommender's list before and after the intervention (Eq 5)."""
    history = source.history(state)
    if not history:
        yield 'There is nothing to mask: you have mentioned nothing that you want.'
        return
    before, after = (_full_list(source, state, masked) for masked in (False, True))
    masked_part = source.recommender.masked_part(history)
    if not after:
        yield NOTHING_LEFT
    elif len(after) > 1 and after[0][1] == after[-1][1]:
        yield f'With {masked_part} masked, no information is left: all items have the same score.'
    else:
        old, new = [item for item, _ in before], [item for item, _ in after]
        yield from _compare_lists(old, new, names, masked_part, source.recommender.masking)


def compare_without(
    source: RecommendationSource, state: DialogueState, names: Mapping[int, str], entity: int
) -> Iterator[str]:
    """Yield the lines that compare the last list with the list that follows if one mention is masked.

    Args:
        source: source of the scores.
        state: state of the conversation.
        names: name of each entity.
        entity: entity id of the mention.
    """
    history = source.history(state)
    name = names.get(entity, 'That')
    if entity not in history:
        yield f'{name} does not count for the list: it is not among what you have mentioned and want.'
        return
    index = len(history) - 1 - history[::-1].index(entity)
    before = [film for film in state.shown if film not in state.left] or source.list_without(state)
    after = source.list_without(state, index)[: len(before)]
    yield from _compare_lists(before, after, names, name, source.recommender.masking, 'list')


def _compare_lists(
    before: Sequence[int],
    after: Sequence[int],
    names: Mapping[int, str],
    masked_part: str,
    masking: str,
    what: str = "recommender's list",
) -> Iterator[str]:
    if not after:
        yield NOTHING_LEFT
    elif before[:TOP_SHOWN] == after[:TOP_SHOWN]:
        yield f'With {masked_part} masked, the first {len(after[:TOP_SHOWN])} items of the {what} do not change.'
    else:
        yield f'The {what}, and the {what} with {masked_part} masked ({masking}):'
        rank_before = {item: rank for rank, item in enumerate(before, start=1)}
        for rank, (left, right) in enumerate(zip_longest(before[:TOP_SHOWN], after[:TOP_SHOWN]), start=1):
            shown = '' if left is None else _shorten(names[left])
            was = f'was {rank_before[right]}' if right in rank_before else 'new'
            masked = '' if right is None else f'{_shorten(names[right])} ({was})'
            yield f'{rank:3d}. {shown:{_MAX_NAME_WIDTH}} | {masked}'


def _full_list(source: RecommendationSource, state: DialogueState, masked: bool) -> list[tuple[int, float]]:
    """Return the entity id and the score of all items that the seeker has not named, best first."""
    return [
        (item.entity, item.score) for item in source.full_list(state, masked) if item.entity not in state.named_films
    ]


def _shorten(name: str) -> str:
    return name if len(name) <= _MAX_NAME_WIDTH else f'{name[: _MAX_NAME_WIDTH - 1]}…'
