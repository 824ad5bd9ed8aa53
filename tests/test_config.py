"""Configurations: defaults, overrides, and what is said about mistakes."""

import re
from pathlib import Path

import pytest

import tiny
from crslab_causal import register
from crslab_causal.base.errors import UserError

MINIMAL = {'dataset': 'ReDial', 'model': 'CausalKBRD'}


@pytest.fixture(autouse=True)
def registered(workplace):
    register()


@pytest.fixture
def read(tmp_path):
    """A configuration from the text of its file, or from keys on top of the least there can be."""
    from crslab_causal.config import Config

    def read(text=None, *settings, gpu='-1', name='mine', **keys):
        path = tmp_path / f'{name}.yaml'
        if text is None:
            tiny.write_yaml(path, MINIMAL, **keys)
        else:
            path.write_text(text, 'utf-8')
        return Config(path, gpu, settings)

    return read


def complaint(function, *args, **kwargs):
    """The message of the mistake, which is one line."""
    with pytest.raises(UserError) as caught:
        function(*args, **kwargs)
    message = str(caught.value)
    assert message and '\n' not in message
    return message


def mistake_in_file(function, *args, **kwargs):
    """The message of a mistake in a file, without the file that it names first."""
    file, separator, message = complaint(function, *args, **kwargs).partition('.yaml: ')
    assert separator and Path(f'{file}.yaml').is_file()
    return message


# ---------------------------------------------------------------- what is read


@pytest.mark.parametrize('path', tiny.CONFIGS, ids=lambda path: str(path.relative_to(tiny.ROOT / 'config')))
def test_every_configuration_of_the_repository_is_valid(path):
    from crslab_causal.config import Config

    config = Config(path)
    assert not config.ignored
    assert config['run_name'] == path.stem


def test_repository_has_configurations():
    assert {'causal_demo', 'causal_redial', 'causal_opendialkg'} <= {path.stem for path in tiny.CONFIGS}


@pytest.mark.parametrize('text', ['alpha: 1\nbeta: 0\nalpha: 0', 'rec: {epoch: 1, epoch: 2}'])
def test_a_repeated_key_is_refused(read, text):
    with pytest.raises(UserError, match='the key (alpha|epoch) occurs twice'):
        read(f'dataset: ReDial\nmodel: CausalKBRD\n{text}\n')


def test_defaults_are_filled_in(read):
    config = read()
    assert config['tokenize'] == 'nltk'
    assert config['cutoffs'] == [1, 10, 50]
    assert config['rec']['optimizer'] == {'name': 'Adam', 'lr': 1e-3, 'weight_decay': 0.0}
    assert config['rec']['early_stop'] is True
    assert config['kg_emb_dim'] == 128 and config['attention_decay'] == 1.5
    assert config['gpu'] == [-1]
    assert config.get('num_bases', 7) is None
    assert config.get('no such key', 7) == 7


def test_defaults_are_those_of_the_model_and_the_dataset(read):
    assert 'alpha' not in read(model='Repeat').opt
    assert read(model='KBRD')['num_bases'] == 8
    assert 'confounding' not in read().opt
    assert read(dataset='CausalDemo')['confounding'] == 0.8


def test_one_section_given_in_part_keeps_the_defaults_of_the_rest(read):
    rec = read(rec={'optimizer': {'lr': 0.5}})['rec']
    assert rec['optimizer'] == {'name': 'Adam', 'lr': 0.5, 'weight_decay': 0.0}
    assert rec['epoch'] == 20


@pytest.mark.parametrize(
    'written, value', [('5e-3', 5e-3), ('1E+2', 100.0), ('.5e1', 5.0), ('2.5e-1', 0.25), ('0.01', 0.01), ('3', 3.0)]
)
def test_numbers_are_read_as_people_write_them(written, value, read):
    text = f'dataset: ReDial\nmodel: CausalKBRD\nrec:\n  optimizer:\n    lr: {written}\n'
    assert read(text)['rec']['optimizer']['lr'] == value
    assert read(None, f'rec.optimizer.lr={written}')['rec']['optimizer']['lr'] == value


