"""A real model behind a real server, and a recommender trained on the generated corpus."""

import json

import pytest
from real_server import MAX_TOKENS, ROOT, LlamaServer

from crslab_causal.command_line.run import main


@pytest.fixture(autouse=True)
def environment(no_key, monkeypatch, tmp_path):
    """No key, no other server, and a folder of its own for each test."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope='session')
def llama(tmp_path_factory):
    with LlamaServer(tmp_path_factory.mktemp('llama')) as server:
        yield server


@pytest.fixture(scope='session')
def recommender(tmp_path_factory):
    """Folder of a recommender on the generated corpus, and the folder of the corpus."""
    folder = tmp_path_factory.mktemp('recommender')
    settings = [f'data_path={folder / "data"}', f'save_path={folder}', 'rec.epoch=2', 'run_name=trained']
    arguments = [argument for setting in settings for argument in ('--set', setting)]
    assert main(['-c', str(ROOT / 'config' / 'causal_demo.yaml'), '--save_system', *arguments]) == 0
    return folder / 'CausalDemo_CausalKBRD' / 'trained_seed2020', folder / 'data'


@pytest.fixture
def arguments(llama, recommender, tmp_path):
    """``arguments('llm_redial_full', 'llm.samples=1')``: arguments of the command line, with the real model."""
    trained, data = recommender

    def arguments(config, *settings):
        common = [
            'dataset=CausalDemo',
            'cutoffs=[1, 10]',
            f'data_path={data}',
            f'recommender={trained}',
            f'save_path={tmp_path}',
            'run_name=real',
            'llm.model=smollm2-135m',
            f'llm.base_url={llama.url}',
            f'llm.store={tmp_path / "store.jsonl"}',
            'llm.candidates=5',  # short prompts: most of the time goes into reading them
            'llm.samples=1',
            f'llm.max_tokens={MAX_TOKENS}',
            'llm.concurrency=2',
            'llm.budget.usd=null',
        ]
        chosen = [argument for setting in (*common, *settings) for argument in ('--set', setting)]
        return ['-c', str(ROOT / 'config' / f'{config}.yaml'), *chosen]

    return arguments


@pytest.fixture
def answer(arguments, tmp_path):
    """As ``arguments``; runs them and returns the section ``llm`` of the results, and the records."""

    def answer(config, *settings):
        status = main(arguments(config, *settings))
        (results,) = tmp_path.glob('CausalDemo_CausalLLM/real_seed2020/llm_results.json')
        records = results.with_name('llm_test.jsonl').read_text('utf-8').splitlines()
        summary = json.loads(results.read_text('utf-8'))['llm']
        assert status == (1 if summary['unanswered'] else 0)  # a cut answer without a number is none
        return summary, [json.loads(line) for line in records]

    return answer
