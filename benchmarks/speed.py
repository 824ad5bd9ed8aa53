"""Measure this package and CRSLab side by side, and write ``benchmarks/RESULTS.md``.

    python benchmarks/speed.py --data-path path/to/data        # or: make bench

Every measurement runs in its own process (``benchmarks/cases.py``), one after the other. The raw times are in
``benchmarks/speed.json``. With ``--resume``, measurements of that file are kept if they were made by the same versions
on the same machine. The block of docs/results/main_tables.md is replaced as well.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from benchmarks.results import RECORD, read_measurements, readme_block, results_page  # noqa: E402
from crslab_causal.base.markdown_blocks import update_block  # noqa: E402
from crslab_causal.base.provenance import REPORTED_PACKAGES, cpu_name  # noqa: E402

KBRD_BATCHES = (32, 512, 2048)
OUR_BATCHES = (32, 128, 512, 2048)


def machine() -> dict:
    """Return the hardware and the versions that the times depend on."""
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30
    versions = {name: importlib.metadata.version(name) for name in REPORTED_PACKAGES}
    return {
        'cpu': cpu_name(),
        'cores': os.cpu_count(),
        'memory_gib': round(memory),
        'system': platform.system(),
        'python': platform.python_version(),
        **versions,
    }


class Bench:
    """Runs the cases of ``benchmarks/cases.py`` and records their results.

    Args:
        arguments: arguments of the command line.
        record: measurements by name, from a previous run.
    """

    def __init__(self, arguments: argparse.Namespace, record: dict[str, dict]):
        self.arguments, self.record = arguments, record

    def case(self, name: str, case: str, **options) -> dict:
        """Run a case, record its result under a name, and return it; a recorded result is returned at once."""
        if name not in self.record:
            print(f'{time.strftime("%H:%M:%S")} {name}', flush=True)
            command = [
                sys.executable,
                str(ROOT / 'benchmarks' / 'cases.py'),
                case,
                '--data-path',
                str(self.data_path(options)),
                '--cache',
                str(self.arguments.cache),
            ]
            for key, value in options.items():
                command += [f'--{key}'] if value is True else [f'--{key}', str(value)]
            command += ['--started', str(time.time())]
            done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
            if done.returncode:
                raise SystemExit(f'{name} failed:\n{done.stderr}')
            self.record[name] = json.loads(done.stdout.strip().splitlines()[-1]) | {'options': options}
            self.save()
        return self.record[name]

    def data_path(self, options: dict) -> Path:
        """Return the data folder of a case.

        The demo corpus is generated, and must not be written into the user's folder.
        """
        return self.arguments.cache if options.get('dataset') == 'demo' else self.arguments.data_path

    def save(self) -> None:
        """Write all measurements to the record."""
        RECORD.write_text(json.dumps({'machine': machine(), 'measurements': self.record}, indent=1) + '\n', 'utf-8')

    # ------------------------------------------------------------ the measurements

    def run(self) -> None:
        """Run all measurements."""
        for dataset in ('redial', 'demo'):
            self.record.pop(f'{dataset} prepare', None)  # it writes the file that the other cases read
            self.case(f'{dataset} prepare', 'prepare', dataset=dataset)
            self.steps(dataset)
            self.epochs(dataset)
            self.case(f'{dataset} ranking', 'ranking', dataset=dataset, repeats=9)
            for form, batch_size in (('kbrd_unbind', 2048), ('kbrd_bags', 2048), ('ours', 256)):
                self.case(
                    f'{dataset} evaluation {form}',
                    'evaluation',
                    dataset=dataset,
                    form=form,
                    batch_size=batch_size,
                    repeats=5 if form != 'ours' else 15,
                )
            self.case(
                f'{dataset} evaluation ours, full',
                'evaluation',
                dataset=dataset,
                form='ours',
                batch_size=256,
                full=True,
                repeats=15,
            )
        for form in ('crslab', 'ours'):
            self.case(f'redial loading {form}', 'loading', form=form, repeats=5)
        self.case('redial loading restored', 'loading', form='ours', restore=True, repeats=5)
        self.recommendations()
        self.case('redial traffic', 'traffic', threads=1)
        for factor in (1, 10, 100):
            self.case(f'growth {factor}', 'growth', factor=factor, repeats=15 if factor < 100 else 7, warm_up=3)
        self.case('growth dense', 'growth', factor=10, density=100, repeats=5)
        if importlib.util.find_spec('torch_sparse') or importlib.util.find_spec('pyg_lib'):
            self.case('growth dense, sampled', 'growth', factor=10, density=100, num_neighbors=10, repeats=5)
        self.gpu()

    def steps(self, dataset: str) -> None:
        """Measure single updates of all forms."""
        slow = {'redial': 3, 'demo': 20}[dataset]
        for form, repeats, warm_up in (
            ('kbrd_shipped', slow, 1),
            ('kbrd_unbind', 3 * slow, 1),
            ('kbrd_bags', 3 * slow, 1),
            ('ours_bases', 30, 5),
            ('ours', 60, 10),
            ('ours_wo_causal', 60, 10),
            ('ours_compiled', 30, 25),
        ):
            self.case(f'{dataset} step {form}', 'step', dataset=dataset, form=form, repeats=repeats, warm_up=warm_up)

    def epochs(self, dataset: str) -> None:
        """Measure epochs, each at the best batch size by single updates.

        Ours is also measured with the batch size of ``config/causal_redial.yaml``.
        """
        n_sample = self.record[f'{dataset} prepare']['samples']['train']
        for form, sizes, repeats in (
            ('kbrd_unbind', KBRD_BATCHES, 1),
            ('kbrd_bags', KBRD_BATCHES, 1),
            ('ours', OUR_BATCHES, 5),
        ):
            cost = {}
            for size in sizes:
                made = self.case(
                    f'{dataset} step {form}, batch {size}',
                    'step',
                    dataset=dataset,
                    form=form,
                    batch_size=size,
                    repeats=3 if form != 'ours' else 10,
                )
                cost[-(-n_sample // size) * sorted(made['seconds'])[len(made['seconds']) // 2]] = size
            self.case(
                f'{dataset} epoch {form}',
                'epoch',
                dataset=dataset,
                form=form,
                batch_size=cost[min(cost)],
                repeats=repeats,
                warm_up=0 if repeats == 1 else 1,
            )
        self.case(
            f'{dataset} epoch ours, as configured',
            'epoch',
            dataset=dataset,
            form='ours',
            batch_size=32,
            update_freq=4,
            repeats=5,
        )

    def recommendations(self) -> None:
        """Measure lists for one user: ours from a saved run of one epoch, and of KBRD a forward pass."""
        if 'redial recommendation 0' not in self.record:
            done = subprocess.run(
                [
                    sys.executable,
                    str(ROOT / 'run_crslab.py'),
                    '-c',
                    str(ROOT / 'config/causal_redial.yaml'),
                    '--data-path',
                    str(self.arguments.data_path),
                    '--save-system',
                    '--save-data',
                    '--set',
                    f'save_path={self.arguments.cache}',
                    '--set',
                    'rec.epoch=1',
                    '--set',
                    'run_name=speed',
                ],
                capture_output=True,
                text=True,
                cwd=ROOT,
            )
            if done.returncode:
                raise SystemExit(f'training a recommender failed:\n{done.stderr}')
        for i in range(5):
            self.case(f'redial recommendation {i}', 'recommendation', repeats=2000, threads=1)
        self.case(
            'redial recommendation kbrd_unbind',
            'evaluation',
            form='kbrd_unbind',
            batch_size=1,
            threads=1,
            samples=1,
            repeats=5,
        )

    def gpu(self) -> None:
        """Measure updates on a GPU, if there is one."""
        import torch

        if not torch.cuda.is_available():
            return
        self.record['gpu'] = {'name': torch.cuda.get_device_name(0)}
        for form, repeats in (('kbrd_shipped', 10), ('kbrd_unbind', 10), ('kbrd_bags', 10), ('ours', 60)):
            self.case(f'gpu step {form}', 'step', form=form, device='cuda', repeats=repeats, warm_up=5)
        self.case('gpu epoch ours', 'epoch', form='ours', device='cuda', batch_size=512, repeats=5)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description='Measure this package and CRSLab side by side.')
    parser.add_argument('--data-path', '--data_path', type=Path, required=True, help='folder that contains redial/nltk')
    parser.add_argument('--resume', action='store_true', help='keep the measurements of speed.json')
    parser.add_argument(
        '--report-only',
        '--report_only',
        action='store_true',
        help='only write RESULTS.md and the block of docs/results/main_tables.md',
    )
    arguments = parser.parse_args()
    arguments.data_path = arguments.data_path.resolve()
    record = {}
    if arguments.resume or arguments.report_only:
        known = read_measurements()
        if not arguments.report_only and known['machine'] != machine():
            raise SystemExit(f'{RECORD} was measured on another machine or with other versions; start without --resume')
        record = known['measurements']
    if not arguments.report_only:
        with tempfile.TemporaryDirectory() as folder:
            arguments.cache = Path(folder)
            Bench(arguments, record).run()
    measurements = read_measurements()
    (ROOT / 'benchmarks' / 'RESULTS.md').write_text(results_page(measurements), 'utf-8')
    update_block(ROOT / 'docs' / 'results' / 'main_tables.md', 'speed', readme_block(measurements))
    print(readme_block(measurements))


if __name__ == '__main__':
    main()
