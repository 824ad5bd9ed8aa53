"""What is done to CRSLab in memory: its tables, its repaired parts, and the download that deletes nothing."""

import functools
import hashlib
import io
import json
import subprocess
import sys
import threading
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import tiny
from crslab_causal import register
from crslab_causal.base.errors import UserError
from crslab_causal.crslab_compat import read_open_files
from crslab_causal.registry import DATASETS, MODELS
from tiny import ALIEN, BIG, HEAT, ITEMS, PACINO


def python(code):
    """Runs code in a fresh interpreter; it prints JSON."""
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, cwd=tiny.ROOT, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


# ---------------------------------------------------------------- registration


def tables():
    import crslab.data
    import crslab.evaluator
    import crslab.model
    import crslab.system

    import crslab_causal.crslab_compat  # noqa: F401  makes CRSLab importable

    return {
        'model': crslab.model.Model_register_table,
        'dataset': crslab.data.dataset_register_table,
        'language': crslab.data.dataset_language_map,
        'dataloader': crslab.data.dataloader_register_table,
        'evaluator': crslab.evaluator.Evaluator_register_table,
        'system': crslab.system.system_register_table,
    }


def test_registering_twice_changes_nothing():
    register()
    once = {name: dict(table) for name, table in tables().items()}
    register()
    assert {name: dict(table) for name, table in tables().items()} == once


def test_crslabs_tables_hold_every_model_and_dataset_of_the_registry():
    register()
    found = tables()
    assert set(MODELS) <= set(found['model'])
    assert set(DATASETS) <= set(found['dataset']) & set(found['language'])
    for model in MODELS.values():
        assert model.system_name in found['system'] and model.system_name in found['dataloader']
        assert model.crslab_loader is None or model.crslab_loader in found['dataloader']
    assert 'causal' in found['evaluator']


def test_crslabs_other_entries_stay_as_they_are():
    register()
    found = tables()
    assert {'TGReDial', 'GoRecDial', 'DuRecDial'} <= set(found['dataset'])
    for name in ('TGReDial', 'GoRecDial', 'DuRecDial'):
        assert found['dataset'][name].__module__.startswith('crslab.')
    for name in ('KBRD', 'KGSF', 'Transformer'):
        assert all(found[table][name].__module__.startswith('crslab.') for table in ('model', 'dataloader', 'system'))
    assert {'rec', 'conv', 'standard'} <= set(found['evaluator'])


def test_importing_the_package_is_light_and_registering_works_after_crslab_was_imported():
    light, *found = python("""
import json, sys, types
import crslab_causal
light = [name for name in ('torch', 'crslab', 'numpy', 'transformers') if name in sys.modules]
# what CRSLab needs to be imported by itself on current releases
import torch, transformers
from transformers import BertModel
if not hasattr(transformers, 'AdamW'):
    sys.modules['transformers'].AdamW = torch.optim.AdamW
try:
    import fasttext
except ImportError:
    sys.modules['fasttext'] = types.ModuleType('fasttext')
import crslab.quick_start, crslab.download
from crslab.data.dataset.base import build
shipped = build
crslab_causal.register()
import crslab.data.dataset.base, crslab.model, crslab.system
print(json.dumps([light, shipped.__module__, crslab.data.dataset.base.build.__module__,
                  crslab.download.build.__module__, 'CausalKBRD' in crslab.model.Model_register_table,
                  'Causal' in crslab.quick_start.quick_start.get_system.__globals__['system_register_table']]))
""")
    assert light == []
    assert found == [
        'crslab.download',
        'crslab_causal.crslab_compat.download',
        'crslab_causal.crslab_compat.download',
        True,
        True,
    ]


def test_without_crslab_one_line_says_what_to_install():
    said = python('''
import json, sys

class Without:
    """A finder that does not know of crslab."""
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, *more):
        return None if name.partition('.')[0] == 'crslab' else self.finder.find_spec(name, *more)
    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
from crslab_causal import register
from crslab_causal.base.errors import UserError
try:
    register()
except UserError as error:
    print(json.dumps(str(error)))
''')
    assert said.startswith('CRSLab is not installed: run `pip install --no-deps crslab==0.1.2`')
    assert '\n' not in said


# ---------------------------------------------------------------- repaired models


@pytest.fixture
def build(redial, make_config):
    """A model on the tiny corpus, a batch for it, and how to call it."""
    import crslab.model

    from crslab_causal.config import Config
    from crslab_causal.crslab_compat import get_dataloader, get_dataset

    def build(model, **settings):
        register()
        torch.manual_seed(0)
        config = Config(
            make_config(
                content={'dataset': 'ReDial', 'model': model, 'kg_edge_threshold': 0, 'data_path': str(redial)}
                | settings
            )
        )
        dataset = get_dataset(config, 'nltk', False, False)
        loader = get_dataloader(config, dataset.train_data, dataset.vocab)
        built = crslab.model.get_model(config, model, torch.device('cpu'), dataset.vocab, dataset.side_data)
        return built, next(loader.get_rec_data(9, shuffle=False))

    return build


