"""Measure the CPU seconds of commands that need no PyTorch, and write them into ``benchmarks/RESULTS.md``.

    python benchmarks/start_up.py

CPU seconds are those of the process, user and system, so that a busy machine hardly changes them. The raw times are in
``benchmarks/start_up.json``.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from benchmarks.results import START_UP, read_measurements, results_page  # noqa: E402
from crslab_causal.base.provenance import cpu_name  # noqa: E402

COMMANDS = {
    '`--help`': (['--help'], 0),
    '`list models`': (['list', 'models'], 0),
    '`list configs`': (['list', 'configs'], 0),
    '`config show causal_redial`': (['config', 'show', 'causal_redial'], 0),
    'a misspelt key: `run -c causal_demo --set alhpa=3`': (['run', '-c', 'causal_demo', '--set', 'alhpa=3'], 2),
    'a missing file: `run -c none.yaml`': (['run', '-c', 'none.yaml'], 2),
    '`experiments --list`': (['experiments', '--list'], 0),
    '`prepare redial --dry-run`': (['prepare', 'redial', '--dry-run'], 0),
}
"""Arguments and exit status of each command, by its title."""
REPEATS = 7


def cpu_seconds(arguments: list[str], status: int) -> float:
    """Return the CPU seconds of ``python -m crslab_causal`` with these arguments.

    Raises:
        SystemExit: the command ended with another status.
    """
    with tempfile.TemporaryDirectory() as folder:
        before = os.times()
        done = subprocess.run(
            [sys.executable, '-m', 'crslab_causal', *arguments],
            cwd=ROOT if arguments[0] == 'experiments' else folder,  # whose suites lie in the repository
            env={**os.environ, 'PYTHONPATH': str(ROOT)},
            capture_output=True,
            text=True,
        )
        after = os.times()
    if done.returncode != status:
        raise SystemExit(f'{" ".join(arguments)} ended with {done.returncode}: {done.stderr}')
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    """Measure every command, after one call that fills the caches of Python."""
    seconds = {}
    for title, (arguments, status) in COMMANDS.items():
        cpu_seconds(arguments, status)
        seconds[title] = [cpu_seconds(arguments, status) for _ in range(REPEATS)]
    record = {'cpu': cpu_name(), 'python': platform.python_version(), 'seconds': seconds}
    START_UP.write_text(json.dumps(record, indent=1, ensure_ascii=False) + '\n', 'utf-8')
    START_UP.with_name('RESULTS.md').write_text(results_page(read_measurements()), 'utf-8')


if __name__ == '__main__':
    main()
