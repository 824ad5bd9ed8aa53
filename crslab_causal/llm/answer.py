"""Schemas of the answers that a language model gives, and the repair of its rankings (Eq 9).

The model writes the fields of an answer in their order. :func:`bounded_schema` adds the bounds of one request: which
numbers and how many. A server that enforces schemas can then give no other ranking, and cannot write on without end.
The bounds only become part of the JSON schema. An answer that breaks them is still read, because some servers do not
enforce them, and :func:`repair_ranking` repairs it.
"""

from __future__ import annotations

import functools
import math
import string
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Mapping, NamedTuple, Self, Sequence

from pydantic import BaseModel, ConfigDict, ValidationInfo, WithJsonSchema, create_model, model_validator

from crslab_causal.llm.first_token import N_TOP_TOKENS, FirstTokenAnswer
from crslab_causal.llm.lenient_values import read_numbers, read_titles

LABELS = string.ascii_uppercase[:N_TOP_TOKENS]
"""Labels of candidates whose ranking is read from the first token of an answer. Tokenizers have a token for each."""

MAX_EXPLANATION = 1500
"""Maximum length of an explanation in characters. The prompts ask for at most 150 words."""
MAX_RESPONSE = 600
"""Maximum length of a response in characters. The prompts ask for at most three sentences."""
_AROUND_LABEL = ' \n\t\r"\'`*_()[].:,\u2581\u0120\u010a'
"""Characters around a label in a token: space, marks, and the signs that some servers leave in place of a space."""
MAX_TITLE = 120
"""Maximum length of a title in characters."""


class Answer(BaseModel):
    """The base class of the answers of a language model. Keys that the schema does not have are ignored."""

    model_config = ConfigDict(extra='ignore')

    @model_validator(mode='before')
    @classmethod
    def _add_missing_texts(cls, values: Any, info: ValidationInfo) -> Any:
        """Add an empty text for each missing text of an answer that was cut off, see :mod:`.partial_answer`."""
        if isinstance(values, dict) and (info.context or {}).get('partial'):
            return {name: '' for name in cls.model_fields if name not in ('ranking', 'titles')} | values
        return values

    @model_validator(mode='before')
    @classmethod
    def _read_leniently(cls, values: Any, info: ValidationInfo) -> Any:
        """Read lists in other forms, and null as an empty text, see :mod:`.lenient_values`."""
        if not isinstance(values, dict) or not (info.context or {}).get('lenient'):
            return values
        readers = {'ranking': read_numbers, 'titles': read_titles}
        texts = cls.model_fields.keys() - readers.keys()
        return {
            name: readers[name](value) if name in readers else '' if value is None and name in texts else value
            for name, value in values.items()
        }


class Ranking(Answer):
    """The base class of the answers that rank candidates. Its subclasses have the field ``ranking``."""

    n_candidates: ClassVar[int | None] = None
    """Number of candidates of the request; None: unknown."""

    if TYPE_CHECKING:  # a real field would come first in every subclass
        ranking: list[int]

    @model_validator(mode='after')
    def _check_ranking(self) -> Self:
        n = self.n_candidates
        if n is not None and not any(1 <= number <= n for number in getattr(self, 'ranking', ())):
            raise ValueError('the ranking has no number of a candidate')
        return self


class CausalAnswer(Ranking):
    """An explanation E, a ranking I_llm and a response R (Eq 9)."""

    explanation: str
    """E: the stated or implied cause of the seeker's wish, and the mentions that are negative or incidental."""
    ranking: list[int]
    """I_llm: numbers of candidates, counted from 1, best first."""
    response: str
    """R: a response that recommends the first item and gives a reason."""


class ChatAnswer(Ranking):
    """A response R, an explanation E and a ranking I_llm (Eq 9).

    R comes first, so that a person can read R while the model writes the rest.
    """

    response: str
    ranking: list[int]
    explanation: str


class RankingAnswer(Ranking):
    """A ranking I_llm and a response R (Eq 9), without an explanation."""

    explanation: ClassVar[str] = ''

    ranking: list[int]
    response: str


