"""The folders of the experiments import each other in one direction only, also inside functions."""

import ast

import pytest

import tiny

PACKAGE = 'crslab_causal.experiments'
FOLDER = tiny.ROOT / 'crslab_causal' / 'experiments'
LAYERS = ('suite', 'runner', 'analysis', 'reporting', 'command')
"""From the lowest to the highest."""
FILES = [
    path
    for layer in LAYERS
    for path in [*sorted((FOLDER / layer).rglob('*.py')), FOLDER / f'{layer}.py']
    if path.is_file()
]


def imported_modules(path):
    """Return the absolute names of all modules that a file imports anywhere."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text('utf-8'))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}: a relative import'
            names.add(node.module)
            names.update(f'{node.module}.{alias.name}' for alias in node.names)
    return names


def layer_of(module):
    """Return the layer of a module; None for a module outside the layers."""
    parts = module.removeprefix(f'{PACKAGE}.').split('.')
    return parts[0] if module.startswith(f'{PACKAGE}.') and parts[0] in LAYERS else None


@pytest.mark.parametrize('path', FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_module_imports_from_its_own_layer_and_lower_ones(path):
    own = LAYERS.index(path.relative_to(FOLDER).parts[0].removesuffix('.py'))
    higher = {
        module
        for module in imported_modules(path)
        if (layer := layer_of(module)) is not None and LAYERS.index(layer) > own
    }
    assert not higher


def test_the_layers_below_the_experiments_do_not_import_them():
    others = [path for path in (tiny.ROOT / 'crslab_causal').rglob('*.py') if FOLDER not in path.parents]
    assert len(others) > 50
    importing = [str(path) for path in others if any(name.startswith(PACKAGE) for name in imported_modules(path))]
    assert not importing


def test_a_higher_import_would_be_found(tmp_path):
    path = tmp_path / 'module.py'
    path.write_text(f'def f():\n    from {PACKAGE}.analysis.record import SuiteRecord\n', 'utf-8')
    assert {layer_of(module) for module in imported_modules(path)} == {'analysis'}
