"""The measurement on a GPU: its folder, its CPU path on a small corpus, and its rows."""

import json
import os
import subprocess
import sys
import tarfile

import pytest

from benchmarks import gpu
from benchmarks.results import read_measurements, results_page
from tests.model.experts.tiny_bert import tiny_bert  # noqa: F401

SMALL = [
    *('kg_edge_threshold=0', 'kg_emb_dim=8', 'rec.epoch=2', 'expert_epochs=1', 'encoder_precision=float32'),
    'cutoffs=[1, 10, 50]',
]


def test_the_folder_trains_both_models_and_the_rows_say_what_was_measured(
    data_path,
    tiny_bert,  # noqa: F811
    tmp_path,
    monkeypatch,
):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / 'gpu_run'
    gpu.main(['pack', '--data_path', str(data_path), '--folder', str(folder), '--encoder', tiny_bert])
    with tarfile.open(folder / gpu.CODE_ARCHIVE) as archive:
        assert {'code/crslab_causal/registry.py', 'code/benchmarks/gpu.py'} <= set(archive.getnames())
    settings = [word for setting in SMALL for word in ('--set', setting)]
    done = subprocess.run(
        ['bash', str(folder / 'run.sh'), '--device', 'cpu', *settings],
        env={**os.environ, 'PYTHON': sys.executable, 'PYTHONPATH': ''},
        capture_output=True,
        text=True,
    )
    assert not done.returncode, done.stderr
    record = json.loads((folder / 'gpu.json').read_text('utf-8'))
    assert list(record['trainings']) == ['causal_redial', 'baselines/redial_dual_encoder'] and not record['left_out']
    recommender, encoder = record['trainings'].values()
    assert recommender['epochs'] == 2 and encoder['epochs'] == 1
    for made in (recommender, encoder):
        assert 0 < made['seconds_of_an_update'] <= made['seconds_of_an_epoch'] < made['seconds']
        assert made['bandwidth_share'] == pytest.approx(
            32 * made['parameters'] / made['seconds_of_an_update'] / record['bandwidth']
        )
        assert made['peak_mib'] is None and set(made['scores']) == {'R@1', 'R@10', 'R@50'}
    rows = done.stdout
    assert '| `causal_redial` |' in rows and 'R@1 no (' in rows  # the small corpus has other scores than ReDial


def test_what_does_not_fit_into_the_time_is_left_out_and_named(tmp_path, monkeypatch, capsys):
    (tmp_path / 'data').mkdir()
    monkeypatch.setattr(gpu, 'LAST_START', -1.0)
    gpu.main(['run', '--folder', str(tmp_path), '--device', 'cpu'])
    record = json.loads((tmp_path / 'gpu.json').read_text('utf-8'))
    assert record['left_out'] == ['causal_redial', 'baselines/redial_dual_encoder'] and not record['trainings']
    said = 'Left out, because the time was over: causal_redial, baselines/redial_dual_encoder.'
    assert said in capsys.readouterr().out


def test_a_machine_without_a_gpu_is_reported_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)
    with pytest.raises(SystemExit, match='this machine has no GPU; --device cpu trains on the CPU'):
        gpu.main(['run', '--folder', str(tmp_path)])


def test_a_folder_that_is_too_large_is_refused(data_path, tiny_bert, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(gpu, 'LIMIT_MIB', 0.1)
    with pytest.raises(SystemExit, match='is larger than 0.1 MiB'):
        gpu.main(['pack', '--data_path', str(data_path), '--folder', str(tmp_path / 'f'), '--encoder', tiny_bert])


def test_the_interval_of_one_more_seed_is_that_of_student():
    low, high = gpu.interval_of_one_more([1.0, 2.0, 3.0])
    assert (low + high) / 2 == pytest.approx(2.0)
    assert high - 2.0 == pytest.approx(4.302653 * (1 + 1 / 3) ** 0.5, rel=1e-5)


def test_the_recorded_seeds_of_the_recommender_are_found():
    scores = gpu.cpu_scores('causal_redial')
    assert len(scores['R@50']) == 5 and all(30 < score < 60 for score in scores['R@50'])


def test_the_page_says_whether_a_gpu_was_measured(monkeypatch, tmp_path):
    monkeypatch.setattr('benchmarks.results.GPU', tmp_path / 'gpu.json')
    assert 'Nothing here was measured on a GPU, because no GPU was available.' in results_page(read_measurements())
    made = {
        'seconds_of_an_epoch': 2.0,
        'seconds_of_an_update': 0.004,
        'bandwidth_share': 0.01,
        'peak_mib': 900.0,
        'scores': {'R@1': 1.0, 'R@10': 2.0, 'R@50': 3.0},
    }
    record = {'device': 'a GPU', 'torch': '2', 'bandwidth': 1e12, 'trainings': {'causal_redial': made}, 'left_out': []}
    (tmp_path / 'gpu.json').write_text(json.dumps(record), 'utf-8')
    assert '| `causal_redial` | 2.00 s | 4.00 ms | 1.0 % | 900 | 1.0 | 2.0 | 3.0 | R@1 no (' in results_page(
        read_measurements()
    )
