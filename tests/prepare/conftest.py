"""Stand-ins of the public files on a loopback server."""

from __future__ import annotations

import functools

import pytest
import stand_ins
from file_server import FileServer


@pytest.fixture
def server():
    """A server of the stand-ins."""
    server = FileServer(stand_ins.served())
    yield server
    server.close()


@pytest.fixture
def manifest(tmp_path):
    """A manifest that pins the stand-ins."""
    return stand_ins.write_manifest(tmp_path / 'manifest.json')


@pytest.fixture
def prepare(server, manifest, monkeypatch):
    """The function, with the stand-ins, an impatient client and no output; ``prepare.said`` are its lines."""
    from crslab_causal.prepare.preparation import prepare
    from crslab_causal.prepare.transfer import Patience

    monkeypatch.setenv('NO_PROXY', '127.0.0.1')
    said: list[str] = []
    function = functools.partial(
        prepare,
        manifest=manifest,
        mirror=server.address,
        say=said.append,
        patience=Patience(timeout_s=5, tries=3, backoff_s=0),
    )
    function.said = said
    return function
