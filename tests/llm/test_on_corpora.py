"""Requests, examples and offline answers made from whole corpora."""

import random
import re
from collections import Counter

import pytest

import tiny
from crslab_causal.base.errors import UserError
from crslab_causal.data.demo import write_corpus
from crslab_causal.llm.detokenization import UNNAMED
from crslab_causal.llm.examples import MAX_CONTEXT, MAX_RESPONSE, ExampleIndex
from crslab_causal.llm.knowledge_graph import KnowledgeGraph
from crslab_causal.llm.offline.backend import OfflineBackend
from crslab_causal.llm.offline.opinion_cues import extract_opinions
from crslab_causal.llm.offline.paths import describe_path
from crslab_causal.llm.request import Candidate, build_rerank_request
from crslab_causal.system.catalogue_info import build_catalogue_info

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


def catalogue_of(dataset):
    count = Counter(item for sample in dataset.train_data for item in set(sample['items']))
    return build_catalogue_info(dataset.side_data, [count[item] for item in dataset.side_data['item_entity_ids']])


def requests_of(dataset, samples):
    return [build_rerank_request(sample, [], dataset.side_data['name_of_token']) for sample in samples]


def test_examples_are_short_turns_of_the_training_data(demo):
    names = demo.side_data['display_names']
    index = ExampleIndex(demo.train_data, catalogue_of(demo), 4, 6)
    requests = requests_of(demo, demo.valid_data[:20])
    contexts = [request.context for request in requests_of(demo, demo.train_data)]
    for request in requests:
        examples = index.similar(request)
        assert examples == ExampleIndex.similar(index, request) and len(examples) == 4
        conversations = set()
        for example in examples:
            sample = demo.train_data[contexts.index(example.context)]
            assert contexts.count(example.context) == 1
            conversations.add(sample['conv_id'])
            gold = [names[item] for item in dict.fromkeys(sample['items'])]
            assert example.titles[: len(gold)] == gold and all(f'"{title}"' in example.response for title in gold)
            assert len(set(example.titles)) == 6 and [names[item] for item in example.items] == example.titles
            assert set(example.items[len(gold) :]).isdisjoint(sample['context_mentions'])
            assert len(example.response) <= MAX_RESPONSE and sum(len(t) for _, t in example.context) <= MAX_CONTEXT
        assert len(conversations) == 4


def test_most_similar_turn_is_the_turn_itself(demo):
    index = ExampleIndex(demo.train_data, catalogue_of(demo), 1, 3)
    for turn in index._turns[::50]:
        (example,) = index.similar(turn.request)
        assert example.context == turn.request.context


def test_examples_share_more_mentions_with_the_conversation_than_chance(demo):
    index = ExampleIndex(demo.train_data, catalogue_of(demo), 3, 3)
    mentions_of = {str(turn.request.context): set(turn.request.mentions) for turn in index._turns}
    rng, chosen, drawn = random.Random(0), 0, 0
    for request in requests_of(demo, [s for s in demo.valid_data if s['role'] == 'Recommender'][:50]):
        shared = [len(mentions_of[str(example.context)] & set(request.mentions)) for example in index.similar(request)]
        chosen += sum(shared)
        drawn += sum(len(set(turn.request.mentions) & set(request.mentions)) for turn in rng.sample(index._turns, 3))
    assert chosen > 3 * drawn


def test_too_few_examples_raise_an_error(redial):
    dataset = tiny.load('ReDial', redial)
    with pytest.raises(UserError, match='9 examples requested, but only'):
        ExampleIndex(dataset.train_data, catalogue_of(dataset), 9, 3)


def test_examples_of_real_data_consist_of_words(load_real):
    dataset = load_real('ReDial')
    index = ExampleIndex(dataset.train_data, catalogue_of(dataset), 3, 20)
    for request in requests_of(dataset, dataset.valid_data[1000:1020]):
        for example in index.similar(request):
            content = ' '.join([example.response, *(text for _, text in example.context)])
            assert not re.search(r'@\d', content) and UNNAMED not in content and len(content.split()) > 8
            assert len(set(example.items)) == 20


def test_offline_answers_on_the_demo_corpus_are_explained_by_its_catalogue(demo):
    graph = KnowledgeGraph(demo.side_data['entity_kg']['edge'], demo.side_data['relation_names'])
    backend = OfflineBackend(graph, demo.side_data['display_names'])
    tokens = demo.side_data['name_of_token']
    items = demo.side_data['item_entity_ids']
    candidates = [Candidate(item, demo.side_data['display_names'][item]) for item in items[:50]]
    samples = [sample for sample in demo.test_data if sample['items']]
    answers = [backend.rerank(build_rerank_request(sample, candidates, tokens)) for sample in samples]
    assert sum('like' in answer.response for answer in answers) > len(answers) / 2
    assert not any('is linked to' in answer.explanation.partition('falls')[0] for answer in answers)
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


def test_path_is_found_in_the_real_knowledge_graph(load_real):
    dataset = load_real('ReDial')
    graph = KnowledgeGraph(dataset.side_data['entity_kg']['edge'], dataset.side_data['relation_names'])
    uris = (f'<http://dbpedia.org/resource/{name}>' for name in ('Al_Pacino', 'Heat_(1995_film)'))
    pacino, heat = (dataset.entity2id[uri] for uri in uris)
    assert [describe_path(path, dataset.side_data['display_names']) for path in graph.paths([pacino], heat)] == [
        'Heat (1995) stars Al Pacino'
    ]