class LabelAnswer(Ranking, FirstTokenAnswer):
    """A ranking I_llm (Eq 9) by the probabilities of the first token (https://arxiv.org/abs/2406.15657).

    Each candidate has a label of one token. Candidates are ranked by the probability that the model writes their label.

    The model writes one token in the place of a ranking. Candidates whose labels are not among the most probable tokens
    are not ranked.
    """

    explanation: ClassVar[str] = ''
    response: ClassVar[str] = ''

    ranking: list[int]

    @classmethod
    def from_tokens(cls, log_probabilities: Mapping[str, float]) -> Self | None:
        """Return the ranking of the labels. Tokens that write a label in different ways count together."""
        labels = LABELS[: cls.n_candidates]
        probability: dict[int, float] = {}
        for token, value in log_probabilities.items():
            label = token.strip(_AROUND_LABEL)
            if len(label) == 1 and label in labels:
                number = labels.index(label) + 1
                probability[number] = probability.get(number, 0.0) + math.exp(value)
        ranking = sorted(probability, key=lambda number: (-probability[number], number))
        return cls(ranking=ranking) if ranking else None


class TitleAnswer(Answer):
    """Titles in free form, as an answer to a prompt without candidates."""

    reasoning: ClassVar[str] = ''

    titles: list[str]
    response: str


class ReasonedTitleAnswer(Answer):
    """Titles in free form after a reasoning, as an answer to a prompt without candidates."""

    reasoning: str
    titles: list[str]
    response: str


ANSWERS: dict[str, type[Answer]] = {
    answer.__name__: answer
    for answer in (CausalAnswer, ChatAnswer, RankingAnswer, LabelAnswer, TitleAnswer, ReasonedTitleAnswer)
}
"""Class of each answer, by the name in the line ``answer:`` of a prompt file."""


@functools.lru_cache(maxsize=1024)
def bounded_schema(answer: type[Answer], n_candidates: int, n_ranked: int, n_titles: int) -> type[Answer]:
    """Return a subclass of ``answer`` whose JSON schema has limits for one request.

    The limits are the lengths of lists and texts, and the largest number of a candidate.

    Args:
        answer: one of :data:`ANSWERS`.
        n_candidates: number of candidates.
        n_ranked: requested length of the ranking. If there are fewer candidates, the ranking contains all of them.
        n_titles: requested number of titles.
    """
    bounds: dict[str, tuple[Any, dict[str, Any]]] = {
        'explanation': (str, {'type': 'string', 'maxLength': MAX_EXPLANATION}),
        'reasoning': (str, {'type': 'string', 'maxLength': MAX_EXPLANATION}),
        'ranking': (
            list[int],
            _array({'type': 'integer', 'minimum': 1, 'maximum': n_candidates}, min(n_ranked, n_candidates)),
        ),
        'titles': (list[str], _array({'type': 'string', 'maxLength': MAX_TITLE}, n_titles)),
        'response': (str, {'type': 'string', 'maxLength': MAX_RESPONSE}),
    }
    fields: dict[str, Any] = {}
    for name in answer.model_fields:
        kind, schema = bounds[name]
        fields[name] = (Annotated[kind, WithJsonSchema(schema)], ...)
    bounded = create_model(answer.__name__, __base__=answer, **fields)
    if issubclass(bounded, Ranking):
        bounded.n_candidates = n_candidates
    return bounded


class Repairs(NamedTuple):
    """The numbers of repaired entries of a ranking."""

    unknown: int
    """Number of removed entries that are the number of no candidate."""
    duplicate: int
    """Number of removed entries that repeat a number."""
    missing: int
    """Number of requested entries that the model did not write. Candidates in the recommender's order take their place.
    """


def repair_ranking(ranking: Sequence[int], n_candidate: int, n_ranked: int | None = None) -> tuple[list[int], Repairs]:
    """Turn the model's ranking into a permutation of the candidates.

    Candidates that are not in the ranking are appended in the recommender's order.

    Args:
        ranking: candidate numbers, counted from 1, best first.
        n_candidate: number of candidates.
        n_ranked: number of requested entries; None: all candidates.

    Returns:
        The index of every candidate, counted from 0, best first; and the numbers of repairs.
    """
    known = [number - 1 for number in ranking if 1 <= number <= n_candidate]
    order = list(dict.fromkeys(known))
    ranked = set(order)
    others = [index for index in range(n_candidate) if index not in ranked]
    missing = max(0, min(n_ranked or n_candidate, n_candidate) - len(order))
    return order + others, Repairs(len(ranking) - len(known), len(known) - len(order), missing)


def _array(items: dict[str, Any], n: int) -> dict[str, Any]:
    return {'type': 'array', 'items': items, 'minItems': n, 'maxItems': n}
