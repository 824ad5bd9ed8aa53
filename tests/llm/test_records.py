"""The line of ``llm_<split>.jsonl``."""

import json

import pytest

from crslab_causal.experiments.analysis.answers import Answer
from crslab_causal.llm.answer import Repairs
from crslab_causal.llm.llm_result import LLMResult
from crslab_causal.llm.records import LLMRecord

SAMPLE = {'conv_id': 'c1', 'turn': 3, 'item': 7}
RESULT = LLMResult(
    explanation='because',
    ranking=[8, 7],
    response='Watch it.',
    candidates=[7, 8],
    status='ok',
    repairs=Repairs(1, 2, 0),
    written=2,
    titles=[],
    matches=[],
    copied=0,
    confidence=[],
    cache_keys=['f00d', 'beef'],
    input_tokens=100,
    output_tokens=20,
    latency_s=0.25,
    cost_usd=None,
    replayed=False,
    detail='',
)
LINE = {
    'conversation': 'c1',
    'turn': 3,
    'label': 7,
    'backend': 'a model',
    'status': 'ok',
    'detail': '',
    'prompt_hash': 'f00d',
    'explanation': 'because',
    'candidates': [7, 8],
    'ranking': [8, 7],
    'response': 'Watch it.',
    'rank_before': 2,
    'rank_after': 2,
    'repairs': {'unknown': 1, 'duplicate': 2, 'missing': 0},
    'written': 2,
    'titles': [],
    'matches': [],
    'unmatched': 0,
    'copied': 0,
    'confidence': [],
    'input_tokens': 100,
    'output_tokens': 20,
    'latency_s': 0.25,
    'cost_usd': None,
    'replayed': False,
}


def test_line_has_fixed_keys_in_a_fixed_order():
    record = LLMRecord.from_result(SAMPLE, [9, 7], RESULT, 'a model')
    assert json.dumps(record.model_dump()) == json.dumps(LINE)
    assert LLMRecord.model_validate_json(json.dumps(LINE)) == record


@pytest.mark.parametrize('listed, ranking, before, after', [([7], [7], 1, 1), ([9], [7], None, 1), ([7], [], 1, None)])
def test_ranks_of_a_label_that_is_not_listed_are_none(listed, ranking, before, after):
    record = LLMRecord.from_result(SAMPLE, listed, RESULT._replace(ranking=ranking), 'a model')
    assert (record.rank_before, record.rank_after) == (before, after)


def test_analysis_reads_the_line_by_the_same_names():
    answer = Answer.model_validate_json(json.dumps(LINE))
    shared = Answer.model_fields.keys() & LLMRecord.model_fields.keys()
    assert Answer.model_fields.keys() - shared == {'recommended'}
    assert {name: getattr(answer, name) for name in shared} == {name: LINE[name] for name in shared}
