"""The steps of CONTRIBUTING.md, applied to a copy of the package: each addition touches the files that it names."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap

import pytest

import tiny

OPENING_LINE = {
    'MODELS': 'MODELS: dict[str, ModelEntry] = _by_name(',
    'DATASETS': 'DATASETS: dict[str, DatasetEntry] = _by_name(',
    'RANKING_METRICS': 'RANKING_METRICS: dict[str, RankingMetric] = _by_name(',
    'INTERVENTIONS': 'INTERVENTIONS: dict[str, InterventionKind] = {',
}
"""Line of the table's file behind which a new entry goes."""


def sections():
    """The chapters of CONTRIBUTING.md by title."""
    parts = re.split(r'^## (.*)$', (tiny.ROOT / 'CONTRIBUTING.md').read_text('utf-8'), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def apply(section, root):
    """Do what a chapter says; gives the paths of the files that it names."""
    touched = []
    for step in re.findall(r'((?:Write|Add) (?:its|an)(?:(?!```).)*?```python\n.*?```)', section, flags=re.DOTALL):
        text, _, code = step.partition('```python\n')
        code = code.rstrip('` \n')
        path = root / re.search(r'`(crslab_causal/[\w/]+\.py)`', text)[1]
        table = re.search(r'`([A-Z_]+)`', text)
        if table is None:
            assert not path.exists()
            path.write_text(textwrap.dedent(code) + '\n', 'utf-8')
        else:
            before = path.read_text('utf-8')
            opening = next(line for line in before.splitlines() if line.startswith(OPENING_LINE[table[1]]))
            path.write_text(before.replace(f'{opening}\n', f'{opening}\n{code}\n', 1), 'utf-8')
        touched.append(path)
    return touched


ADDITIONS = {'Add a model': 2, 'Add a dataset': 2, 'Add a metric': 1, 'Add an intervention': 1}
"""Chapters of CONTRIBUTING.md with an addition, and the number of files that each names."""


@pytest.fixture
def package(tmp_path):
    """A copy of the package."""
    shutil.copytree(
        tiny.ROOT / 'crslab_causal', tmp_path / 'crslab_causal', ignore=shutil.ignore_patterns('__pycache__')
    )
    shutil.copytree(tiny.ROOT / 'config', tmp_path / 'config')
    shutil.copy(tiny.ROOT / 'run_crslab.py', tmp_path)
    return tmp_path


def content(root):
    return {path.relative_to(root): path.read_bytes() for path in (root / 'crslab_causal').rglob('*') if path.is_file()}


@pytest.mark.parametrize('title, n_file', ADDITIONS.items())
def test_each_addition_touches_just_the_files_that_it_names(title, n_file, package):
    before = content(package)
    named = {path.relative_to(package) for path in apply(sections()[title], package)}
    after = content(package)
    assert {path for path in after if before.get(path) != after[path]} == named
    assert len(named) == n_file


def run(root, *settings):
    command = [
        sys.executable,
        'run_crslab.py',
        '-c',
        'config/causal_demo.yaml',
        '--data_path',
        'data',
        *(word for setting in ('rec.epoch=1', 'scale=0.1', 'demo_train=60', *settings) for word in ('--set', setting)),
    ]
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, timeout=240, env={**os.environ, 'OMP_NUM_THREADS': '1'}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    newest = max(root.glob('save/*/*/results.json'), key=lambda path: path.stat().st_mtime_ns)
    return json.loads(newest.read_text('utf-8')), newest.parent


def test_documented_additions_work_together(package):
    for title in ADDITIONS:
        apply(sections()[title], package)
    results, folder = run(package, 'model=LeastPopular', 'dataset=GeneratedTwin', 'rec.metric=discount@10')
    assert folder.parent.name == 'GeneratedTwin_LeastPopular'
    scores = results['splits']['test']['all']
    assert scores['recall@10'] >= scores['discount@10'] >= 0.9**9 * scores['recall@10']
    assert 'Disc@10' in (folder / 'results.md').read_text('utf-8')

    results, _ = run(package, 'intervention=negate')
    assert results['config']['intervention'] == 'negate'
