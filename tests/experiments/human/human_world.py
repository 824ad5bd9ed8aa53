"""Made-up answers of made-up systems, in the formats of a run and of the contexts."""

from __future__ import annotations

import json

AWKWARD = [
    '<script>window.hacked = 1</script><img src=x onerror="window.hacked = 1">',
    '=HYPERLINK("http://x", "y")',
    'Two lines:\n"quoted", and a comma',
    '{{ 7 * 7 }} ${7 * 7} </script> <!-- &amp; \u2028',
    '@SUM(A1) is no film',
    'Élan, 映画, 🎬 and | pipes',
    "'single' quotes \\ and a backslash",
]
"""Texts that HTML, JavaScript, CSV, Markdown or a spreadsheet could interpret as something else."""


def answer(conversation, turn, label, response, status='ok', **more):
    """Return a record of ``llm_<split>.jsonl`` with the fields that are read, and some others."""
    return {
        'conversation': conversation,
        'turn': turn,
        'label': label,
        'backend': 'a model',
        'status': status,
        'response': response,
        'explanation': 'because',
        'ranking': [label],
        'prompt_hash': None,
    } | more


def write_lines(path, records):
    path.write_text(''.join(json.dumps(record) + '\n' for record in records), 'utf-8')
    return path
