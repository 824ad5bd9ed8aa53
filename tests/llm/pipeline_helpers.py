"""A tiny catalogue, and helpers for tests of the pipeline."""

import json
import re

import pytest

import tiny
from crslab_causal.base.errors import UserError
from crslab_causal.llm.catalogue import CatalogueInfo
from crslab_causal.llm.knowledge_graph import KnowledgeGraph
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.pipeline import LLMPipeline, RerankTask
from crslab_causal.llm.request import Candidate, RerankRequest
from tiny import ALIEN, HEAT, ITEMS

NAMES = {**{entity: tiny.plain(entity) for entity in range(len(tiny.NAMES))}, HEAT: 'Heat (1995)'}
EDGES = [(head, tail, relation) for head, relation, tail in tiny.TRIPLES]
CATALOGUE = CatalogueInfo(
    NAMES,
    ITEMS,
    {HEAT: 2.0, ALIEN: 1.0},
    KnowledgeGraph(EDGES),
    {token: NAMES[item] for token, item in tiny.TOKENS.items()},
)
CANDIDATES = [Candidate(item, NAMES[item]) for item in ITEMS]


def make_pipeline(base_url=None, train=(), **keys):
    mode = {} if base_url is None else {'mode': 'live', 'base_url': base_url}
    return LLMPipeline(LLMOptions(**mode | {'retries': 0, 'timeout_s': 20.0} | keys), CATALOGUE, train)


def make_task(text='Hi', candidates=CANDIDATES, label=None, conversation=(), **keys):
    request = RerankRequest([('Seeker', text)], [], [], [], list(candidates))
    return RerankTask(request._replace(**keys), label, conversation)


def answer_all(tasks, *arguments, **keys):
    with make_pipeline(*arguments, **keys) as pipeline:
        return list(pipeline.answer(tasks))


def ranking_answer(*ranking, response='Watch it.'):
    return {'explanation': 'because', 'ranking': list(ranking), 'response': response}


def title_answer(*written):
    return {'reasoning': 'because', 'titles': list(written), 'response': 'Watch it.'}  # vanilla ignores the reasoning


def shown_names(entry):
    """Return the names of the candidates in a logged request, in the order of their numbers."""
    block = re.search(r'<candidates>\n(.*)\n</candidates>', entry['text'], re.DOTALL).group(1)
    lines = [line.split('. ', 1) for line in block.split('\n')]
    assert [number for number, _ in lines] == [str(i) for i in range(1, len(lines) + 1)]
    return [json.JSONDecoder().raw_decode(line)[0] for _, line in lines]


def error_message(*arguments, **keys):
    """Make a pipeline that must fail with a ``UserError`` of one line, and return its message."""
    with pytest.raises(UserError) as caught:
        make_pipeline(*arguments, **keys).close()
    assert '\n' not in str(caught.value)
    return str(caught.value)
