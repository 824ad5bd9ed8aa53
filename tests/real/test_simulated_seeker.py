"""Two simulated seekers whose messages a small real model writes. The model is far too small to be a good seeker."""

import os

import pytest
from real_server import ROOT, VARIABLE

from crslab_causal.experiments.seeker.language_model import MAX_MESSAGE, LanguageModelDriver
from crslab_causal.experiments.seeker.profiles import draw, read_profiles
from crslab_causal.experiments.seeker.protocol import play
from crslab_causal.experiments.seeker.systems import ChatSystem
from crslab_causal.llm.options import LLMOptions
from crslab_causal.quick_start import load_system

pytestmark = pytest.mark.skipif(VARIABLE not in os.environ, reason=f'run `make test-real`, or set {VARIABLE}')


def test_two_seekers_of_a_real_model_and_their_replay(llama, recommender, tmp_path):
    trained, data = recommender
    settings = [f'data_path={data}', f'save_path={trained.parent.parent}', 'rec.epoch=2', 'run_name=trained']
    system = load_system(str(ROOT / 'config' / 'causal_demo.yaml'), settings=settings)
    options = {'model': 'smollm2-135m', 'store': str(tmp_path / 'store.jsonl'), 'max_tokens': 120}
    runs, sent = [], []
    with system.conversation() as conversation:
        read = read_profiles(system.valid_dataloader.dataset, system.side_data['name_of_token'], conversation)
        seekers = draw(read.profiles, 2, 1)
        for mode in ('live', 'replay'):
            own = LLMOptions(mode=mode, base_url=llama.url, **options)
            with LanguageModelDriver(own, conversation.interpreter) as driver:
                runs.append(play(seekers, driver, ChatSystem('chat', conversation), conversation.facts, 2))
            assert driver.n_messages <= 4 and driver.n_unanswered < driver.n_messages
            sent.append(llama.n_requests())
    assert [o.exchanges for o in runs[0]] == [o.exchanges for o in runs[1]] and sent[0] == sent[1]
    for outcome in runs[0]:
        assert all(0 < len(exchange.message.text) <= MAX_MESSAGE for exchange in outcome.exchanges)
