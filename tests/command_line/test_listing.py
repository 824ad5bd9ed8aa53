"""The command ``crslab-causal list``."""

import json

from crslab_causal.base.artifacts import BEST_CHECKPOINT, RESULTS
from crslab_causal.command_line.listing import main


def test_runs_are_listed_with_their_progress_and_recall(tmp_path, capsys):
    contents = {
        'a': {
            'splits': {
                'valid': {'all': {'recall@1': 0.0468, 'ndcg@1': 0.5, 'recall@50': 0.51}},
                'test': {'all': {'recall@1': 0.05, 'ndcg@1': 0.5, 'recall@50': 0.6}},
            }
        },
        'b': {'splits': []},
        'c': None,
    }
    for name, content in contents.items():
        folder = tmp_path / 'ReDial_Pool' / name
        folder.mkdir(parents=True)
        if content is not None:
            (folder / RESULTS).write_text(json.dumps(content))
        if name != 'b':
            (folder / BEST_CHECKPOINT).touch()
    assert main(['runs', '--save-path', str(tmp_path)]) == 0
    lines = [line.removeprefix(str(tmp_path / 'ReDial_Pool')) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        '/a  finished, saved; recall@1/50: valid 4.68 / 51.00, test 5.00 / 60.00',
        '/b  finished; results.json is damaged',
        '/c  not finished, saved',
    ]


def test_folder_without_runs_is_said(tmp_path, capsys):
    assert main(['runs', '--save-path', str(tmp_path)]) == 0
    assert 'there are no runs' in capsys.readouterr().err
