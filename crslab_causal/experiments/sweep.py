"""Search for options with Optuna, on the validation split (``crslab-causal sweep``).

A sweep is a YAML file in ``config/sweeps``. The objective is the configuration's ``rec.metric`` on valid at the best
epoch, averaged over the sweep's seeds; the test split is never scored. Every finished trial is written to a journal
file. A sweep can therefore be stopped and continued, or shared by several machines that use the same folder.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Sequence

import yaml
from pydantic import Field

from crslab_causal.base.arguments import path_argument
from crslab_causal.base.errors import UserError, exit_status
from crslab_causal.base.files import replace_file
from crslab_causal.base.options import Count, Options
from crslab_causal.base.tables import markdown_table
from crslab_causal.config import Config, validate
from crslab_causal.config_files import read_yaml
from crslab_causal.experiments import RESUME_HINT
from crslab_causal.experiments.arguments import add_folders, add_resources, check_resources
from crslab_causal.experiments.runner.dataset_cache import DatasetCache
from crslab_causal.experiments.runner.execution import start_worker, worker_context
from crslab_causal.experiments.runner.paths import RunPaths
from crslab_causal.experiments.runner.run_store import RunStore
from crslab_causal.experiments.suite.suite import CONFIG_FOLDER, Run

if TYPE_CHECKING:
    import optuna

TOP_SHOWN = 20
"""Number of trials in the summary."""


class RangeOptions(Options):
    """Options of a range of numbers from ``low`` to ``high``. The numbers are whole if both ends are whole."""

    low: int | float
    """Smallest value."""
    high: int | float
    """Largest value."""
    log: bool = False
    """Whether values are drawn on a logarithmic scale."""
    step: int | float | None = None
    """Distance between two values; None: any value, or any whole number."""


class SearchOptions(Options):
    """Options of a sweep, which is a file in ``config/sweeps``."""

    config: str
    """Path of the configuration below ``config/``, without its suffix."""
    trials: Count
    """Number of trials, including those of earlier calls."""
    space: Annotated[dict[str, RangeOptions | list[Any]], Field(min_length=1)]
    """Keys of the configuration that are searched, with dots for sections: a range, or a list of values."""
    seeds: Annotated[list[int], Field(min_length=1)] = [2020]
    """Seeds of the runs of each trial, whose scores are averaged."""
    sampler_seed: int = 0
    """Seed of Optuna's TPE sampler. With one job, equal seeds give equal trials."""
    set: dict[str, Any] = {}
    """Keys of the configuration that all trials change."""


