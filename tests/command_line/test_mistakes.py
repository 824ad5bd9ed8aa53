"""One line about a mistake in the configuration, the flags or the data, and nothing half-written."""

import re
import shutil

import pytest
from folders import edit

from tiny import ALIEN

# ---------------------------------------------------------------- mistakes in the configuration


@pytest.mark.parametrize(
    'keys, said',
    [
        ({'model': 'CausalKBDR'}, r"model: 'CausalKBDR' does not exist; did you mean CausalKBRD\?; choose one of "),
        ({'dataset': 'redial'}, r"dataset: 'redial' does not exist; did you mean ReDial\?; choose one of "),
        ({'tokenize': 'spacy'}, r"tokenize: 'spacy' does not exist for dataset ReDial; choose one of nltk, bert, gpt2"),
        ({'dataset': 'CausalDemo', 'tokenize': 'bert'}, r"tokenize: 'bert' does not exist for dataset CausalDemo"),
        ({'mention_ordre': 'last'}, r'mention_ordre: no such key; did you mean mention_order\?'),
        ({'rec': {'epoch': '3'}}, r"rec\.epoch: .*'3'"),
        ({'rec': {'metric': 'recall@2'}}, r"rec\.metric: 'recall@2'"),
        (
            {'kg_edge_threshold': 99},
            r'dbpedia_subkg\.json: no relation has more than 99 edges; lower kg_edge_threshold',
        ),
    ],
)
def test_mistake_in_the_configuration_is_reported(keys, said, refused):
    assert re.search(said, refused(**keys))


@pytest.mark.parametrize(
    'keys',
    [
        {'model': 'SASREC', 'hidden_size': 7},
        {'model': 'TextCNN', 'filter_sizes': '(,)'},
        {'model': 'ReDialRec', 'autorec_layer_sizes': []},
        {'model': 'KBRD', 'token_emb_dim': 7},
    ],
)
def test_impossible_options_of_crslabs_models_are_reported_in_one_line(keys, refused):
    assert refused(**keys).startswith(f'model {keys["model"]}: cannot be built with these options')


@pytest.mark.parametrize('keys', [{'run_name': '../../up'}, {'run_name': 'x' * 300}, {'alpha': float('inf')}])
def test_values_out_of_bounds_are_refused(keys, refused):
    assert re.match(rf'\S+\.yaml: {next(iter(keys))}: ', refused(**keys))


@pytest.mark.parametrize(
    'arguments, said',
    [
        (['--gpu', 'x'], '--gpu x: '),
        (['--seed', '-1'], 'seed: '),
        (['--set', 'rec.epoch'], '--set rec.epoch: '),
        (['--set', 'rec.epochs=3'], 'rec.epochs: no such key; did you mean rec.epoch?'),
        (['--set', "save_path=''"], "save_path: must be a text with 1 or more characters, but is ''"),
        (['--set', 'save_path=my runs #2'], '--set save_path=my runs #2: what follows # is a comment in YAML; put '),
        (['--set', 'alpha=#2'], '--set alpha=#2: what follows # is a comment in YAML; put '),
        (
            ['--set', 'rec=3'],
            'rec: this is a section, but its value is 3; set one of its keys, such as rec.KEY=...: epoch, ',
        ),
        (['--set', 'model='], 'model: is missing; choose one of CausalKBRD, '),
        (['--restore_system'], 'save/ReDial_CausalKBRD/mine_seed2020/last.pth does not exist; train first with'),
        (['--set', 'rec.lr=1'], 'rec.lr: no such key; did you mean rec.optimizer.lr?'),
        (['--set', 'warmup_steps=1'], 'warmup_steps: no such key; did you mean rec.lr_scheduler.warmup_steps?'),
    ],
)
def test_mistake_in_a_flag_is_reported(arguments, said, refused):
    assert refused(*arguments).startswith(said)


def test_run_without_a_configuration_is_a_mistake(capsys):
    from crslab_causal.command_line.run import main

    assert main(['--config', 'none.yaml']) == 2
    assert capsys.readouterr().err.startswith('error: none.yaml: cannot be read')


# ---------------------------------------------------------------- mistakes in the data


def test_a_missing_data_file_is_named(data, refused):
    (data / 'movie_ids.json').unlink()
    assert 'nltk lacks movie_ids.json; put them there, ' in refused()


@pytest.fixture
def no_data(redial, tmp_path):
    """The data folder without any data."""
    for folder in ('redial', 'opendialkg', 'inspired'):
        shutil.rmtree(tmp_path / 'data' / folder, ignore_errors=True)
        (tmp_path / 'data' / folder).mkdir(parents=True)
    return tmp_path / 'data'


@pytest.mark.parametrize('dataset', ['ReDial', 'OpenDialKG', 'Inspired', 'Own'])
def test_without_data_the_command_that_prepares_them_is_named(dataset, no_data, refused):
    message = refused('--no-download', dataset=dataset)
    assert message.startswith(f'dataset {dataset}: no data in {no_data / dataset.lower() / "nltk"}; ')
    assert f'crslab-causal prepare {dataset.lower()}' in message
    assert 'train_data.json' in message and 'entity2id.json' in message and 'data_path' in message


