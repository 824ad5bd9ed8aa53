"""A case's record as Markdown and as LaTeX."""

from __future__ import annotations

from crslab_causal.experiments.reporting.render import escaped, tex

SHOWN_TURNS = 6
HEADS = ('system', 'recommends', 'rank of the label', 'explanation', 'response')


def markdown(case: dict) -> str:
    """The last turns, and a row for each system."""
    lines = [f"**{escaped(case['title'])}**", '', _where(case), '']
    lines += [f'> **{role}**: {" ".join(text.split())}  ' for role, text in case['context'][-SHOWN_TURNS:]]
    lines += ['', f"| {' | '.join(HEADS)} |", '|---|---|---|---|---|']
    lines += [f"| {' | '.join(escaped(' '.join(cell.split())) for cell in row)} |" for row in _rows(case)]
    return '\n'.join(lines)


def latex(case: dict) -> str:
    """The same as a ``tabularx`` for booktabs, in a ``table*`` over both columns."""
    lines = [r'\begin{table*}', r'\centering', rf"\caption{{{tex(case['title'])}. {tex(_where(case))}}}",
             rf"\label{{tab:{case['name']}}}", r'\begin{tabularx}{\textwidth}{lllXX}', r'\toprule']
    lines += [rf'\multicolumn{{5}}{{p{{\textwidth}}}}{{\textbf{{{tex(role)}}}: {tex(" ".join(text.split()))}}} \\'
              for role, text in case['context'][-SHOWN_TURNS:]]
    lines += [r'\midrule', ' & '.join(HEADS) + r' \\', r'\midrule']
    lines += [' & '.join(tex(' '.join(cell.split())) for cell in row) + r' \\' for row in _rows(case)]
    return '\n'.join([*lines, r'\bottomrule', r'\end{tabularx}', r'\end{table*}']) + '\n'


def _where(case: dict) -> str:
    return (f"Conversation {case['conversation']} of {case['split']}, turn {case['turn']}, drawn by chance; "
            f"the label is {case['label']}.")


def _rows(case: dict) -> list[tuple[str, ...]]:
    """Cells of each system, and last of the data."""
    rows = [(system['title'] + ('' if system['status'] == 'ok' else f" ({system['status']})"),
             ', '.join(f'{rank}. {name}' for rank, name in enumerate(system['listed'], start=1)), _rank(system),
             system['explanation'], system['response']) for system in case['systems']]
    return [*rows, ('the data', case['label'], '', '', case['reference'])]


def _rank(system: dict) -> str:
    """One rank, or that before and after the list was changed."""
    before, after = ('none' if system[f'rank_{when}'] is None else f"{system[f'rank_{when}']:g}"
                     for when in ('before', 'after'))
    return after if before == after else f'{before} → {after}'
