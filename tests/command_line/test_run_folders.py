"""What a run writes, and that it overwrites nothing."""

import json

from folders import contents, edit, outcome, the_run

import tiny


def test_a_run_writes_its_folder_and_nothing_else(run, workplace, redial):
    before = tiny.snapshot(redial)
    assert run('--save_system') == 0
    files = {path.relative_to(workplace).as_posix() for path in workplace.rglob('*') if path.is_file()}
    folder = the_run(workplace).relative_to(workplace).as_posix()
    assert files == {
        f'{folder}/{name}'
        for name in (
            'results.json',
            'results.md',
            'ranks_valid.jsonl',
            'ranks_test.jsonl',
            'run.log',
            'best.pth',
            'last.pth',
        )
    }
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
        ('e0', 1, 'The Godfather', False, 1),
        ('e0', 3, 'Heat (1995)', True, 3),
        ('e1', 2, 'Star Wars', False, 0),
        ('e1', 4, 'Cosmos (TV series)', False, 2),
    ]
    # five items; a label that is none of them ranks behind them all
    assert records[3]['rank'] == 6 and all(1 <= r['rank'] <= 5 for r in records[:3])


def test_the_script_says_in_one_line_what_is_wrong(shell, make_config, redial, workplace):
    config = make_config(mdoel='KBRD')
    process = shell(tiny.ROOT / 'run_crslab.py', '-c', config, '--data_path', redial)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 2
    assert errors == f'error: {config}: mdoel: no such key; did you mean model?\n'
    assert not list(workplace.iterdir())
