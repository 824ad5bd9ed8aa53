"""The chat without a saved run or without data: it offers to prepare both."""

import io
import sys
from pathlib import Path

import pytest
import yaml

from crslab_causal.command_line import first_run
from crslab_causal.command_line.run import chat
from small_runs import SETTINGS

POOL = {'model': 'Pool', 'experts': ['TransitionCounts', 'EASE']}


@pytest.fixture
def talk(tmp_path, data_path, monkeypatch, capsys):
    """``talk('y', 'I love comedies')`` types these lines at a terminal; gives the exit status and the output."""

    def talk(*lines, terminal=True, data=data_path, **settings):
        monkeypatch.chdir(tmp_path)
        (tmp_path / 'pool.yaml').write_text(yaml.safe_dump(SETTINGS | POOL | settings), 'utf-8')
        monkeypatch.setattr(first_run, '_is_terminal', lambda: terminal)
        monkeypatch.setattr(sys, 'stdin', io.StringIO(''.join(f'{line}\n' for line in lines)))
        capsys.readouterr()
        status = chat(['-c', 'pool.yaml', '--data_path', str(data)])
        output = capsys.readouterr()
        return status, output.out, output.err

    return talk


def test_chat_trains_if_the_answer_is_yes_and_then_goes_on(talk, tmp_path):
    status, out, err = talk('perhaps', 'y', 'I love comedies', '/why')
    assert status == 0 and err.count('error') == 0
    assert out.count('Shall I train Pool now?') == 2 and 'Answers by:' in out and 'Each part of the model adds' in out
    assert (tmp_path / 'save/ReDial_Pool/pool_seed2020/best.pth').is_file()
    status, out, _ = talk('I love comedies')
    assert status == 0 and 'Shall I' not in out


def test_chat_ends_with_a_clear_line_if_the_answer_is_no_or_nobody_is_asked(talk, tmp_path):
    for lines in (['n'], []):
        status, out, err = talk(*lines)
        assert status == 2 and 'run `crslab-causal run -c pool.yaml --save-system` first' in err
    status, out, err = talk(terminal=False)
    assert status == 2 and 'best.pth does not exist; train first with --save-system' in err and 'Shall I' not in out


def test_chat_offers_to_prepare_missing_data(talk, tmp_path, monkeypatch):
    missing = tmp_path / 'dataset'
    (missing / 'redial').mkdir(parents=True)
    status, _, err = talk(terminal=False, data=missing)
    assert status == 2 and 'There are no data of ReDial' in err and 'crslab-causal prepare redial' in err
    prepared = []
    monkeypatch.setattr(
        'crslab_causal.prepare.preparation.prepare', lambda name, path: prepared.append((name, Path(path).name))
    )
    status, out, err = talk('y', data=missing)
    assert 'Shall I download and prepare the data and train Pool now?' in out
    assert prepared == [('redial', 'dataset')] and status == 2  # the stand-in has prepared nothing
