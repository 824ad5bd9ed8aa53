"""The keys of the recorded runs stay valid: no change of the code or a configuration may orphan a recorded number."""

import json
from pathlib import Path

import pytest

import tiny
from crslab_causal.experiments.analysis.record import read_record
from crslab_causal.experiments.runner.data_digests import DataDigests
from crslab_causal.experiments.runner.paths import RunPaths
from crslab_causal.experiments.runner.run_store import RunStore
from crslab_causal.experiments.suite.suite import Run, read_suites
from crslab_causal.registration import DATASETS

DATA = json.loads((Path(__file__).parent / 'data_digests.json').read_text('utf-8'))
DIGESTS = {**DATA['digests'], **DATA['digests_with_stand_ins']}
RECORDS = sorted(path for path in (tiny.ROOT / 'results').glob('*.json') if not path.name.startswith('sweep_'))


@pytest.fixture(scope='module')
def store():
    """A store of runs that knows the digests of the real data without reading them."""
    data_path = Path('data')
    return RunStore(
        RunPaths(data_path, Path('work')),
        DataDigests({data_path / DATASETS[dataset].folder / 'nltk': digest for dataset, digest in DIGESTS.items()}),
    )


@pytest.fixture(scope='module')
def suites():
    """The suites of the repository by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tiny.ROOT)
        yield {suite.name: suite for suite in read_suites()}


@pytest.mark.parametrize('path', RECORDS, ids=lambda path: path.stem)
def test_every_recorded_run_is_a_run_of_its_row(path, store, suites):
    rows = {
        (table.options.name, row.options.title): {store.folder_name(run) for run in row.runs}
        for table in suites[path.stem].tables
        for row in table.rows
    }
    recorded = [
        (table.name, row.title, run.folder)
        for table in read_record(path).tables
        for row in table.rows
        for run in row.runs
    ]
    assert recorded
    orphans = [
        (table, title, folder) for table, title, folder in recorded if folder not in rows.get((table, title), ())
    ]
    assert not orphans, f'{len(orphans)} of {len(recorded)} recorded runs have another key now: {orphans[:3]}'


def test_every_record_belongs_to_a_suite(suites):
    assert {path.stem for path in RECORDS} == suites.keys()


@pytest.mark.parametrize('change', ['kg_emb_dim=64', 'seed=1', 'kg_edge_threshold=5'])
def test_a_changed_setting_would_be_noticed(store, suites, change):
    """The keys of the first recorded row tell runs with another option, and their folders tell another seed."""
    run = next(run for table in suites['controls'].tables for row in table.rows for run in row.runs)
    seed = int(change.partition('=')[2]) if change.startswith('seed=') else run.seed
    changed = Run(run.config_file, (*run.settings, change), seed, run.kind)
    assert store.folder_name(changed) != store.folder_name(run)


@pytest.mark.parametrize('path', RECORDS, ids=lambda path: path.stem)
def test_every_recorded_table_names_its_data(path):
    for table in read_record(path).tables:
        datasets = {run.folder.partition('_')[0] for row in table.rows for run in row.runs}
        assert table.data == {dataset: DIGESTS[dataset] for dataset in datasets & DIGESTS.keys()}, table.name


@pytest.mark.parametrize('dataset', DATA['digests'])
def test_the_real_data_have_the_recorded_digests(dataset, suites):
    data_path = tiny.real_data()
    if data_path is None:
        pytest.skip('no real data: name their folder in CRSLAB_CAUSAL_DATA')
    run = next(
        run
        for suite in suites.values()
        for table in suite.tables
        for row in table.rows
        for run in row.runs
        if run.config['dataset'] == dataset
    )
    from_data = RunStore(RunPaths(data_path, Path('work')))
    from_digest = RunStore(
        RunPaths(data_path, Path('work')),
        DataDigests({data_path / DATASETS[dataset].folder / 'nltk': DIGESTS[dataset]}),
    )
    assert from_data.key(run) == from_digest.key(run)
