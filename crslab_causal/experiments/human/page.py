"""The web page for raters: one HTML file that loads nothing and sends nothing."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Sequence

import jinja2

from crslab_causal.experiments.human.form import ROW_COLUMNS, FormOptions
from crslab_causal.experiments.human.sample import Item

_FOLDER = Path(__file__).parent / 'page'


def render_page(kit: str, form: FormOptions, items: Sequence[Item], rows: Sequence[Sequence[str]]) -> str:
    """Return the page as HTML.

    All texts are escaped. In addition, the page's content security policy allows only its own script and style, by
    their hashes. A script in the text of a language model could not run even if the text were not escaped.

    Args:
        kit: id of the kit.
        form: criteria and scale.
        items: contexts and responses to rate.
        rows: rows of the form without ratings; the page saves them with the ratings.
    """
    script, style = ((_FOLDER / name).read_text('utf-8') for name in ('page.js', 'page.css'))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    data = {
        'kit': kit,
        'columns': [*ROW_COLUMNS, *form.names],
        'criteria': form.names,
        'steps': list(form.steps),
        'rows': [list(row) for row in rows],
    }
    return environment.get_template('page.html').render(
        kit=kit,
        form=form,
        items=items,
        data=data,
        script=script,
        style=style,
        script_hash=_csp_hash(script),
        style_hash=_csp_hash(style),
    )


def _csp_hash(text: str) -> str:
    """Return the source expression of an inline script or style: https://www.w3.org/TR/CSP3/#grammardef-hash-source."""
    return f'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'
