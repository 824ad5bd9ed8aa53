"""Write an example turn (Table 7) of ``results/<suite>.json`` as Markdown and as LaTeX."""

from __future__ import annotations

from crslab_causal.base.tables import escape_cell, markdown_table
from crslab_causal.experiments.analysis.record import NEEDS_LLM, CaseRecord, SystemRecord
from crslab_causal.experiments.reporting.latex import escape_latex
from crslab_causal.experiments.suite.suite_options import OFFICIAL

MAX_TURNS = 6
"""Number of turns before the answers that are shown."""
SPLITS = {'valid': 'the validation split', 'test': 'the test split', OFFICIAL: 'the official test set'}
"""Names of the splits in sentences."""
HEADS = ('system', 'recommends', 'rank of the label', 'explanation', 'response')


def markdown(case: CaseRecord) -> str:
    """Return the example in Markdown: the last turns of the conversation, and a table with a row for each system."""
    turns = [f'> **{role}**: {_one_line(text)}  ' for role, text in case.context[-MAX_TURNS:]]
    table = markdown_table(HEADS, [[escape_cell(cell) for cell in row] for row in _rows(case)], left=len(HEADS))
    return '\n'.join([f'**{escape_cell(case.title)}**', '', _description(case), '', *turns, '', table])


def latex(case: CaseRecord) -> str:
    """Return the example in LaTeX: a ``tabularx`` for booktabs in a ``table*``, which spans both columns of a page."""
    lines = [
        r'\begin{table*}',
        r'\centering',
        rf'\caption{{{escape_latex(case.title)}. {escape_latex(_description(case))}}}',
        rf'\label{{tab:{case.name}}}',
        r'\begin{tabularx}{\textwidth}{lllXX}',
        r'\toprule',
    ]
    lines += [
        rf'\multicolumn{{5}}{{p{{\textwidth}}}}{{\textbf{{{escape_latex(role)}}}: {escape_latex(_one_line(text))}}} \\'
        for role, text in case.context[-MAX_TURNS:]
    ]
    lines += [r'\midrule', ' & '.join(HEADS) + r' \\', r'\midrule']
    lines += [' & '.join(escape_latex(_one_line(cell)) for cell in row) + r' \\' for row in _rows(case)]
    return '\n'.join([*lines, r'\bottomrule', r'\end{tabularx}', r'\end{table*}']) + '\n'


def _description(case: CaseRecord) -> str:
    how = 'the example of the paper, shown and not scored' if case.split == OFFICIAL else 'drawn at random'
    split = SPLITS.get(case.split, case.split)
    return f'Conversation {case.conversation} of {split}, turn {case.turn}, {how}; the label is {case.label}.'


def _rows(case: CaseRecord) -> list[tuple[str, ...]]:
    """Return the rows of the table, one for each system. The last row is the response of the human recommender."""
    rows = [
        (
            system.title + ('' if system.status == 'ok' else f' ({system.status})'),
            ', '.join(f'{rank}. {name}' for rank, name in enumerate(system.listed, start=1)),
            _rank(system),
            system.explanation,
            system.response,
        )
        for system in case.systems
    ]
    return [*rows, ('the data', case.label, '', '', case.reference)]


def _rank(system: SystemRecord) -> str:
    """Return the rank of the label, or its ranks before and after re-ranking if they differ.

    It is empty if the system has no answer.
    """
    if system.status.startswith(NEEDS_LLM):
        return ''
    before, after = ('none' if rank is None else f'{rank:g}' for rank in (system.rank_before, system.rank_after))
    return after if before == after else f'{before} → {after}'


def _one_line(text: str) -> str:
    return ' '.join(text.split())
