"""Searching for options with Optuna, on the validation split: ``python -m crslab_causal.experiments.sweep``.

A sweep is a YAML file under ``config/sweeps``. The objective is the configuration's ``rec.metric`` on valid at the best
epoch, the mean over the sweep's seeds; the test split is never scored. Every finished trial is in a journal file, so that
a sweep can be stopped and continued, or shared by several machines that see the same folder.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated, Any, Sequence

import yaml
from pydantic import Field

from crslab_causal.config import Config, validate
from crslab_causal.config_files import read_yaml
from crslab_causal.base.errors import UserError, exit_status
from crslab_causal.experiments.runner.execution import dataset_of, start_worker
from crslab_causal.experiments.runner.runs import Place, key_of, missing_data
from crslab_causal.experiments.suite.suite import Run
from crslab_causal.base.files import replace_file
from crslab_causal.base.options import Count, Options

CONFIG = Path('config')
GOES_ON = 'interrupted; finished trials are kept, and the same command goes on from there'


class RangeOptions(Options):
    """Numbers from ``low`` to ``high``; whole ones if both are whole."""

    low: int | float
    high: int | float
    log: bool = False
    step: int | float | None = None


class SweepOptions(Options):
    """A file under ``config/sweeps``."""

    config: str
    """Below ``config/``, without ending."""
    trials: Count
    """In all, those of earlier calls among them."""
    space: Annotated[dict[str, RangeOptions | list[Any]], Field(min_length=1)]
    """By key of the configuration, dotted for sections: a range, or a list to choose from."""
    seeds: Annotated[list[int], Field(min_length=1)] = [2020]
    sampler_seed: int = 0
    """Of Optuna's TPE sampler. With one job, equal seeds give equal trials."""
    set: dict[str, Any] = {}
    """Keys that are changed in every trial."""


def read_sweep(path: Path, config_folder: Path = CONFIG) -> SweepOptions:
    """Reads a sweep and checks it.

    Raises:
        UserError: a mistake in the sweep, a key that does not exist, or a value that it cannot have.
    """
    content = read_yaml(path)
    try:
        sweep: SweepOptions = validate(SweepOptions, content)
        for key, choices in sweep.space.items():
            ends = choices if isinstance(choices, list) else [choices.low, choices.high]
            if len(ends) == 0:
                raise UserError(f'space.{key}: an empty list')
            if isinstance(choices, RangeOptions) and not choices.low < choices.high:
                raise UserError(f'space.{key}: low must be below high')
            if isinstance(choices, RangeOptions) and choices.log and (choices.low <= 0 or choices.step is not None):
                raise UserError(f'space.{key}: with log, low must be above 0, and there can be no step')
            if isinstance(choices, RangeOptions) and choices.step is not None and choices.step <= 0:
                raise UserError(f'space.{key}: step must be above 0')
            for value in ends:
                Config(config_folder / f'{sweep.config}.yaml', settings=_settings(sweep, {key: value}, sweep.seeds[0]))
    except UserError as error:
        raise UserError(f'{path}: {error}') from error
    return sweep


def _settings(sweep: SweepOptions, values: dict[str, Any], seed: int) -> list[str]:
    return [*(f'{key}={json.dumps(value)}' for key, value in {**sweep.set, **values}.items()), f'seed={seed}']


def score(config_file: Path, settings: Sequence[str], place: Place) -> float:
    """``rec.metric`` on valid at the best epoch of a training, with what is mixed in. No other split is scored."""
    from crslab_causal import register
    from crslab_causal.crslab_compat import use_directories
    from crslab_causal.quick_start import assemble

    register()
    config = Config(config_file, place.gpu, settings)
    data_path = place.data_for(config)
    config = Config(config_file, place.gpu, [*settings, f'data_path={json.dumps(str(data_path))}',
                                             f'save_path={json.dumps(str(place.work))}'])
    use_directories(str(data_path), config['save_path'])
    system = assemble(config, dataset_of(config))
    system.train_recommender()
    return system.metric_on_valid()


def _base(sweep: SweepOptions, config_file: Path) -> Run:
    return Run(config_file, tuple(_settings(sweep, {}, sweep.seeds[0])), sweep.seeds[0], 'recommendation')


def _identity(sweep: SweepOptions, config_file: Path, place: Place) -> str:
    """What all trials of a journal must have in common: the sweep, its configuration and the data."""
    return json.dumps({'sweep': sweep.model_dump(exclude={'trials'}), 'key': key_of(_base(sweep, config_file), place)}, sort_keys=True)


