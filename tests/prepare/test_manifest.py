"""The manifest that ships with the package, and mistakes in another one."""

import json

import pytest
import stand_ins

from crslab_causal.base.errors import UserError
from crslab_causal.prepare.comparison import VALID_SOURCES
from crslab_causal.prepare.manifest import Manifest
from crslab_causal.prepare.task import CONVERTERS, TITLE_SOURCES


@pytest.fixture(scope='module')
def published():
    return Manifest.read()


def test_addresses_are_pinned_to_a_commit(published):
    file = published.files['redial_valid']
    assert [place.address for place in published.places(file)] == [
        'https://raw.githubusercontent.com/melaniejuwonss/LATTE2/2e031513cdc77b5cf90ed5a4abc4febaf52a8c09/'
        'data/redial/valid_data.json',
        'https://raw.githubusercontent.com/zxd-octopus/VRICR/c7f7cc5dcda884c463140d5c1a928f332b563620/'
        'data/Redial_c2/valid_data.json',
    ]
    assert [place.licence for place in published.places(file)] == ['Apache-2.0', None]


def test_mirror_takes_the_place_of_the_server(published):
    (place,) = published.places(published.files['redial_train'], 'file:///copies/')
    assert place.address == (
        'file:///copies/zxd-octopus/VRICR/c7f7cc5dcda884c463140d5c1a928f332b563620/data/Redial_c2/train_data.json'
    )


def test_licensed_copy_comes_first(published):
    for file in published.files.values():
        licences = [place.licence for place in published.places(file)]
        assert licences[0] or not any(licences)


def test_every_source_has_a_converter_and_every_file_is_of_use(published):
    sources = {(dataset, source) for dataset, known in published.datasets.items() for source in known.sources}
    assert sources == set(CONVERTERS)
    used = {
        file
        for known in published.datasets.values()
        for source in known.sources.values()
        for file in (*source.files, *source.answers)
    }
    assert used | set(TITLE_SOURCES) | set(VALID_SOURCES) == set(published.files)


def test_files_of_the_official_source_are_all_licensed(published):
    for name in published.datasets['redial'].sources['official'].files:
        assert any(place.licence for place in published.places(published.files[name])), name


def test_stand_ins_have_the_files_of_the_published_manifest(published):
    assert set(stand_ins.PUBLISHED) == set(published.files)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda m: m['files']['concepts'].update(sha1='0123'), r'files\.concepts\.sha1'),
        (lambda m: m['files']['concepts'].update(size=-1), r'files\.concepts\.size'),
        (lambda m: m['files']['concepts'].update(places=[]), r'files\.concepts\.places'),
        (lambda m: m['files']['concepts'].update(places=['other/data:x']), 'other/data:x is in no repository'),
        (lambda m: m['files']['concepts'].update(unchecked=True), 'unchecked'),
        (lambda m: m['files'].pop('concepts'), 'file concepts is not in the manifest'),
        (lambda m: m['repositories'][stand_ins.LICENSED].update(commit='main'), 'commit'),
        (lambda m: m['datasets']['redial'].update(default_source='x'), "default_source 'x' is not among the sources"),
    ],
)
def test_mistake_in_a_manifest_is_reported_in_one_line(manifest, change, message):
    content = json.loads(manifest.read_text('utf-8'))
    change(content)
    manifest.write_text(json.dumps(content), 'utf-8')
    with pytest.raises(UserError, match=message) as error:
        Manifest.read(manifest)
    assert '\n' not in str(error.value) and str(manifest) in str(error.value)


def test_missing_manifest_is_reported(tmp_path):
    with pytest.raises(UserError, match='cannot be read'):
        Manifest.read(tmp_path / 'none.json')
