"""Train the recommender and the dual encoder on a GPU, and compare scores, time and memory with the CPU.

    python benchmarks/gpu.py pack --data-path data/dataset          # on any machine with network; makes gpu_run/
    bash gpu_run/run.sh                                             # on the machine with the GPU; no network is needed
    python benchmarks/gpu.py report gpu_run/gpu.json                # writes the rows into benchmarks/RESULTS.md

``pack`` writes one folder of at most :data:`LIMIT_MIB` with the code, ReDial, the weights of the sentence encoder in
half precision, and the packages that PyTorch's usual images lack. The machine needs PyTorch, transformers,
torch-geometric, scikit-learn, SciPy, and tensorboard. ``run.sh`` takes at most eight minutes: a training that has not
begun after :data:`LAST_START` seconds is left out, and the record says so. On a machine without a GPU it ends with one
line; ``--device cpu`` trains there on the CPU.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, Sequence

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]
sys.path += [str(ROOT.parent / 'packages')] if (ROOT.parent / 'packages').is_dir() else []

CODE_ARCHIVE, DATA_ARCHIVE = 'code.tar.xz', 'redial.tar.xz'
LIMIT_MIB = 60
LAST_START = 300.0
CODE = ('crslab_causal', 'config', 'benchmarks', 'results/recommendation.json', 'results/pool.json', 'run_crslab.py')
PACKAGES = (
    *('loguru', 'nltk', 'json-repair', 'pyspellchecker', 'pydantic', 'pydantic-core'),
    *('annotated-types', 'typing-inspection', 'typing-extensions', 'rapidfuzz'),
)
"""Packages that are packed, in the versions that are installed here."""
COPIED = ('crslab', 'fuzzywuzzy')
"""Modules without compiled code that are copied from here."""
PLATFORMS = ('manylinux_2_28_x86_64', 'manylinux_2_17_x86_64', 'manylinux2014_x86_64', 'manylinux_2_27_x86_64')
TRAININGS: dict[str, dict[str, Any]] = {
    'causal_redial': {},
    'baselines/redial_dual_encoder': {'encoder_precision': 'bfloat16'},
}
"""Configurations, and the keys that are changed."""
CPU_ROWS = {
    'causal_redial': ('recommendation', "CausalKBRD, the paper's setting"),
    'baselines/redial_dual_encoder': ('pool', 'Dual encoder'),
}
"""Record and title of the row that each configuration has in ``results``."""
SPLIT, METRICS = 'test', {'R@1': 'recall@1', 'R@10': 'recall@10', 'R@50': 'recall@50'}
BANDWIDTH_BYTES = 2**30
ADAM_BYTES = 32
"""Bytes for each parameter that a dense update by Adam must move at least: the gradient is written and read, and
parameter and two moments are read and written, four bytes each."""


# ---------------------------------------------------------------- pack


def pack(arguments: argparse.Namespace) -> None:
    """Write the folder."""
    folder: Path = arguments.folder
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    with tarfile.open(folder / CODE_ARCHIVE, 'w:xz', preset=2) as archive:
        for name in CODE:
            archive.add(ROOT / name, f'code/{name}', filter=_without_caches)
        if arguments.python:
            with tempfile.TemporaryDirectory() as packages:
                unpack_packages(Path(packages), arguments.python)
                archive.add(packages, 'packages')
    with tarfile.open(folder / DATA_ARCHIVE, 'w:xz', preset=2) as archive:
        archive.add(arguments.data_path / 'redial' / 'nltk', 'redial/nltk')
    pack_encoder(arguments.encoder, folder / 'encoder')
    extract = f"import tarfile; tarfile.open('{CODE_ARCHIVE}').extractall('.')"
    (folder / 'run.sh').write_text(
        '#!/bin/bash\n'
        'cd "$(dirname "$0")" && python=${PYTHON:-python3}\n'
        f'[ -d code ] || $python -c "{extract}"\n'
        'exec $python code/benchmarks/gpu.py run --folder . "$@"\n',
        'utf-8',
    )
    mib = sum(path.stat().st_size for path in folder.rglob('*') if path.is_file()) / 2**20
    print(f'{folder}: {mib:.1f} MiB')
    if mib > LIMIT_MIB:
        raise SystemExit(f'{folder} is larger than {LIMIT_MIB} MiB')


def pack_encoder(name: str, folder: Path) -> None:
    """Save an encoder of Hugging Face in half precision, with its tokenizer."""
    import torch

    from crslab_causal.model.experts.sentence_encoder import SentenceEncoder

    encoder = SentenceEncoder(name, 128, None, torch.device('cpu'))
    encoder.load_model().half().save_pretrained(folder)
    encoder.tokenizer.save_pretrained(folder)


def unpack_packages(folder: Path, python: str) -> None:
    """Put :data:`PACKAGES` into a folder, built for a version of Python."""
    with tempfile.TemporaryDirectory() as wheels:
        for name in PACKAGES:
            command = [sys.executable, '-m', 'pip', 'download', '-q', '--no-deps', '--dest', wheels]
            command += ['--only-binary=:all:', '--python-version', python, '--implementation', 'cp']
            command += [word for platform in PLATFORMS for word in ('--platform', platform)]
            subprocess.run([*command, f'{name}=={importlib.metadata.version(name)}'], check=True)
        for wheel in sorted(Path(wheels).glob('*.whl')):
            zipfile.ZipFile(wheel).extractall(folder)
    for name in COPIED:
        found = importlib.util.find_spec(name)
        assert found is not None and found.submodule_search_locations
        source = Path(found.submodule_search_locations[0])
        shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns('__pycache__'))
    for dictionary in (folder / 'spellchecker' / 'resources').glob('*.json.gz'):
        if dictionary.name != 'en.json.gz':
            dictionary.unlink()


def _without_caches(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Return a member of an archive; None for compiled code."""
    return None if '__pycache__' in member.name else member


