"""The command: what it prints, what it replaces, and the commands of docs/own_data.md from the first to the last."""

import argparse
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from own_inputs import ITEMS, Inputs, conversation, turn

import tiny
from crslab_causal.base.errors import UserError, exit_status
from crslab_causal.prepare import own
from crslab_causal.prepare.own_data import crslab_files

DOCUMENT = (tiny.ROOT / 'docs' / 'own_data.md').read_text('utf-8')
COMMANDS = [
    shlex.split(line) for block in re.findall(r'```sh\n(.*?)```', DOCUMENT, re.DOTALL) for line in block.splitlines()
]


def prepare(*arguments: str) -> int:
    """Run ``prepare own`` with these arguments, and return its exit status."""
    parser = argparse.ArgumentParser()
    own.add_arguments(parser)
    return exit_status(lambda: own.run(parser.parse_args(arguments)))


@pytest.fixture
def inputs(tmp_path):
    return Inputs(tmp_path)


@pytest.fixture
def command(inputs):
    def command(*more: str) -> int:
        return prepare(
            '--conversations',
            str(inputs.conversations),
            '--items',
            str(inputs.items),
            '--to',
            str(inputs.folder / 'to'),
            *more,
        )

    return command


# ---------------------------------------------------------------- the documented commands


def test_the_documented_commands_prepare_train_and_talk(workplace, monkeypatch, capsys):
    from crslab_causal.command_line.main import main

    for name in ('config', 'examples'):
        (workplace / name).symlink_to(tiny.ROOT / name)
    (program, *first), second, third = COMMANDS
    assert program == second.pop(0) == third.pop(0) == 'crslab-causal'
    assert main(first) == 0
    output = capsys.readouterr()
    assert output.err == '' and f'```text\n{output.out}```' in DOCUMENT

    assert main(second) == 0
    (folder,) = (workplace / 'save').glob('*/*')
    assert f'`save/{folder.parent.name}/{folder.name}/results.md`' in DOCUMENT
    table = (folder / 'results.md').read_text('utf-8')
    rows = [
        [cell.strip() for cell in line.strip('|').split('|')] for line in table.splitlines() if line.startswith('|')
    ]
    assert rows[0][:3] == ['split', 'labels', 'R@1']
    assert {'valid', 'test'} == {row[0] for row in rows[2:]} and all(0 <= float(row[2]) <= 100 for row in rows[2:])
    results = json.loads((folder / 'results.json').read_text('utf-8'))
    assert results['config']['kg_edge_threshold'] == 0

    monkeypatch.setattr(sys, 'stdin', io.StringIO('I loved Alien\n'))
    capsys.readouterr()
    assert main(third) == 0
    answer = capsys.readouterr().out
    assert '(1982)' in answer or '(2000)' in answer


def test_other_models_train_on_the_example(workplace, capsys):
    from crslab_causal.command_line.run import main

    for name in ('config', 'examples'):
        (workplace / name).symlink_to(tiny.ROOT / name)
    assert prepare(*COMMANDS[0][3:]) == 0
    # KGSF reads the graph of words, TransitionCounts the order of mentions, Seq2Seq the tokens
    for model in ('KGSF', 'KBRDRepaired', 'TransitionCounts', 'Seq2Seq'):
        assert (
            main(
                [
                    '-c',
                    'config/causal_own.yaml',
                    '--set',
                    f'model={model}',
                    '--set',
                    'rec.epoch=1',
                    '--set',
                    'cutoffs=[1,3]',
                    '--set',
                    'rec.metric=recall@3',
                ]
            )
            == 0
        )
        assert list((workplace / 'save' / f'Own_{model}').glob('*/results.md'))


def test_every_option_of_the_documented_schema_exists():
    parser = argparse.ArgumentParser()
    own.add_arguments(parser)
    listed = set(re.findall(r'--[a-z-]+', parser.format_help()))
    named = set(re.findall(r'`(--[a-z-]+)', DOCUMENT))
    assert len(named) > 5 and named <= listed | {'--set'}


# ---------------------------------------------------------------- what it prints


def test_the_command_says_what_it_has_written(inputs, command, capsys):
    inputs.write_turns(turn('seeker', 'Hi', itmes=['m1']))
    assert command() == 0
    output = capsys.readouterr()
    assert output.out.splitlines() == [
        f'written: {inputs.folder}/to/own/nltk',
        'conversations: 1 train, 1 valid, 1 test',
        'graph: 4 items, 5 other entities, 7 edges',
        'mentions: 3 items given, 0 found in the text, 0 entities given, 2 found in the text',
        f'to train: crslab-causal run -c causal_own --data-path {inputs.folder}/to',
    ]
    (warning,) = output.err.splitlines()
    assert warning.startswith('warning: ') and "'itmes'" in warning


def test_many_warnings_are_counted(inputs, command, capsys):
    inputs.write_turns(*(turn('seeker', 'Hi', entities=[f'Unknown {i}']) for i in range(30)))
    assert command() == 0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == own.MOST_WARNINGS + 1 and lines[-1] == 'warning: 10 more warnings are not printed'


