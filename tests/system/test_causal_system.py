"""Whole runs through the command line, on a small corpus."""

import json

import pytest
import torch
import yaml

import crslab_causal
from crslab_causal.registry import MODELS
from tests.model.experts.tiny_bert import tiny_bert  # noqa: F401


def weights(folder, name='best.pth'):
    return torch.load(folder / name, weights_only=True)['model']


def test_a_cutoff_that_covers_the_catalogue_is_warned_of_once(run, data_path):
    n_item = len(json.loads((data_path / 'redial' / 'nltk' / 'movie_ids.json').read_text('utf-8')))
    for cutoff, n_warnings in ((n_item - 1, 0), (n_item, 1)):
        _, folder = run('model=Repeat', f'cutoffs=[1, {cutoff}]')
        warnings = [line for line in (folder / 'run.log').read_text('utf-8').splitlines() if '[cutoffs: ' in line]
        assert len(warnings) == n_warnings
        assert all(f'recall at {n_item} is 1 for every model; choose smaller cutoffs' in line for line in warnings)


@pytest.mark.parametrize('model', MODELS)
def test_every_model_is_scored_on_the_same_samples(run, model, tiny_bert):  # noqa: F811
    small = {
        'TextCNN': ['num_filters=4', 'embed=8', 'context_truncate=20'],
        'SASREC': ['item_truncate=5', 'max_history_items=5'],
        'GRU4REC': ['item_truncate=5'],
        'KGSF': ['pretrain_epoch=1', 'num_bases=2', 'token_emb_dim=8', 'ffn_size=8'],
        'KBRD': ['num_bases=2', 'token_emb_dim=8', 'ffn_size=8'],
        'KBRDRepaired': ['num_bases=2'],
        'CTACRS': ['num_bases=2', 'token_emb_dim=8'],
        'Seq2Seq': ['conv.epoch=1', 'token_emb_dim=8'],
        'TransformerSeq2Seq': ['conv.epoch=1', 'token_emb_dim=8'],
        'Pool': ['experts=[EASE,Repeat]'],
        'TextToItem': [f'sentence_encoder={tiny_bert}'],
        'TextNeighbours': [f'sentence_encoder={tiny_bert}'],
        'TextSimilarity': [f'sentence_encoder={tiny_bert}'],
        'DualEncoder': [f'sentence_encoder={tiny_bert}', 'expert_epochs=1'],
        'MentionTransformer': ['expert_epochs=1', 'mention_dim=8'],
    }
    result, folder = run(f'model={model}', 'rec.epoch=2', *small.get(model, []))

    samples = [json.loads(line) for line in (folder / 'ranks_test.jsonl').read_text('utf-8').splitlines()]
    assert [s['conversation'] for s in samples] == [f'test-{i}' for i in range(30)]
    assert result['splits']['test']['samples'] == 30
    assert all(1 <= s['rank'] <= 120 for s in samples)
    recall = sum(s['rank'] <= 10 for s in samples) / len(samples)
    assert result['splits']['test']['all']['recall@10'] == pytest.approx(recall)
    for key in ('rank_intervened', 'kl'):
        assert (samples[0][key] is not None) == (model in ('CausalKBRD', 'CausalLLM'))


def test_results_say_what_made_them(run):
    result, folder = run('alpha=0.5', seed=3)

    assert result['seed'] == result['config']['seed'] == 3 and result['config']['alpha'] == 0.5
    assert result['versions']['crslab'] == '0.1.2' and result['versions']['torch'] == torch.__version__
    assert result['versions']['cpu']  # another one rounds sums otherwise
    assert 'git_commit' in result
    table = (folder / 'results.md').read_text('utf-8')
    assert '| valid | ALL |' in table and '| test | NEW |' in table
    assert (folder / 'run.log').is_file()


def test_a_table_names_its_data(run):
    result, folder = run()
    digest = result['data']['ReDial']
    assert len(digest) == 64
    assert f'Fingerprint of the data: ReDial {digest[:12]}.' in (folder / 'results.md').read_text('utf-8')


def test_results_say_that_they_are_of_a_debug_run(run):
    result, folder = run(flags=['--debug'])
    assert result['debug'] == 'trained on valid' and 'trained on valid' in (folder / 'results.md').read_text('utf-8')


def test_equal_seeds_give_equal_scores_and_other_seeds_other_scores(run):
    first, _ = run(seed=1)
    second, _ = run(seed=1)
    other, _ = run(seed=2)

    assert first['splits'] == second['splits']
    assert first['splits'] != other['splits']


