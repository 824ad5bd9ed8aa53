"""What the command says before it needs PyTorch, without it, on a full disk, and when its reader has gone."""

import errno
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import tiny
from crslab_causal.base import files

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
        (['run', '-c', 'causal_demo', '--data_path', ''], 2, 'error: --data_path: is empty'),
        (['prepare', 'redial', '--dry-run'], 0, ''),
    ],
)
def test_what_needs_no_torch_does_not_load_it(arguments, status, said, tmp_path):
    done = command(*arguments, cwd=tmp_path)
    *message, loaded = done.stderr.splitlines()
    assert (done.returncode, loaded) == (status, '[]')
    assert len(message) == (status != 0) and ''.join(message).startswith(said)


def test_a_run_without_torch_ends_in_one_line(workplace):
    done = command('run', '-c', 'causal_demo', missing=['torch'], cwd=workplace)
    error, _ = done.stderr.splitlines()
    assert done.returncode == 2
    assert error == 'error: the package torch is not installed; run `pip install -r requirements.txt`'
    assert list(workplace.iterdir()) == []


@pytest.mark.parametrize('arguments', [['list', 'configs'], ['prepare', 'redial', '--dry-run'], ['--help']])
def test_a_reader_that_goes_away_is_no_mistake(arguments):
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
def test_an_output_that_cannot_be_written_is_one_line(arguments):
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


def test_a_wheel_works_from_another_folder(tmp_path):
    """The configurations and the manifest lie in the wheel."""
    source, target, away = (tmp_path / name for name in ('source', 'target', 'away'))
    away.mkdir()
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
    built = subprocess.run(
        [
            sys.executable,
            '-m',
            'pip',
            'wheel',
            '--no-deps',
            '--no-build-isolation',
            '--no-index',
            '-w',
            tmp_path,
            source,
        ],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = Path(tmp_path).glob('*.whl')
    with zipfile.ZipFile(wheel) as archive:  # what `pip install --no-deps --target` does with a pure wheel
        archive.extractall(target)

    def installed(*arguments, module=('-m', 'crslab_causal')):
        return subprocess.run(
            [sys.executable, *module, *arguments],
            cwd=away,
            env={**os.environ, 'PYTHONPATH': str(target)},
            capture_output=True,
            text=True,
            timeout=120,
        )

    done = installed('list', 'configs')
    assert done.returncode == 0, done.stderr
    names = {line.split()[0] for line in done.stdout.splitlines()}
    assert {'causal_redial', 'causal_opendialkg', 'causal_demo'} <= names
    shown = installed('config', 'show', 'causal_redial')
    assert shown.returncode == 0 and 'model: CausalKBRD' in shown.stdout and 'base:' not in shown.stdout
    assert installed('prepare', 'redial', '--dry-run').returncode == 0
    where = installed(module=['-c', 'import crslab_causal; print(crslab_causal.__file__)']).stdout
    assert Path(where).is_relative_to(target)
    assert list(away.iterdir()) == []


def test_an_empty_list_of_runs_says_so(tmp_path):
    done = command('list', 'runs', cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, '')
    assert 'there are no runs in save; --save-path names another folder' in done.stderr