def test_a_mistake_is_one_line_and_status_2(inputs, command, capsys):
    inputs.write_turns(turn('seeker', 'Hi', items=['Alein']))
    assert command() == 2
    assert capsys.readouterr().err == (
        f'error: {inputs.conversations}, line 1, turn 1: items: no item has the id or title '
        "'Alein'; did you mean 'Alien (1979)'?\n"
    )


# ---------------------------------------------------------------- the folder


def content(inputs):
    return {path.name: path.read_bytes() for path in (inputs.folder / 'to' / 'own' / 'nltk').iterdir()}


def test_the_same_files_and_options_give_the_same_bytes(inputs):
    inputs.prepare()
    first = content(inputs)
    shutil.rmtree(inputs.folder / 'to')
    inputs.prepare()
    assert content(inputs) == first


def test_an_existing_dataset_is_replaced_only_on_request(inputs, command, capsys):
    assert command() == 0
    before = content(inputs)
    inputs.write_items([*ITEMS, {'id': 'm5', 'title': 'Big', 'genres': ['Comedy']}])
    assert command() == 2
    assert 'exists already; add --replace to write it again' in capsys.readouterr().err
    assert content(inputs) == before
    assert command('--replace') == 0
    assert capsys.readouterr().out.startswith('replaced: ')
    assert content(inputs) != before
    assert [path.name for path in (inputs.folder / 'to' / 'own').iterdir()] == ['nltk']


@pytest.mark.parametrize('description', [None, '{}', '[]', '{"generator": 5}', '{"generator": "another 1"}', 'x'])
def test_a_foreign_folder_is_never_replaced(description, inputs):
    folder = inputs.folder / 'to' / 'own' / 'nltk'
    folder.mkdir(parents=True)
    (folder / 'train_data.json').write_text('[]')
    if description is not None:
        (folder / crslab_files.DESCRIPTION_FILE).write_text(description)
    before = content(inputs)
    with pytest.raises(UserError, match='has files that this command did not write'):
        inputs.prepare(replace=True)
    assert content(inputs) == before


def test_a_file_in_the_place_of_the_folder_is_kept(inputs):
    (inputs.folder / 'to' / 'own').mkdir(parents=True)
    (inputs.folder / 'to' / 'own' / 'nltk').write_text('mine')
    with pytest.raises(UserError, match='is a file; name another folder with --to'):
        inputs.prepare(replace=True)


def test_an_empty_folder_is_used(inputs):
    (inputs.folder / 'to' / 'own' / 'nltk').mkdir(parents=True)
    assert not inputs.prepare().replaced and 'train_data.json' in content(inputs)


@pytest.mark.parametrize('fails', ['write_text', 'replace'])
def test_an_interrupted_command_leaves_the_old_dataset(fails, inputs, monkeypatch):
    inputs.prepare()
    before = content(inputs)
    real = os.replace

    def interrupt(*arguments, **keywords):
        raise KeyboardInterrupt

    def interrupt_the_last_step(source, target):
        if Path(source).name == 'new':
            raise KeyboardInterrupt
        real(source, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        if fails == 'write_text':
            patch.setattr(Path, 'write_text', interrupt)
        else:
            patch.setattr(os, 'replace', interrupt_the_last_step)
        inputs.prepare(replace=True, seed=5)
    assert content(inputs) == before
    assert [path.name for path in (inputs.folder / 'to' / 'own').iterdir()] == ['nltk']


def test_crslab_finds_the_version_that_it_wants(inputs):
    from crslab.data.dataset.inspired.resources import resources
    from crslab.download import check_build

    import crslab_causal.crslab_compat  # noqa: F401  makes CRSLab importable

    inputs.prepare()
    folder = inputs.folder / 'to' / 'own' / 'nltk'
    assert check_build(str(folder), resources['nltk']['version'])
    special = resources['nltk']['special_token_idx']
    ids = json.loads((folder / 'token2id.json').read_text('utf-8'))
    assert {name: ids[f'__{name}__'] for name in ('pad', 'start', 'end', 'unk')} == {
        name: special[name] for name in ('pad', 'start', 'end', 'unk')
    }


def test_the_description_names_files_and_options(inputs):
    prepared = inputs.prepare(seed=7)
    description = inputs.read('prepared.json')
    assert {key: value['name'] for key, value in description['inputs'].items()} == {
        'conversations': 'talks.jsonl',
        'items': 'items.jsonl',
    }
    assert description['options']['seed'] == 7
    assert description['counts'] == prepared.counts
    before = description['inputs']
    inputs.write_conversations([conversation(i, item='m2') for i in range(3)])
    inputs.prepare(seed=7, replace=True)
    after = inputs.read('prepared.json')['inputs']
    assert after['conversations'] != before['conversations'] and after['items'] == before['items']


def test_preparing_loads_neither_pytorch_nor_crslab(inputs):
    code = (
        'import sys, crslab_causal.prepare.own as own; own.prepare_own(*sys.argv[1:]); '
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'torch', 'crslab', 'transformers'}))"
    )
    result = subprocess.run(
        [sys.executable, '-c', code, inputs.conversations, inputs.items, inputs.folder / 'to'],
        capture_output=True,
        text=True,
        check=True,
        cwd=tiny.ROOT,
    )
    assert result.stdout == '[]\n' and (inputs.folder / 'to' / 'own' / 'nltk' / 'train_data.json').is_file()
