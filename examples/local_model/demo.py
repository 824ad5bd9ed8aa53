"""Runs CausalLLM with a real language model on this machine: no key, no cost.

    make demo-llm

llama.cpp's server with the model SmolLM2-135M-Instruct is started on a free port. A recommender is trained on the
generated corpus, the model answers some samples of its test split, and a short conversation follows. The model is far
too small to rank films: this shows that all parts work together, and not how good a language model is.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests' / 'real'))

from real_server import VARIABLE, LlamaServer  # noqa: E402

TURNS = ('I love comedy', 'Something from the nineties', '/why', '/quit')
"""What the seeker of the conversation writes."""


def main() -> int:
    """Run the demo, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--server-python', required=True, help='Python that has tests/real/requirements.txt')
    parser.add_argument('--samples', type=int, default=4, help='samples that the model answers (default: %(default)s)')
    parser.add_argument('--save-path', default='save', help='folder of the run (default: %(default)s)')
    flags = parser.parse_args()
    os.environ[VARIABLE] = flags.server_python
    with tempfile.TemporaryDirectory() as folder, LlamaServer(Path(folder)) as server:
        print(f'llama.cpp serves SmolLM2-135M-Instruct at {server.url}', flush=True)
        settings = [
            f'llm.base_url={server.url}',
            'llm.model=smollm2-135m',
            f'llm.samples={flags.samples}',
            f'llm.store={flags.save_path}/llm/demo_llm.jsonl',
            'llm.max_tokens=300',
            'llm.candidates=5',  # short prompts, for two processor cores
            'llm.concurrency=2',
            'llm.log_every_s=10',
            f'save_path={flags.save_path}',
            'run_name=demo_llm',
        ]
        status = _command(['run', '--save-system'], settings)
        if status:
            return status
        print('\nA conversation with the trained recommender and the model:', *TURNS, sep='\n  > ', flush=True)
        return _command(['chat'], settings, '\n'.join(TURNS) + '\n')


def _command(command: list[str], settings: list[str], text: str = '') -> int:
    """Run a subcommand of ``crslab-causal`` with ``llm_local`` and these settings, and return its exit status."""
    # the server is on this machine: neither a key, nor a proxy, nor another address is to be used
    environment = {name: value for name, value in os.environ.items() if not name.startswith('OPENAI_')}
    chosen = [argument for setting in settings for argument in ('--set', setting)]
    arguments = [sys.executable, '-m', 'crslab_causal', *command, '-c', 'llm_local', *chosen]
    done = subprocess.run(arguments, cwd=ROOT, env={**environment, 'NO_PROXY': '*'}, input=text, text=True)
    return done.returncode


if __name__ == '__main__':
    sys.exit(main())
