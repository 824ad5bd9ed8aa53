"""Write text in LaTeX."""

from __future__ import annotations

_ESCAPES = str.maketrans(
    {
        '&': r'\&',
        '%': r'\%',
        '_': r'\_',
        '#': r'\#',
        '$': r'\$',
        '{': r'\{',
        '}': r'\}',
        '~': r'\textasciitilde{}',
        '^': r'\textasciicircum{}',
        '\\': r'\textbackslash{}',
        '|': r'\textbar{}',
        '—': '---',
        '†': r'\textdagger{}',
        '²': r'\textsuperscript{2}',
    }
)
_SIGNS = {'▲': r'$\blacktriangle$', '▼': r'$\blacktriangledown$', '±': r'$\pm$', 'ʳ': '(r)', '→': r'$\rightarrow$'}


def escape_latex(text: str) -> str:
    """Return text as LaTeX, with special characters escaped."""
    escaped = text.translate(_ESCAPES)
    for sign, command in _SIGNS.items():
        escaped = escaped.replace(sign, command)
    return escaped
