"""The page of a record: ``results/seeker/seeker.md``."""

from __future__ import annotations

from crslab_causal.base.tables import escape_cell, markdown_table
from crslab_causal.experiments.seeker.measures import WITHIN
from crslab_causal.experiments.seeker.record import Estimate, SeekerRecord


def render(record: SeekerRecord) -> str:
    """Return the page about the results in ``seeker.json`` in Markdown."""
    has_end = record.patience > max(WITHIN)
    heads = ['system', *(f'success within {k}' for k in WITHIN)]
    heads += [f'success within {record.patience}'] if has_end else []
    heads += ['messages to success', 'violated', 'announced', 'repeated']
    rows = [
        [
            escape_cell(system.name),
            *(_percent(system.success[k]) for k in WITHIN),
            *([_percent(system.success_in_the_end)] if has_end else []),
            _number(system.turns),
            _counted(system.violations, system.n_violations),
            _percent(system.relaxed),
            _counted(system.repeated, system.n_repeated),
        ]
        for system in record.systems
    ]
    return '\n'.join(
        [
            '# Simulated seekers',
            '',
            f'{record.n_seekers} simulated seekers talked to every system, with a patience of {record.patience} '
            f'messages. Driver: {record.driver}. Their profiles were drawn, with seed {record.seed}, from '
            f'{record.n_profiles} profiles of the {record.n_conversations} conversations of {record.dataset} '
            f'{record.split}.',
            '',
            '**Shares in percent, with 95 % bootstrap intervals over seekers**',
            '',
            markdown_table(heads, rows),
            '',
            '"Violated" is the share of the listed films that break a constraint which the seeker has stated. If the '
            'answer says that no film satisfies all constraints, and which ones it leaves out, the films that break '
            'these count under "announced" instead. "Repeated" is the share of the listed films that had been listed '
            'before in the same conversation; the templates turn every list down in words. In brackets: the interval, '
            'or the number of films.',
            '',
            '**Differences of the success, in percentage points**',
            '',
            *_tests(record),
            '',
            '**The seekers**',
            '',
            *_facts(record),
            '',
        ]
    )


def _tests(record: SeekerRecord) -> list[str]:
    if not record.tests:
        return ['There are no tests and no intervals: they need more than one seeker.']
    tests = [
        [
            escape_cell(test.a),
            escape_cell(test.b),
            test.measure.replace('@', ' within '),
            f'{100 * test.difference:+.1f} [{100 * test.low:+.1f}, {100 * test.high:+.1f}]',
            f'{test.p_holm:.4f}',
            'yes' if test.significant else 'no',
        ]
        for test in record.tests
    ]
    heads = ['system', 'compared with', 'measure', 'difference', 'p (Holm)', 'p < 0.05']
    remark = 'Paired bootstrap over seekers. Holm corrects over all rows of the table.'
    return [markdown_table(heads, tests, left=3), '', remark]


def _facts(record: SeekerRecord) -> list[str]:
    left_out = ', '.join(f'{reason}: {n}' for reason, n in sorted(record.left_out.items()))
    unused = ', '.join(f'{kind}: {n}' for kind, n in sorted(record.unused_constraints.items()))
    lines = [
        f'- Conversations without a profile: {left_out or "none"}.',
        f'- A profile has {record.mean_facts:.1f} facts on average. {record.n_with_wishes} seekers have a constraint.',
        f'- The target of {record.n_inconsistent} seekers breaks a constraint of their own. A system that respects the '
        'constraints can list it only if it announces that it leaves some out.',
        f'- Constraints of other kinds, which no profile keeps: {unused or "none"}.',
        f'- Messages that would have named the target: {sum(system.n_leaks for system in record.systems)}.',
    ]
    if record.n_driver_messages is not None:
        lines.append(
            f'- Messages of the language model: {record.n_driver_messages}. It gave no answer to '
            f'{record.n_driver_unanswered} of them; the templates wrote these.'
        )
    versions = ', '.join(f'{name} {version}' for name, version in record.versions.items())
    return [*lines, f'- Command: `{record.command}`. Versions: {versions}.']


def _percent(estimate: Estimate) -> str:
    return _with_interval(estimate, 100, 1)


def _number(estimate: Estimate) -> str:
    return _with_interval(estimate, 1, 2)


def _with_interval(estimate: Estimate, factor: int, decimals: int) -> str:
    if estimate.mean is None:
        return ''
    text = f'{factor * estimate.mean:.{decimals}f}'
    if estimate.low is None or estimate.high is None:
        return text
    return f'{text} [{factor * estimate.low:.{decimals}f}, {factor * estimate.high:.{decimals}f}]'


def _counted(estimate: Estimate, n: int) -> str:
    return '' if estimate.mean is None else f'{100 * estimate.mean:.1f} ({n:,})'
