"""The versions and the machine that computed a result."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

from crslab_causal.base.optional_packages import ENCODER_PACKAGE
from crslab_causal.base.version import __version__

REPORTED_PACKAGES = ('crslab', 'torch', 'torch-geometric', 'numpy')
OPTIONAL_PACKAGES = (ENCODER_PACKAGE,)
"""Packages that are reported if they are installed: the experts of the text and the chat read texts with them."""


@cache
def provenance() -> dict:
    """Return the versions of the packages and the CPU, and the git commit of this package if it is a checkout.

    Later calls in the same process return the result of the first one, because the process does not load code that is
    committed later. The CPU is part of the result, because another CPU rounds sums differently and so changes scores.
    """
    versions = {name: importlib.metadata.version(name) for name in REPORTED_PACKAGES}
    for name in OPTIONAL_PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    versions |= {'python': platform.python_version(), 'crslab_causal': __version__, 'cpu': cpu_name()}
    if 'torch' in sys.modules:  # this version names the build; that in the package's metadata may not
        versions['torch'] = str(sys.modules['torch'].__version__)
    return {'versions': versions, 'git_commit': _git_commit()}


def _git_commit() -> str | None:
    root = Path(__file__).resolve().parents[2]
    if not (root / '.git').exists():
        return None
    try:
        commit = subprocess.run(['git', '-C', root, 'rev-parse', 'HEAD'], capture_output=True, text=True, check=True)
        code = [str(root / 'crslab_causal'), str(root / 'config')]
        status = subprocess.run(
            ['git', '-C', root, 'status', '--porcelain', '--untracked-files=no', '--', *code],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit.stdout.strip() + (' with changes' if status.stdout.strip() else '')


def cpu_name() -> str:
    """Return the name of the CPU."""
    try:
        lines = Path('/proc/cpuinfo').read_text('utf-8').splitlines()
    except OSError:  # the system is not Linux
        lines = []
    names = [line.partition(':')[2].strip() for line in lines if line.startswith('model name')]
    return names[0] if names else platform.processor() or platform.machine()
