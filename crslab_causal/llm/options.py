"""Options of the configuration section ``llm``: the language model, its requests and its costs."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, JsonValue
from pydantic_core import PydanticCustomError

from crslab_causal.base.options import Count, NonNegative, Options, Positive
from crslab_causal.llm.backends import check_backend_name

BASE_URL = r'^https?://[^@\s/?#]+(/[^@\s?#]*)?$'
"""Pattern of a server's address: no user name, no password, no query."""

DRAW_SEED = 2020
"""Seed of this package's own random draws if ``llm.seed`` is null."""

_OWN_KEYS = {
    'model': 'llm.model',
    'temperature': 'llm.temperature',
    'seed': 'llm.seed',
    'max_tokens': 'llm.max_tokens',
    'max_completion_tokens': 'llm.max_tokens',
    'response_format': 'llm.structured',
    'messages': 'llm.prompt',
}
"""Parameters of a request that have a key of their own in the section ``llm``."""

_UNREAD_PARAMETERS = (
    'stream',
    'stream_options',
    'n',
    'tools',
    'functions',
    'tool_choice',
    'function_call',
    'logprobs',
    'top_logprobs',
)
"""Parameters that are refused, because they change the form of the answer and the client could not read it."""


def _check_extra(extra: dict[str, JsonValue]) -> dict[str, JsonValue]:
    for name in extra:
        if name in _OWN_KEYS:
            raise PydanticCustomError('own_key', f'{name} has a key of its own; set {_OWN_KEYS[name]}')
        if name in _UNREAD_PARAMETERS:
            raise PydanticCustomError('unread', f'{name} changes the form of the answer; remove it')
    return extra


class BudgetOptions(Options):
    """Options of the section ``llm.budget``: the most that one run may spend.

    Answers of an earlier run cost nothing.
    """

    calls: Count | None = None
    """Maximum number of HTTP requests that reach the server, including repeated ones; None: unlimited."""
    tokens: Count | None = None
    """Maximum sum of input and output tokens; None: unlimited."""
    usd: Positive | None = None
    """Maximum cost in USD; None: unlimited."""


class PriceOptions(Options):
    """Options of ``llm.prices.<model>``: prices in USD per million tokens."""

    input: NonNegative
    """Price of the input tokens."""
    output: NonNegative
    """Price of the output tokens."""


