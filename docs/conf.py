"""Configuration of Sphinx. ``make docs`` builds the pages into ``build/docs``."""

import inspect
import sys
from pathlib import Path
from pkgutil import resolve_name

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / 'docs' / '_extensions')]

from crslab_causal.base.version import __version__  # noqa: E402

REPOSITORY = 'https://github.com/crslab-causal/crslab_causal'

project = 'crslab_causal'
author = 'The crslab_causal developers'
copyright = f'2026 {author}'
version = release = __version__

extensions = [
    'myst_parser',
    'sphinx.ext.autodoc',
    'sphinx.ext.napoleon',
    'sphinx.ext.linkcode',
    'sphinx.ext.mathjax',
    'sphinx_copybutton',
    'options_table',
    'undocumented_names',
]
exclude_patterns = ['_extensions']
nitpicky = True
nitpick_ignore_regex = [
    # Types of other packages. The build is offline, so their pages are not read.
    (r'py:.*', r'(?!crslab_causal\b|\.).*'),
]
suppress_warnings = ['ref.python']  # a type such as ``set`` that is also the name of an attribute

myst_enable_extensions = ['dollarmath']
myst_heading_anchors = 3

autodoc_default_options = {'members': True, 'show-inheritance': True}
autodoc_member_order = 'bysource'
autodoc_typehints = 'description'
autodoc_typehints_description_target = 'documented_params'
napoleon_numpy_docstring = False
napoleon_use_rtype = False

html_theme = 'furo'
html_title = f'crslab_causal {release}'
html_theme_options = {
    'source_repository': f'{REPOSITORY}/',
    'source_branch': 'main',
    'source_directory': 'docs/',
}
copybutton_prompt_text = r'\$ |>>> '
copybutton_prompt_is_regexp = True


def linkcode_resolve(domain: str, info: dict[str, str]) -> str | None:
    """Return the address of an object's source; None for a value, which has no source of its own."""
    try:
        source = resolve_name(f'{info["module"]}:{info["fullname"]}')
        lines, start = inspect.getsourcelines(source)
        path = Path(inspect.getsourcefile(source) or '').relative_to(ROOT)
    except (AttributeError, ImportError, OSError, TypeError, ValueError):
        return None
    return f'{REPOSITORY}/blob/main/{path.as_posix()}#L{start}-L{start + len(lines) - 1}'