class Search:
    """A sweep and its journal of trials.

    Args:
        name: name of the sweep.
        options: options of the sweep.
        paths: folders of the data and of the journal.
        config_folder: folder of the configurations.
    """

    def __init__(self, name: str, options: SearchOptions, paths: RunPaths, config_folder: Path = CONFIG_FOLDER):
        self.name, self.options, self.paths = name, options, paths
        self.config_file = config_folder / f'{options.config}.yaml'
        self.journal = paths.work / 'sweeps' / f'{name}.journal'
        self._store = RunStore(paths)
        self._base = Run(
            self.config_file, tuple(_settings(options, {}, options.seeds[0])), options.seeds[0], 'recommendation'
        )

    def check(self) -> None:
        """Check that the data exist, and that the journal belongs to this sweep.

        Raises:
            UserError: data are missing, or the journal belongs to another sweep, configuration or data.
        """
        missing = self._store.missing_data(self._base)
        if missing is not None:
            raise UserError(missing)
        self.study()

    def study(self, seed: int = 0) -> optuna.Study:
        """Return Optuna's study of this sweep.

        Args:
            seed: seed of the sampler.

        Raises:
            UserError: the journal is that of another sweep, configuration or data.
        """
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.journal.parent.mkdir(parents=True, exist_ok=True)
        study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(self.journal))),
            study_name=self.journal.stem,
            direction='maximize',
            load_if_exists=True,
            sampler=optuna.samplers.TPESampler(seed=seed),
        )
        # all trials of a journal must share the sweep, the configuration and the data
        identity = json.dumps(
            {'sweep': self.options.model_dump(exclude={'trials'}), 'key': self._store.key(self._base)}, sort_keys=True
        )
        if study.user_attrs.get('sweep', identity) != identity:
            raise UserError(
                f'{self.journal}: contains trials of another sweep, configuration or data; remove it, or rename '
                'the sweep'
            )
        study.set_user_attr('sweep', identity)
        return study

    def run(self, worker: int = 0) -> None:
        """Run trials until the sweep is complete. Several processes can do this at the same time.

        Args:
            worker: number of this process.
        """
        import optuna
        from numpy.random import SeedSequence

        datasets = DatasetCache()

        def objective(trial: optuna.Trial) -> float:
            values = {key: _suggest(trial, key, choices) for key, choices in self.options.space.items()}
            try:
                scores = [
                    score(self.config_file, _settings(self.options, values, seed), self.paths, datasets)
                    for seed in self.options.seeds
                ]
            except UserError as error:
                if 'diverged' not in str(error):
                    raise
                raise optuna.TrialPruned(str(error)) from error  # a bad learning rate must not end the sweep
            print(f'[trial {trial.number}] {statistics.mean(scores):.4f} {json.dumps(values)}', flush=True)
            return statistics.mean(scores)

        ended = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
        done = len(self.study().get_trials(deepcopy=False, states=ended))
        # each process and each restart has another seed, so that no trial is drawn twice
        seed = int(SeedSequence([self.options.sampler_seed, worker, done]).generate_state(1)[0])
        remaining = self.options.trials - done
        if remaining > 0:
            self.study(seed).optimize(
                objective,
                n_trials=remaining,
                callbacks=[optuna.study.MaxTrialsCallback(self.options.trials, states=ended)],
            )

    def summary(self) -> tuple[dict, str]:
        """Return the results of the trials, as a record and in Markdown.

        Raises:
            UserError: no trial is finished.
        """
        import optuna

        study, metric = self.study(), Config(self.config_file)['rec']['metric']
        trials = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
        if not trials:
            raise UserError(f'{self.journal}: no trial has a score; lower the learning rates of the sweep')
        ranked = sorted(((trial.value or 0.0, trial) for trial in trials), key=lambda pair: -pair[0])
        importance = (
            optuna.importance.get_param_importances(study, evaluator=optuna.importance.PedAnovaImportanceEvaluator())
            if len(trials) > 3
            else {}
        )
        record = {
            'name': self.name,
            'sweep': self.options.model_dump(),
            'metric': metric,
            'trials': [{'number': trial.number, 'value': value, 'values': trial.params} for value, trial in ranked],
            'importance': {key: float(value) for key, value in importance.items()},
        }
        keys = list(self.options.space)
        rows = [
            [str(rank), f'{100 * value:.2f}', *(_short(trial.params[key]) for key in keys)]
            for rank, (value, trial) in enumerate(ranked[:TOP_SHOWN], start=1)
        ]
        parts = [
            f'# Sweep {self.name}',
            f'{metric} on valid at the best epoch, mean over {len(self.options.seeds)} seed(s), in percent; '
            f'{len(trials)} trials. The best value of many trials is too optimistic: repeat the best trial with other '
            'seeds before you compare it with anything.',
            markdown_table(['rank', metric, *keys], rows, left=0),
        ]
        if importance:
            parts.append(
                'Importance (PED-ANOVA): ' + ', '.join(f'{key} {value:.2f}' for key, value in importance.items()) + '.'
            )
        best = yaml.safe_dump(ranked[0][1].params, sort_keys=True).strip()
        return record, '\n\n'.join([*parts, 'The best trial:', f'```yaml\n{best}\n```']) + '\n'


