"""Every key of the section ``llm``: which language model is asked, how, and for how much."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crslab_causal.base.options import Count, NonNegative, Options, Positive


class BudgetOptions(Options):
    """``llm.budget``: what one run may spend at most; None: no bound. What was paid for by an earlier run is free."""

    calls: Count | None = None
    """HTTP requests that reach the server, with those that are sent again."""
    tokens: Count | None = None
    """Tokens of requests and answers together."""
    usd: Positive | None = None


class PriceOptions(Options):
    """``llm.prices.<model>``: USD per million tokens."""

    input: NonNegative
    output: NonNegative


class LLMOptions(Options):
    """Any server that speaks OpenAI's protocol. The key is read from ``OPENAI_API_KEY`` and stands in no file."""

    mode: Literal['live', 'replay', 'offline'] = 'offline'
    """``live``: asks the server for what is not in the store; ``replay``: answers from the store only;
    ``offline``: asks no language model."""
    model: Annotated[str, Field(min_length=1)] = 'gpt-4o-mini'
    base_url: Annotated[str, Field(pattern=r'^https?://[^@\s/?#]+(/[^@\s?#]*)?$')] | None = None
    """Address of the server, for example ``http://localhost:8000/v1``; None: OpenAI's."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 1.0
    candidates: Count = 50
    """Items of the recommender's list that the model is shown."""
    seed: Annotated[int, Field(ge=0)] = 2020
    """Sent with a request; servers that know it answer alike."""
    prompt: Annotated[str, Field(min_length=1)] = 'causal'
    """Name of one of this package's prompts, or a file ``*.md``."""
    examples: Annotated[int, Field(ge=0)] = 3
    """Turns of the training data shown by a prompt with ``$examples``."""
    titles: Count = 20
    """Titles asked for by a prompt without candidates."""
    oracle: Literal['none', 'label', 'conversation'] = 'none'
    """What is put among the candidates: the label (the paper's oracle), or all items of the conversation (oracle†)."""
    shuffle: bool = False
    """Whether the candidates are shown in random order, a control for the bias of their places."""
    split: Literal['valid', 'test'] = 'test'
    """Samples that are answered."""
    samples: Count | None = None
    """How many of them, drawn by the seed; None: all."""
    concurrency: Count = 16
    """Requests on their way at a time."""
    timeout_s: Positive = 60.0
    """Seconds from sending a request to the last byte of its answer."""
    retries: Annotated[int, Field(ge=0)] = 6
    """How often a request is sent again that brought no answer (429, 5xx, lost connections, time-outs)."""
    max_tokens: Count | None = 1024
    """Longest answer in tokens; None: as long as the server lets it be."""
    budget: BudgetOptions = BudgetOptions()
    prices: dict[str, PriceOptions] = {'gpt-4o-mini': PriceOptions(input=0.15, output=0.60)}
    """By model; the keys given here take the place of these."""
    store: Annotated[str, Field(min_length=1)] | None = None
    """File of everything that was answered; None: nothing is recorded."""
    structured: Literal['auto', 'schema', 'json'] = 'auto'
    """``schema``: the server holds the model to the JSON schema; ``json``: the prompt asks for it; ``auto``: the
    first, until the server turns out not to do so."""
