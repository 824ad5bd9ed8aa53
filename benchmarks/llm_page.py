"""Writes ``benchmarks/LLM_LOAD.md`` from the measurements of ``benchmarks/llm_load.py``."""

from __future__ import annotations

import math
import statistics
from typing import Any, Callable, Mapping, Sequence

from benchmarks.llm_clients import BARE_CLIENTS, FORMS, OUR_CLIENTS
from benchmarks.results import seconds
from crslab_causal.base.tables import markdown_table as table

GOAL = 0.02
"""Maximum overhead of our client beyond the bare one, as a share of the server's time."""


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the order statistics that contain the median with a probability of at least 95 %.

    The interval is distribution-free: each value is below the true median with probability 1/2 (the interval of the
    sign test). With fewer than six values it is their range, and the probability is lower.
    """
    ordered, n = sorted(values), len(values)
    n_outside, probability = 0, 0.0
    while (probability := probability + math.comb(n, n_outside) / 2**n) <= 0.025:
        n_outside += 1
    n_outside = max(n_outside - 1, 0)
    return ordered[n_outside], ordered[n - 1 - n_outside]


def differences(rows: Sequence[Mapping[str, Any]], form: str, base: str, key: str) -> list[float]:
    """Return the difference of ``key`` between the blocks of ``form`` and ``base`` in each round."""
    value = {(row['form'], row['round']): row[key] for row in rows}
    return [value[form, number] - value[base, number] for number in sorted({row['round'] for row in rows})]


def _with_interval(values: Sequence[float], text: Callable[[float], str]) -> str:
    low, high = median_interval(values)
    return f'{text(statistics.median(values))} ({text(low)} – {text(high)})'


def _share(value: float) -> str:
    return f'{value:+.2%}'


def _signed_seconds(value: float) -> str:
    return ('−' if value < 0 else '+') + seconds(abs(value))


def page(record: Mapping[str, Any]) -> str:
    """Return the text of LLM_LOAD.md.

    Args:
        record: content of ``llm_load.json``.
    """
    rows, set_up, m = record['blocks'], record['set_up'], record['machine']
    served = statistics.median(row['served'] for row in rows)
    n_request = set_up['concurrency'] * set_up['waves']

    def values(form: str, key: str) -> list[float]:
        return [row[key] for row in rows if row['form'] == form]

    def overhead(form: str, base: str) -> list[float]:
        return [difference / served for difference in differences(rows, form, base, 'beside')]

    clients = [
        [
            title,
            _with_interval(values(form, 'beside'), seconds),
            f'{statistics.median(values(form, "beside")) / served:.2%}',
            _with_interval(values(form, 'cpu'), seconds),
            f'{1 / statistics.median(values(form, "cpu")):.0f}',
        ]
        for form, title in FORMS.items()
    ]
    worst = max(statistics.median(overhead(form, base)) for form in OUR_CLIENTS for base in BARE_CLIENTS)
    verdict = (
        f'is met by the medians against every form of the bare client: the largest median is {worst:+.2%}'
        if worst < GOAL
        else f'is missed: the worst of the medians is {worst:+.2%}'
    )
    heads = ['client', *(f'compared to {title}' for title in BARE_CLIENTS.values())]
    by_share = [
        [title, *(_with_interval(overhead(form, base), _share) for base in BARE_CLIENTS)]
        for form, title in OUR_CLIENTS.items()
    ]
    by_cpu = [
        [title, *(_with_interval(differences(rows, form, base, 'cpu'), _signed_seconds) for base in BARE_CLIENTS)]
        for form, title in OUR_CLIENTS.items()
    ]
    load, server_cpu = [row['load'] for row in rows], statistics.median(row['server_cpu'] for row in rows)
    parts = [
        '# Overhead of the language-model client',
        f'`make bench-llm` (`benchmarks/llm_load.py`) writes this page from `benchmarks/llm_load.json`. Values are '
        f'medians of {set_up["rounds"]} blocks. The interval in brackets contains the median with a probability of '
        '95 % (sign test).',
        f'{m["cpu"]}, {m["cores"]} cores, {m["memory_gib"]} GiB, {m["system"]}; Python {m["python"]}, '
        f'openai {m["openai"]}, aiohttp {m["aiohttp"]}, pydantic {m["pydantic"]}. Writing a line of a store to the '
        f'disk took {seconds(record["sync"])}.',
        f'{set_up["concurrency"]} requests are in flight, and a block has {n_request} requests of '
        f'{rows[0]["bytes"] / 1000:.1f} kB. The server waits {set_up["delay"]:g} s before it answers a request, and '
        f'took {served:.3f} s according to its log. Each client is a process of its own. In each round, each client '
        'measures one block while the others are idle, in random order. Its connections are open before the clock '
        'starts.',
        table(
            [
                'client',
                'time of a request outside of the server',
                "share of the server's time",
                'CPU time of a request',
                'requests per second and core',
            ],
            clients,
        ),
        'The time outside of the server includes the client, system calls, the loopback interface, and waiting for a '
        'core and for other requests, which return almost at the same moment. It also includes a share of the start '
        'and the end of a block, when fewer requests are in flight. It depends on the other load of the machine. The '
        'CPU time, of all threads of the process, hardly does. The last column is the rate that the CPU time would '
        'allow.',
        f"## Comparison to the bare client\n\nThe goal, an overhead below {GOAL:.0%} of the server's time, {verdict}.",
        table(heads, by_share),
        'The same comparison for the CPU time of a request:',
        table(heads, by_cpu),
        'Differences are taken within a round. `create` returns the answer as objects, `with_raw_response.create` as '
        'bytes. `post` also returns bytes, and does not check the type of every part of the request. Our client uses '
        '`post` over aiohttp, which `openai` offers instead of its default HTTP library. The bare client sends '
        'requests that were made before, and discards the answers. Our client computes the key of a request, looks it '
        'up, enforces the budget, parses the answer, validates it by the schema, and passes it to another thread in '
        'order. With a store it also waits until the answer is on the disk.',
        '## Limits\n\nThe server shares the cores with the client; it used '
        f'{seconds(server_cpu)} of CPU time for a request. The load average of the machine before a block was '
        f'{statistics.median(load):.1f} ({min(load):.1f} – {max(load):.1f}), including the effect of the block before '
        'it. If a server answers all requests at the same moment, or within milliseconds, the CPU time of a request '
        'matters more. TLS and a network are not included.',
    ]
    return '\n\n'.join(parts) + '\n'
