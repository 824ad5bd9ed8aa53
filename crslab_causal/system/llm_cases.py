"""Show single answers of a language model, worst ones first: the changes of the ranking, and the mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator, Mapping, NamedTuple, Sequence

from crslab_causal.base.errors import UserError
from crslab_causal.base.json_lines import read_json_lines
from crslab_causal.data.schema import Sample, SideData
from crslab_causal.llm.client.result import UNANSWERED
from crslab_causal.llm.detokenization import UNNAMED, detokenize
from crslab_causal.llm.entity_linking.linking import MentionLinker
from crslab_causal.llm.records import LLMRecord

TOP_SHOWN = 5
"""Number of items shown of a ranking."""


class Case(NamedTuple):
    """An answer of a language model, with the conversation that it answers."""

    record: LLMRecord
    context: list[tuple[str, str]]
    """Role of the speaker and text of each turn before the answer."""
    reference: str
    """Response that the human recommender gave."""


def read_records(path: Path) -> list[LLMRecord]:
    """Read a file ``llm_<split>.jsonl``, and return its lines: one answer for each sample.

    Raises:
        UserError: the file cannot be read, or a line is not a record.
    """
    remedy = 'name the folder of a run of CausalLLM, or repeat the run'
    return [record for _, record in read_json_lines(path, LLMRecord, remedy)]


def loss(record: LLMRecord) -> float:
    """Return the decrease of the label's reciprocal rank by the answer; negative if the rank has improved."""
    before, after = (0.0 if rank is None else 1 / rank for rank in (record.rank_before, record.rank_after))
    return before - after


def worst_first(records: Sequence[LLMRecord]) -> list[LLMRecord]:
    """Sort answers by :func:`loss`, largest first.

    Among equal losses, samples without an answer come first. All other ties keep their order.
    """
    return sorted(records, key=lambda record: (-loss(record), record.status not in UNANSWERED))


def with_contexts(
    records: Sequence[LLMRecord], samples: Sequence[Sample], name_of_token: Mapping[str, str]
) -> list[Case]:
    """Return each answer with its conversation.

    Args:
        records: the answers, from :func:`read_records`.
        samples: samples of the split that was answered.
        name_of_token: name of the film of each ``@`` token.

    Raises:
        UserError: the turn of a record is not among the samples.
    """
    by_turn = {(sample['conv_id'], sample['turn']): sample for sample in samples}
    cases = []
    for record in records:
        sample = by_turn.get((record.conversation, record.turn))
        if sample is None:
            raise UserError(
                f'conversation {record.conversation}: the data lack its turn {record.turn}; name the data of the run '
                'with --data-path'
            )
        context = [(role, detokenize(text, name_of_token)) for role, text in sample['context_text']]
        cases.append(Case(record, context, detokenize(sample['response_text'], name_of_token)))
    return cases


class CaseWriter:
    """Writes single answers and their conversations as Markdown.

    Args:
        side_data: side data of the dataset.
    """

    def __init__(self, side_data: SideData):
        self._names: Mapping[int, str] = side_data['display_names']
        items = side_data['item_entity_ids']
        self._linker = MentionLinker({item: self._names[item] for item in items}, items)

    def lines(self, number: int, case: Case) -> Iterator[str]:
        """Return the lines about one answer.

        Args:
            number: number in the heading.
            case: the answer with its conversation.
        """
        record = case.record
        yield f'## {number}. Conversation {record.conversation}, turn {record.turn}: {self._name(record.label)}'
        yield f'Rank of the label: {_rank(record.rank_before)} before, {_rank(record.rank_after)} after.'
        remarks = list(self._remarks(record))
        if remarks:
            yield 'Remarks: ' + '; '.join(remarks) + '.'
        yield '\n'.join(f'- {role}: {text}' for role, text in case.context)
        if record.explanation:
            yield f'Explanation: {record.explanation}'
        yield f'Before: {self._list(record.candidates)}'
        yield f'After: {self._list(record.ranking)}'
        yield f'Response: {record.response}'
        yield f'Response of the data: {case.reference}'

    def _remarks(self, record: LLMRecord) -> Iterator[str]:
        if record.status != 'ok':
            yield f'{record.status}' + (f' ({record.detail})' if record.detail else '')
        if record.rank_before is None:
            yield 'the label is not among the candidates'
        if record.repairs.missing:
            yield f'{record.repairs.missing} places are missing'
        if record.repairs.unknown or record.repairs.duplicate:
            yield f'{record.repairs.unknown} unknown and {record.repairs.duplicate} repeated numbers'
        if record.unmatched:
            yield f'{record.unmatched} of {len(record.titles)} titles are not in the catalogue'
        if record.copied:
            yield f'{record.copied} titles are also in the examples'
        if record.ranking and not self._names_item(record.response, record.ranking[0]):
            yield 'the response does not name the first item'
        if record.confidence:
            yield f'{100 * record.confidence[0]:.0f} % of the orders have the first item first'

    def _names_item(self, text: str, item: int) -> bool:
        return item in {mention.entity for mention in self._linker.link(text, prefer=(item,))}

    def _list(self, items: Sequence[int]) -> str:
        return (
            ', '.join(f'{rank}. {self._name(item)}' for rank, item in enumerate(items[:TOP_SHOWN], start=1))
            or 'nothing'
        )

    def _name(self, item: int) -> str:
        return self._names.get(item, UNNAMED)


def split_samples(dataset: Any, split: str) -> list[Sample]:
    """Return the samples of a split of a dataset."""
    return {'valid': dataset.valid_data, 'test': dataset.test_data}[split]


def _rank(rank: int | None) -> str:
    return 'none' if rank is None else str(rank)