def test_an_earlier_run_is_kept(run):
    first, folder = run(flags=['-ss'])
    second, same_folder = run(flags=['-ss'])

    assert folder == same_folder
    aside = folder.with_name(folder.name + '.1')
    assert json.loads((aside / 'results.json').read_text('utf-8'))['splits'] == first['splits']
    assert (aside / 'best.pth').is_file()


def test_accumulation_equals_one_big_batch(run):
    # 120 samples: 8 * 4 leaves a last group of 24, so that unequal groups are met too
    _, accumulated = run('rec.epoch=1', 'rec.batch_size=8', 'rec.update_freq=4', flags=['-ss'])
    _, at_once = run('rec.epoch=1', 'rec.batch_size=32', 'rec.update_freq=1', flags=['-ss'])

    expected = weights(at_once)
    for name, tensor in weights(accumulated).items():
        torch.testing.assert_close(tensor, expected[name], rtol=1e-4, atol=1e-5, msg=name)


def test_best_epoch_is_what_is_tested_and_saved(run):
    result, folder = run('rec.epoch=12', 'rec.impatience=12', 'rec.optimizer.lr=0.3', flags=['-ss'])

    best, last = (torch.load(folder / name, weights_only=True) for name in ('best.pth', 'last.pth'))
    assert result['epochs'] == last['progress']['epoch'] == 12
    assert best['progress']['best_epoch'] == result['best_epoch'] < 11
    assert result['splits']['valid']['all']['recall@10'] == pytest.approx(best['progress']['best_metric'])
    assert any(not torch.equal(best['model'][name], last['model'][name]) for name in best['model'])


def test_early_stop_waits_as_long_as_impatience_says(run):
    result, _ = run('rec.epoch=40', 'rec.impatience=2', 'rec.optimizer.lr=0.3')

    assert result['epochs'] < 40
    assert result['epochs'] - 1 - result['best_epoch'] == 2


def test_a_slow_training_announces_its_duration_with_advice_for_models_of_crslab(run, monkeypatch):
    for name in ('SLOW_EPOCH', 'ESTIMATE_AFTER'):
        monkeypatch.setattr(f'crslab_causal.system.trainer.{name}', 0)
    for model, is_crslabs in (('KBRDRepaired', True), ('CausalKBRD', False)):
        _, folder = run(f'model={model}', 'num_bases=2', 'rec.epoch=1')
        log = (folder / 'run.log').read_text('utf-8')
        assert ' min an epoch, at most 1 epochs' in log
        assert ('a larger rec.batch_size is faster' in log) == is_crslabs


def test_random_interventions_are_the_same_at_every_evaluation(run):
    _, folder = run('intervention=noise', 'intervention_position=random', 'rec.epoch=1', flags=['-ss'])
    before = (folder / 'ranks_test.jsonl').read_text('utf-8')
    run('intervention=noise', 'intervention_position=random', 'rec.epoch=1', flags=['-rs'])

    assert (folder / 'ranks_test.jsonl').read_text('utf-8') == before


def test_tensorboard_files_hold_losses_apart(run, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run('rec.epoch=2', flags=['-tb'])

    (events,) = tmp_path.glob('runs/*')
    tags = EventAccumulator(str(events)).Reload().Tags()['scalars']
    assert {
        'train/cross_entropy',
        'train/causal_loss',
        'train/kl',
        'train/lr',
        'train/grad norm',
        'valid/all/recall@10',
    } <= set(tags)


def test_divergence_of_the_training_is_reported_in_one_line(run, capsys, data_path, tmp_path):
    from crslab_causal.command_line.run import main

    run('rec.epoch=1')
    status = main(['-c', str(tmp_path / 'small.yaml'), '--data_path', str(data_path), '--set', 'rec.optimizer.lr=1e30'])

    assert status == 2
    assert 'diverged' in capsys.readouterr().err


def test_crslabs_own_run_script_runs_a_registered_model(data_path, tmp_path, monkeypatch):
    """A Config that CRSLab read, CRSLab's run_crslab, and this package only registered."""
    monkeypatch.chdir(tmp_path)
    crslab_causal.register()
    from crslab.config import Config
    from crslab.quick_start import run_crslab

    settings = {
        'dataset': 'ReDial',
        'tokenize': 'nltk',
        'model': 'CausalKBRD',
        'evaluator': 'causal',
        'kg_emb_dim': 8,
        'kg_edge_threshold': 0,
        'data_path': str(data_path),
        'rec': {'epoch': 1},
    }
    (tmp_path / 'crslab.yaml').write_text(yaml.safe_dump(settings), 'utf-8')

    run_crslab(Config(str(tmp_path / 'crslab.yaml')), save_system=True)

    (folder,) = tmp_path.glob('save/ReDial_CausalKBRD/*')
    assert (folder / 'best.pth').is_file() and (folder / 'results.json').is_file()
