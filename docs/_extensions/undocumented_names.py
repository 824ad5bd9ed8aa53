"""Accept references to names of the package that exist and have no page.

With ``nitpicky``, Sphinx warns about every reference without a target. The reference pages show the modules that users
and contributors need, so a type in a signature often has no page. Such a reference becomes plain text. A reference to
a name that does not exist, for example after a renaming, is still a warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from pkgutil import resolve_name
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

PACKAGE = 'crslab_causal'


def full_names(target: str, module: str) -> Iterator[str]:
    """Yield the names that a reference in a module can mean: ``.name`` is looked for in the module and its packages."""
    if not target.startswith('.'):
        yield target
        return
    while module:
        yield module + target
        module = module.rpartition('.')[0]


def exists(name: str) -> bool:
    """Return whether a name of the package can be imported."""
    try:
        resolve_name(name)
    except (ImportError, AttributeError, ValueError):
        return False
    return True


def keep_text(app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement) -> nodes.Node | None:
    """Return the text of a reference if its target can be imported."""
    if node.get('refdomain') != 'py':
        return None
    names = full_names(node['reftarget'], node.get('py:module') or '')
    return content if any(name.partition('.')[0] == PACKAGE and exists(name) for name in names) else None


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the handler."""
    app.connect('missing-reference', keep_text)
    return {'version': '1', 'parallel_read_safe': True, 'parallel_write_safe': True}
