"""The files that GitHub, pre-commit and citation tools read."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys

import pytest
import yaml

import tiny
from crslab_causal.base.version import __version__

SCHEMAS = {
    '.github/workflows/*.yml': 'vendor.github-workflows',
    '.github/ISSUE_TEMPLATE/[!c]*.yml': 'vendor.github-issue-forms',
    '.github/ISSUE_TEMPLATE/config.yml': 'vendor.github-issue-config',
    '.github/dependabot.yml': 'vendor.dependabot',
    'CITATION.cff': 'vendor.citation-file-format',
}


def read(name: str) -> str:
    return (tiny.ROOT / name).read_text('utf-8')


@pytest.mark.parametrize('pattern', SCHEMAS)
def test_files_follow_their_schema(pattern):
    if importlib.util.find_spec('check_jsonschema') is None:
        pytest.skip('check-jsonschema is not installed; run pip install -r docs/requirements.txt')
    paths = list(map(str, tiny.ROOT.glob(pattern)))
    assert paths
    command = [sys.executable, '-m', 'check_jsonschema', '--builtin-schema', SCHEMAS[pattern], *paths]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_workflows_run_targets_of_the_makefile_on_every_supported_python():
    targets = set(re.findall(r'^([\w-]+):', read('Makefile'), flags=re.MULTILINE))
    workflows = [path.read_text('utf-8') for path in (tiny.ROOT / '.github' / 'workflows').glob('*.yml')]
    used = {target for text in workflows for target in re.findall(r'run: make ([\w-]+)', text)}
    assert {'lint', 'test'} <= used <= targets

    matrix = yaml.safe_load(read('.github/workflows/tests.yml'))['jobs']['tests']['strategy']['matrix']
    classifiers = re.findall(r'Python :: (3\.\d+)', read('pyproject.toml'))
    assert matrix['python-version'] == classifiers


def test_files_that_workflows_name_exist():
    for path in (tiny.ROOT / '.github' / 'workflows').glob('*.yml'):
        for name in re.findall(r'[\w/]+requirements[\w*]*\.txt|tests/\S+', path.read_text('utf-8')):
            assert list(tiny.ROOT.glob(name)), name


def test_citation_and_changelog_have_the_version_of_the_package():
    citation = yaml.safe_load(read('CITATION.cff'))
    assert citation['version'] == __version__
    assert citation['license'] == 'MIT'
    assert re.search(r'^## \[(.*?)\]', read('CHANGELOG.md'), flags=re.MULTILINE)[1] == __version__


def test_pre_commit_runs_the_ruff_of_make_lint():
    pinned = re.search(r'^ruff==(\S+)', read('requirements-lint.txt'), flags=re.MULTILINE)[1]
    hooks = [hook for repo in yaml.safe_load(read('.pre-commit-config.yaml'))['repos'] for hook in repo['hooks']]
    versions = [hook['additional_dependencies'] for hook in hooks if hook['id'].startswith('ruff')]
    assert versions == [[f'ruff=={pinned}']] * 2
