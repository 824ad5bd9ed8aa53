"""llama.cpp's server as a process of the tests."""

import os
import subprocess
import time
from pathlib import Path

VARIABLE = 'CRSLAB_CAUSAL_REAL_SERVER'
"""Environment variable with the Python of an environment that has ``tests/real/requirements.txt``."""

ROOT = Path(__file__).resolve().parents[2]
START_S = 120

MAX_TOKENS = 50
"""Maximum length of an answer. It is short, so that answers are cut off and requested again with more room."""


class LlamaServer:
    """llama.cpp's server in its own process, as a context manager."""

    def __init__(self, folder):
        self._address, self._log = folder / 'address', folder / 'server.log'

    def __enter__(self):
        self.process = subprocess.Popen(
            [os.environ[VARIABLE], str(Path(__file__).parent / 'llama_server.py'), str(self._address)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._log.open('wb'),
        )
        end = time.monotonic() + START_S
        while not self._address.exists():
            assert self.process.poll() is None and time.monotonic() < end, self._log.read_text('utf-8', 'replace')
            time.sleep(0.05)
        self.url = f'{self._address.read_text("ascii")}/v1'
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def n_requests(self):
        """Return the number of chat completions that the server has started, according to its log."""
        return self._log.read_text('utf-8', 'replace').count('launch_slot_')
