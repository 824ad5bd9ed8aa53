"""The folder of a run, and the names by which saved runs are found."""

from pathlib import Path

import pytest

from crslab_causal.base.artifacts import BEST_CHECKPOINT, LAST_CHECKPOINT
from crslab_causal.base.errors import UserError
from crslab_causal.config import Config
from crslab_causal.config_files import find_config
from crslab_causal.system.run_folder import check_saved, rotate_existing, run_folder, saved_folder, weights_folder


def config_named(save_path: Path, run_name: str | None = None) -> Config:
    settings = [f'save_path={save_path}', *([f'run_name={run_name}'] if run_name else [])]
    return Config(find_config('causal_demo'), settings=settings)


@pytest.fixture
def saved(tmp_path) -> Path:
    folder = run_folder(config_named(tmp_path))
    folder.mkdir(parents=True)
    (folder / BEST_CHECKPOINT).touch()
    return folder


def test_renamed_run_is_found_by_the_name_that_the_message_gives(tmp_path, saved):
    rotate_existing(saved)
    saved.mkdir()  # a later run without --save-system
    with pytest.raises(UserError) as caught:
        check_saved(config_named(tmp_path))
    name = str(caught.value).rpartition(': ')[2]
    assert name == f'{saved.name}.1'
    check_saved(config_named(tmp_path, name))
    assert saved_folder(config_named(tmp_path, name)) == saved.with_name(name)


def test_whole_name_of_a_folder_names_this_folder(tmp_path, saved):
    assert saved_folder(config_named(tmp_path, saved.name)) == saved
    assert run_folder(config_named(tmp_path, saved.name)) == saved.with_name(f'{saved.name}_seed2020')


def test_options_of_the_language_model_do_not_change_the_weights(tmp_path):
    def config(*settings: str) -> Config:
        return Config(find_config('llm_demo'), settings=[f'save_path={tmp_path}', *settings])

    saved = run_folder(config('rec.epoch=3'))
    saved.mkdir(parents=True)
    (saved / BEST_CHECKPOINT).touch()
    live = config('llm.mode=live', 'rec.epoch=3', 'llm.model=other')
    check_saved(live)
    assert weights_folder(live) == saved != run_folder(live)
    with pytest.raises(UserError, match='does not exist'):
        check_saved(config('llm.mode=live'))
    with pytest.raises(UserError, match='does not exist'):
        check_saved(live, LAST_CHECKPOINT)  # a training is continued in its own folder
    run_folder(live).mkdir()
    (run_folder(live) / BEST_CHECKPOINT).touch()
    assert weights_folder(live) == run_folder(live)


def test_run_name_without_a_folder_gets_the_seed(tmp_path, saved):
    assert run_folder(config_named(tmp_path, 'other')) == saved.with_name('other_seed2020')
