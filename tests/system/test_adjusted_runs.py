"""Runs with an adjustment: every kind, from files and restored, to a checkpoint, a list and a conversation."""

import pytest
import torch
import yaml

from crslab_causal.command_line.run import main
from crslab_causal.data.confounders import Confounder
from crslab_causal.data.histories import pad_histories
from crslab_causal.quick_start import load_system
from crslab_causal.system.trainer import Trainer
from small_runs import SETTINGS

KINDS = ('popularity', 'turn', 'genre', 'random')


def scores(results):
    """What a run found, without how it was called and how long it took."""
    return {key: value for key, value in results.items() if key not in ('config', 'training_seconds')}


@pytest.mark.parametrize('kind', KINDS)
def test_a_run_of_each_kind_is_saved_and_answers_as_it_was_scored(kind, run, load):
    results, folder = run(f'adjustment={kind}', flags=['-ss'])
    assert results['config']['adjustment'] == kind
    system = load(f'adjustment={kind}')
    model = system.adapter.module

    assert torch.equal(model.log_prior, torch.as_tensor(system.confounder.prior).log().float())
    assert len(system.confounder.names) > 2 and model.stratum_shift.abs().sum(1).min() > 0
    items = system.item_ids
    listed = system.recommender().recommend([items[3]], k=5)
    logits = model.item_logits(pad_histories([[items[3]]]), intervene=False).observed[0]
    assert [found.score for found in listed] == pytest.approx(
        sorted((x for i, x in enumerate(logits.tolist()) if i != 3), reverse=True)[:5]
    )
    assert all(found.score < 0 for found in listed)  # log-probabilities
    counts = torch.bincount(torch.tensor([s['stratum'] for s in system.train_dataloader.samples]))
    assert (counts / counts.sum()).tolist() == pytest.approx(system.confounder.prior.tolist())


def test_labels_of_valid_and_test_change_no_stratum(data_path, tmp_path, run):
    """The same conversations with other labels: equal strata."""
    run('rec.epoch=1', flags=['-ss'])
    system = load_system(str(tmp_path / 'small.yaml'), settings=[f'data_path={data_path}', 'seed=1', 'rec.epoch=1'])
    for kind in KINDS:
        confounder = Confounder.fit(kind, system.train_dataloader.samples, system.side_data)
        for loader in (system.valid_dataloader, system.test_dataloader):
            before = [confounder.stratum(s) for s in loader.samples]
            assert before == [
                confounder.stratum({**s, 'item': system.item_ids[0], 'items': []}) for s in loader.samples
            ]


def test_a_batch_has_the_strata_of_its_samples(run, load):
    run('adjustment=turn', flags=['-ss'])
    system = load('adjustment=turn')
    for loader in (system.train_dataloader, system.valid_dataloader):
        batch = loader.rec_batchify(torch.tensor([3, 0, 2]))
        assert batch.stratum.tolist() == [loader.samples[i]['stratum'] for i in (3, 0, 2)]
    assert batch.to('cpu').stratum.tolist() == batch.stratum.tolist()


def test_one_stratum_is_the_run_without_adjustment(run):
    none, _ = run()
    one, _ = run('adjustment=turn', 'adjustment_strata=1')
    assert scores(one) == scores(none)


def test_restored_data_may_have_any_adjustment(run):
    fresh, _ = run('adjustment=popularity', flags=['-sd'])
    restored, _ = run('adjustment=popularity', flags=['-rd'])
    genre, _ = run('adjustment=genre', flags=['-rd'])
    fresh_genre, _ = run('adjustment=genre')

    assert scores(restored) == scores(fresh)
    assert scores(genre) == scores(fresh_genre) != scores(fresh)


def test_restoring_a_run_with_another_adjustment_option_is_refused(run, refused):
    run('adjustment=turn', 'run_name=a', flags=['-ss'])
    line = refused('adjustment=popularity', 'run_name=a', flags=['-rs'])
    assert "adjustment is 'turn' there and 'popularity' here" in line
    line = refused('adjustment=turn', 'adjustment_strata=3', 'run_name=a', flags=['-rs'])
    assert 'adjustment_strata is 5 there and 3 here' in line


def test_interrupted_run_ends_like_an_uninterrupted_one(run, command, monkeypatch):
    whole, _ = run('adjustment=turn', 'run_name=whole')
    train = Trainer._train_epoch

    def interrupted(system, epoch):
        if epoch == 1:
            raise KeyboardInterrupt
        train(system, epoch)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, '_train_epoch', interrupted)
        assert command('adjustment=turn', 'run_name=parts', flags=['-ss']) == 130
    restored, _ = run('adjustment=turn', 'run_name=parts', flags=['-rs'])
    assert scores(restored) == scores(whole)


def test_the_true_context_is_of_the_demo_only(refused):
    assert refused('adjustment=context').startswith('adjustment: context is the true confounder of the generated')


def test_an_unknown_adjustment_is_refused(refused):
    assert 'adjustment' in refused('adjustment=genres')


def test_the_language_half_and_the_chat_take_an_adjusted_recommender(run, load, tmp_path):
    run('adjustment=genre', 'run_name=r', flags=['-ss'])
    folder = tmp_path / 'save' / 'ReDial_CausalKBRD' / 'r_seed1'
    run('adjustment=genre', 'model=CausalLLM', f'recommender={folder}', 'llm.samples=5')
    with load('adjustment=genre', 'run_name=r').conversation() as conversation:
        item = conversation.pipeline.catalogue.items[4]
        assert (
            list(conversation.respond(f'I loved "{conversation.recommender.names[item]}".'))
            and conversation.result.ranking
        )
        assert list(conversation.mask())


def test_the_demo_knows_its_context(workplace):
    """The whole way on the generated corpus, with the confounder that no other data tell."""
    settings = SETTINGS | {'dataset': 'CausalDemo', 'adjustment': 'context', 'rec': {'epoch': 1}}
    (workplace / 'demo.yaml').write_text(yaml.safe_dump(settings), 'utf-8')
    assert main(['-c', 'demo.yaml', '--data_path', 'data', '-ss']) == 0
    system = load_system('demo.yaml', settings=['data_path=data'])
    assert len(system.confounder.names) == 36
    share = sum(s['scm']['context']['mood'] == 'tired' for s in system.train_dataloader.samples) / 1200
    assert system.confounder.prior[['tired' in name for name in system.confounder.names]].sum() == pytest.approx(share)
