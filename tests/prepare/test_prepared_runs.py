"""From an empty data folder to a table: the download, the conversion and a run, for every public dataset."""

import re

import pytest

SETTINGS = {'kg_edge_threshold': 0, 'kg_emb_dim': 8, 'cutoffs': [1, 2]}
ONE_EPOCH = {'epoch': 1, 'batch_size': 4, 'optimizer': {'name': 'Adam', 'lr': 0.01}}


@pytest.mark.parametrize('dataset', ['ReDial', 'OpenDialKG', 'Inspired'])
def test_a_run_without_data_fetches_them_and_ends_in_a_table(
    dataset, server, manifest, workplace, make_config, monkeypatch, capsys
):
    from crslab_causal.command_line.run import main
    from crslab_causal.prepare.preparation import prepare

    pinned = {'manifest': manifest, 'mirror': server.address}
    monkeypatch.setattr(prepare, '__kwdefaults__', prepare.__kwdefaults__ | pinned)
    config = make_config(dataset=dataset, run_name='mine', rec=ONE_EPOCH, **SETTINGS)

    assert main(['--config', str(config), '--no-download']) == 2
    assert f'crslab-causal prepare {dataset.lower()}' in capsys.readouterr().err
    assert server.requests.total() == 0

    assert main(['--config', str(config)]) == 0
    said = capsys.readouterr().out
    assert 'licence' in said.lower() and 'Please cite: ' in said
    (table,) = workplace.glob(f'save/{dataset}_CausalKBRD/mine_seed2020/results.md')
    text = table.read_text('utf-8')
    assert '| test | ALL |' in text
    assert re.search(rf'Fingerprint of the data: {dataset} [0-9a-f]{{12}}\.', text)

    asked = server.requests.total()
    assert main(['--config', str(config)]) == 0  # the data are there
    assert server.requests.total() == asked