def small_kbrd(build, model):
    return build(model, kg_emb_dim=8, **({} if model == 'KBRDRepaired' else {'token_emb_dim': 8, 'ffn_size': 8}))


def rgcn_gradient(model, batch):
    loss, _ = model(batch.crslab_batch, 'train', 'rec')
    loss.backward()
    return sum(float(p.grad.abs().sum()) for p in model.kg_encoder.parameters() if p.grad is not None)


def test_the_repaired_kbrd_tells_users_apart_and_learns_from_the_graph(build):
    model, batch = small_kbrd(build, 'KBRDRepaired')
    _, scores = model(batch.crslab_batch, 'test', 'rec')
    assert not torch.allclose(scores[0], scores[-1])
    assert rgcn_gradient(model, batch) > 0


def test_released_kbrd_neither_tells_users_apart_nor_learns_from_the_graph(build):
    model, batch = small_kbrd(build, 'KBRD')
    _, scores = model(batch.crslab_batch, 'test', 'rec')
    assert torch.equal(scores, scores[:1].expand_as(scores))
    assert rgcn_gradient(model, batch) == 0


def test_the_repaired_kbrd_gives_the_same_scores_whoever_else_is_in_the_batch(build):
    model, batch = small_kbrd(build, 'KBRDRepaired')
    histories = [[ALIEN], [HEAT, PACINO, BIG], []]
    items = torch.zeros(3, dtype=torch.long)
    _, together = model({'context_entities': histories, 'item': items}, 'test', 'rec')
    for row, history in zip(together, histories):
        _, alone = model({'context_entities': [history], 'item': items[:1]}, 'test', 'rec')
        torch.testing.assert_close(alone[0], row)


@pytest.mark.parametrize('num_bases', [4, None])
def test_the_sparse_rgcn_equals_pygs(num_bases):
    from torch_geometric.nn import RGCNConv

    from crslab_causal.model.sparse_rgcn import use_sparse_rgcn

    torch.manual_seed(0)
    conv = RGCNConv(6, 5, 3, num_bases=num_bases)
    edges, types = torch.randint(6, (2, 20)), torch.randint(3, (20,))
    weight = torch.randn(6, 5)

    def run():
        conv.zero_grad()
        out = conv(None, edges, types)
        (out * weight).sum().backward()
        return [out.detach().clone(), *(p.grad.clone() for p in conv.parameters())]

    before = run()
    use_sparse_rgcn(torch.nn.ModuleList([conv]))
    assert type(conv) is not RGCNConv
    for old, new in zip(before, run(), strict=True):
        torch.testing.assert_close(old, new)


def test_the_convolution_over_tokens_equals_that_of_crslab(build):
    model, _ = build('TextCNN')
    model.eval()
    embedded = torch.randn(3, 1, 9, model.embed)

    for conv in model.convs:
        shipped = torch.relu(conv(embedded)).squeeze(3).amax(2)
        torch.testing.assert_close(model.conv_and_pool(embedded, conv), shipped)


def test_popularity_keeps_its_counts_in_a_checkpoint(build):
    model, batch = build('Popularity')
    model(batch.crslab_batch, 'train')
    _, counted = model(batch.crslab_batch, 'test')
    assert counted.sum() > 0
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    fresh, _ = build('Popularity')
    fresh.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(fresh(batch.crslab_batch, 'test')[1], counted)


def test_restored_counts_replace_what_was_counted_before(build):
    model, batch = build('Popularity')
    model(batch.crslab_batch, 'train')
    state = model.state_dict()
    _, counted = model(batch.crslab_batch, 'test')
    model(batch.crslab_batch, 'train')
    model.load_state_dict(state)
    assert torch.equal(model(batch.crslab_batch, 'test')[1], counted)


@pytest.mark.parametrize('value', [np.float32(0.5), np.float64(0.5), torch.tensor(0.5), 0.5])
def test_crslabs_metrics_take_numpy_scalars(value):
    from crslab_causal.crslab_compat import AverageMetric

    metric = AverageMetric(value, np.int64(1)) + AverageMetric(np.float32(1.0), 1)
    assert metric.value() == 0.75


def test_crslabs_evaluator_works_with_numpy(capsys):
    from crslab_causal.crslab_compat import RecEvaluator

    evaluator = RecEvaluator()
    evaluator.rec_evaluate(list(ITEMS), ALIEN)
    assert evaluator.rec_metrics.report()['hit@1'].value() == 1


