"""Write ``RESULTS.md`` and a block of docs/results/main_tables.md from the times of ``benchmarks/speed.py``."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any, Sequence

from crslab_causal.base.tables import markdown_table

RECORD = Path(__file__).with_name('speed.json')
"""File of the measurements."""
START_UP = Path(__file__).with_name('start_up.json')
"""File of the measurements of ``benchmarks/start_up.py``."""
ONE_USER = Path(__file__).with_name('one_user.json')
"""File of the measurements of ``benchmarks/one_user.py``."""
CLOSED_FORM = Path(__file__).with_name('closed_form.json')
"""File of the measurements of ``benchmarks/closed_form.py``."""
GPU = Path(__file__).with_name('gpu.json')
"""File of the measurements of ``benchmarks/gpu.py``."""

_FITS = {
    'popularity': 'TargetPopularity',
    'repeat': 'Repeat',
    'one_hop': 'OneHop',
    'transition': 'TransitionCounts',
    'transition_seeker': "TransitionCounts, with the seeker's items",
    'item_cosine': 'ItemCosine',
    'ease': 'EASE',
    'pool': 'Pool without text',
}
"""Names of the models that :func:`closed_form` lists."""
FORMS = {
    'kbrd_shipped': "KBRD, repaired, with PyG's `RGCNConv`",
    'kbrd_unbind': 'KBRD, repaired, with `weight.unbind(0)`',
    'kbrd_bags': 'KBRD, repaired, best form that keeps its bases',
    'ours_bases': 'ours, 8 bases',
    'ours': 'ours',
    'ours_wo_causal': 'ours, w/o causal (one user vector)',
    'ours_compiled': 'ours, with `torch.compile` for users and logits (not used, because it is not faster)',
}
DATASETS = {'redial': 'ReDial', 'demo': 'the demo corpus'}


def read_measurements() -> dict[str, Any]:
    """Return the recorded measurements and the machine that they were made on."""
    return json.loads(RECORD.read_text('utf-8'))


def seconds(value: float) -> str:
    """Return a time with its unit and three digits."""
    for unit, size in (('h', 3600.0), ('min', 180.0), ('s', 1.0), ('ms', 1e-3), ('µs', 1e-6)):
        if value >= size:
            return f'{value / (60.0 if unit == "min" else size):.3g} {unit}'
    return f'{value / 1e-9:.0f} ns'


def spread(values: Sequence[float]) -> str:
    """Return the median and the range of times."""
    if len(values) == 1:
        return f'{seconds(values[0])} (once)'
    return f'{seconds(statistics.median(values))} ({seconds(min(values))} – {seconds(max(values))})'


def ratio(slow: Sequence[float], fast: Sequence[float]) -> str:
    """Return how many times longer the median of ``slow`` is than that of ``fast``."""
    value = statistics.median(slow) / statistics.median(fast)
    return f'{value:.0f} ×' if value >= 10 else f'{value:.1f} ×'


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that a share of the values is below."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def steps(record: dict, dataset: str, prefix: str = 'step') -> str:
    """Return the table of single updates."""
    ours = record[f'{dataset} {prefix} ours']
    rows = []
    for form, title in FORMS.items():
        made = record.get(f'{dataset} {prefix} {form}')
        if made:
            rows.append(
                [
                    title,
                    spread(made['seconds']),
                    ratio(made['seconds'], ours['seconds']),
                    f'{made["memory"]:.0f}',
                    f'{made["memory"] / ours["memory"]:.1f} ×',
                    f'{made["parameters"] / 1e6:.1f} M',
                ]
            )
    return markdown_table(['form', 'one update, batch 32', 'of ours', 'peak MiB', 'of ours', 'parameters'], rows)


def epochs(record: dict, dataset: str) -> str:
    """Return the table of epochs."""
    ours, rows = record[f'{dataset} epoch ours']['seconds'], []
    n_sample = record[f'{dataset} prepare']['samples']['train']
    shipped = statistics.median(record[f'{dataset} step kbrd_shipped']['seconds']) * -(-n_sample // 32)
    rows.append([FORMS['kbrd_shipped'], '32', f'{seconds(shipped)}, computed from the update', ratio([shipped], ours)])
    for form, title in (
        ('kbrd_unbind', ''),
        ('kbrd_bags', ''),
        ('ours', ''),
        ('ours, as configured', ' 32, H once for 4'),
    ):
        made = record[f'{dataset} epoch {form}']
        rows.append(
            [
                FORMS[form.partition(',')[0]],
                title or str(made['options']['batch_size']),
                spread(made['seconds']),
                ratio(made['seconds'], ours),
            ]
        )
    return markdown_table(['form', 'batch', 'an epoch', 'of ours'], rows)


def batches(record: dict, dataset: str) -> str:
    """Return the table of updates by batch size."""
    rows = [
        [
            FORMS[form],
            *(
                seconds(statistics.median(record[name]['seconds']))
                if (name := f'{dataset} step {form}, batch {size}') in record
                else '-'
                for size in (32, 128, 512, 2048)
            ),
        ]
        for form in ('kbrd_unbind', 'kbrd_bags', 'ours')
    ]
    return markdown_table(['an update at batch', '32', '128', '512', '2048'], rows)


def evaluations(record: dict, dataset: str) -> str:
    """Return the table of evaluations."""
    ranks = record[f'{dataset} ranking']
    rows = [
        [title, spread(ranks[name]), ratio(ranks[name], ranks['ours'])]
        for name, title in (
            ('crslab', "ranks and metrics of the scores: CRSLab's `rec_evaluate`"),
            ('ours', 'the same metrics, ours, including ties and NEW'),
            ('ours_coverage', 'the same, with coverage of the catalogue'),
        )
    ]
    ours = record[f'{dataset} evaluation ours']['seconds']
    for form in ('kbrd_unbind', 'kbrd_bags', 'ours', 'ours, full'):
        made = record[f'{dataset} evaluation {form}']
        more = ', with ranks under intervention and coverage' if form.endswith('full') else ''
        rows.append(
            [
                f'the whole pass: {FORMS[form.partition(",")[0]]}, batch {made["options"]["batch_size"]}{more}',
                spread(made['seconds']),
                ratio(made['seconds'], ours),
            ]
        )
    valid = record[f'{dataset} prepare']['samples']['valid']
    return markdown_table([f'the {valid} samples of the validation split', 'time', 'of ours'], rows)


def loading(record: dict) -> str:
    """Return the table of loading the data."""
    ours = record['redial loading ours']['seconds']
    rows = [
        [title, spread(made := record[f'redial loading {form}']['seconds']), ratio(made, ours)]
        for form, title in (
            ('crslab', "CRSLab's dataset, and KBRD's dataloader"),
            ('ours', 'ours'),
            ('restored', 'ours, from `--save-data`'),
        )
    ]
    return markdown_table(['files to batches', 'time', 'of ours'], rows)


def one_user(record: dict) -> str:
    """Return the table of lists for one user."""
    runs = [record[f'redial recommendation {i}'] for i in range(5)]
    warm = [t for run in runs for t in run['seconds']]
    theirs = record['redial recommendation kbrd_unbind']['seconds']
    rows = [
        ['ours, warm, p50', seconds(percentile(warm, 0.5))],
        ['ours, warm, p99', seconds(percentile(warm, 0.99))],
        ['ours, first list after loading (H is already computed)', spread([run['first'] for run in runs])],
        [
            'ours, cold: start of Python, imports, data, checkpoint, H, first list',
            spread([run['cold'] for run in runs]),
        ],
        [f'{FORMS["kbrd_unbind"]}, warm: a forward pass', spread(theirs)],
    ]
    return markdown_table(['50 items for one user, one core', 'time'], rows)


def traffic(record: dict) -> str:
    """Return the table of the memory traffic of an update."""
    made = record['redial traffic']
    copy = statistics.median(made['copy_mib_per_second'])
    rows, bound, total = [], 0.0, 0.0
    for name, part in made['parts'].items():
        median = statistics.median(part['seconds'])
        least = part['mib'] / copy
        bound, total = bound + least, total + median
        rows.append([name, f'{part["mib"]:.0f}', seconds(least), seconds(median), f'{least / median:.0%}'])
    mib = sum(part['mib'] for part in made['parts'].values())
    rows.append(['**together**', f'{mib:.0f}', seconds(bound), seconds(total), f'{bound / total:.0%}'])
    return f'A copy of 256 MiB moves {copy / 1024:.1f} GiB/s on one core, read and write counted.\n\n' + markdown_table(
        ['part of an update, batch 32, one core', 'MiB', 'at the speed of a copy', 'measured', 'share'], rows
    )


def growth(record: dict) -> str:
    """Return the table of random graphs of growing size."""
    rows = []
    for name, title in (
        ('growth 1', '× 1'),
        ('growth 10', '× 10'),
        ('growth 100', '× 100'),
        ('growth dense', '× 10, 100 times the edges each'),
        ('growth dense, sampled', 'the same, 10 neighbours sampled'),
    ):
        if name in record:
            made = record[name]
            edges = made['edges_into_rows']
            rows.append(
                [
                    title,
                    f'{made["entities"]:,}',
                    str(made['relations']),
                    f'{made["edges"]:,}',
                    f'{edges:,}',
                    spread(made['seconds']),
                    seconds(statistics.median(made['seconds']) / edges),
                    f'{made["memory"]:.0f}',
                    f'{made["memory"] * 1024 / edges:.1f}',
                ]
            )
    return markdown_table(
        [
            'graph',
            'entities',
            'relations',
            'edges',
            'edges into rows',
            'one update',
            'for an edge',
            'peak MiB',
            'KiB for an edge',
        ],
        rows,
    )


def gpu(record: dict) -> str:
    """Return the section about a GPU."""
    if GPU.is_file():
        from benchmarks.gpu import section

        return section(json.loads(GPU.read_text('utf-8')))
    if 'gpu' not in record:
        return (
            'Nothing here was measured on a GPU, because no GPU was available. With a GPU, the command adds '
            'these rows. `benchmarks/gpu.py` prepares a folder that trains `causal_redial` and `DualEncoder` on a GPU '
            'without a network, and adds rows with scores, time and memory.'
        )
    made = record['gpu epoch ours']
    epoch = f'An epoch of ours at batch 512: {spread(made["seconds"])}.'
    return f'{record["gpu"]["name"]}.\n\n{steps(record, "gpu")}\n\n{epoch}'


def one_user_of_a_pool() -> list[str]:
    """Return the section about the list of a pool for one user; empty if it was not measured."""
    if not ONE_USER.is_file():
        return []
    made = json.loads(ONE_USER.read_text('utf-8'))
    rows = [
        [title, seconds(percentile(values, 0.5)), seconds(percentile(values, 0.99))]
        for title, values in made['seconds'].items()
    ]
    return [
        '## One user of a pool',
        f'`python benchmarks/one_user.py` measures the list of a saved run of `{made["config"]}`, warm, on one core, '
        'in CPU seconds, user and system. It has these experts and repeat terms: '
        f'{", ".join(made["experts"])}. {made["cpu"]}, Python {made["python"]}.',
        markdown_table(['list for one user', 'p50', 'p99'], rows),
    ]


def closed_form() -> list[str]:
    """Return the sections about closed-form experts and the growth of EASE; empty if they were not measured."""
    if not CLOSED_FORM.is_file():
        return []
    made = json.loads(CLOSED_FORM.read_text('utf-8'))
    fits = [[_FITS[name], seconds(value)] for name, value in made['fits'].items()]
    exact = [
        [
            f'{int(size):,}',
            'exact',
            seconds(each['seconds']),
            f'{each["mib"]:,.0f}',
            f'{4 * int(size) ** 2 / 2**20:,.0f}',
        ]
        for size, each in made['exact'].items()
    ]
    sparse = [
        [
            f'{int(size):,}',
            f'sparse, {made["neighbours"]} neighbours',
            seconds(each['seconds']),
            f'{each["mib"]:,.0f}',
            f'{each["coefficients_mib"]:,.0f}',
        ]
        for size, each in made['sparse'].items()
    ]
    largest = max(made['exact'], key=int)
    factor = 100_000 / int(largest)
    hours = made['exact'][largest]['seconds'] * factor**3 / 3600
    gib = made['exact'][largest]['mib'] * factor**2 / 1024
    redial = made['redial']
    return [
        '## Closed-form experts',
        '`python benchmarks/closed_form.py` measures the fit of each expert on ReDial, and of the pool without text. '
        f'The pool fits its experts several times. {made["threads"]} threads, {made["cpu"]}, Python {made["python"]}.',
        markdown_table(['model', 'fit on ReDial'], fits),
        'EASE for random conversations over growing catalogues:',
        markdown_table(['entities', 'form', 'time', 'peak MiB', 'MiB of the coefficients'], [*exact, *sparse]),
        f'The time of the exact form grows with the third power of the number of entities, its memory with the second. '
        f'For 100,000 entities this is about {hours:.0f} hours and {gib:.0f} GiB, calculated from the row of '
        f'{int(largest):,}. The package has the exact form only. The sparse form solves one small ridge regression for '
        'each entity, a simple form of the approximation in Steck, "Markov Random Fields for Collaborative Filtering", '
        'NeurIPS 2019. On '
        f'valid of ReDial, with {redial["entities"]:,} entities, R@50 is {100 * redial["exact"]:.2f} with the exact '
        f'coefficients and {100 * redial["sparse"]:.2f} with the sparse ones.',
    ]


def start_up() -> list[str]:
    """Return the section about commands that need no PyTorch; empty if they were not measured."""
    if not START_UP.is_file():
        return []
    made = json.loads(START_UP.read_text('utf-8'))
    rows = [[title, spread(values)] for title, values in made['seconds'].items()]
    return [
        '## Start-up',
        f'`python benchmarks/start_up.py` measures the CPU seconds, user and system, of `crslab-causal` with these '
        f'arguments. None of them loads PyTorch. {made["cpu"]}, Python {made["python"]}.',
        markdown_table(['command', 'CPU time'], rows),
    ]


def describe(measurements: dict) -> str:
    """Return a sentence about the machine of the measurements."""
    m = measurements['machine']
    return (
        f'{m["cpu"]}, {m["cores"]} cores, {m["memory_gib"]} GiB, {m["system"]}; Python {m["python"]}, '
        f'torch {m["torch"]}, torch-geometric {m["torch-geometric"]}, crslab {m["crslab"]}, numpy {m["numpy"]}.'
    )


def results_page(measurements: dict) -> str:
    """Return the content of RESULTS.md."""
    record = measurements['measurements']
    parts = [
        '# Speed',
        '`make bench` (`benchmarks/speed.py`) writes this page. A section that another script measured names this '
        'script and its machine; `make bench` does not measure it again. Everything else was measured by '
        '`benchmarks/speed.py`; its raw times are in `benchmarks/speed.json`. '
        'Times are medians, with the range of all repeats in brackets; memory is the peak over the loaded data.',
        f'The machine of `benchmarks/speed.py`: {describe(measurements)}',
        '"KBRD, repaired" is that of CRSLab with its user vector repaired, with its settings (8 bases, 128 dimensions, '
        "Adam, scores for all entities), and without the layers of the conversation stage. PyG's `RGCNConv` is "
        'unchanged; `unbind` is the one line that repairs its backward pass; the "best form that keeps its bases" is '
        'one sparse product with all bases, exact gradients, and fused Adam. "Ours" is the model of the paper with '
        'both user vectors and all terms of the loss. All forms of KBRD give equal scores and gradients '
        '(`tests/benchmarks/test_rivals.py`).',
    ]
    for dataset, title in DATASETS.items():
        sizes = record[f'{dataset} prepare']
        parts += [
            f'## {title[0].upper() + title[1:]}',
            f'{sizes["samples"]["train"]} training samples, {sizes["entities"]:,} entities, '
            f'{sizes["relations"]} relations, {sizes["edges"]:,} edges with self-loops, '
            f'{sizes["items"]:,} items.',
            '### An update',
            steps(record, dataset),
            '### An epoch, each at its best batch size',
            epochs(record, dataset),
            batches(record, dataset),
            '### Evaluation',
            evaluations(record, dataset),
        ]
    parts += [
        '## Loading ReDial',
        loading(record),
        'Our dataset reads more from the files (every mention in order of appearance, the text, likes), and checks '
        'them.',
        '## One user',
        one_user(record),
        '## What limits an update',
        traffic(record),
        'The rows of a graph and the loss are partly in caches, so that a part can be faster than the copy. The matrix '
        'products of the loss are limited by arithmetic.',
        '## Growth',
        growth(record),
        'Random graphs with long-tailed degrees; an eighth of the entities have a row in H, the catalogue has 1,000 '
        'items. Sampling needs torch-sparse or pyg-lib, and pays where entities have hundreds of edges.',
        '## GPU',
        gpu(record),
        *one_user_of_a_pool(),
        *closed_form(),
        *start_up(),
    ]
    return '\n\n'.join(parts) + '\n'


def readme_block(measurements: dict) -> str:
    """Return the table of ratios for docs/results/main_tables.md."""
    record = measurements['measurements']

    def times(name: str, key: str = 'seconds') -> list[float]:
        return record[name][key]

    rows = []
    for what, theirs, ours in (
        ("an update at batch 32, PyG's `RGCNConv`", 'step kbrd_shipped', 'step ours'),
        ('the same, its backward pass repaired', 'step kbrd_unbind', 'step ours'),
        ('the same, best form that keeps its bases', 'step kbrd_bags', 'step ours'),
        ('an epoch, each at its best batch size, repaired', 'epoch kbrd_unbind', 'epoch ours'),
        ('scores of the validation split, model included, repaired', 'evaluation kbrd_unbind', 'evaluation ours'),
    ):
        theirs, ours = (times(f'redial {name}') for name in (theirs, ours))
        rows.append([what, seconds(statistics.median(theirs)), seconds(statistics.median(ours)), ratio(theirs, ours)])
    ranks = record['redial ranking']
    rows.append(
        [
            'ranks and metrics alone',
            seconds(statistics.median(ranks['crslab'])),
            seconds(statistics.median(ranks['ours'])),
            ratio(ranks['crslab'], ranks['ours']),
        ]
    )
    memory = [record[f'redial step {form}']['memory'] for form in ('kbrd_unbind', 'ours')]
    rows.append(
        [
            'peak memory over the data, batch 32, repaired',
            *(f'{m:.0f} MiB' for m in memory),
            f'{memory[0] / memory[1]:.0f} ×',
        ]
    )
    theirs, ours = times('redial loading crslab'), times('redial loading ours')
    rows.append(
        ['loading the files', seconds(statistics.median(theirs)), seconds(statistics.median(ours)), ratio(theirs, ours)]
    )
    warm = [t for i in range(5) for t in record[f'redial recommendation {i}']['seconds']]
    rows.append(
        [
            'one user, warm, one core (ours: p50, p99)',
            seconds(statistics.median(times('redial recommendation kbrd_unbind'))),
            f'{seconds(percentile(warm, 0.5))}, {seconds(percentile(warm, 0.99))}',
            ratio(times('redial recommendation kbrd_unbind'), warm),
        ]
    )
    return (
        markdown_table(['ReDial', "CRSLab's KBRD, repaired", 'ours', 'ratio'], rows)
        + f'\n\nMeasured on {describe(measurements)}'
    )