# ---------------------------------------------------------------- run


def run(arguments: argparse.Namespace) -> None:
    """Train, and write the record."""
    import torch

    started = time.perf_counter()
    device = arguments.device
    if device == 'auto':
        device = 'cuda' if torch.cuda.is_available() else ''
    if not device:
        raise SystemExit('this machine has no GPU; --device cpu trains on the CPU')
    folder: Path = arguments.folder.resolve()
    data = folder / 'data'
    if not data.is_dir():
        with tarfile.open(folder / DATA_ARCHIVE) as archive:
            archive.extractall(data, filter='data')
    record: dict[str, Any] = {
        'device': device_name(device),
        'torch': torch.__version__,
        'trainings': {},
        'left_out': [],
    }
    bandwidth = copy_bandwidth(device)
    record['bandwidth'] = bandwidth
    for config in arguments.configs:
        if time.perf_counter() - started > LAST_START:
            record['left_out'].append(config)
            continue
        settings = {**TRAININGS.get(config, {}), **dict(pair.split('=', 1) for pair in arguments.set)}
        if 'dual_encoder' in config:
            settings['sentence_encoder'] = str(folder / 'encoder')
        made = train(config, settings, device, data, folder / 'save')
        made['bandwidth_share'] = made['bytes_of_an_update'] / made['seconds_of_an_update'] / bandwidth
        record['trainings'][config] = made
        (folder / 'gpu.json').write_text(json.dumps(record, indent=1) + '\n', 'utf-8')
    record['seconds'] = time.perf_counter() - started
    (folder / 'gpu.json').write_text(json.dumps(record, indent=1) + '\n', 'utf-8')
    print(section(record))


def device_name(device: str) -> str:
    """Return the name of the GPU, or of the CPU."""
    import torch

    from crslab_causal.base.provenance import cpu_name

    return torch.cuda.get_device_name(0) if device == 'cuda' else cpu_name() or 'a CPU'


