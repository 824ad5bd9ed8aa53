"""Wrong options of CausalLLM: each is reported in one line before anything is written."""

import pytest
from llm_runs import MODEL


@pytest.mark.parametrize(
    'settings, message',
    [
        (['llm.modle=x'], 'llm.modle: no such key; did you mean llm.mode?'),
        (['llm.prompt=nope'], "llm.prompt: 'nope' is not a prompt"),
        (['llm.prompt=vanilla'], 'llm.prompt: vanilla asks for titles'),
        (['llm.mode=live'], 'OPENAI_API_KEY'),
        (['llm.mode=replay'], 'llm.store'),
        (['llm.mode=replay', 'llm.store=none.jsonl'], 'none.jsonl'),
        (['llm.mode=alive'], 'llm.mode: '),
        (['llm.prices.x.inptu=1'], 'llm.prices.x.inptu: no such key; did you mean llm.prices.x.input?'),
        (
            ['llm.prices.x.input=1', 'llm.prices.x.output=1', 'llm.prices.x.inptu=1'],
            'llm.prices.x.inptu: no such key; did you mean llm.prices.x.input?',
        ),
        (['llm.prices.x.input=1'], 'llm.prices.x.output: is missing'),
        (['llm.prices.x=1'], 'llm.prices.x'),
        (['llm.budget.dollars=1'], 'llm.budget.dollars: no such key'),
        (['llm=3'], 'llm: this is a section'),
        (['llm.samples=0'], 'llm.samples: '),
        (['llm.shuffle=true'], 'llm.shuffle: the offline backend'),
        (['llm.dry_run=true'], 'llm.dry_run: the offline backend'),
        (['llm.batch=batch.jsonl'], 'llm.batch: mode offline'),
        (
            [
                'llm.store=save/ReDial_CausalLLM/mine_seed1/store.jsonl',
                'run_name=mine',
                'llm.mode=live',
                'llm.base_url=http://127.0.0.1:9/v1',
            ],
            'is inside the folder of the run',
        ),
        (['recommender=nowhere'], 'nowhere/best.pth does not exist'),
        (
            ['recommender=nowhere', 'data_path=also_nowhere'],
            'nowhere/best.pth does not exist',
        ),  # before data are loaded
    ],
)
def test_wrong_option_is_reported_in_one_line_before_training(refused, settings, message, tmp_path):
    assert message in refused(MODEL, *settings)
    assert not (tmp_path / 'save').exists()


def test_wrong_option_does_not_change_an_earlier_run(answer, refused, trained):
    _, _, folder = answer('run_name=mine')
    before = sorted(path.name for path in folder.iterdir())
    assert 'nope' in refused(MODEL, f'recommender={trained}', 'run_name=mine', 'llm.prompt=nope')
    assert sorted(path.name for path in folder.iterdir()) == before
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
