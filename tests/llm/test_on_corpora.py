"""Requests, examples and offline answers made from whole corpora."""

import random
import re

import pytest

import tiny
from crslab_causal.base.errors import UserError
from crslab_causal.data.demo import write_corpus
from crslab_causal.llm.detokenization import UNNAMED
from crslab_causal.llm.examples import MAX_CONTEXT, MAX_RESPONSE, select_examples
from crslab_causal.llm.knowledge_graph import KnowledgeGraph
from crslab_causal.llm.offline.backend import OfflineBackend
from crslab_causal.llm.offline.opinion_cues import extract_opinions
from crslab_causal.llm.offline.paths import describe_path
from crslab_causal.llm.request import Candidate, build_rerank_request

CANDIDATES = [Candidate(1, 'Alien')]


@pytest.fixture(scope='module')
def demo(tmp_path_factory):
    root = tmp_path_factory.mktemp('data')
    write_corpus(root / 'causal_demo' / 'nltk')
    return tiny.load('CausalDemo', root)


def test_request_has_the_preceding_turns_and_nothing_of_the_turn_itself(redial):
    dataset = tiny.load('ReDial', redial)
    tokens = dataset.side_data['name_of_token']
    sample = next(s for s in dataset.train_data if s['conv_id'] == 't0' and s['role'] == 'Recommender')
    request = build_rerank_request(sample, CANDIDATES, tokens)
    assert request.context == [
        ('Seeker', 'Hi, I love "Alien" and comedies with Tom Hanks Also "Heat (1995)" with Pacino, and "Alien" again')
    ]
    assert request.mentions == sample['context_mentions'] and request.candidates == CANDIDATES
    blind = {key: value for key, value in sample.items() if key.startswith('context')}
    assert build_rerank_request(blind, CANDIDATES, tokens) == request


def test_examples_are_short_turns_of_the_training_data(demo):
    tokens = demo.side_data['name_of_token']
    examples = select_examples(demo.train_data, 8, 3, demo.side_data['display_names'], tokens)
    assert examples == select_examples(demo.train_data, 8, 3, demo.side_data['display_names'], tokens)
    assert examples != select_examples(demo.train_data, 8, 4, demo.side_data['display_names'], tokens)
    contexts = [build_rerank_request(sample, [], tokens).context for sample in demo.train_data]
    for example in examples:
        assert contexts.count(example.context) == 1
        sample = demo.train_data[contexts.index(example.context)]
        assert example.titles == [demo.side_data['display_names'][item] for item in sample['items']]
        assert all(title in example.response for title in example.titles)
        assert len(example.response) <= MAX_RESPONSE and sum(len(t) for _, t in example.context) <= MAX_CONTEXT
    state = random.getstate()
    select_examples(demo.train_data, 2, 0, demo.side_data['display_names'], tokens)
    assert random.getstate() == state


def test_too_few_examples_raise_an_error(redial):
    dataset = tiny.load('ReDial', redial)
    tokens = dataset.side_data['name_of_token']
    with pytest.raises(UserError, match='9 examples requested, but only'):
        select_examples(dataset.train_data, 9, 0, dataset.side_data['display_names'], tokens)


def test_examples_of_real_data_consist_of_words(load_real):
    dataset = load_real('ReDial')
    tokens = dataset.side_data['name_of_token']
    for example in select_examples(dataset.train_data, 50, 0, dataset.side_data['display_names'], tokens):
        content = ' '.join([example.response, *(text for _, text in example.context)])
        assert not re.search(r'@\d', content) and UNNAMED not in content and len(content.split()) > 8


def test_offline_answers_on_the_demo_corpus_are_explained_by_its_catalogue(demo):
    graph = KnowledgeGraph(demo.side_data['entity_kg']['edge'], demo.side_data['relation_names'])
    backend = OfflineBackend(graph, demo.side_data['display_names'])
    tokens = demo.side_data['name_of_token']
    items = demo.side_data['item_entity_ids']
    candidates = [Candidate(item, demo.side_data['display_names'][item]) for item in items[:50]]
    samples = [sample for sample in demo.test_data if sample['items']]
    answers = [backend.rerank(build_rerank_request(sample, candidates, tokens)) for sample in samples]
    assert sum('like' in answer.response for answer in answers) > len(answers) / 2
    assert not any(
        'is linked to' in answer.explanation.partition('falls')[0].replace('and so is linked to', '')
        for answer in answers
    )
    blind = [{**sample, 'items': [], 'response': []} for sample in samples[:20]]
    assert [backend.rerank(build_rerank_request(sample, candidates, tokens)) for sample in blind] == answers[:20]


def test_extracted_opinions_match_the_annotations_of_the_demo_corpus(demo):
    tokens = demo.side_data['name_of_token']
    right = wrong = 0
    for sample in demo.valid_data:
        request = build_rerank_request(sample, [], tokens)
        liked, disliked = extract_opinions(request.context, request.mentions, demo.side_data['display_names'])
        right += len({*liked} & {*request.liked}) + len({*disliked} & {*request.disliked})
        wrong += len({*liked} & {*request.disliked} - {*request.liked})
        wrong += len({*disliked} & {*request.liked} - {*request.disliked})
    assert right > 300 and wrong <= 0.01 * right


def test_path_in_the_real_knowledge_graph(load_real):
    dataset = load_real('ReDial')
    graph = KnowledgeGraph(dataset.side_data['entity_kg']['edge'], dataset.side_data['relation_names'])
    uris = (f'<http://dbpedia.org/resource/{name}>' for name in ('Al_Pacino', 'Heat_(1995_film)'))
    pacino, heat = (dataset.entity2id[uri] for uri in uris)
    assert [describe_path(path, dataset.side_data['display_names']) for path in graph.paths([pacino], heat)] == [
        'Heat (1995) stars Al Pacino'
    ]
