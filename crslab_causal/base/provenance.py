"""What computed a result."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import crslab_causal

REPORTED_PACKAGES = ('crslab', 'torch', 'torch-geometric', 'numpy')


@lru_cache(maxsize=None)
def provenance() -> dict:
    """Versions of what computes a result, and the git commit of this package where it is a checkout.

    As of the first call in this process: what is committed later is not what it has loaded. The CPU is among the
    versions, because another one rounds sums otherwise, and scores follow.
    """
    versions = {name: importlib.metadata.version(name) for name in REPORTED_PACKAGES}
    versions |= {'python': platform.python_version(), 'crslab_causal': crslab_causal.__version__,
                 'cpu': cpu_name()}
    if 'torch' in sys.modules:  # it knows its build, which its package need not say
        versions['torch'] = str(sys.modules['torch'].__version__)
    return {'versions': versions, 'git_commit': _git_commit()}


def _git_commit() -> str | None:
    root = Path(crslab_causal.__file__).parents[1]
    if not (root / '.git').exists():
        return None
    try:
        commit = subprocess.run(['git', '-C', root, 'rev-parse', 'HEAD'], capture_output=True, text=True, check=True)
        code = [str(root / 'crslab_causal'), str(root / 'config')]
        status = subprocess.run(['git', '-C', root, 'status', '--porcelain', '--untracked-files=no', '--', *code],
                                capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit.stdout.strip() + (' with changes' if status.stdout.strip() else '')


def cpu_name() -> str:
    """As the machine calls it."""
    try:
        lines = Path('/proc/cpuinfo').read_text('utf-8').splitlines()
    except OSError:  # not Linux
        lines = []
    names = [line.partition(':')[2].strip() for line in lines if line.startswith('model name')]
    return names[0] if names else platform.processor() or platform.machine()
