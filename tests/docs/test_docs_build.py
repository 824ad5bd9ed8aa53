"""The documentation builds without warnings, its links have targets, and it names every key."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from doc_pages import DOCS

import tiny
from crslab_causal.registry import DATASETS, MODELS
from crslab_causal.run_options import RunOptions

TOOLS = ('sphinx', 'furo', 'myst_parser', 'sphinx_copybutton')


class Links(HTMLParser):
    """The links of a page, and the anchors that links can point to."""

    def __init__(self, html: str):
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ('href', 'src') and value:
                self.links.add(value)
            elif name == 'id' and value:
                self.anchors.add(value)


@pytest.fixture(scope='session')
def site(tmp_path_factory):
    """The built pages, and what Sphinx printed."""
    missing = [tool for tool in TOOLS if importlib.util.find_spec(tool) is None]
    if missing:
        pytest.skip(f'not installed: {", ".join(missing)}; run pip install -r docs/requirements.txt')
    out = tmp_path_factory.mktemp('site')
    done = subprocess.run(
        [sys.executable, '-m', 'sphinx', '-q', '--keep-going', '-b', 'html', str(DOCS), str(out)],
        cwd=tiny.ROOT,
        capture_output=True,
        text=True,
        timeout=590,
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
    )
    return out, done


def test_the_documentation_builds_without_warnings(site):
    _, done = site
    assert (done.returncode, done.stderr.strip()) == (0, '')


def test_every_link_within_the_documentation_has_a_target(site):
    out, _ = site
    pages = {path: Links(path.read_text('utf-8')) for path in out.rglob('*.html')}
    broken = []
    n_link = 0
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or link.startswith('data:'):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            n_link += 1
            anchors = pages[target].anchors if target in pages and parts.fragment else {unquote(parts.fragment)}
            if not target.exists() or unquote(parts.fragment) not in anchors:
                broken.append(f'{path.name}: {link}')
    assert not broken
    assert n_link > 1000


def test_the_page_of_keys_has_every_key_of_our_models_and_datasets(site):
    out, _ = site
    html = (out / 'configuration.html').read_text('utf-8')
    shown = set(re.findall(r'<span class="pre">([\w.]+)</span>', html))
    ours = [entry.load_options() for entry in MODELS.values() if 'crslab_options' not in entry.options]
    keys = {
        key
        for options in (RunOptions, *ours, *(entry.load_options() for entry in DATASETS.values()))
        for key in options.model_fields
    }
    assert len(keys) > 30
    assert keys <= shown | {'rec'}


def test_the_reference_documents_what_the_pages_promise(site):
    out, _ = site
    html = Path(out / 'reference' / 'running.html').read_text('utf-8')
    for name in ('run', 'load_system', 'load_recommender', 'run_crslab'):
        assert f'id="crslab_causal.quick_start.{name}"' in html