def test_position_codes_equal_the_formula():
    from crslab.model.utils.modules.transformer import create_position_codes

    import crslab_causal.crslab_compat  # noqa: F401

    codes = torch.nn.Embedding(5, 4).weight
    create_position_codes(5, 4, codes)
    expected = [[np.sin(p), np.cos(p), np.sin(p / 100), np.cos(p / 100)] for p in range(5)]
    np.testing.assert_allclose(codes.numpy(), expected, atol=1e-6)
    assert not codes.requires_grad


# ---------------------------------------------------------------- the download


@pytest.fixture
def server(tmp_path):
    """A web server on the loopback device; its folder and address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    folder = tmp_path / 'web'
    folder.mkdir()
    server = ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.02}, daemon=True)
    thread.start()
    yield folder, f'http://127.0.0.1:{server.server_port}'
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def download(monkeypatch, tmp_path):
    """CRSLab's ``build`` of a folder from an address, as its datasets call it."""
    import crslab.data.dataset.base
    from crslab.download import DownloadableFile

    import crslab_causal.crslab_compat  # noqa: F401

    monkeypatch.setenv('NO_PROXY', '*')
    folder = tmp_path / 'data' / 'some' / 'nltk'

    def download(url, checksum='0' * 64):
        crslab.data.dataset.base.build(str(folder), DownloadableFile(url, 'data.zip', checksum), version='0.3')
        return folder

    download.folder = folder
    return download


def make_archive(folder):
    with zipfile.ZipFile(folder / 'data.zip', 'w') as archive:
        archive.writestr('train_data.json', '[]')
        archive.writestr('sub/more.txt', 'more')
    return hashlib.sha256((folder / 'data.zip').read_bytes()).hexdigest()


def left_behind(download):
    return list(download.folder.parent.iterdir()) if download.folder.parent.is_dir() else []


def test_a_verified_archive_is_unpacked_and_marked(server, download):
    web, address = server
    folder = download(f'{address}/data.zip', make_archive(web))
    assert {p.relative_to(folder).as_posix() for p in folder.rglob('*') if p.is_file()} == {
        'train_data.json',
        'sub/more.txt',
        '.built',
    }
    assert folder.stat().st_mode == folder.parent.stat().st_mode
    assert (folder / '.built').read_text().splitlines()[1] == '0.3'
    assert left_behind(download) == [folder]


def test_a_failed_download_leaves_no_folder(download):
    with pytest.raises(UserError, match='no data there, and the download of data.zip from 127.0.0.1:9 failed'):
        download('http://127.0.0.1:9/data.zip')
    assert left_behind(download) == []


def test_an_error_page_is_not_kept(server, download):
    with pytest.raises(UserError, match='404'):
        download(f'{server[1]}/data.zip')
    assert left_behind(download) == []


def test_a_wrong_checksum_is_refused(server, download):
    web, address = server
    make_archive(web)
    with pytest.raises(UserError, match='(?i)checksum'):
        download(f'{address}/data.zip')
    assert left_behind(download) == []


def test_an_archive_that_cannot_be_unpacked_is_refused(server, download):
    web, address = server
    (web / 'data.zip').write_bytes(b'no archive')
    with pytest.raises(UserError, match='download of data.zip from .* failed'):
        download(f'{address}/data.zip', hashlib.sha256(b'no archive').hexdigest())
    assert left_behind(download) == []


@pytest.mark.parametrize('marker', ['2020-01-01\n0.1', '2020-01-01\n0.3', None])
def test_a_folder_with_files_is_taken_as_it_is(marker, server, download):
    web, address = server
    download.folder.mkdir(parents=True)
    (download.folder / 'mine.json').write_text('{}')
    if marker:
        (download.folder / '.built').write_text(marker)
    before = tiny.snapshot(download.folder)
    download(f'{address}/data.zip', make_archive(web))
    assert tiny.snapshot(download.folder) == before


def test_a_folder_with_no_more_than_a_marker_is_filled(server, download):
    web, address = server
    download.folder.mkdir(parents=True)
    (download.folder / '.built').write_text('2020-01-01\n0.3')
    download(f'{address}/data.zip', make_archive(web))
    assert (download.folder / 'train_data.json').is_file()


def test_a_marker_survives_a_failed_download(download):
    download.folder.mkdir(parents=True)
    (download.folder / '.built').write_text('2020-01-01\n0.1')
    with pytest.raises(UserError):
        download('http://127.0.0.1:9/data.zip')
    assert (download.folder / '.built').read_text() == '2020-01-01\n0.1'


# ---------------------------------------------------------------- text files


def test_lines_of_an_open_file_end_only_where_a_line_ends(tmp_path):
    path = tmp_path / 'names.txt'
    path.write_text('\ufeffa\u2028b\n\n \nc\x0bd\x85e\n', 'utf-8')
    dataset = SimpleNamespace(names=path.open(encoding='utf-8'), other=1)
    read_open_files(dataset)
    assert vars(dataset) == {'names': ['a\u2028b', 'c\x0bd\x85e'], 'other': 1}