def test_settings_override_the_file(read):
    config = read(
        None,
        'rec.epoch=3',
        'seed=7',
        'cutoffs=[2, 4]',
        'rec.metric=ndcg@4',
        'model=KBRD',
        'rec.epoch=4',
        seed=1,
        rec={'epoch': 9, 'batch_size': 5},
    )
    assert (config['seed'], config['rec']['epoch'], config['rec']['batch_size']) == (7, 4, 5)
    assert (config['cutoffs'], config['rec']['metric'], config['model']) == ([2, 4], 'ndcg@4', 'KBRD')


def test_keys_of_other_models_and_datasets_are_allowed_and_reported(read):
    from loguru import logger

    config = read(n_heads=3, demo_seed=5, alpha=1.0)
    assert sorted(config.ignored) == ['demo_seed', 'n_heads']
    assert 'n_heads' not in config.opt
    lines = []
    logger.remove()
    logger.add(lines.append, format='{level} {message}')
    config.report()
    warnings = [line for line in lines if line.startswith('WARNING')]
    assert len(warnings) == 1 and 'n_heads' in warnings[0] and 'demo_seed' in warnings[0]
    assert 'alpha' not in warnings[0]

    lines.clear()
    read(alpha=1.0).report()
    assert lines and not [line for line in lines if line.startswith('WARNING')]


def test_a_run_is_named_after_its_file_and_what_was_changed(read):
    assert read(name='abc')['run_name'] == 'abc'
    assert read(None, 'rec.epoch=3', 'alpha=0', name='abc')['run_name'] == 'abc,rec.epoch=3,alpha=0'
    assert read(None, 'seed=3', 'save_path=x/y', 'data_path=/d', name='abc')['run_name'] == 'abc'
    assert read(None, 'run_name=mine', 'alpha=0')['run_name'] == 'mine'
    assert read(run_name='mine')['run_name'] == 'mine'


@pytest.mark.parametrize('setting', ['cutoffs=[1, 10, 50]', 'tokenize=nltk ', 'rec.metric="recall@50"'])
def test_the_name_of_a_run_can_be_a_folder(setting, read):
    name = read(None, setting)['run_name']
    assert name.startswith('mine,') and not set(name) & set('/\\[]" \'')


def test_configuration_read_by_crslab_is_adopted(read, tmp_path):
    from crslab_causal.config import Config
    from crslab_causal.crslab_compat import CRSLabConfig, use_directories

    use_directories(str(tmp_path / 'data'), str(tmp_path / 'save'))
    crslab_config = CRSLabConfig(str(tiny.write_yaml(tmp_path / 'own.yaml', MINIMAL, tokenize='nltk', seed=5)), '-1')
    config = Config.from_crslab(crslab_config)
    assert (config['seed'], config['kg_emb_dim'], config['gpu']) == (5, 128, [-1])


# ---------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    'keys, wrong, meant',
    [
        ({'mention_ordre': 'last'}, 'mention_ordre', 'mention_order'),
        ({'KG_emb_dim': 3}, 'KG_emb_dim', 'kg_emb_dim'),
        ({'dropuot': 0.1}, 'dropuot', 'dropout'),
        ({'rec': {'epochs': 3}}, 'rec.epochs', 'rec.epoch'),
        ({'rec': {'optimizer': {'learning_rate': 1, 'weight_decya': 0.1}}}, 'rec.optimizer.learning_rate', ''),
        ({'rec': {'optimizer': {'weight_decya': 0.1}}}, 'rec.optimizer.weight_decya', 'rec.optimizer.weight_decay'),
        ({'rec': {'lr_scheduler': {'warmup': 5}}}, 'rec.lr_scheduler.warmup', 'rec.lr_scheduler.warmup_steps'),
        ({'zzzzzz': 1}, 'zzzzzz', ''),
    ],
)
def test_an_unknown_key_is_refused_and_the_nearest_named(keys, wrong, meant, read):
    message = mistake_in_file(read, **keys)
    assert message.startswith(f'{wrong}: no such key')
    assert message.endswith(f'did you mean {meant}?' if meant else 'no such key; remove it')


