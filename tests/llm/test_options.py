"""The configuration section ``llm``: defaults and invalid values."""

import pytest
from pydantic import ValidationError

from crslab_causal.llm.options import BudgetOptions, LLMOptions


def test_default_values_are_those_of_the_paper():
    options = LLMOptions()
    assert (options.mode, options.model, options.temperature, options.candidates) == ('offline', 'gpt-4o-mini', 1.0, 50)
    assert (options.prices['gpt-4o-mini'].input, options.prices['gpt-4o-mini'].output) == (0.15, 0.60)
    assert (options.concurrency, options.timeout_s, options.extra) == (None, None, {})
    assert options.budget == BudgetOptions(calls=None, tokens=None, usd=None)


def test_section_of_a_configuration_file_is_read():
    options = LLMOptions(
        mode='live',
        model='qwen',
        base_url='http://localhost:8000/v1',
        max_tokens=None,
        budget={'usd': 2},
        prices={'qwen': {'input': 0, 'output': 1.5}},
    )
    assert options.budget.usd == 2 and options.prices['qwen'].output == 1.5


@pytest.mark.parametrize(
    'key, value',
    [
        ('extra', {'messages': []}),
        ('extra', {'n': 2}),
        ('extra', [1]),
        ('api_key', 'sk-1'),
        ('mode', 'on'),
        ('temperature', '1.0'),
        ('temperature', 2.5),
        ('concurrency', 0),
        ('timeout_s', 0),
        ('retries', -1),
        ('budget', {'dollars': 1}),
        ('budget', {'usd': 0}),
        ('prices', {'m': {'input': 1}}),
        ('prices', {'m': {'input': -1, 'output': 1}}),
        ('structured', 'yes'),
        ('base_url', 'localhost:8000'),
        ('base_url', 'http://name:secret@localhost/v1'),
        ('prompt', ''),
        ('oracle', 'yes'),
        ('samples', 0),
        ('model', ''),
    ],
)
def test_invalid_value_is_rejected(key, value):
    with pytest.raises(ValidationError):
        LLMOptions(**{key: value})


def test_unknown_mode_is_rejected_with_the_names_of_the_backends():
    with pytest.raises(ValidationError, match="Input should be 'live', 'replay' or 'offline'"):
        LLMOptions(mode='on')
