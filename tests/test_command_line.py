"""The command line: one line about a mistake, nothing half-written, and runs that survive being killed."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys

import pytest
import torch

import tiny
from tiny import ALIEN

from crslab_causal import register

NOWHERE = 'http://127.0.0.1:9/data.zip'
"""Refuses every connection."""


@pytest.fixture(autouse=True)
def offline(workplace, monkeypatch):
    register()
    from crslab_causal.host import HOST_RESOURCES
    for resources in HOST_RESOURCES.values():
        for resource in resources.values():
            monkeypatch.setattr(resource['file'], 'url', NOWHERE)


@pytest.fixture
def data(redial):
    return redial / 'redial' / 'nltk'


@pytest.fixture
def run(redial, make_config):
    """Runs the command line in this process; keyword arguments are keys of the configuration."""
    from crslab_causal.quick_start import main

    def run(*arguments, data_path=redial, **settings):
        config = make_config(**{'run_name': 'mine', **settings})
        return main(['--config', str(config), '--data_path', str(data_path), *arguments])
    return run


@pytest.fixture
def refused(run, tmp_path, capsys):
    """The line about a mistake, after a look at what the run left behind."""
    def refused(*arguments, **settings):
        before = contents(tmp_path)
        capsys.readouterr()
        status = run(*arguments, **settings)
        output = capsys.readouterr()
        assert status == 2
        lines = output.err.splitlines()
        assert len(lines) == 1 and lines[0].startswith('error: ')
        assert 'Traceback' not in output.out
        assert contents(tmp_path) == before
        return lines[0].removeprefix('error: ')
    return refused


def contents(folder):
    return {name: content for name, (_, content) in tiny.snapshot(folder).items()
            if not re.fullmatch(r'config\d+\.yaml', name)}


def edit(path, change):
    content = json.loads(path.read_text('utf-8'))
    change(content)
    path.write_text(json.dumps(content), 'utf-8')


def the_run(workplace, save_path='save', model='CausalKBRD', seed=2020):
    return workplace / save_path / f'ReDial_{model}' / f'mine_seed{seed}'


# ---------------------------------------------------------------- mistakes in the configuration

@pytest.mark.parametrize('keys, said', [
    ({'model': 'CausalKBDR'}, r"model: 'CausalKBDR' does not exist; did you mean CausalKBRD\?; choose one of "),
    ({'dataset': 'redial'}, r"dataset: 'redial' does not exist; did you mean ReDial\?; choose one of "),
    ({'tokenize': 'spacy'}, r"tokenize: 'spacy' does not exist for dataset ReDial; choose one of nltk, bert, gpt2"),
    ({'dataset': 'CausalDemo', 'tokenize': 'bert'}, r"tokenize: 'bert' does not exist for dataset CausalDemo"),
    ({'mention_ordre': 'last'}, r'mention_ordre: no such key; did you mean mention_order\?'),
    ({'rec': {'epoch': '3'}}, r"rec\.epoch: .*'3'"),
    ({'rec': {'metric': 'recall@2'}}, r"rec\.metric: 'recall@2'"),
    ({'kg_edge_threshold': 99}, r'dbpedia_subkg\.json: no relation has more than 99 edges; lower kg_edge_threshold'),
])
def test_a_mistake_in_the_configuration(keys, said, refused):
    assert re.search(said, refused(**keys))


@pytest.mark.parametrize('keys', [
    {'model': 'SASREC', 'hidden_size': 7}, {'model': 'TextCNN', 'filter_sizes': '(,)'},
    {'model': 'ReDialRec', 'autorec_layer_sizes': []}, {'model': 'KBRD', 'token_emb_dim': 7},
])
def test_options_that_a_model_of_crslab_cannot_be_built_with(keys, refused):
    assert refused(**keys).startswith(f"model {keys['model']}: cannot be built with these options")


@pytest.mark.parametrize('keys', [{'run_name': '../../up'}, {'run_name': 'x' * 300}, {'alpha': float('inf')}])
def test_values_that_are_out_of_bounds(keys, refused):
    assert refused(**keys).startswith(f'{next(iter(keys))}: ')


@pytest.mark.parametrize('arguments, said', [
    (['--gpu', 'x'], '--gpu x: '), (['--seed', '-1'], 'seed: '), (['--set', 'rec.epoch'], '--set rec.epoch: '),
    (['--set', 'rec.epochs=3'], 'rec.epochs: no such key; did you mean epoch?'),
    (['--set', 'rec.lr=1'], 'rec.lr: no such key; did you mean rec.optimizer.lr?'),
    (['--set', 'warmup_steps=1'], 'warmup_steps: no such key; did you mean rec.lr_scheduler.warmup_steps?'),
])
def test_a_mistake_in_a_flag(arguments, said, refused):
    assert refused(*arguments).startswith(said)


def test_no_configuration(capsys):
    from crslab_causal.quick_start import main

    assert main(['--config', 'none.yaml']) == 2
    assert capsys.readouterr().err.startswith('error: none.yaml: cannot be read')


# ---------------------------------------------------------------- mistakes in the data

def test_a_missing_data_file_is_named(data, refused):
    (data / 'movie_ids.json').unlink()
    assert 'nltk lacks movie_ids.json; put train_data.json, ' in refused()


@pytest.mark.parametrize('dataset', ['ReDial', 'OpenDialKG', 'Inspired'])
def test_without_data_and_network_the_files_needed_are_listed(dataset, tmp_path, refused):
    for folder in ('redial', 'opendialkg', 'inspired'):
        shutil.rmtree(tmp_path / 'data' / folder, ignore_errors=True)
        (tmp_path / 'data' / folder).mkdir()
    message = refused(dataset=dataset)
    assert message.startswith(f'dataset {dataset}: {tmp_path / "data" / dataset.lower() / "nltk"}: no data there')
    assert 'train_data.json' in message and 'entity2id.json' in message and 'data_path' in message


@pytest.mark.parametrize('file', ['train_data.json', 'test_data.json', 'entity2id.json', 'dbpedia_subkg.json',
                                  'movie_ids.json', 'concept2id.json', 'token2id.json'])
@pytest.mark.parametrize('content', [b'{"a": 1,', b'\xff\xfe\x00', b''])
def test_broken_json_is_named(file, content, data, refused):
    (data / file).write_bytes(content)
    assert f'{data / file}: not valid JSON' in refused()


@pytest.mark.parametrize('file, change, said', [
    ('valid_data.json', lambda c: c[1]['dialog'][1].pop('movies'),
     'valid_data.json: conversation v1, utterance 1: lacks movies'),
    ('train_data.json', lambda c: c[0]['dialog'][1].update(role='User'),
     "train_data.json: conversation t0, utterance 1: role is 'User'"),
    ('dbpedia_subkg.json', lambda graph: graph[str(ALIEN)].append([0, 4000]), 'dbpedia_subkg.json: the edge 1 - 4000'),
    ('movie_ids.json', lambda items: items.append(4000), 'movie_ids.json: item 4000 is not an id'),
    ('movie_ids.json', lambda items: items.append(-1), 'movie_ids.json: item -1 is not an id'),
    ('movie_ids.json', lambda items: items.append(items[0]), 'movie_ids.json: an item is listed twice'),
    ('movie_ids.json', lambda items: items.append(2.0), 'movie_ids.json: not a list of entity ids'),
    ('movie_ids.json', lambda items: items.clear(), 'movie_ids.json: not a list of entity ids'),
    ('entity2id.json', lambda ids: ids.update(twice=ALIEN), 'entity2id.json: the ids are not distinct'),
    ('entity2id.json', lambda ids: ids.update(below=-1), 'entity2id.json: the ids are not distinct'),
    ('dbpedia_subkg.json', lambda graph: graph.update({'4000': []}), "dbpedia_subkg.json: the head '4000' is out of range"),
    ('train_data.json', lambda c: c[0]['dialog'].append(3), 'train_data.json: conversation t0, utterance'),
    ('train_data.json', lambda c: c[0]['dialog'][1].update(text='a string'), "text is 'a string', not a list of strings"),
    ('train_data.json', lambda c: c[0]['dialog'][1].update(entity=None), "entity is 'None', not a list of strings"),
    ('train_data.json', lambda c: c[0]['dialog'][1].update(liked=[[1]]), 'liked is'),
])
def test_a_mistake_in_the_data_is_located(file, change, said, data, refused):
    edit(data / file, change)
    assert said in refused()


def test_training_data_without_a_recommendation(data, refused):
    (data / 'train_data.json').write_text('[]')
    assert 'dataset ReDial: no recommender' in refused()


# ---------------------------------------------------------------- mistakes about what was saved

@pytest.mark.parametrize('flag, missing', [('--restore_system', 'last.pth'), ('--interact', 'best.pth'),
                                           ('--restore_data', 'redial_nltk.pkl')])
def test_nothing_to_restore(flag, missing, refused):
    assert f'{missing} does not exist; ' in refused(flag)


def test_a_checkpoint_of_another_configuration(run, refused):
    assert run('--save_system') == 0
    message = refused('--restore_system', alpha=0.25)
    assert 'last.pth: the checkpoint is of another run: alpha is 2.0 there and 0.25 here' in message
    assert 'another run: seed is' not in message


def test_a_checkpoint_of_another_model(run, refused, workplace):
    assert run('--save_system') == 0
    shutil.copytree(the_run(workplace), the_run(workplace, model='KBRDRepaired'))
    assert 'last.pth: the checkpoint is of another run' in refused('--restore_system', model='KBRDRepaired')


@pytest.mark.parametrize('damage', [lambda b: b[:len(b) // 2], lambda b: b'not a checkpoint', lambda b: b''],
                         ids=['half', 'text', 'empty'])
@pytest.mark.parametrize('file, flag', [('last.pth', '--restore_system'), ('best.pth', '--restore_system'),
                                        ('best.pth', '--interact')])
def test_a_broken_checkpoint(damage, file, flag, run, refused, workplace):
    assert run('--save_system') == 0
    path = the_run(workplace) / file
    path.write_bytes(damage(path.read_bytes()))
    assert f'{file}: no checkpoint of crslab_causal, or a broken one' in refused(flag)


class Payload:
    """Runs code where a file is unpickled."""

    def __reduce__(self):
        return os.mkdir, ('unpickled',)


def test_a_checkpoint_cannot_run_code(run, refused, workplace):
    assert run('--save_system') == 0
    torch.save({'model': Payload()}, the_run(workplace) / 'last.pth')
    assert 'no checkpoint of crslab_causal' in refused('--restore_system')
    assert not (workplace / 'unpickled').exists()


def test_a_restored_dataset_must_be_of_these_data(run, refused, data):
    assert run('--save_data') == 0
    os.utime(data / 'train_data.json', (0, 0))
    assert 'was made from other data or settings' in refused('--restore_data')


# ---------------------------------------------------------------- runs

def test_a_run_writes_its_folder_and_nothing_else(run, workplace, redial):
    before = tiny.snapshot(redial)
    assert run('--save_system') == 0
    files = {path.relative_to(workplace).as_posix() for path in workplace.rglob('*') if path.is_file()}
    folder = the_run(workplace).relative_to(workplace).as_posix()
    assert files == {f'{folder}/{name}' for name in (
        'results.json', 'results.md', 'ranks_valid.jsonl', 'ranks_test.jsonl', 'run.log', 'best.pth', 'last.pth')}
    assert tiny.snapshot(redial) == before


def test_a_second_run_overwrites_nothing(run, workplace):
    assert run() == 0
    first = contents(the_run(workplace))
    assert run() == 0
    assert contents(the_run(workplace).with_name('mine_seed2020.1')) == first


def test_a_mistake_leaves_the_results_of_an_earlier_run_in_place(run, refused, data, workplace):
    assert run() == 0
    edit(data / 'movie_ids.json', lambda items: items.append(4000))
    refused()  # looks at everything in the working directory
    assert (the_run(workplace) / 'results.json').is_file()


def test_results_from_a_restored_dataset_are_the_same(run, workplace):
    assert run('--save_data', '--set', 'save_path=save') == 0
    saved = outcome(the_run(workplace))
    assert run('--restore_data', '--set', 'save_path=save') == 0
    assert outcome(the_run(workplace)) == saved


def test_ranks_name_every_sample(run, workplace):
    assert run() == 0
    records = [json.loads(line) for line in (the_run(workplace) / 'ranks_test.jsonl').read_text().splitlines()]
    assert [(r['conversation'], r['turn'], r['label_name'], r['repeat'], r['history']) for r in records] == [
        ('e0', 1, 'The Godfather', False, 1), ('e0', 3, 'Heat', True, 3), ('e1', 2, 'Star Wars', False, 0),
        ('e1', 4, None, False, 2)]
    # five items; a label that is none of them ranks behind them all
    assert records[3]['rank'] == 6 and all(1 <= r['rank'] <= 5 for r in records[:3])


@pytest.fixture
def shell():
    """Starts Python in another process, with one thread."""
    started = []
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'NO_PROXY': '*',
                   'PYTHONPATH': os.pathsep.join([str(tiny.ROOT), os.environ.get('PYTHONPATH', '')])}

    def shell(*arguments):
        started.append(subprocess.Popen([sys.executable, *map(str, arguments)], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=environment))
        return started[-1]
    yield shell
    for process in started:
        process.kill()
        process.communicate()


def test_the_script_says_in_one_line_what_is_wrong(shell, make_config, redial, workplace):
    process = shell(tiny.ROOT / 'run_crslab.py', '-c', make_config(mdoel='KBRD'), '--data_path', redial)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 2
    assert errors == 'error: mdoel: no such key; did you mean model?\n'
    assert not list(workplace.iterdir())


# ---------------------------------------------------------------- killed and restored

LONG = {'seed': 2, 'embedding_dropout': 0.3, 'intervention': 'noise',
        'rec': {'epoch': 5, 'batch_size': 2, 'update_freq': 2, 'early_stop': False, 'metric': 'mrr',
                'optimizer': {'lr': 0.05},
                'lr_scheduler': {'name': 'TransformersPolynomialDecayLR', 'warmup_steps': 2}}}

KILLED = '''
import os, signal, sys
import torch
from crslab_causal import register
from crslab_causal.quick_start import main

register()
torch.set_num_threads(1)
from crslab_causal.system import checkpoint
save = checkpoint.save

def save_and_die(path, content):
    save(path, content)
    if path.name == 'last.pth' and content.progress.epoch == 2:
        os.kill(os.getpid(), signal.SIGKILL)

checkpoint.save = save_and_die
main(sys.argv[1:])
'''


def outcome(folder):
    """Everything a run computed: scores, course, ranks, and weights where they were saved."""
    results = json.loads((folder / 'results.json').read_text('utf-8'))
    ranks = {path.name: path.read_text('utf-8') for path in sorted(folder.glob('ranks_*.jsonl'))}
    weights = {path.name: {name: value.tolist() if isinstance(value, torch.Tensor) else value for name, value in
                           torch.load(path, weights_only=True)['model'].items()} for path in folder.glob('*.pth')}
    return {key: results[key] for key in ('splits', 'epochs', 'best_epoch', 'seed')}, ranks, weights


@pytest.fixture
def restored(run, workplace):
    """Continues the run in ``broken``, and compares it with an unbroken one."""
    def restored():
        assert run('--restore_system', '--set', 'save_path=broken', **LONG) == 0
        assert run('--save_system', '--set', 'save_path=whole', **LONG) == 0
        broken, whole = (outcome(the_run(workplace, name, seed=2)) for name in ('broken', 'whole'))
        assert whole[0]['epochs'] == 5
        assert broken == whole
    return restored


def test_a_killed_and_restored_run_ends_as_an_unbroken_one(restored, shell, make_config, redial, workplace):
    config = make_config(run_name='mine', **LONG)
    killed = shell('-c', KILLED, '--config', config, '--data_path', redial, '--save_system', '--set',
                   'save_path=broken')
    _, errors = killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL, errors
    left = {path.name for path in the_run(workplace, 'broken', seed=2).iterdir()}
    assert left == {'run.log', 'best.pth', 'last.pth'}
    restored()


@pytest.mark.parametrize('epoch', [2, 3, 5])
@pytest.mark.parametrize('files', [('best.pth', 'last.pth'), ('last.pth',)], ids=['before best', 'before last'])
def test_an_interrupted_and_restored_run_ends_as_an_unbroken_one(files, epoch, run, restored, monkeypatch, capsys):
    """Interrupted after the training of an epoch and before one of its files is written."""
    from crslab_causal.system import checkpoint

    save = checkpoint.save

    def interrupted(path, content):
        if path.name in files and content.progress.epoch == epoch:
            raise KeyboardInterrupt
        save(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, 'save', interrupted)
        assert run('--save_system', '--set', 'save_path=broken', **LONG) == 130
    assert capsys.readouterr().err.splitlines()[-1] == 'interrupted'
    restored()


def test_restoring_a_finished_run_changes_no_score(run, workplace):
    assert run('--save_system', **LONG) == 0
    before = outcome(the_run(workplace, seed=2))
    assert run('--restore_system', **LONG) == 0
    assert outcome(the_run(workplace, seed=2)) == before


@pytest.mark.parametrize('model', ['KBRDRepaired', 'TransitionCounts', 'Popularity'])
def test_other_models_are_saved_and_restored_too(model, run, workplace):
    keys = {'model': model, 'rec': {'epoch': 3, 'batch_size': 2}}
    assert run('--save_system', **keys) == 0
    before = outcome(the_run(workplace, model=model))
    assert before[2].keys() == {'best.pth', 'last.pth'}
    assert run('--restore_system', **keys) == 0
    assert outcome(the_run(workplace, model=model)) == before


# ---------------------------------------------------------------- checkpoints of other data

@pytest.mark.parametrize('flag', ['--restore_system', '--interact'])
def test_a_checkpoint_of_other_data_is_refused(flag, data, run, refused):
    assert run('--save_system') == 0
    edit(data / 'movie_ids.json', lambda items: items.reverse())
    assert 'the checkpoint is of another run: data (fingerprint)' in refused(flag)


def test_a_damaged_checkpoint_is_refused(run, refused, workplace):
    assert run('--save_system') == 0
    path = the_run(workplace) / 'last.pth'
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle:middle + 64] = bytes(255 - b for b in content[middle:middle + 64])
    path.write_bytes(content)
    assert 'last.pth: no checkpoint of crslab_causal, or a broken one' in refused('--restore_system')


def test_a_damaged_dataset_is_refused(run, refused, workplace):
    assert run('--save_data') == 0
    path = workplace / 'save' / 'data' / 'redial_nltk.pkl'
    path.write_bytes(path.read_bytes()[:-100])
    assert 'redial_nltk.pkl is broken' in refused('--restore_data')
