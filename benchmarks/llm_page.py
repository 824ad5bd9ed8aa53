"""``benchmarks/LLM_LOAD.md``, from the measurements of ``benchmarks/llm_load.py``."""

from __future__ import annotations

import math
import statistics
from typing import Callable, Sequence

from benchmarks.llm_clients import BARES, FORMS, OURS
from benchmarks.results import seconds
from crslab_causal.base.tables import markdown_table as table

GOAL = 0.02
"""Of the server's time: what our client may cost beyond the bare one."""


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """Order statistics between which the median lies with a probability of 95 % or a little more.

    Distribution-free: each value is below the true median with probability 1/2 (the interval of the sign test). With
    fewer than six values it is their range, and the probability is less.
    """
    ordered, n = sorted(values), len(values)
    outside, below = 0, 0.0
    while (below := below + math.comb(n, outside) / 2 ** n) <= 0.025:
        outside += 1
    outside = max(outside - 1, 0)
    return ordered[outside], ordered[n - 1 - outside]


def differences(rows: list[dict], form: str, base: str, key: str) -> list[float]:
    """How much more ``form`` has of ``key`` than ``base``, block by block of the same round."""
    known = {(row['form'], row['round']): row[key] for row in rows}
    return [known[form, number] - known[base, number] for number in sorted({row['round'] for row in rows})]


def page(known: dict) -> str:
    """LLM_LOAD.md."""
    rows, set_up, m = known['blocks'], known['set_up'], known['machine']

    def of(form: str, key: str) -> list[float]:
        return [row[key] for row in rows if row['form'] == form]

    def said(values: Sequence[float], text: Callable[[float], str]) -> str:
        low, high = median_interval(values)
        return f'{text(statistics.median(values))} ({text(low)} – {text(high)})'

    def share(value: float) -> str:
        return f'{value:+.2%}'

    def more(value: float) -> str:
        return ('−' if value < 0 else '+') + seconds(abs(value))

    def beyond(form: str, base: str) -> list[float]:
        return [each / served for each in differences(rows, form, base, 'beside')]

    served = statistics.median(row['served'] for row in rows)
    n_request = set_up['concurrency'] * set_up['waves']
    forms = [[title, said(of(form, 'beside'), seconds), f"{statistics.median(of(form, 'beside')) / served:.2%}",
              said(of(form, 'cpu'), seconds), f"{1 / statistics.median(of(form, 'cpu')):.0f}"]
             for form, title in FORMS.items()]
    worst = max(statistics.median(beyond(form, base)) for form in OURS for base in BARES)
    verdict = (f'is met by the medians against every form of the bare client; the worst of them is {worst:+.2%}'
               if worst < GOAL else f'is missed: the worst of the medians is {worst:+.2%}')
    heads = ['client', *(f'beyond {title}' for title in BARES.values())]
    load, busy = [row['load'] for row in rows], statistics.median(row['server_cpu'] for row in rows)
    return '\n\n'.join([
        '# The load of asking',
        'Written by `make bench-llm` (`benchmarks/llm_load.py`); all blocks stand in `benchmarks/llm_load.json`. '
        f"Values are medians of {set_up['rounds']} blocks, with an interval in brackets that holds the median with a "
        'probability of 95 % (that of the sign test).',
        f"{m['cpu']}, {m['cores']} cores, {m['memory_gib']} GiB, {m['system']}; Python {m['python']}, "
        f"openai {m['openai']}, aiohttp {m['aiohttp']}, pydantic {m['pydantic']}. Writing a line of a store until the "
        f"disk has it took {seconds(known['sync'])}.",
        f"{set_up['concurrency']} requests in flight, {n_request} in a block, each of "
        f"{rows[0]['bytes'] / 1000:.1f} kB; the server waits {set_up['delay']:g} s before it answers one, and by its "
        f'own log took {served:.3f} s. Each '
        'client is a process of its own. In each round, each measures one block while the others rest, in another '
        'order; its connections are opened before the clock starts.',
        table(['client', 'a request, beside the server', "of the server's time", 'CPU of a request',
               'requests a second, one core'], forms),
        '"Beside the server" is what a place in flight spends on a request while the server has none of it: client, '
        'system calls, loopback, waiting for a core and for the other requests, which come back almost at the same '
        'moment, and its share of the start and the end of a block, at which not all places are taken. It depends on '
        'what else the machine does; the CPU time, of all threads of the process, hardly does. The last column is only '
        'what the CPU time would allow.',
        f"## Beyond the bare client\n\nThe goal, below {GOAL:.0%} of the server's time, {verdict}.",
        table(heads, [[title, *(said(beyond(form, base), share) for base in BARES)] for form, title in OURS.items()]),
        'The same as CPU time of a request:',
        table(heads, [[title, *(said(differences(rows, form, base, 'cpu'), more) for base in BARES)]
                      for form, title in OURS.items()]),
        'Differences within a round. `create` gives the answer as objects, `with_raw_response.create` as bytes; '
        '`post` gives bytes and does not look at every part of the request by its type either. Ours uses that, over '
        'aiohttp, which `openai` offers in the place of its own way of speaking HTTP. The bare client has its requests '
        'made beforehand and throws the answers away. Ours makes the key of a request, looks it up, keeps to the '
        'budget, reads the answer, checks it against the schema and hands it to another thread in order; with a store '
        'it also waits until the disk has it.',
        '## What this does not say\n\nThe server shares the cores with the client: it used '
        f'{seconds(busy)} of CPU for a request. The load average of the machine before a block was '
        f'{statistics.median(load):.1f} ({min(load):.1f} – {max(load):.1f}), with what the block before had left of '
        'it. A server that answers all at the same time, or in milliseconds, makes the CPU of a request count for '
        'more; TLS and a network are not in it.',
    ]) + '\n'