@pytest.mark.parametrize(
    'key, value, meant',
    [
        ('model', 'CausalKBDR', 'CausalKBRD'),
        ('model', 'causalkbrd', 'CausalKBRD'),
        ('dataset', 'redial', 'ReDial'),
        ('dataset', 'OpenDialKg', 'OpenDialKG'),
        ('model', 'Bort', ''),
        ('dataset', 7, ''),
        ('model', ['KBRD'], ''),
    ],
)
def test_an_unknown_model_or_dataset_is_refused_with_the_choices(key, value, meant, read):
    message = mistake_in_file(read, **{key: value})
    assert message.startswith(f'{key}: {value!r} does not exist') and 'choose one of ' in message
    assert f'did you mean {meant}?' in message if meant else True


@pytest.mark.parametrize(
    'key, value, reason',
    [
        ('model', 'BERT', 'weights of BERT'),
        ('model', 'TGConv', 'writes responses'),
        ('model', 'PMI', 'topics'),
        ('dataset', 'TGReDial', 'Chinese'),
        ('dataset', 'GoRecDial', 'game'),
    ],
)
def test_unsupported_models_of_crslab_are_explained(key, value, reason, read):
    message = mistake_in_file(read, **{key: value})
    assert message.startswith(f'{key}: CRSLab has {value}, but it is not supported here: ') and reason in message
    assert 'did you mean' not in message


def test_every_model_and_dataset_of_crslab_is_supported_or_explained():
    from crslab_causal.crslab_compat import Model_register_table, dataset_register_table
    from crslab_causal.registry import DATASETS, MODELS, NOT_SUPPORTED, find_model

    assert all(find_model(name) or name in NOT_SUPPORTED['model'] for name in Model_register_table)
    assert all(name in DATASETS or name in NOT_SUPPORTED['dataset'] for name in dataset_register_table)
    assert not MODELS.keys() & NOT_SUPPORTED['model'].keys()


@pytest.mark.parametrize(
    'key, meant', [('epoch', 'rec.epoch'), ('lr', 'rec.optimizer.lr'), ('batch_size', 'rec.batch_size')]
)
def test_a_key_of_a_section_is_suggested_with_its_section(key, meant, read):
    assert mistake_in_file(read, **{key: 1}) == f'{key}: no such key; did you mean {meant}?'


def test_a_key_that_is_set_twice_is_once_in_the_name(read):
    config = read(None, 'rec.epoch=2', 'alpha=1', 'rec.epoch=1', name='abc')
    assert config['run_name'] == 'abc,rec.epoch=1,alpha=1' and config['rec']['epoch'] == 1


def test_settings_from_python_are_values(read, tmp_path):
    from crslab_causal.config import Config

    path = tiny.write_yaml(tmp_path / 'mine.yaml', MINIMAL)
    config = Config(path, settings={'rec.epoch': 3, 'data_path': 'my data #2', 'cutoffs': [2]})
    assert (config.run.rec.epoch, config.run.data_path, config.run.cutoffs) == (3, 'my data #2', [2])


def test_a_home_folder_is_expanded(read, monkeypatch):
    monkeypatch.setenv('HOME', '/home/somebody')
    config = read(None, 'data_path=~/data', 'save_path=~/save')
    assert (config.run.data_path, config.run.save_path) == ('/home/somebody/data', '/home/somebody/save')


@pytest.mark.parametrize('text', ['dataset: ReDial', 'model: CausalKBRD'])
def test_configuration_needs_model_and_dataset(text, read):
    missing = 'model' if text.startswith('dataset') else 'dataset'
    assert mistake_in_file(read, text).startswith(f'{missing}: is missing; choose one of ')
    assert mistake_in_file(read, f'{text}\n{missing}:').startswith(f'{missing}: is missing; choose one of ')