def _study(sweep: SweepOptions, config_file: Path, journal: Path, place: Place, seed: int = 0):
    """The sweep's study, whose sampler draws from ``seed``."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    journal.parent.mkdir(parents=True, exist_ok=True)
    identity = _identity(sweep, config_file, place)
    study = optuna.create_study(storage=JournalStorage(JournalFileBackend(str(journal))), study_name=journal.stem,
                                direction='maximize', load_if_exists=True,
                                sampler=optuna.samplers.TPESampler(seed=seed))
    if study.user_attrs.setdefault('sweep', identity) != identity:
        raise UserError(f'{journal}: holds trials of another sweep, configuration or data; remove it, or give the sweep '
                        'another name')
    study.set_user_attr('sweep', identity)
    return study


def search(sweep: SweepOptions, config_file: Path, journal: Path, place: Place, worker: int = 0) -> None:
    """Runs trials, in one process of several, until the sweep has all of them."""
    import optuna
    from numpy.random import SeedSequence

    def objective(trial: optuna.Trial) -> float:
        values = {key: _suggest(trial, key, choices) for key, choices in sweep.space.items()}
        try:
            found = [score(config_file, _settings(sweep, values, seed), place) for seed in sweep.seeds]
        except UserError as error:  # a rate of learning that diverges is a bad trial, and no end of the sweep
            if 'diverged' not in str(error):
                raise
            raise optuna.TrialPruned(str(error)) from error
        print(f"[trial {trial.number}] {statistics.mean(found):.4f} {json.dumps(values)}", flush=True)
        return statistics.mean(found)

    ended = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
    done = len(_study(sweep, config_file, journal, place).get_trials(deepcopy=False, states=ended))
    # another process, or the same after a stop, must not draw the same trials again
    seed = int(SeedSequence([sweep.sampler_seed, worker, done]).generate_state(1)[0])
    study = _study(sweep, config_file, journal, place, seed)
    left = sweep.trials - done
    if left > 0:
        study.optimize(objective, n_trials=left,
                       callbacks=[optuna.study.MaxTrialsCallback(sweep.trials, states=ended)])


def _suggest(trial, key: str, choices: RangeOptions | list) -> Any:
    if isinstance(choices, list):
        return trial.suggest_categorical(key, choices)
    if isinstance(choices.low, int) and isinstance(choices.high, int):
        return trial.suggest_int(key, choices.low, choices.high, step=choices.step or 1, log=choices.log)
    return trial.suggest_float(key, choices.low, choices.high, step=choices.step, log=choices.log)


def summary(name: str, sweep: SweepOptions, config_file: Path, journal: Path, place: Place) -> tuple[dict, str]:
    """What the trials have found, as a record and in Markdown.

    Raises:
        UserError: no trial is finished.
    """
    import optuna

    study, metric = _study(sweep, config_file, journal, place), Config(config_file)['rec']['metric']
    trials = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    if not trials:
        raise UserError(f'{journal}: no trial has a score; lower the rates of learning')
    ranked = sorted(trials, key=lambda trial: -trial.value)
    importance = optuna.importance.get_param_importances(
        study, evaluator=optuna.importance.PedAnovaImportanceEvaluator()) if len(trials) > 3 else {}
    record = {'name': name, 'sweep': sweep.model_dump(), 'metric': metric,
              'trials': [{'number': t.number, 'value': t.value, 'values': t.params} for t in ranked],
              'importance': {key: float(value) for key, value in importance.items()}}
    keys = list(sweep.space)
    lines = [f'# Sweep {name}', f'{metric} on valid at the best epoch, mean over {len(sweep.seeds)} seed(s), in percent; '
             f'{len(trials)} trials. The best value of many is too good: run it again with other seeds before it is '
             'compared with anything.', '',
             f'| rank | {metric} | ' + ' | '.join(keys) + ' |', '|---:|---:|' + '---:|' * len(keys)]
    for rank, trial in enumerate(ranked[:20], start=1):
        lines.append(f'| {rank} | {100 * trial.value:.2f} | ' + ' | '.join(_short(trial.params[k]) for k in keys) + ' |')
    if importance:
        lines += ['', 'Importance (PED-ANOVA): ' + ', '.join(f'{k} {v:.2f}' for k, v in importance.items()) + '.']
    best = yaml.safe_dump(ranked[0].params, sort_keys=True).strip()
    return record, '\n'.join([*lines, '', 'The best trial:', '', '```yaml', best, '```', ''])


def _short(value: Any) -> str:
    return f'{value:.4g}' if isinstance(value, float) else str(value).lower()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns the exit status."""
    parser = argparse.ArgumentParser(prog='python -m crslab_causal.experiments.sweep', description=__doc__.splitlines()[0])
    parser.add_argument('sweep', type=Path, help='YAML file, for example config/sweeps/demo.yaml')
    parser.add_argument('--data_path', type=Path, default=Path('data', 'dataset'))
    parser.add_argument('--results', type=Path, default=Path('results'), help='where the summary goes')
    parser.add_argument('--work', type=Path, default=Path('save', 'experiments'), help='where the journal goes')
    parser.add_argument('-g', '--gpu', default='-1')
    parser.add_argument('--jobs', type=int, default=max(1, os.cpu_count() or 1), help='trials at a time')
    parser.add_argument('--threads', type=int, default=1, help='threads of each trial')
    options = parser.parse_args(arguments)
    return exit_status(lambda: sweep_over(options), GOES_ON)


def sweep_over(options: argparse.Namespace) -> None:
    """Runs the trials that are left, and writes what all of them have found."""
    if options.jobs < 1 or options.threads < 1:
        raise UserError('--jobs and --threads must be at least 1')
    place = Place(options.data_path.resolve(), options.work.resolve(), options.gpu, options.threads)
    sweep, name = read_sweep(options.sweep), options.sweep.stem
    config_file, journal = CONFIG / f'{sweep.config}.yaml', place.work / 'sweeps' / f'{name}.journal'
    if (lacking := missing_data(_base(sweep, config_file), place)) is not None:
        raise UserError(lacking)
    _study(sweep, config_file, journal, place)
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(options.jobs, context, start_worker, (options.threads,)) as pool:
        for worker in [pool.submit(search, sweep, config_file, journal, place, i) for i in range(options.jobs)]:
            worker.result()
    record, page = summary(name, sweep, config_file, journal, place)
    replace_file(options.results / f'sweep_{name}.json', json.dumps(record, indent=1) + '\n')
    replace_file(options.results / f'sweep_{name}.md', page)
    print(page)


if __name__ == '__main__':
    sys.exit(main())
