"""A real model on samples of the real ReDial and OpenDialKG: the plumbing from the data files to the result.

The candidates are the most frequent labels of the training data, because a recommender would take minutes to train.
"""

import os
from collections import Counter

import pytest
from real_server import MAX_TOKENS, VARIABLE

from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.pipeline import LLMPipeline, RerankTask
from crslab_causal.system.catalogue_info import build_catalogue_info

pytestmark = pytest.mark.skipif(VARIABLE not in os.environ, reason=f'run `make test-real`, or set {VARIABLE}')

N_CANDIDATES, N_SAMPLES = 4, 2


@pytest.mark.parametrize('name', ['ReDial', 'OpenDialKG'])
def test_samples_of_real_data_are_ranked_by_a_real_model(load_real, llama, name):
    dataset = load_real(name)
    labels = Counter(item for turn in dataset.train_data for item in turn['items'])
    items = dataset.side_data['item_entity_ids']
    catalogue = build_catalogue_info(dataset.side_data, [labels[item] for item in items])
    popular = sorted(items, key=lambda item: (-labels[item], item))[:N_CANDIDATES]
    # the shortest contexts with a mention: most of the time goes into reading the prompts
    turns = [turn for turn in dataset.valid_data if turn['context_mentions'] and turn['items']]
    turns = sorted(turns, key=lambda turn: sum(len(text) for _, text in turn['context_text']))[:N_SAMPLES]
    keys = {'mode': 'live', 'base_url': llama.url, 'model': 'smollm2-135m', 'max_tokens': MAX_TOKENS, 'concurrency': 2}
    with LLMPipeline(LLMOptions(**keys), catalogue) as pipeline:
        tasks = [RerankTask(pipeline.request(turn, popular), turn['items'][0]) for turn in turns]
        results = list(pipeline.answer(tasks))
        usage = pipeline.backend.summary()['usage']
    for task, result in zip(tasks, results, strict=True):
        assert result.status in ('ok', 'partial', 'length', 'invalid')
        assert sorted(result.ranking) == sorted(popular) and result.response and result.latency_s > 0
        texts = [*(text for _, text in task.request.context), *(each.name for each in task.request.candidates)]
        assert not any('unnamed' in text or '@' in text or 'dbpedia' in text for text in texts)
        assert all(candidate.facts for candidate in task.request.candidates)
    assert usage['answers'] >= N_SAMPLES and not usage['estimated'] and not usage['cut_prompts']