@pytest.mark.parametrize(
    'keys, key',
    [
        ({'seed': 'many'}, 'seed'),
        ({'seed': -1}, 'seed'),
        ({'seed': 1.5}, 'seed'),
        ({'alpha': '2'}, 'alpha'),
        ({'kg_emb_dim': 0}, 'kg_emb_dim'),
        ({'kg_emb_dim': 12.5}, 'kg_emb_dim'),
        ({'scale': 0}, 'scale'),
        ({'scale': 1.1}, 'scale'),
        ({'cutoffs': []}, 'cutoffs'),
        ({'cutoffs': [0]}, 'cutoffs.0'),
        ({'cutoffs': 10}, 'cutoffs'),
        ({'item_bias': 'yes please'}, 'item_bias'),
        ({'rec': 3}, 'rec'),
        ({'rec': {'epoch': 0}}, 'rec.epoch'),
        ({'rec': {'optimizer': {'lr': 0}}}, 'rec.optimizer.lr'),
        ({'rec': {'optimizer': {'lr': 'fast'}}}, 'rec.optimizer.lr'),
        ({'rec': {'gradient_clip': -1}}, 'rec.gradient_clip'),
        ({'mention_order': 'newest'}, 'mention_order'),
        ({'rgcn_aggr': 'max'}, 'rgcn_aggr'),
        ({'rec': {'optimizer': {'name': 'Adma'}}}, 'rec.optimizer.name'),
        ({'evaluator': 'standard'}, 'evaluator'),
        ({'entity_truncate': 0}, 'entity_truncate'),
        ({'alpha': float('nan')}, 'alpha'),
        ({'dataset': 'CausalDemo', 'confounding': 2}, 'confounding'),
    ],
)
def test_a_wrong_type_or_value_is_refused_by_key(keys, key, read):
    value = keys
    for part in key.split('.'):
        value = value[int(part) if part.isdigit() else part]
    message = mistake_in_file(read, **keys)
    assert message.startswith(f'{key}: ') and repr(value) in message


@pytest.mark.parametrize(
    ('keys', 'said'),
    [
        ({'rec': {'epoch': 'many'}}, "rec.epoch: must be a whole number, but is 'many'; correct this value"),
        ({'kg_emb_dim': -3}, 'kg_emb_dim: must be at least 1, but is -3; correct this value'),
        ({'cutoffs': 'ten'}, "cutoffs: must be a list, but is 'ten'; correct this value"),
        ({'item_bias': 'perhaps'}, "item_bias: must be true or false, but is 'perhaps'; correct this value"),
        ({'save_path': ''}, "save_path: must be a text with 1 or more characters, but is ''; correct this value"),
        ({'mention_order': 'newest'}, "mention_order: must be 'last', 'first' or 'all', but is 'newest'; correct"),
        ({'intervention': 'banana'}, "intervention: must be 'zero', "),
        ({'model': 'CausalLLM', 'llm': {'candidates': 'x'}}, 'llm.candidates: must be a whole number, but is '),
        ({'model': 'CausalLLM', 'llm': {'budget': {'usd': 'much'}}}, 'llm.budget.usd: must be a number, but is '),
        ({'model': 'CausalLLM', 'llm': {'mode': 'online'}}, "llm.mode: must be 'live', 'replay' or 'offline', but is "),
        ({'model': 'CausalLLM', 'llm': {'extra': {'n': 2}}}, 'llm.extra: n changes the form of the answer; remove it'),
        ({'model': 'Pool', 'experts': [3]}, 'experts.0: must be a text, but is 3; correct this value'),
        ({'model': 'Pool', 'experts': []}, 'experts: must be a list with 1 or more entries, but is []; correct'),
        (
            {'model': 'Pool', 'experts': [{'model': 'EASE', 'ease_lambda': 'x'}]},
            'experts: EASE: ease_lambda: must be a ',
        ),
    ],
)
def test_a_mistake_says_in_plain_words_what_is_expected(keys, said, read):
    message = mistake_in_file(read, **keys)
    assert message.startswith(said)
    assert not re.search('Input should|Value error|should be a valid|Field required|Extra inputs', message)


def test_a_mistake_names_the_file_that_has_the_value(tmp_path, read):
    tiny.write_yaml(tmp_path / 'first.yaml', MINIMAL, rec={'epoch': 'many'}, alpha=1.0)
    tiny.write_yaml(tmp_path / 'second.yaml', alpha=[2], rec={'batch_size': 8})
    own = 'base: [first, second]\n'
    assert complaint(read, f'{own}alpha: 1.0').startswith(f'{tmp_path / "first.yaml"}: rec.epoch: ')
    assert complaint(read, f'{own}rec: {{epoch: 1}}').startswith(f'{tmp_path / "second.yaml"}: alpha: ')
    assert complaint(read, f'{own}rec: {{epoch: 1}}\nalpha: x').startswith(f'{tmp_path / "mine.yaml"}: alpha: ')
    # a value of the command line comes from no file
    assert complaint(read, None, 'alpha=x').startswith('alpha: must be a number')
    assert complaint(read, None, 'rec={epoch: x}').startswith('rec.epoch: must be a whole number')


