"""Runs of CausalLLM behind a trained recommender."""

import pytest
from llm_runs import MODEL, read


@pytest.fixture
def answer(run, trained):
    """Return a function that runs CausalLLM, and returns llm_results.json, the records and the folder."""

    def answer(*settings, split='test', **keywords):
        _, folder = run(MODEL, f'recommender={trained}', *settings, **keywords)
        return read(folder, split)

    return answer
