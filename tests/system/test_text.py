"""Whole runs of encoder-decoders through the command line: recommender, responses, files, restoring."""

import json

import pytest
import torch

from crslab_causal.evaluator.generation import GenerationMetrics
from crslab_causal.system.trainer import Trainer

SMALL = (
    'token_emb_dim=16',
    'context_truncate=16',
    'ffn_size=16',
    'dropout=0.1',
    'response_truncate=12',
    'rec.epoch=2',
    'conv.epoch=2',
    'conv.batch_size=64',
    'conv.optimizer.lr=0.01',
)
SEQ2SEQ = ('model=Seq2Seq', *(s for s in SMALL if 'ffn' not in s))
TRANSFORMER = ('model=Transformer', *SMALL)


def results(folder):
    return json.loads((folder / 'generation_results.json').read_text('utf-8'))


def lines(folder, name):
    return [json.loads(line) for line in (folder / name).read_text('utf-8').splitlines()]


@pytest.mark.parametrize('settings, model', [(SEQ2SEQ, 'Seq2Seq'), (TRANSFORMER, 'TransformerSeq2Seq')])
def test_a_run_recommends_responds_and_leaves_every_file(run, settings, model, capsys):
    result, folder = run(*settings, flags=['-ss'])
    assert result['config']['model'] == model and folder.parent.name == f'ReDial_{model}'
    assert {
        'results.json',
        'results.md',
        'ranks_valid.jsonl',
        'ranks_test.jsonl',
        'responses_valid.jsonl',
        'responses_test.jsonl',
        'generation_results.json',
        'generation_results.md',
        'best.pth',
        'last.pth',
        'conv_best.pth',
        'conv_last.pth',
        'run.log',
    } <= {path.name for path in folder.iterdir()}
    found = results(folder)
    assert set(found['splits']) == set(result['splits']) and found['epochs'] == 2 and 'git_commit' in found
    names = {'perplexity', *GenerationMetrics({}).scores()}
    for split, scores in found['splits'].items():
        records, ranks = lines(folder, f'responses_{split}.jsonl'), lines(folder, f'ranks_{split}.jsonl')
        assert [(r['conversation'], r['turn'], r['label']) for r in records] == [
            (r['conversation'], r['turn'], r['label']) for r in ranks
        ]
        assert scores.keys() == names and scores['responses'] == len(records)
        assert 1 < scores['perplexity'] < 1000
        # the first of the recommender's own list, before the responses were learned
        assert all(
            (record['recommended'] == record['label']) == (rank['rank'] == 1) for record, rank in zip(records, ranks)
        )
        again = GenerationMetrics()
        for record in records:
            again.add(record['response'], [record['reference']])
        for name in ('bleu-2', 'dist-2', 'intra_dist-3', 'crslab_bleu@1', 'empty'):
            assert scores[name] == pytest.approx(again.scores()[name]), name
    table = (folder / 'generation_results.md').read_text('utf-8')
    assert f'| test | {len(lines(folder, "ranks_test.jsonl"))} |' in table
    assert '| split | responses | perplexity | dist-2 |' in capsys.readouterr().out


def test_learned_epoch_is_that_with_the_lowest_perplexity_on_valid(run):
    _, folder = run(
        *SEQ2SEQ, 'conv.epoch=6', 'conv.impatience=6', 'conv.batch_size=16', 'conv.optimizer.lr=0.3', flags=['-ss']
    )
    best, last = (torch.load(folder / f'conv_{name}.pth', weights_only=True)['progress'] for name in ('best', 'last'))
    found = results(folder)
    assert found['best_epoch'] == best['best_epoch'] == last['best_epoch'] < 5 and last['epoch'] == 6
    assert torch.tensor(found['splits']['valid']['perplexity']).log() == pytest.approx(-last['best_metric'], rel=1e-5)
    log = (folder / 'run.log').read_text('utf-8')
    assert f'perplexity on valid {found["splits"]["valid"]["perplexity"]:.2f}' in log


def test_early_stop_is_by_perplexity(run):
    _, folder = run(*SEQ2SEQ, 'conv.epoch=30', 'conv.impatience=1', 'conv.optimizer.lr=0.3')
    found = results(folder)
    assert found['epochs'] < 30 and found['epochs'] - 1 - found['best_epoch'] == 1