class LLMOptions(Options):
    """Options of the section ``llm``: any server with OpenAI's protocol.

    The key is read from ``OPENAI_API_KEY`` and never written. If a server refuses an optional parameter
    (``temperature``, ``seed``, ``max_tokens``, the schema), the parameter is not sent again, and a warning names it.
    Parameters in ``extra`` are always sent.
    """

    mode: Annotated[str, AfterValidator(check_backend_name)] = 'offline'
    """Backend that gives the answers. ``live``: the server, unless the store has the answer. ``replay``: the store
    only. ``offline``: no language model."""
    model: Annotated[str, Field(min_length=1)] = 'gpt-4o-mini'
    """Name of the language model, as the server knows it."""
    base_url: Annotated[str, Field(pattern=BASE_URL)] | None = None
    """Address of the server, for example ``http://localhost:8000/v1``; None: the address in ``OPENAI_BASE_URL``, or
    OpenAI's server if that is not set."""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = 1.0
    """Temperature sent with each request; None: it is not sent, and the server uses its own."""
    candidates: Count = 50
    """Number of the recommender's items shown to the model."""
    ranked: Count | None = 10
    """Number of candidates that the model ranks; only these are scored. The others follow in the recommender's order.
    None: all."""
    anchor: bool = True
    """Whether the prompt asks the model to keep the recommender's order among candidates between which it sees no
    difference."""
    seed: Annotated[int, Field(ge=0)] | None = 2020
    """Seed sent with each request, for servers that then give equal answers to equal requests. None: it is not sent. It
    is also the seed of this package's own draws (samples, order of the candidates), see ``draw_seed``."""
    extra: Annotated[dict[str, JsonValue], AfterValidator(_check_extra)] = {}
    """Further parameters of the request, which are sent unchanged, for example ``{reasoning_effort: low}`` or
    ``{chat_template_kwargs: {enable_thinking: false}}``."""
    prompt: Annotated[str, Field(min_length=1)] = 'causal'
    """Name of one of this package's prompts, or a file ``*.md``."""
    chat_prompt: Annotated[str, Field(min_length=1)] | None = None
    """Prompt of the chat, as for ``prompt``. None: ``chat``, whose answers have the response first, so that it is shown
    while it is written, in place of ``causal``; otherwise ``prompt``."""
    examples: Annotated[int, Field(ge=0)] = 3
    """Number of training turns shown by a prompt with ``$examples``: the most similar ones."""
    titles: Count = 20
    """Number of titles requested by a prompt without candidates (``$n_titles``)."""
    oracle: Literal['none', 'label', 'conversation'] = 'none'
    """Items added to the candidates: none, the label (the paper's oracle), or all items of the conversation
    (oracle†)."""
    shuffle: bool = False
    """Whether the candidates are shown in random order, as a control for position bias."""
    permutations: Count = 1
    """Number of random orders in which the candidates are shown, with one request for each. If it is more than one, the
    rankings are aggregated, and every item gets a confidence."""
    window: Count | None = None
    """Number of candidates in one request, for models that rank long lists badly. A window of this width moves from the
    end of the list to its start, with one request for each position. The candidates that the model ranks high move
    along with it. None: one request has all candidates."""
    step: Count = 10
    """Number of candidates by which the window moves."""
    split: Literal['valid', 'test'] = 'test'
    """Split whose samples are answered."""
    samples: Count | None = None
    """Number of samples that are answered, drawn by the seed; None: all."""
    dry_run: bool = False
    """Whether the run only logs its number of requests, tokens, USD and minutes, and sends nothing."""
    batch: Annotated[str, Field(min_length=1)] | None = None
    """File to which the run writes the requests without an answer in the store, for OpenAI's Batch API. The run then
    sends nothing; ``crslab-causal batch`` imports the answers. None: the requests are sent."""
    log_every_s: Positive = 60.0
    """Seconds between two lines of progress in the log."""
    concurrency: Count | None = None
    """Number of requests in flight at a time; None: 16, or 4 for a server on this machine or in the local network."""
    timeout_s: Positive | None = None
    """Seconds from sending a request to the last byte of its answer. None: the limit follows from the measured speed of
    the server, see :class:`.TimeLimit`."""
    retries: Annotated[int, Field(ge=0)] = 6
    """Number of times a failed request is sent again (429, 5xx, lost connections, timeouts)."""
    max_tokens: Count | None = 1024
    """Maximum length of an answer in tokens; None: the server's limit."""
    budget: BudgetOptions = BudgetOptions()
    """Section of the budget."""
    prices: dict[str, PriceOptions] = {'gpt-4o-mini': PriceOptions(input=0.15, output=0.60)}
    """Price of each model. Given prices replace the default ones."""
    store: Annotated[str, Field(min_length=1)] | None = None
    """File that records all answers; None: nothing is recorded."""
    structured: Literal['auto', 'schema', 'json'] = 'auto'
    """How the answer's schema is requested. ``schema``: the server enforces the JSON schema. ``json``: the prompt asks
    for it. ``auto``: ``schema`` first, and ``json`` if the server turns out not to enforce it."""

    def for_chat(self) -> Self:
        """Return a copy of the options for the chat.

        Its prompt is ``chat_prompt``; without this option ``chat`` takes the place of the prompt ``causal``.
        """
        prompt = self.chat_prompt or ('chat' if self.prompt == 'causal' else self.prompt)
        return self.model_copy(update={'prompt': prompt})

    @property
    def draw_seed(self) -> int:
        """Return the seed of this package's own draws: ``seed``, or a constant if no seed is sent."""
        return DRAW_SEED if self.seed is None else self.seed
