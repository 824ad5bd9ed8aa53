"""A conversation with the pool of experts: contributions, and reasons that are true."""

import re

import pytest
import torch

from crslab_causal.model.pool.evidence import find_evidence
from tests.model.experts.tiny_bert import tiny_bert  # noqa: F401

EXPERTS = 'TargetPopularity,TransitionCounts,{model: EASE, history_base: 4.0},OneHop,Repeat'


@pytest.fixture
def system(run, load, tiny_bert):  # noqa: F811
    readers = ','.join(
        f'{{model: {model}, sentence_encoder: {tiny_bert}}}' for model in ('TextToItem', 'TextNeighbours')
    )
    settings = ('model=Pool', f'experts=[{EXPERTS},{readers}]', 'fit_on=late')
    run(*settings, flags=['-ss'])
    return load(*settings)


def test_contributions_sum_to_the_score_and_the_reply_gives_the_first_reason(system, tmp_path):
    files = sorted(tmp_path.glob('save/embeddings/*/*'))
    with system.conversation() as conversation:
        names = conversation.recommender.names
        items = conversation.pipeline.catalogue.items
        reply = conversation.reply(f'I loved "{names[items[4]]}" and "{names[items[7]]}".')
        top, turns = reply.recommendations[0].entity, conversation.state.context[:1]
        lines = list(conversation.why())

        scores = conversation.recommender.compute_scores(conversation.history, turns, None).observed
        parts = conversation.contributions(top)
        score = float(scores[items.index(top)] - scores.mean())
        assert sum(part.added for part in parts) == pytest.approx(score, abs=1e-4)
        assert [part.added for part in parts] == sorted((part.added for part in parts), reverse=True)
        start = next(i for i, line in enumerate(lines) if line.startswith('Compared with the average film'))
        total = re.search(r'its score is ([+-]\d+\.\d\d)', lines[start]).group(1)
        rows = [float(re.match(r' *([+-]\d+\.\d\d)  ', line).group(1)) for line in lines[start + 1 :]]
        assert round(sum(rows), 2) == float(total) == pytest.approx(score, abs=0.006)
        assert lines[0].startswith(f'Why {names[top]}? ')  # plain words first, and the reason of the reply among them
        reason = lines[0].removeprefix(f'Why {names[top]}? It ').rstrip('.')
        assert f'it {reason}' in reply.sentences[0]
        assert not any("the seeker's" in line or 'nothing was found' in line for line in lines)
    assert sorted(tmp_path.glob('save/embeddings/*/*')) == files  # what is said in a chat is not written to disk


def test_evidence_is_true(system):
    pool, loader = system.adapter.module, system.train_dataloader
    edges = {frozenset(edge[:2]) for edge in system.side_data['entity_kg']['edge']}
    samples = [sample for sample in system.test_dataloader.samples if len(sample['context_entities']) > 2][:6]
    kinds = set()
    for sample in samples:
        batch = system.test_dataloader.batch_of([sample])._replace(samples=[sample]).inputs()
        for item in pool.item_entity_ids.tolist()[::7]:
            index = int(pool.index_of_entity[item])
            for channel in pool.channels:
                found = find_evidence(pool, channel, batch, index)
                if found is None:
                    continue
                kinds.add(found.kind)
                if found.kind in ('labels', 'popularity'):
                    assert found.number == sum(s['item'] == item for s in loader.samples)
                elif found.kind == 'transitions':
                    assert found.mention in sample['context_entities']
                    assert found.number == sum(
                        s['item'] == item and found.mention in s['context_entities'] for s in loader.samples
                    )
                elif found.kind == 'neighbour':
                    assert frozenset((found.mention, item)) in edges
                elif found.kind == 'coefficient':
                    assert found.mention in sample['context_entities'] and found.number > 0
                elif found.kind == 'similar texts':
                    assert 0 < found.number <= sum(s['item'] == item for s in loader.samples)
    assert kinds >= {'labels', 'transitions', 'coefficient', 'neighbour', 'text', 'similar texts'}


def test_text_and_masks_change_the_list(system):
    recommender = system.recommender()
    history = recommender.item_entity_ids[3:6]
    said, other = ([('Seeker', text)] for text in ('a funny film for children', 'something dark and slow'))
    first, second = (recommender.compute_scores(history, turns, None).observed for turns in (said, other))
    assert not torch.allclose(first, second)
    for i in range(3):
        masked = recommender.probabilities(history, masked=i, turns=said)
        rest = recommender.probabilities(history[:i] + history[i + 1 :], turns=said)
        for item in recommender.item_entity_ids:
            assert masked[item].masked == pytest.approx(rest[item].observed, rel=1e-4)
    with pytest.raises(IndexError):
        recommender.probabilities(history, masked=3)


def test_a_pool_for_new_labels_explains_itself_with_finite_numbers(run, load):
    """Its scores of the items of the context are minus infinity, and must not reach the explanation."""
    settings = ('model=Pool', 'experts=[TargetPopularity,EASE,Repeat]', 'fit_on=valid', 'objective=new')
    run(*settings, flags=['-ss'])
    with load(*settings).conversation() as conversation:
        names, items = conversation.recommender.names, conversation.pipeline.catalogue.items
        named = items[4], items[7]
        reply = conversation.reply(' '.join(f'I loved "{names[item]}".' for item in named))
        scores = conversation.recommender.compute_scores(conversation.history, conversation.state.context[:1], None)
        assert all(scores.observed[items.index(item)] == -torch.inf for item in named)
        assert not {film.entity for film in reply.recommendations} & set(named)
        parts = conversation.contributions(reply.recommendations[0].entity)
        assert parts and all(abs(part.added) < 100 for part in parts)
        assert not re.search(r'\b(?:inf|nan)\b', '\n'.join(conversation.why()))
