"""A small generated corpus in ReDial's place, and runs on it in this process."""

import io
import json
import re
import sys
from pathlib import Path

import pytest
import yaml

from crslab_causal.command_line.run import main
from crslab_causal.data.demo.corpus import write_corpus
from crslab_causal.quick_start import load_system
from llm_server import RunningServer

SETTINGS = {
    'dataset': 'ReDial',
    'model': 'CausalKBRD',
    'kg_edge_threshold': 0,
    'kg_emb_dim': 16,
    'cutoffs': [1, 10],
    'rec': {'epoch': 3, 'batch_size': 8, 'update_freq': 4, 'optimizer': {'name': 'Adam', 'lr': 0.01}},
}


@pytest.fixture(scope='session')
def data_path(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp('data')
    write_corpus(path / 'redial' / 'nltk', seed=7, strength=0.8, n_train=120, n_valid=30, n_test=30, n_interventional=5)
    return path


@pytest.fixture
def no_key(monkeypatch):
    """No key and no address of a language model in the environment, and no proxy."""
    for name in ('OPENAI_API_KEY', 'OPENAI_BASE_URL'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('NO_PROXY', '*')


@pytest.fixture
def command(data_path, tmp_path, monkeypatch, no_key):
    """``command('alpha=0', flags=['-ss'])`` runs the command line, and gives its exit status."""
    monkeypatch.chdir(tmp_path)

    def command(*settings: str, flags: tuple[str, ...] = (), seed: int = 1) -> int:
        config = tmp_path / 'small.yaml'
        config.write_text(yaml.safe_dump(SETTINGS), 'utf-8')
        arguments = ['-c', str(config), '--data_path', str(data_path), '--seed', str(seed), *flags]
        for setting in settings:
            arguments += ['--set', setting]
        return main(arguments)

    return command


@pytest.fixture
def run(command, tmp_path):
    """As ``command``, of a run that ends well; gives results.json and the run's folder."""

    def run_with(*settings: str, **keywords) -> tuple[dict, Path]:
        assert command(*settings, **keywords) == 0
        newest = max(tmp_path.glob('save/*/*/results.json'), key=lambda path: path.stat().st_mtime_ns)
        return json.loads(newest.read_text('utf-8')), newest.parent

    return run_with


@pytest.fixture
def load(data_path, tmp_path):
    """The system of a run that was saved, for example ``load('alpha=0')``."""

    def load(*settings: str):
        return load_system(str(tmp_path / 'small.yaml'), settings=[f'data_path={data_path}', 'seed=1', *settings])

    return load


@pytest.fixture
def kill(run, monkeypatch):
    """As ``run``, of a run that is interrupted after its first epoch, with its checkpoints."""
    from crslab_causal.system.trainer import Trainer

    save = Trainer.save

    def killed(self, improved):
        save(self, improved)
        if self.progress.epoch == 1:
            raise KeyboardInterrupt

    def kill(*settings: str) -> None:
        with monkeypatch.context() as patch, pytest.raises(AssertionError):
            patch.setattr(Trainer, 'save', killed)
            run(*settings, flags=['-ss'])

    return kill


@pytest.fixture
def refused(command, capsys):
    """As ``command``, of a run with a mistake; gives the line about it."""

    def refused(*settings: str, **keywords) -> str:
        capsys.readouterr()
        assert command(*settings, **keywords) == 2
        output = capsys.readouterr()
        assert 'Traceback' not in output.out + output.err
        (line,) = output.err.splitlines()
        assert line.startswith('error: ')
        return line.removeprefix('error: ')

    return refused


@pytest.fixture(scope='session')
def trained(data_path, tmp_path_factory) -> Path:
    """Folder of a run of CausalKBRD, with its weights."""
    folder = tmp_path_factory.mktemp('trained')
    (folder / 'small.yaml').write_text(yaml.safe_dump(SETTINGS), 'utf-8')
    assert (
        main(
            [
                '-c',
                str(folder / 'small.yaml'),
                '--data_path',
                str(data_path),
                '--seed',
                '1',
                '-ss',
                '--set',
                f'save_path={folder}',
                '--set',
                'run_name=trained',
            ]
        )
        == 0
    )
    return folder / 'ReDial_CausalKBRD' / 'trained_seed1'


@pytest.fixture
def chat(command, trained, monkeypatch, capsys):
    """``chat('I love comedy', '/why')`` types these lines into CausalLLM; gives the introduction and each answer."""

    def chat(*lines: str, settings: tuple[str, ...] = ('model=CausalLLM',)) -> list[str]:
        own = (f'recommender={trained}',) if 'model=CausalLLM' in settings else ()
        monkeypatch.setattr(sys, 'stdin', io.StringIO(''.join(f'{line}\n' for line in lines)))
        capsys.readouterr()
        assert command(*settings, *own, flags=['-i']) == 0
        output = capsys.readouterr()
        assert output.err == ''
        # an empty line has no answer, so that one prompt follows the other
        return [answer.rstrip('\n') for answer in re.split(r'(?:(?<=\n)|(?<=> ))> ', output.out)]

    return chat


@pytest.fixture(scope='session')
def llm_server(tmp_path_factory):
    """A server of OpenAI's protocol in a process of its own; see tests/llm_server.py."""
    with RunningServer(tmp_path_factory.mktemp('server')) as running:
        yield running


@pytest.fixture
def live(llm_server):
    """Return a function that plans a server, and returns the settings for it and its address."""

    def live(*script, **plan):
        url = llm_server.plan(*script, **{'n_candidate': 20} | plan)
        return ['llm.mode=live', f'llm.base_url={url}', 'llm.retries=0', 'llm.candidates=20'], url

    return live
