"""A chat with any model of the registry that scores items: counting models, experts, the pool, CRSLab's own."""

import pytest
import torch

from crslab_causal.data.histories import pad_histories

EXPERTS = 'experts=[TargetPopularity,TransitionCounts,EASE,OneHop,Repeat]'


@pytest.mark.parametrize('model', ['EASE', 'CTACRS', 'KBRD', 'GRU4REC', 'Pool'])
def test_chat_gives_the_scores_of_the_model_to_the_same_context(model, run, load):
    settings = [f'model={model}', 'rec.epoch=1', *([EXPERTS] if model == 'Pool' else [])]
    run(*settings, flags=['-ss'])
    system = load(*settings)
    recommender, loader = system.recommender(), system.test_dataloader
    plain = [
        i
        for i, sample in enumerate(loader.samples)
        if len({*sample['context_mentions']}) == len(sample['context_mentions']) > 1
    ][:5]
    for i in plain:
        sample = loader.samples[i]
        with torch.no_grad():
            (row,) = system.adapter.scores(loader.rec_batchify(torch.tensor([i])))[0]
        history = sample['context_entities']
        scores = recommender.compute_scores(history, sample['context_text'], masked=0)
        torch.testing.assert_close(scores.observed, row)
        torch.testing.assert_close(
            scores.masked, recommender.compute_scores(history[1:], sample['context_text'], None).observed
        )
        best = recommender.recommend(history, k=3, turns=sample['context_text'])
        assert not {item.entity for item in best} & set(history) and best[0].score >= best[1].score

    with system.conversation() as conversation:
        items = conversation.pipeline.catalogue.items
        reply = conversation.reply(f'I loved "{conversation.recommender.names[items[4]]}". A comedy, please.')
        assert reply.recommendations and conversation.history[0] == items[4]
        (first, *_) = conversation.mask()
        assert 'masked' in first
        assert any('Each part of the model adds' in line for line in conversation.why()) == (model == 'Pool')


def test_reply_computes_the_scores_once(run, load, monkeypatch):
    run(flags=['-ss'])
    system = load()
    with system.conversation() as conversation:
        model, calls = system.adapter.module, []
        item_logits = model.item_logits

        def counted(*arguments, **keywords):
            calls.append(arguments)
            return item_logits(*arguments, **keywords)

        monkeypatch.setattr(model, 'item_logits', counted)
        items = conversation.pipeline.catalogue.items
        reply = conversation.reply(f'I loved "{conversation.recommender.names[items[4]]}".')
        assert reply.recommendations and len(calls) == 1
        probabilities = conversation.probabilities()
        assert len(calls) == 1
        with torch.no_grad():
            logits = item_logits(pad_histories([conversation.history]), intervene=True)
        for item, p, masked in zip(items, logits.observed[0].softmax(-1), logits.intervened[0].softmax(-1)):
            assert probabilities[item].observed == pytest.approx(float(p))
            assert probabilities[item].masked == pytest.approx(float(masked))
