"""``make demo-llm``: its script, with a stand-in for the model, which is slow."""

import os
import subprocess
import sys

import pytest
from real_server import ROOT, VARIABLE

from llm_server import RunningServer

pytestmark = pytest.mark.skipif(VARIABLE not in os.environ, reason=f'run `make test-real`, or set {VARIABLE}')


def test_demo_ends_with_a_table_and_a_conversation(tmp_path):
    with RunningServer(tmp_path) as server:
        url = server.plan('ok', n_candidate=5)
        stand_in = tmp_path / 'python'  # called like the Python that runs llama_server.py
        stand_in.write_text(f'#!/bin/sh\nprintf %s "{url.removesuffix("/v1")}" > "$2"\ncat > /dev/null\n')
        stand_in.chmod(0o755)
        command = [sys.executable, ROOT / 'examples' / 'local_model' / 'demo.py', '--server-python', stand_in]
        done = subprocess.run(
            [*command, '--samples', '2', '--save-path', tmp_path / 'save'],
            capture_output=True,
            text=True,
            timeout=300,
            env={**os.environ, 'OPENAI_API_KEY': 'sk-test-0123456789', 'OMP_NUM_THREADS': '1'},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        log = server.log(url)
    run, _, conversation = done.stdout.partition('A conversation with')
    assert '| test, causal | ALL |' in run and 'Answers: ok 2.' in run
    assert 'Heard: Comedy' in conversation and '  1. ' in conversation
    assert len(log) >= 3 and not any(entry['key_sent'] and 'sk-test' in str(entry) for entry in log)
