"""Whole runs of CTACRS through the command line."""

import json

import pytest
import torch

from tests.model.text.test_pretrained import write_bart

MODEL = ('model=CTACRS', 'num_bases=2', 'token_emb_dim=16', 'dropout=0.2')


def ranks(folder, split='test'):
    return [json.loads(line)['rank'] for line in (folder / f'ranks_{split}.jsonl').read_text('utf-8').splitlines()]


def test_the_weight_of_the_text_is_chosen_on_valid_and_reported(run):
    result, folder = run(*MODEL, flags=['-ss'])
    assert result['context_weight'] in [i / 10 for i in range(11)]
    assert f'chosen on valid: {result["context_weight"]}' in (folder / 'run.log').read_text('utf-8')

    def on_valid(result):
        recall = result['splits']['valid']['all']
        return recall['recall@1'] + recall['recall@10']

    others = [run(*MODEL, f'context_weight={weight}', f'run_name=w{weight}')[0] for weight in (0.0, 0.5, 1.0)]
    assert [other['context_weight'] for other in others] == [0.0, 0.5, 1.0]
    # early stopping saw the entity level alone, so that this one has the same weights as the run that chose
    assert others[0]['best_epoch'] == result['best_epoch'] and on_valid(result) >= on_valid(others[0])


def test_killed_and_restored_run_ends_like_an_uninterrupted_one(run, kill):
    unbroken, folder = run(*MODEL, 'run_name=unbroken', flags=['-ss'])
    kill(*MODEL, 'run_name=killed')
    restored, folder_restored = run(*MODEL, 'run_name=killed', flags=['-rs'])

    assert restored['splits'] == unbroken['splits'] and restored['context_weight'] == unbroken['context_weight']
    assert ranks(folder) == ranks(folder_restored)
    one, other = (torch.load(f / 'last.pth', weights_only=True)['model'] for f in (folder, folder_restored))
    for name in one:  # the weight is not a number until it is chosen
        torch.testing.assert_close(one[name], other[name], rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize('freeze', [True, False])
def test_a_hugging_face_encoder_is_trained_or_left_as_it_is(run, tmp_path, freeze):
    write_bart(tmp_path / 'bart')
    settings = (
        *MODEL,
        f'text_encoder={tmp_path / "bart"}',
        f'freeze_text_encoder={str(freeze).lower()}',
        'rec.epoch=1',
    )
    result, folder = run(*settings, 'run_name=bart', flags=['-ss'])

    from transformers import AutoModel

    saved = torch.load(folder / 'best.pth', weights_only=True)['model']
    name = 'layers.0.fc1.weight'
    there = AutoModel.from_pretrained(tmp_path / 'bart').get_encoder().state_dict()[name]
    assert torch.equal(saved[f'text_encoder.encoder.{name}'], there) == freeze
    assert run(*settings, 'run_name=bart', flags=['-rs'])[0]['splits'] == result['splits']


def test_losses_of_both_levels_are_logged(run):
    _, folder = run(*MODEL, 'rec.epoch=1')
    log = (folder / 'run.log').read_text('utf-8')
    assert 'entity_loss' in log and 'context_loss' in log


@pytest.mark.parametrize(
    'setting, said',
    [
        ('n_heads=3', 'n_heads: 3 heads do not divide token_emb_dim 16; choose one that does'),
        ('context_weight=1.5', 'context_weight: '),
        ('context_truncate=1', 'context_truncate: '),
        ('text_encoder=no/such/model', "text_encoder: 'no/such/model' cannot be loaded"),
    ],
)
def test_impossible_options_are_reported_in_one_line(refused, monkeypatch, setting, said):
    monkeypatch.setenv('HF_HUB_OFFLINE', '1')
    assert refused(*MODEL, setting).startswith(said)