def read_search(path: Path, config_folder: Path = CONFIG_FOLDER) -> SearchOptions:
    """Read a sweep and check it.

    Raises:
        UserError: the sweep has a mistake, a key that does not exist, or a value that a key cannot have.
    """
    content = read_yaml(path)
    try:
        options = validate(SearchOptions, content)
        assert isinstance(options, SearchOptions)
        for key, choices in options.space.items():
            for value in _ends(key, choices):
                Config(
                    config_folder / f'{options.config}.yaml',
                    settings=_settings(options, {key: value}, options.seeds[0]),
                )
    except UserError as error:
        raise UserError(f'{path}: {error}') from error
    return options


def _ends(key: str, choices: RangeOptions | list[Any]) -> list[Any]:
    """Return the values of a list, or the ends of a range, after checking it."""
    if isinstance(choices, list):
        if not choices:
            raise UserError(f'space.{key}: an empty list; add a value')
        return choices
    if not choices.low < choices.high:
        raise UserError(f'space.{key}: low must be below high')
    if choices.log and (choices.low <= 0 or choices.step is not None):
        raise UserError(f'space.{key}: with log, low must be above 0, and there can be no step')
    if choices.step is not None and choices.step <= 0:
        raise UserError(f'space.{key}: step must be above 0')
    return [choices.low, choices.high]


def score(config_file: Path, settings: Sequence[str], paths: RunPaths, datasets: DatasetCache) -> float:
    """Train a configuration, and return ``rec.metric`` on valid at the best epoch. No other split is scored."""
    from crslab_causal import register
    from crslab_causal.quick_start import assemble

    register()
    data_path = paths.data_for(Config(config_file, paths.gpu, settings))
    config = Config(
        config_file,
        paths.gpu,
        [*settings, f'data_path={json.dumps(str(data_path))}', f'save_path={json.dumps(str(paths.work))}'],
    )
    system = assemble(config, datasets.load(config))
    system.train_recommender()
    return system.metric_on_valid()


def _settings(options: SearchOptions, values: dict[str, Any], seed: int) -> list[str]:
    return [*(f'{key}={json.dumps(value)}' for key, value in {**options.set, **values}.items()), f'seed={seed}']


def _suggest(trial: optuna.Trial, key: str, choices: RangeOptions | list[Any]) -> Any:
    if isinstance(choices, list):
        return trial.suggest_categorical(key, choices)
    if isinstance(choices.low, int) and isinstance(choices.high, int):
        return trial.suggest_int(key, choices.low, choices.high, step=int(choices.step or 1), log=choices.log)
    return trial.suggest_float(key, choices.low, choices.high, step=choices.step, log=choices.log)


def _short(value: Any) -> str:
    return f'{value:.4g}' if isinstance(value, float) else str(value).lower()


def main(arguments: Sequence[str] | None = None, prog: str = 'python -m crslab_causal.experiments.sweep') -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog=prog, description='Search for options with Optuna, on the validation split.')
    parser.add_argument('sweep', type=path_argument, help='YAML file, for example config/sweeps/demo.yaml')
    add_folders(parser, work='the journal')
    parser.add_argument(
        '--results', type=path_argument, default=Path('results'), help='folder of the summary (default: %(default)s)'
    )
    add_resources(parser, unit='trial')
    options = parser.parse_args(arguments)
    return exit_status(lambda: sweep(options), RESUME_HINT)


def sweep(options: argparse.Namespace) -> None:
    """Run the remaining trials, and write the results of all of them.

    Args:
        options: parsed command line of :func:`main`.
    """
    check_resources(options)
    paths = RunPaths(options.data_path.resolve(), options.work.resolve(), options.gpu, options.threads)
    search = Search(options.sweep.stem, read_search(options.sweep), paths)
    search.check()
    with ProcessPoolExecutor(options.jobs, worker_context(), start_worker, (options.threads,)) as pool:
        for worker in [pool.submit(search.run, i) for i in range(options.jobs)]:
            worker.result()
    record, page = search.summary()
    replace_file(options.results / f'sweep_{search.name}.json', json.dumps(record, indent=1) + '\n')
    replace_file(options.results / f'sweep_{search.name}.md', page)
    print(page)


if __name__ == '__main__':
    sys.exit(main())
