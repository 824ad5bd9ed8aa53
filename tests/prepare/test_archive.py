"""CRSLab's own archive in place of downloads."""

import json

import pytest
import stand_ins

import tiny
from crslab_causal.base.errors import UserError


@pytest.fixture(params=sorted(tiny.WRITERS))
def archive(request, tmp_path):
    """Dataset, a zip of its tiny corpus, and a manifest that pins it."""
    folder = tiny.WRITERS[request.param](tmp_path / 'crslab')
    content = stand_ins.zipped(
        {
            **{path.name: path.read_bytes() for path in folder.iterdir()},
            '../outside.txt': b'x',
            '__MACOSX/train_data.json': b'x',
        }
    )
    path = tmp_path / 'copy.zip'
    path.write_bytes(content)
    dataset = folder.parent.name
    return request.param, dataset, path, stand_ins.write_manifest(tmp_path / 'archives.json', {dataset: content})


def test_dataset_reads_what_the_archive_holds(prepare, tmp_path, archive):
    name, dataset, path, manifest = archive
    folder = prepare(dataset, tmp_path / 'data', from_zip=path, manifest=manifest)
    loaded = tiny.load(name, tmp_path / 'data')
    assert loaded.train_data == tiny.load(name, tmp_path / 'crslab').train_data
    titles = json.loads((folder / 'movie_titles.json').read_text('utf-8'))
    assert titles['1'] == {'title': 'Alien', 'year': 1979 if name == 'ReDial' else None, **titles['1']}
    assert set(titles) == {str(item) for item in tiny.ITEMS}
    assert not (tmp_path / 'outside.txt').exists()


def test_titles_are_left_out_where_they_cannot_be_downloaded(prepare, tmp_path, archive, server):
    _, dataset, path, manifest = archive
    server.fault = lambda path, before: 'missing'
    folder = prepare(dataset, tmp_path / 'data', from_zip=path, manifest=manifest)
    assert not (folder / 'movie_titles.json').exists()
    assert any('without movie_titles.json' in line for line in prepare.said)


def test_another_archive_is_refused(prepare, tmp_path, archive):
    _, dataset, path, manifest = archive
    path.write_bytes(path.read_bytes() + b'!')
    with pytest.raises(UserError, match=f"not CRSLab's {dataset}_nltk.zip.*name another copy, or leave out --from-zip"):
        prepare(dataset, tmp_path / 'data', from_zip=path, manifest=manifest)
    with pytest.raises(UserError, match='no such file'):
        prepare(dataset, tmp_path / 'data', from_zip=tmp_path / 'none.zip', manifest=manifest)
    assert not (tmp_path / 'data' / dataset).exists()


def test_archive_without_the_data_is_refused(prepare, tmp_path):
    content = stand_ins.zipped({'train_data.json': b'[]'})
    (tmp_path / 'copy.zip').write_bytes(content)
    manifest = stand_ins.write_manifest(tmp_path / 'archives.json', {'redial': content})
    with pytest.raises(UserError, match='lacks valid_data.json, test_data.json, token2id.json, entity2id.json'):
        prepare('redial', tmp_path / 'data', from_zip=tmp_path / 'copy.zip', manifest=manifest)
