"""The directive ``options-table``: a table of the keys of a class of options.

Usage::

    .. options-table:: crslab_causal.model.options:CausalKBRDOptions
       :prefix: rec.
       :without: crslab_causal.model.options:TransitionCountsOptions

Types, bounds and defaults are those that pydantic checks. The meaning is the docstring of the attribute. A key that
holds a section of its own gets no row; its class has its own table.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pkgutil import resolve_name
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective

BOUNDS = {'minimum': 'at least', 'exclusiveMinimum': 'above', 'maximum': 'at most', 'exclusiveMaximum': 'below'}
TYPES = {'integer': 'whole number', 'number': 'number', 'string': 'text', 'boolean': 'true or false'}


def describe_type(schema: dict[str, Any]) -> str:
    """Return the values that a JSON schema allows, in words."""
    if 'anyOf' in schema:
        return '; or '.join(describe_type(part) for part in schema['anyOf'])
    if 'const' in schema:
        return f'``{schema["const"]}``'
    if 'enum' in schema:
        return ', '.join(f'``{value}``' for value in schema['enum'])
    if schema['type'] == 'null':
        return '``null``'
    if schema['type'] == 'array':
        return f'list of: {describe_type(schema["items"])}'
    if schema['type'] == 'object':
        return 'mapping'
    limits = [f'{words} {schema[bound]}' for bound, words in BOUNDS.items() if bound in schema]
    return ', '.join([TYPES[schema['type']], *limits])


def attribute_docs(options: type) -> dict[str, str]:
    """Return the docstring of each attribute of a class, including inherited ones."""
    docs: dict[str, str] = {}
    for cls in reversed(options.__mro__):
        if cls.__module__.startswith('crslab_causal'):
            found = ModuleAnalyzer.for_module(cls.__module__).find_attr_docs()
            docs |= {name: ' '.join(lines).strip() for (owner, name), lines in found.items() if owner == cls.__name__}
    return docs


def rows(options: type, prefix: str, without: frozenset[str]) -> Iterator[tuple[str, str, str, str]]:
    """Yield key, values, default and meaning of each key of a class of options."""
    docs = attribute_docs(options)
    schema = options.model_json_schema()  # type: ignore[attr-defined]
    for key, field in schema['properties'].items():
        if key in without or '$ref' in field:
            continue
        default = f'``{json.dumps(field["default"])}``' if 'default' in field else 'required'
        yield f'``{prefix}{key}``', describe_type(field), default.replace('"', ''), docs.get(key, '')


class OptionsTable(SphinxDirective):
    """The directive ``options-table``."""

    required_arguments = 1
    option_spec = {'prefix': directives.unchanged, 'without': directives.unchanged}

    def run(self) -> list[nodes.Node]:
        """Return the table as document nodes."""
        without = self.options.get('without')
        left_out = frozenset(resolve_name(without).model_fields) if without else frozenset()
        table = list(rows(resolve_name(self.arguments[0]), self.options.get('prefix', ''), left_out))
        if not table:
            raise ExtensionError(f'options-table: {self.arguments[0]} has no keys; remove the directive')
        lines = ['.. list-table::', '   :header-rows: 1', '   :widths: 22 26 14 38', '']
        for row in [('key', 'values', 'default', 'meaning'), *table]:
            lines += [f'   {"-" if i else "* -"} {cell}'.replace('   - ', '     - ') for i, cell in enumerate(row)]
        return self.parse_text_to_nodes('\n'.join(lines))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive('options-table', OptionsTable)
    return {'version': '1', 'parallel_read_safe': True, 'parallel_write_safe': True}
