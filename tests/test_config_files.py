"""Reading, merging, changing, finding and writing the YAML files of configurations."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import tiny
from crslab_causal import config_files
from crslab_causal.base.errors import UserError
from crslab_causal.config_files import apply_setting, dump_config, find_config, load_config_file, merge, read_yaml

CONFIG = tiny.ROOT / 'config'
KEYS = st.sampled_from(['a', 'b', 'c', '5e-3', 'yes', ''])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=['Cs']), max_size=8)
    | st.sampled_from(['5e-3', '1E+2', '1_0', '0x1f', '1:30', '~', '.5'])
)
MAPPINGS = st.recursive(
    st.dictionaries(KEYS, SCALARS | st.lists(SCALARS, max_size=3), max_size=3),
    lambda inner: st.dictionaries(KEYS, inner | SCALARS | st.lists(inner, max_size=2), max_size=3),
    max_leaves=12,
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Enter an empty working directory, and hide the configurations of the package."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(config_files, 'PACKAGE_CONFIG', tmp_path / 'package')
    return tmp_path


def write(**texts: str) -> None:
    """Write files; two underscores in a name separate folders."""
    for name, text in texts.items():
        path = Path(f'{name.replace("__", "/")}.yaml')
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, 'utf-8')


def complaint(function, *args) -> str:
    """Return the message of the mistake, which is one line."""
    with pytest.raises(UserError) as caught:
        function(*args)
    message = str(caught.value)
    assert message and '\n' not in message
    return message


# ---------------------------------------------------------------- reading


@pytest.mark.parametrize(
    'written, value',
    [
        ('5e-3', 0.005),
        ('1E+2', 100.0),
        ('.5e1', 5.0),
        ('-2.5e-1', -0.25),
        ('1.0e-3', 0.001),
        ('0.01', 0.01),
        ('3', 3),
        ("'5e-3'", '5e-3'),
        ('e5', 'e5'),
        ('5e', '5e'),
        ('1e5x', '1e5x'),
        ('(2, 3)', '(2, 3)'),
    ],
)
def test_numbers_with_an_exponent_are_numbers_in_files_and_settings(written, value, folder):
    write(mine=f'a: {written}')
    raw = {}
    apply_setting(raw, f'a={written}')
    for read in (read_yaml('mine.yaml'), raw):
        assert read == {'a': value} and type(read['a']) is type(value)


@pytest.mark.parametrize(
    'text, line', [('a: 1\nb: 0\na: 0', 3), ('x: {a: 1, a: 2}', 1), ('x:\n  - a: 1\n    a: 1', 3), ('a: 1\n"a": 2', 2)]
)
def test_a_repeated_key_is_refused_with_its_line(text, line, folder):
    write(mine=text)
    message = complaint(read_yaml, 'mine.yaml')
    assert message.startswith('mine.yaml: not valid YAML (the key a occurs twice') and f'line {line},' in message


def test_merge_keys_of_yaml_may_be_overridden(folder):
    write(mine='one: &one {a: 1, b: 2}\ntwo:\n  <<: *one\n  a: 3\n')
    assert read_yaml('mine.yaml')['two'] == {'a': 3, 'b': 2}


def test_a_byte_order_mark_and_windows_line_ends_are_read(folder):
    Path('mine.yaml').write_bytes(b'\xef\xbb\xbfa: 1\r\nb:\r\n  c: x\r\n')
    assert read_yaml('mine.yaml') == {'a': 1, 'b': {'c': 'x'}}


@pytest.mark.parametrize(
    'text',
    [
        'a: 2020-13-45',
        'a: !!timestamp x',
        'a: !!bool x',
        'a: !!int x',
        '{[1]: 2}',
        'a: [',
        'a: *nothing',
        '!!python/name:os.getcwd ""',
        'a: 1\n---\nb: 2',
    ],
)
def test_impossible_values_are_refused_in_one_line(text, folder):
    write(mine=text)
    assert complaint(read_yaml, 'mine.yaml').startswith('mine.yaml: not valid YAML (')


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from('a:- \n\t#&*!|>\'"%@`{}[],0.e+_~<=?é\x00\ufeff'), max_size=30))
def test_any_text_gives_a_mapping_or_an_error_of_one_line(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / 'any.yaml'
    path.write_text(text, 'utf-8')
    try:
        assert isinstance(read_yaml(path), dict)
    except UserError as error:
        assert str(error).startswith(str(path)) and '\n' not in str(error)


# ---------------------------------------------------------------- merging


def leaves(mapping: dict, path: tuple = ()) -> dict[tuple, object]:
    """Return what is not a mapping, or an empty one, by the keys that lead to it."""
    found = {}
    for key, value in mapping.items():
        found |= leaves(value, (*path, key)) if isinstance(value, dict) and value else {(*path, key): value}
    return found


@settings(deadline=None)
@given(MAPPINGS, MAPPINGS)
def test_merging_keeps_all_keys_of_the_upper_and_the_others_of_the_lower(under, over):
    before = copy.deepcopy((under, over))
    merged = merge(under, over)
    assert (under, over) == before
    result, upper = leaves(merged), leaves(over)
    for path, value in upper.items():
        if value != {}:  # an empty mapping changes nothing in a mapping below it
            assert result[path] == value
    for path, value in leaves(under).items():
        if not any(path[: len(p)] == p[: len(path)] for p in upper):
            assert result[path] == value
    assert all(any(path[: len(p)] == p for p in (*upper, *leaves(under))) for path in result)


def test_lists_scalars_and_null_replace_an_inherited_value():
    assert merge(
        {'a': [1, 2], 'b': {'c': 1, 'd': 2}, 'e': {'f': 1}, 'g': 1}, {'a': [3], 'b': {'c': None}, 'e': 5, 'g': {'h': 1}}
    ) == {'a': [3], 'b': {'c': None, 'd': 2}, 'e': 5, 'g': {'h': 1}}


def test_a_setting_of_one_section_leaves_sections_that_shared_an_anchor_alone(folder):
    write(mine='rec: &stage {epoch: 1}\nconv: *stage\n')
    raw = load_config_file('mine.yaml')
    apply_setting(raw, 'rec.epoch=2')
    assert raw == {'rec': {'epoch': 2}, 'conv': {'epoch': 1}}


# ---------------------------------------------------------------- bases


def test_file_overrides_its_bases_and_later_bases_override_earlier_ones(folder):
    write(
        one='a: 1\nb: 1\nc: 1\nrec: {x: 1, y: 1}',
        two='b: 2\nc: 2\nrec: {y: 2, z: 2}',
        mine='base: [one, two.yaml]\nc: 3\nrec:\n  z: 3\n',
    )
    assert load_config_file('mine.yaml') == {'a': 1, 'b': 2, 'c': 3, 'rec': {'x': 1, 'y': 2, 'z': 3}}
    write(mine='base: [two, one]\nc: 3')
    assert load_config_file('mine.yaml') == {'a': 1, 'b': 1, 'c': 3, 'rec': {'x': 1, 'y': 1, 'z': 2}}


def test_bases_have_bases_and_two_files_may_share_one(folder):
    write(
        root='a: 0\nb: 0\nc: 0\nd: 0',
        left='base: root\nb: 1\nd: 1',
        right='base: root\nc: 2\nd: 2',
        mine='base: [left, right]',
    )
    assert load_config_file('mine.yaml') == {'a': 0, 'b': 0, 'c': 2, 'd': 2}  # root comes again under right
    write(mine='base: []\na: 1')
    assert load_config_file('mine.yaml') == {'a': 1}


def test_a_base_is_looked_up_beside_the_file_then_in_config_then_in_the_package(folder):
    for place in ('project/config/sub', 'project/config', 'package'):
        write(**{f'{place.replace("/", "__")}__it': f'found: {place}'})
    write(project__config__sub__mine='base: it\nown: 1')
    for place in ('project/config/sub', 'project/config', 'package'):
        assert load_config_file('project/config/sub/mine.yaml') == {'found': place, 'own': 1}
        Path(place, 'it.yaml').unlink()
    assert complaint(load_config_file, 'project/config/sub/mine.yaml').startswith(
        'project/config/sub/mine.yaml: base: it does not exist'
    )


def test_config_is_found_above_a_relative_path_and_folders_can_be_named(folder, monkeypatch):
    write(config__base__it='found: 1', config__sub__deep__mine='base: base/it')
    monkeypatch.chdir('config/sub')
    assert load_config_file('deep/mine.yaml') == {'found': 1}
    monkeypatch.chdir('deep')
    assert load_config_file('mine.yaml') == load_config_file('./mine.yaml') == {'found': 1}
    write(mine=f'base: {folder / "config" / "base" / "it"}')
    assert load_config_file('mine.yaml') == {'found': 1}
    write(mine='base: ../../base/it.yaml')
    assert load_config_file('mine.yaml') == {'found': 1}


@pytest.mark.parametrize(
    'files, message',
    [
        ({'mine': 'base: mine'}, 'mine.yaml: base: mine makes a cycle (mine.yaml -> mine.yaml)'),
        (
            {'mine': 'base: [ok, b]', 'b': 'base: mine', 'ok': 'a: 1'},
            'b.yaml: base: mine makes a cycle (mine.yaml -> b.yaml -> mine.yaml)',
        ),
        (
            {'mine': 'base: b', 'b': 'base: c', 'c': 'base: ./b.yaml'},
            'c.yaml: base: ./b.yaml makes a cycle (b.yaml -> c.yaml -> b.yaml)',
        ),
    ],
)
def test_a_cycle_of_bases_is_refused(files, message, folder):
    write(**files)
    assert complaint(load_config_file, 'mine.yaml') == f'{message}; remove one of these bases'


def test_a_missing_base_is_named_with_the_file_and_the_nearest_name(folder):
    write(config__causal_redial='a: 1', config__mine='base: [causal_redail]', config__other='base: qqqqqq')
    message = complaint(load_config_file, 'config/mine.yaml')
    assert message.startswith('config/mine.yaml: base: causal_redail does not exist')
    assert message.endswith('; did you mean causal_redial?')
    assert 'did you mean' not in complaint(load_config_file, 'config/other.yaml')


@pytest.mark.parametrize('value', ['', '3', '{a: 1}', '[1]', '[[one]]', '[one, null]', "''"])
def test_a_base_that_is_not_a_name_is_refused(value, folder):
    write(one='a: 1', mine=f'base: {value}')
    message = complaint(load_config_file, 'mine.yaml')
    assert message.startswith('mine.yaml: base: ') and message.endswith('or a list of names')


def test_a_mistake_in_a_base_names_the_base(folder):
    write(one='a: [', two='- 1', mine='base: one', other='base: two')
    assert complaint(load_config_file, 'mine.yaml').startswith('one.yaml: not valid YAML')
    assert complaint(load_config_file, 'other.yaml') == 'two.yaml: contains no "key: value" lines'


# ---------------------------------------------------------------- settings


def test_a_setting_changes_one_key():
    raw = {'a': 1, 'rec': {'epoch': 1, 'optimizer': {'lr': 0.1}}}
    for setting in ('rec.optimizer.lr=5e-3', 'new.section.key=[1, 2]', 'a=', 'b=x=y', 'rec.epoch={x: 1}'):
        apply_setting(raw, setting)
    assert raw == {
        'a': None,
        'b': 'x=y',
        'rec': {'epoch': {'x': 1}, 'optimizer': {'lr': 0.005}},
        'new': {'section': {'key': [1, 2]}},
    }


@pytest.mark.parametrize(
    'setting, said',
    [
        ('rec.epoch', 'write --set key=value, for example --set rec.epoch=3'),
        ('=3', 'write --set key=value, for example --set rec.epoch=3'),
        ('a.x=1', 'a is not a section'),
        ('rec.epoch.deep=1', 'epoch is not a section'),
        ('a=[1', 'the value is not valid YAML'),
        ('a={b: 1, b: 2}', 'the value is not valid YAML'),
        ('a=2020-13-45', 'the value is not valid YAML'),
    ],
)
def test_an_impossible_setting_is_refused(setting, said):
    assert complaint(apply_setting, {'a': 1, 'rec': {'epoch': 1}}, setting) == f'--set {setting}: {said}'


# ---------------------------------------------------------------- finding


def test_a_configuration_is_found_by_path_then_in_config_then_in_the_package(folder):
    write(it='a: 1', config__it='a: 2', package__it='a: 3', package__baselines__other='a: 4')
    for place in ('it.yaml', 'config/it.yaml', 'package/it.yaml'):
        for name in ('it', 'it.yaml', Path('it.yaml')):
            assert find_config(name).samefile(place)
        Path(place).unlink()
    assert find_config('baselines/other') == folder / 'package' / 'baselines' / 'other.yaml'
    assert find_config(folder / 'package' / 'baselines' / 'other.yaml').is_file()


def test_an_unknown_configuration_is_refused_with_the_nearest_name(folder):
    write(config__causal_redial='a: 1', package__mixed_redial='a: 1')
    message = complaint(find_config, 'causal_redail.yaml')
    assert message.startswith('causal_redail.yaml: cannot be read') and message.endswith(
        '; did you mean causal_redial?'
    )
    assert complaint(find_config, 'mixed_redail').endswith('; did you mean mixed_redial?')
    assert 'did you mean' not in complaint(find_config, 'qqqqqq')
    assert complaint(find_config, 'config').startswith('config: cannot be read')


def test_the_configurations_of_the_package_are_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_config_file(find_config('causal_redial'))['model'] == 'CausalKBRD'
    Path('mine.yaml').write_text('base: causal_redial\nalpha: 0\n', 'utf-8')
    assert load_config_file('mine.yaml') == load_config_file(CONFIG / 'causal_redial.yaml') | {'alpha': 0}


# ---------------------------------------------------------------- writing


@settings(max_examples=300, deadline=None)
@given(MAPPINGS)
def test_written_configuration_is_read_back_by_plain_yaml_and_by_this_package(tmp_path_factory, mapping):
    text = dump_config(mapping)
    path = tmp_path_factory.getbasetemp() / 'written.yaml'
    path.write_text(text, 'utf-8')
    for read in (yaml.safe_load(text), read_yaml(path)):
        assert read == mapping
        assert json.dumps(read) == json.dumps(mapping)  # 1, 1.0 and true are equal, and -0.0 and 0.0


@pytest.mark.parametrize(
    'value, text',
    [
        (5e-3, '0.005'),
        (1e-7, '0.0000001'),
        (2.0, '2.0'),
        (1.5, '1.5'),
        (-2e-5, '-0.00002'),
        (1e15, '1000000000000000.0'),
        (0.0, '0.0'),
        (1e300, '1.0e+300'),
        (3, '3'),
        ('5e-3', "'5e-3'"),
        ([1, 10, 50], '[1, 10, 50]'),
        ((1, 2), '[1, 2]'),
        (None, 'null'),
    ],
)
def test_values_are_written_plainly(value, text):
    assert dump_config({'a': value}) == f'a: {text}\n'


def test_sections_are_written_as_blocks_in_their_order_and_without_aliases():
    optimizer = {'name': 'Adam', 'lr': 0.001}
    assert dump_config({'rec': {'optimizer': optimizer}, 'conv': {'optimizer': optimizer}, 'a': []}) == (
        'rec:\n  optimizer:\n    name: Adam\n    lr: 0.001\nconv:\n  optimizer:\n    name: Adam\n    lr: 0.001\na: []\n'
    )


@pytest.mark.parametrize(
    'text, value', [('"my runs #2"', 'my runs #2'), ('a#b', 'a#b'), ("['x #y']", ['x #y']), ('', None)]
)
def test_a_number_sign_that_begins_no_comment_belongs_to_the_value(text, value):
    raw = {}
    apply_setting(raw, f'key={text}')
    assert raw == {'key': value}