def test_responses_do_not_touch_the_recommender(run):
    with_responses, _ = run(*TRANSFORMER, 'run_name=with')
    without, folder = run(*TRANSFORMER, 'conv.epoch=0', 'run_name=without')
    assert without['splits'] == with_responses['splits']
    assert not (folder / 'generation_results.json').exists()


@pytest.mark.parametrize('settings', [SEQ2SEQ, TRANSFORMER])
@pytest.mark.parametrize('killed_in', ['rec', 'conv'])
def test_killed_and_restored_run_ends_like_an_uninterrupted_one(run, monkeypatch, settings, killed_in):
    unbroken, folder = run(*settings, 'run_name=unbroken', flags=['-ss'])
    save = Trainer.save

    def killed(self, *arguments):
        save(self, *arguments)
        if self.stage.name == killed_in and self.progress.epoch == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(AssertionError):
        patch.setattr(Trainer, 'save', killed)
        run(*settings, 'run_name=killed', flags=['-ss'])
    restored, restored_folder = run(*settings, 'run_name=killed', flags=['-rs'])

    assert restored_folder.name == 'killed_seed1'
    assert restored['splits'] == unbroken['splits']
    assert results(restored_folder)['splits'] == results(folder)['splits']
    assert lines(restored_folder, 'responses_test.jsonl') == lines(folder, 'responses_test.jsonl')
    one, other = (torch.load(f / 'conv_last.pth', weights_only=True)['model'] for f in (folder, restored_folder))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_finished_run_is_tested_again_without_training(run):
    _, folder = run(*SEQ2SEQ, flags=['-ss'])
    before = results(folder)
    run(*SEQ2SEQ, flags=['-rs'])
    assert results(folder)['splits'] == before['splits'] and results(folder)['epochs'] == 2
    assert 'Restore conversation' in (folder / 'run.log').read_text('utf-8')


def test_silent_conversations_are_recommended_for_and_not_written_for(run, data_path, tmp_path):
    import shutil

    shutil.copytree(data_path, tmp_path / 'own')
    path = tmp_path / 'own' / 'redial' / 'nltk' / 'test_data.json'
    conversations = json.loads(path.read_text('utf-8'))
    silent = {c['conv_id'] for c in conversations[::3]}
    path.write_text(json.dumps([c | {'text': c['conv_id'] not in silent} for c in conversations]), 'utf-8')

    result, folder = run(*SEQ2SEQ, flags=('--data_path', str(tmp_path / 'own')))
    ranked = {r['conversation'] for r in lines(folder, 'ranks_test.jsonl')}
    written = {r['conversation'] for r in lines(folder, 'responses_test.jsonl')}
    assert silent <= ranked and written == ranked - silent
    assert results(folder)['splits']['test']['responses'] < result['splits']['test']['samples']


def test_corpus_without_words_is_reported_in_one_line(refused, run, data_path, tmp_path):
    import shutil

    shutil.copytree(data_path, tmp_path / 'own')
    path = tmp_path / 'own' / 'redial' / 'nltk' / 'train_data.json'
    conversations = json.loads(path.read_text('utf-8'))
    path.write_text(json.dumps([c | {'text': False} for c in conversations]), 'utf-8')
    own = ('--data_path', str(tmp_path / 'own'))
    assert refused(*SEQ2SEQ, flags=own) == (
        "dataset ReDial: no recommender's turn of the train data has words to learn from; set conv.epoch to 0"
    )
    run(*SEQ2SEQ, 'conv.epoch=0', flags=own)


@pytest.mark.parametrize(
    'model, setting, said',
    [
        ('Transformer', 'n_heads=3', 'n_heads: 3 heads do not divide token_emb_dim 16; choose one that does'),
        ('Seq2Seq', 'token_emb_dim=7', 'token_emb_dim: 7 is odd'),
        ('Seq2Seq', 'response_truncate=1', 'response_truncate: '),
        ('Seq2Seq', 'conv.metric=bleu', 'conv.metric: no such key'),
        ('Seq2Seq', 'conv.optimizer.lr=1e38', 'training of conv diverged in epoch 0'),
    ],
)
def test_impossible_options_are_reported_in_one_line(refused, model, setting, said):
    base = [s for s in SMALL if model == 'Transformer' or 'ffn' not in s]
    assert refused(f'model={model}', *base, 'conv.gradient_clip=null', setting).startswith(said)