def copy_bandwidth(device: str) -> float:
    """Return the bytes a second that a copy within the memory reads and writes."""
    import torch

    from benchmarks.harness import times

    source = torch.empty(BANDWIDTH_BYTES if device == 'cuda' else BANDWIDTH_BYTES // 16, dtype=torch.uint8).to(device)
    target = torch.empty_like(source)
    return 2 * len(source) / min(times(lambda: target.copy_(source), 5, 2, torch.device(device)))


def train(config: str, settings: dict[str, Any], device: str, data: Path, save: Path) -> dict[str, Any]:
    """Train and test a configuration, and return scores, seconds and memory."""
    import torch

    from crslab_causal import quick_start

    if device == 'cuda':
        torch.cuda.reset_peak_memory_stats()
    epochs: list[tuple[int, float, int]] = []  # updates, seconds, parameters
    started = time.perf_counter()
    values = {**settings, 'data_path': str(data), 'save_path': str(save)}
    pairs = [f'{key}={value}' for key, value in values.items()]
    with watched(epochs):
        splits = quick_start.run(config, pairs, gpu='0' if device == 'cuda' else '-1')
    updates, seconds, parameters = min(epochs, key=lambda epoch: epoch[1] / epoch[0])
    scores = splits[SPLIT]['all']
    return {
        'settings': {key: str(value) for key, value in settings.items()},
        'scores': {name: 100 * scores[metric] for name, metric in METRICS.items() if metric in scores},
        'epochs': len(epochs),
        'seconds_of_an_epoch': seconds,
        'seconds_of_an_update': seconds / updates,
        'bytes_of_an_update': ADAM_BYTES * parameters,
        'parameters': parameters,
        'seconds': time.perf_counter() - started,
        'peak_mib': torch.cuda.max_memory_allocated() / 2**20 if device == 'cuda' else None,
    }


@contextmanager
def watched(epochs: list[tuple[int, float, int]]) -> Iterator[None]:
    """Note updates, seconds and trained parameters of every epoch in the block: of the system and of trained experts.

    Args:
        epochs: list that the epochs are added to.
    """
    from unittest.mock import patch

    from crslab_causal.model.experts.trained_expert import TrainedExpert
    from crslab_causal.system.trainer import Trainer

    train_epoch = Trainer._train_epoch

    def timed(trainer: Any, epoch: int) -> None:
        started = time.perf_counter()
        train_epoch(trainer, epoch)
        if trainer.parameters:
            seconds = time.perf_counter() - started
            epochs.append((trainer.stage.n_update(), seconds, sum(p.numel() for p in trainer.parameters)))

    def end_epoch(expert: Any, updates: int, seconds: float, parameters: int) -> None:
        if updates:
            epochs.append((updates, seconds, parameters))

    with patch.object(Trainer, '_train_epoch', timed), patch.object(TrainedExpert, 'end_epoch', end_epoch):
        yield


# ---------------------------------------------------------------- report


def cpu_scores(config: str) -> dict[str, list[float]]:
    """Return the scores of the seeds that the committed results have for a configuration on a CPU, in percent."""
    if config not in CPU_ROWS:
        return {}
    file, title = CPU_ROWS[config]
    for table in json.loads((ROOT / 'results' / f'{file}.json').read_text('utf-8'))['tables']:
        for row in table['rows']:
            if table['split'] == SPLIT and row['title'] == title and len(row['runs']) > 1:
                return {name: [100 * v for v in row['scores']['all'][metric]] for name, metric in METRICS.items()}
    return {}


def interval_of_one_more(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval in which the score of one more seed lies (Student t), if it is of the same kind."""
    import statistics

    from scipy import stats

    n = len(values)
    half = float(stats.t.ppf(0.975, n - 1)) * statistics.stdev(values) * (1 + 1 / n) ** 0.5
    return statistics.mean(values) - half, statistics.mean(values) + half


def section(record: dict[str, Any]) -> str:
    """Return the rows about the trainings of a record, in Markdown."""
    lines = [
        f'`benchmarks/gpu.py` on {record["device"]}, torch {record["torch"]}; a copy moves '
        f'{record["bandwidth"] / 1e9:.0f} GB/s.',
        '',
        '| configuration | an epoch | an update | share of the bandwidth | peak MiB | '
        + ' | '.join(METRICS)
        + ' | within the interval of the seeds on CPUs |',
        '|---|---:|---:|---:|---:|' + '---:|' * len(METRICS) + '---|',
    ]
    for config, made in record['trainings'].items():
        known, verdicts = cpu_scores(config), []
        for name, values in known.items():
            low, high = interval_of_one_more(values)
            is_within = low <= made['scores'][name] <= high
            verdicts.append(f'{name} {"yes" if is_within else "no"} ({low:.1f} to {high:.1f})')
        memory = '-' if made['peak_mib'] is None else f'{made["peak_mib"]:.0f}'
        scores = ' | '.join(f'{made["scores"][name]:.1f}' if name in made['scores'] else '-' for name in METRICS)
        lines.append(
            f'| `{config}` | {made["seconds_of_an_epoch"]:.2f} s | {1000 * made["seconds_of_an_update"]:.2f} ms '
            f'| {100 * made["bandwidth_share"]:.1f} % | {memory} | {scores} '
            f'| {", ".join(verdicts) or "no seeds on CPUs are recorded"} |'
        )
    lines += [
        '',
        f'ReDial, {SPLIT}, one seed. The share of the bandwidth is that of the {ADAM_BYTES} bytes for each parameter '
        'that an update by Adam must move at least.',
    ]
    if record['left_out']:
        lines += ['', f'Left out, because the time was over: {", ".join(record["left_out"])}.']
    return '\n'.join(lines)


def report(arguments: argparse.Namespace) -> None:
    """Keep a record, and write its rows into ``RESULTS.md``."""
    from benchmarks.results import GPU, read_measurements, results_page

    record = json.loads(arguments.record.read_text('utf-8'))
    section(record)  # fails on a record of another kind before anything is written
    if arguments.record.resolve() != GPU:
        GPU.write_text(json.dumps(record, indent=1) + '\n', 'utf-8')
    GPU.with_name('RESULTS.md').write_text(results_page(read_measurements()), 'utf-8')


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    packing = commands.add_parser('pack', help='write the folder')
    packing.add_argument('--data-path', '--data_path', type=Path, default=Path('data', 'dataset'))
    packing.add_argument('--folder', type=Path, default=Path('gpu_run'))
    packing.add_argument('--encoder', default='all-MiniLM-L6-v2', help='folder or name of an encoder of Hugging Face')
    packing.add_argument('--python', default='', help='version of Python, such as 3.12, that packages are packed for')
    packing.set_defaults(call=pack)
    running = commands.add_parser('run', help='train')
    running.add_argument('--folder', type=Path, default=Path('gpu_run'))
    running.add_argument('--device', choices=('auto', 'cuda', 'cpu'), default='auto')
    running.add_argument('--configs', nargs='+', default=list(TRAININGS))
    running.add_argument('--set', action='append', default=[], metavar='KEY=VALUE', help='override a key')
    running.set_defaults(call=run)
    reporting = commands.add_parser('report', help='write RESULTS.md')
    reporting.add_argument('record', type=Path)
    reporting.set_defaults(call=report)
    parsed = parser.parse_args(arguments)
    parsed.call(parsed)


if __name__ == '__main__':
    main()