@pytest.mark.parametrize('metric', ['recal', 'recall@7', 'recall@', 'new_', 'hit@10', 'new-recall@10', 'old_recall'])
def test_a_metric_that_is_not_scored_is_refused(metric, read):
    message = mistake_in_file(read, rec={'metric': metric})
    assert message.startswith(f'rec.metric: {metric!r}') and '[1, 10, 50]' in message


def test_the_true_context_is_asked_for_on_the_demo_only(read):
    """Said before a corpus is loaded."""
    assert mistake_in_file(read, adjustment='context').startswith('adjustment: context is the true confounder')
    assert read(adjustment='context', dataset='CausalDemo')['adjustment'] == 'context'


@pytest.mark.parametrize('metric', ['recall', 'ndcg', 'mrr@1', 'new_recall@50', 'new_unseen_mrr'])
def test_names_of_scored_metrics_are_accepted(metric, read):
    assert read(rec={'metric': metric})['rec']['metric'] == metric


@pytest.mark.parametrize('setting', ['rec.epoch', '=3', 'alpha.x=1', 'alpha=[1', 'rec.epoch.deep=1'])
def test_a_setting_that_cannot_be_read_is_shown(setting, read):
    assert complaint(read, None, setting, alpha=1.0, rec={'epoch': 2}).startswith(f'--set {setting}: ')


def test_an_unknown_key_in_a_setting_is_refused(read):
    assert complaint(read, None, 'rec.epochs=1') == 'rec.epochs: no such key; did you mean rec.epoch?'


@pytest.mark.parametrize(
    'text, said',
    [
        ('model: [KBRD', 'not valid YAML'),
        ('a: b: c', 'not valid YAML'),
        ('\tmodel: KBRD', 'not valid YAML'),
        ('- model: KBRD', 'contains no "key: value" lines'),
        ('KBRD', 'contains no "key: value" lines'),
        ('', 'contains no "key: value" lines'),
        ('!!python/object/apply:os.getcwd []', 'not valid YAML'),
    ],
)
def test_a_file_that_is_not_a_configuration_is_named(text, said, read, tmp_path):
    message = complaint(read, text)
    assert message.startswith(f'{tmp_path / "mine.yaml"}: {said}')


def test_a_file_that_is_not_text_is_named(read, tmp_path):
    from crslab_causal.config import Config

    (tmp_path / 'mine.yaml').write_bytes(b'\xff\xfe\x80model')
    assert 'mine.yaml: not valid YAML' in complaint(Config, tmp_path / 'mine.yaml')


def test_a_missing_file_is_named(tmp_path):
    from crslab_causal.config import Config

    assert complaint(Config, tmp_path / 'none.yaml').startswith(f'{tmp_path / "none.yaml"}: cannot be read')
    assert complaint(Config, tmp_path).startswith(f'{tmp_path}: cannot be read')


@pytest.mark.parametrize('gpu', ['one', '', '-2', '0,', '0 1', '1.0', '-1,0'])
def test_a_gpu_that_is_not_a_number_is_refused(gpu, read):
    assert complaint(read, gpu=gpu).startswith(f'--gpu {gpu}: write -1 for the CPU')


@pytest.mark.parametrize('gpu', ['99', '0,98,99'])
def test_a_gpu_that_is_not_there_is_refused(gpu, read, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 1 if gpu != '99' else 0)
    message = complaint(read, gpu=gpu)
    assert message.startswith(f'--gpu {gpu}: ') and 'use --gpu -1 for the CPU' in message


def test_gpus_are_numbered_among_those_made_visible(read, monkeypatch):
    import os

    import torch

    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 2)
    assert read(gpu='5,3')['gpu'] == [0, 1]
    assert os.environ['CUDA_VISIBLE_DEVICES'] == '5,3'
