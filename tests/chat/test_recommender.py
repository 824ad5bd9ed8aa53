"""Recommendation lists of a trained model for one user."""

import pytest
import torch

from crslab_causal.data.histories import pad_histories
from crslab_causal.quick_start import load_recommender, load_system


@pytest.fixture
def recommender(run, data_path, tmp_path):
    run(flags=['-ss'])
    return load_recommender(str(tmp_path / 'small.yaml'), settings=[f'data_path={data_path}', 'seed=1'])


def test_lists_follow_the_scores_of_the_model(recommender):
    model = recommender.model
    items = model.item_entity_ids.tolist()
    other = recommender.entities[-1]
    for history in ([], [items[3]], [other, items[3], items[5]]):
        for masked in (False, True):
            with torch.no_grad():
                logits = model.item_logits(pad_histories([history]))
            scores = (logits.intervened if masked else logits.observed)[0].tolist()
            expected = sorted((i for i in items if i not in history), key=lambda i: -scores[items.index(i)])
            recommended = recommender.recommend(history, k=len(items) + 5, masked=masked)

            assert sorted(r.entity for r in recommended) == sorted(expected)
            assert [r.score for r in recommended] == pytest.approx([scores[items.index(e)] for e in expected])
            assert all(r.name == recommender.names[r.entity] for r in recommended)
            assert [r.score for r in recommended[:4]] == [
                r.score for r in recommender.recommend(history, k=4, masked=masked)
            ]


def test_second_mention_changes_the_list(recommender):
    first, second = recommender.entities[:2]

    assert recommender.recommend([first]) != recommender.recommend([first, second])
    assert recommender.recommend([first]) == recommender.recommend([first])


def test_unknown_entity_is_rejected_without_side_effects(recommender):
    before = recommender.recommend([])
    unknown = next(e for e in range(recommender.model.n_entity) if e not in recommender.entities)
    with pytest.raises(ValueError, match=f'entity {unknown} '):
        recommender.recommend([unknown])
    assert recommender.recommend([]) == before


def test_chat_works_from_python(run, data_path, tmp_path):
    run(flags=['-ss'])
    system = load_system(str(tmp_path / 'small.yaml'), settings=[f'data_path={data_path}', 'seed=1'])
    with system.conversation() as conversation:
        item = conversation.pipeline.catalogue.items[4]
        lines = list(conversation.respond(f'I loved "{conversation.recommender.names[item]}".'))

        assert conversation.history == [item] and item not in conversation.result.ranking
        assert conversation.result.response in lines and conversation.result.explanation
        assert conversation.result.candidates == [
            listed.entity
            for listed in conversation.recommender.recommend(
                conversation.history, conversation.pipeline.options.candidates
            )
        ]


@pytest.mark.parametrize(
    ('history', 'k', 'words'),
    [([-1], 3, 'entity -1 '), (['Big'], 3, "entity 'Big' "), ([], 0, 'k is 0'), ([], -1, 'k is -1')],
)
def test_history_without_entity_ids_is_rejected(recommender, history, k, words):
    with pytest.raises(ValueError, match=words):
        recommender.recommend(history, k)
