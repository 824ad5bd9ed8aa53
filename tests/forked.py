"""Processes that need not import the package: they are forked from a server that has imported it once.

The server starts with the first such process. A new interpreter would take seconds to import PyTorch and CRSLab.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path

METHOD = 'forkserver' if 'forkserver' in multiprocessing.get_all_start_methods() else 'spawn'
"""How processes start."""

if METHOD == 'forkserver':
    multiprocessing.set_forkserver_preload(
        ['crslab_causal.registration', 'crslab_causal.command_line.run', 'crslab_causal.llm.client.client']
    )


def start(
    main: Callable[..., int | None], *arguments: object, output: Path, folder: Path, **environment: str
) -> BaseProcess:
    """Start a process that calls ``main`` in a folder; its exit status is what ``main`` returns.

    Args:
        main: function that a module holds by its name.
        arguments: arguments of ``main``.
        output: file for everything that the process prints.
        folder: working directory of the process.
        environment: variables over those of this process.
    """
    process = multiprocessing.get_context(METHOD).Process(
        target=_call, args=(main, arguments, output, folder, {**os.environ, **environment}), daemon=True
    )
    process.start()
    return process


def _call(main: Callable, arguments: tuple, output: Path, folder: Path, environment: Mapping[str, str]) -> None:
    with output.open('ab') as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.exit(main(*arguments))
