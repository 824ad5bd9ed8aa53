"""Runs of suites: where each lies, what it has found, and which are not finished."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Iterable, NamedTuple

from crslab_causal.config import Config
from crslab_causal.registry import LANGUAGE_MODEL
from crslab_causal.data.dataset.genres import TITLES_FILE
from crslab_causal.base.errors import UserError
from crslab_causal.experiments.suite.suite import Run
from crslab_causal.llm.client.result import UNANSWERED
from crslab_causal.run_options import DemoOptions

KEY_LENGTH = 12
COMPUTATION = 1
"""Raised by hand when the code gives other scores for the same configuration: then no earlier run counts any more."""
MOST_UNANSWERED = 0.01
"""Share of the samples of a finished run that a language model may have left without an answer."""
OPTIONAL_FILES = (TITLES_FILE,)
"""What a dataset reads where it is there; the files that must be are its ``files``."""
DEMO_KEYS = tuple(DemoOptions.model_fields)
DATASET_KEYS = ('dataset', 'tokenize', 'data_path', 'kg_edge_threshold', *DEMO_KEYS)
"""Options that the loaded dataset depends on."""


class Place(NamedTuple):
    """Where runs find their data, leave their results, and compute."""

    data_path: Path
    work: Path
    gpu: str = '-1'
    threads: int = 1
    llm: str | None = None
    """Mode in which rows that need a language model get their answers: ``replay`` or ``live``."""

    def data_for(self, config: Config) -> Path:
        """Where a configuration finds its data; each demo corpus is written into a folder of its own."""
        if config['dataset'] != 'CausalDemo':
            return self.data_path
        return self.work / 'data' / '_'.join(str(config[key]) for key in DEMO_KEYS)


def key_of(run: Run, place: Place) -> str:
    """Hash of all that a result depends on but the seed: the configuration, where it is not the default, the data, and
    :data:`COMPUTATION`.

    A new option whose default keeps the old behaviour changes no key.
    """
    changed = run.config.changed()
    if run.recommender is not None:
        changed['recommender'] = f'{key_of(run.recommender, place)}_seed{run.recommender.seed}'
    what = {'config': changed, 'data': _data_digest(_data_folder(run.config, place), _data_files(run.config))}
    if COMPUTATION > 1:
        what['computation'] = COMPUTATION
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:KEY_LENGTH]


@lru_cache(maxsize=None)
def folder_of(run: Run, place: Place) -> Path:
    """Folder of a run, finished or not."""
    what = 'corpus' if run.kind == 'corpus' else run.config['model']
    return place.work / f"{run.config['dataset']}_{what}" / f'{key_of(run, place)}_seed{run.seed}'


def result_of(run: Run, place: Place) -> dict | None:
    """What a finished run has found, None for another.

    ``results.json`` with the name of its ``folder``, and under ``llm``, ``responses``, ``deconfounding`` and
    ``corpus`` what else the run was asked for.
    """
    folder = folder_of(run, place)
    needed = _files(run)
    if not all((folder / name).is_file() for name in needed.values()):
        return None
    parts = {part: _read(folder / name) for part, name in needed.items()}
    if 'llm' in parts and unanswered(parts['llm']) > MOST_UNANSWERED * parts['llm']['llm']['samples']:
        return None  # what stands there is mostly the recommender's order, and not the language model's
    return {**parts.pop('recommender', {}), **parts, 'folder': str(folder.relative_to(place.work))}


def unanswered(llm_results: dict) -> int:
    """Samples without an answer of the language model, from the content of ``llm_results.json``."""
    return sum(llm_results['llm']['statuses'].get(status, 0) for status in UNANSWERED)


def waiting(run: Run, place: Place) -> str | None:
    """How many answers an unfinished run lacks, in words; None for a run that has asked for none yet."""
    path = folder_of(run, place) / _files(run).get('llm', '')
    if not path.is_file() or result_of(run, place) is not None:
        return None
    found = _read(path)
    return f"{unanswered(found)} of {found['llm']['samples']} samples have no answer"


def _read(path: Path) -> dict:
    try:
        return json.loads(path.read_text('utf-8'))
    except ValueError as error:
        raise UserError(f'{path}: damaged; remove it, and the run is repeated') from error


@lru_cache(maxsize=None)
def _files(run: Run) -> dict[str, str]:
    """What a finished run has written, by what it holds."""
    if run.kind == 'corpus':
        return {'corpus': 'corpus.json'}
    files = {'recommender': 'results.json'}
    if run.config['model'] == LANGUAGE_MODEL:
        files['llm'] = 'llm_results.json'
    elif run.kind == 'generation':
        files['responses'] = 'generation_results.json'
    if run.kind == 'deconfounding':
        files['deconfounding'] = 'deconfounding.json'
    return files


def missing_data(run: Run, place: Place) -> str | None:
    """What the data folder lacks for a run, None if nothing. A download is not tried: its links are dead."""
    from crslab_causal.registry import DATASETS

    folder, dataset = _data_folder(run.config, place), run.config['dataset']
    missing = [] if folder is None else [f for f in DATASETS[dataset].files if not (folder / f).is_file()]
    return f"{dataset}: {folder} lacks {', '.join(missing)}; name the data with --data_path" if missing else None


def _data_folder(config: Config, place: Place) -> Path | None:
    from crslab_causal.registry import DATASETS

    if config['dataset'] == 'CausalDemo':  # the options say what the demo corpus is
        return None
    return place.data_path / DATASETS[config['dataset']].folder / config['tokenize']


def _data_files(config: Config) -> tuple[str, ...]:
    """All that a run may read of its data folder."""
    from crslab_causal.registry import DATASETS

    return tuple(sorted({*DATASETS[config['dataset']].files, *OPTIONAL_FILES}))


@lru_cache
def _data_digest(folder: Path | None, files: tuple[str, ...]) -> str | None:
    if folder is None:
        return None
    digest = hashlib.sha256()
    for path in (folder / name for name in files if (folder / name).is_file()):
        digest.update(f'{path.name}\n{hashlib.sha256(path.read_bytes()).hexdigest()}\n'.encode())
    return digest.hexdigest()


def config_of(run: Run, place: Place) -> Config:
    """The whole configuration of a run: what it is asked for, where its data are, and where it goes."""
    from crslab_causal import register

    register()
    settings = [*run.settings, f'save_path={json.dumps(str(place.work))}', f'run_name={json.dumps(key_of(run, place))}']
    data_path = place.data_for(run.config)
    settings.append(f'data_path={json.dumps(str(data_path))}')
    if run.recommender is not None:
        settings.append(f'recommender={json.dumps(str(folder_of(run.recommender, place)))}')
    if place.llm is not None and 'llm' in _files(run) and not any(s.startswith('llm.mode=') for s in settings):
        settings.append(f'llm.mode={place.llm}')
    config = Config(run.config_file, place.gpu, settings)
    config.opt['save_system'] = run.save
    return config


def dataset_key(config: Config) -> tuple[str, ...]:
    """Equal for configurations that can share a loaded dataset."""
    return tuple(str(config.opt.get(name)) for name in DATASET_KEYS)


def unfinished(runs: Iterable[Run], place: Place) -> list[Run]:
    """The runs without a result, each once; equal ones of several tables are one, that does what each asks for."""
    wanted: dict[Path, Run] = {}
    for run in runs:
        other = wanted.setdefault(folder_of(run, place), run)
        kind = run.kind if other.kind == 'recommendation' else other.kind  # other kinds score that, too
        wanted[folder_of(run, place)] = run._replace(kind=kind, save=run.save or other.save)
    return [run for folder, run in wanted.items()
            if result_of(run, place) is None or run.save and not (folder / 'best.pth').is_file()]