def test_without_a_network_the_download_ends_in_one_line_and_leaves_no_data(no_data, run, capsys, monkeypatch):
    monkeypatch.setenv('HTTPS_PROXY', 'http://127.0.0.1:9')  # refuses every connection
    monkeypatch.delenv('NO_PROXY')
    assert run(dataset='Inspired') == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert 'could not be downloaded' in line and 'run the command again to continue' in line
    assert list((no_data / 'inspired').iterdir()) == [] and not (no_data / 'downloads').exists()


@pytest.mark.parametrize('deeper', ['redial', 'redial/nltk'])
def test_a_data_path_that_is_too_deep_is_recognised(deeper, redial, refused):
    message = refused(data_path=redial / deeper)
    assert message == f'data_path: {redial / deeper} is the folder of one dataset; did you mean {redial}?'


def test_a_data_path_is_a_text_and_no_yaml(run, tmp_path, redial):
    folder = redial.rename(tmp_path / "my data #2: 'x'")
    assert run(data_path=folder) == 0


@pytest.mark.parametrize(
    'change, said',
    [
        (lambda redial, work: {'data_path': work / 'nowhere'}, 'dataset ReDial: no data in '),
        (lambda redial, work: {'data_path': redial / 'redial'}, 'did you mean '),
        (lambda redial, work: {'data_path': _file(work)}, 'a file is a file; name the folder that holds redial/nltk'),
        (lambda redial, work: {'save_path': str(_file(work))}, 'a file is a file; name the folder of all runs'),
        (lambda redial, work: {'save_path': str(_file(work) / 'x')}, 'a file is a file; name the folder of all runs'),
        (lambda redial, work: {'recommender': str(work), 'model': 'CausalLLM'}, 'best.pth does not exist'),
        (
            lambda redial, work: {'llm': {'mode': 'replay', 'store': str(work / 'none')}, 'model': 'CausalLLM'},
            'none does not exist; name the store of a recorded run',
        ),
        (lambda redial, work: {'llm': {'mode': 'replay'}, 'model': 'CausalLLM'}, 'llm.store: mode replay needs'),
    ],
)
def test_a_wrong_path_is_said_before_the_configuration_is_printed(change, said, run, redial, workplace, capsys):
    """And before PyTorch is asked for, see ``test_front_door.py``."""
    assert run('--no-download', **change(redial, workplace)) == 2
    output = capsys.readouterr()
    assert '[Config]' not in output.out and '[Config]' not in output.err
    assert said in output.err and len(output.err.splitlines()) == 1


def _file(folder):
    path = folder / 'a file'
    path.write_text('')
    return path


def test_an_empty_data_path_is_refused(refused):
    assert refused(data_path='').startswith('--data-path: is empty')


@pytest.mark.parametrize(
    'file',
    [
        'train_data.json',
        'test_data.json',
        'entity2id.json',
        'dbpedia_subkg.json',
        'movie_ids.json',
        'concept2id.json',
        'token2id.json',
    ],
)
@pytest.mark.parametrize('content', [b'{"a": 1,', b'\xff\xfe\x00', b''])
def test_broken_json_is_named(file, content, data, refused):
    (data / file).write_bytes(content)
    assert f'{data / file}: not valid JSON' in refused()


@pytest.mark.parametrize(
    'file, change, said',
    [
        (
            'valid_data.json',
            lambda c: c[1]['dialog'][1].pop('movies'),
            'valid_data.json: conversation v1, utterance 1: lacks movies',
        ),
        (
            'train_data.json',
            lambda c: c[0]['dialog'][1].update(role='User'),
            "train_data.json: conversation t0, utterance 1: role is 'User'",
        ),
        (
            'dbpedia_subkg.json',
            lambda graph: graph[str(ALIEN)].append([0, 4000]),
            'dbpedia_subkg.json: the edge 1 - 4000',
        ),
        ('movie_ids.json', lambda items: items.append(4000), 'movie_ids.json: item 4000 is not an id'),
        ('movie_ids.json', lambda items: items.append(-1), 'movie_ids.json: item -1 is not an id'),
        ('movie_ids.json', lambda items: items.append(items[0]), 'movie_ids.json: an item is listed twice'),
        ('movie_ids.json', lambda items: items.append(2.0), 'movie_ids.json: not a list of entity ids'),
        ('movie_ids.json', lambda items: items.clear(), 'movie_ids.json: not a list of entity ids'),
        ('entity2id.json', lambda ids: ids.update(twice=ALIEN), 'entity2id.json: the ids are not distinct'),
        ('entity2id.json', lambda ids: ids.update(below=-1), 'entity2id.json: the ids are not distinct'),
        (
            'dbpedia_subkg.json',
            lambda graph: graph.update({'4000': []}),
            "dbpedia_subkg.json: the head '4000' is out of range",
        ),
        ('train_data.json', lambda c: c[0]['dialog'].append(3), 'train_data.json: conversation t0, utterance'),
        (
            'train_data.json',
            lambda c: c[0]['dialog'][1].update(text='a string'),
            "text is 'a string', not a list of strings",
        ),
        ('train_data.json', lambda c: c[0]['dialog'][1].update(entity=None), "entity is 'None', not a list of strings"),
        ('train_data.json', lambda c: c[0]['dialog'][1].update(liked=[[1]]), 'liked is'),
    ],
)
def test_a_mistake_in_the_data_is_located(file, change, said, data, refused):
    edit(data / file, change)
    assert said in refused()


def test_training_data_without_a_recommendation_are_refused(data, refused):
    (data / 'train_data.json').write_text('[]')
    assert 'dataset ReDial: no recommender' in refused()
