"""A thousand faulty transfers, killed runs and full disks: never half a data folder, and a second call ends well."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
import stand_ins
from file_server import FAULTS

import tiny
from crslab_causal.base import files as base_files
from crslab_causal.base.errors import UserError
from crslab_causal.data.seeker_answers import ANSWERS_FILE
from crslab_causal.prepare import preparation, transfer

DATASETS = [('redial', 'crslab'), ('redial', 'official'), ('opendialkg', 'ievalm'), ('inspired', 'unicrs')]
ADVICE = ('run the command again', 'free space on the disk')
IMPATIENT = transfer.Patience(timeout_s=0.05, tries=5, backoff_s=0)


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a data folder, but the day it was made on."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != '.built'}


def leftovers(data: Path, dataset: str) -> list[Path]:
    """Return what is beside a data folder."""
    return [path for path in (data / dataset).glob('*') if path.name != 'nltk'] if (data / dataset).is_dir() else []


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """What each data folder must hold."""
    from crslab_causal.prepare.preparation import prepare

    root = tmp_path_factory.mktemp('whole')
    mirror, manifest = root / 'mirror', stand_ins.write_manifest(root / 'manifest.json')
    for path, text in stand_ins.served().items():
        (mirror / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        (mirror / path[1:]).write_bytes(text)
    return {
        (dataset, source): content(
            prepare(dataset, root / source, source=source, manifest=manifest, mirror=mirror.as_uri(), say=str)
        )
        for dataset, source in DATASETS
    }


class FullDisk:
    """Makes writing fail as on a full disk, after a while and for a while."""

    def __init__(self, monkeypatch, chance: random.Random):
        self.failures, self._left, self._chance = 0, None, chance
        monkeypatch.setattr(base_files.os, 'fsync', lambda descriptor: self._spend())  # without the wait for the disk
        receive = transfer.Downloader._receive
        monkeypatch.setattr(transfer.Downloader, '_receive', lambda *args: self._spend() or receive(*args))

    def begin(self) -> None:
        self._left = self._chance.randrange(15)

    def end(self) -> None:
        self._left = None

    def _spend(self) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                self.failures += 1
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def random_faults(chance: random.Random, often: float):
    """A fault now and then, with few that cost the time limit."""
    stalls = iter(range(2))

    def fault(path: str, before: int) -> str | None:
        kind = chance.choices(FAULTS, WEIGHTS)[0]
        if chance.random() > often:
            return None
        return 'cut' if kind == 'stalled' and next(stalls, None) is None else kind

    return fault


WEIGHTS = [{'missing': 1, 'forbidden': 1, 'loop': 1, 'cut': 20}.get(fault, 5) for fault in FAULTS]
"""Few that end a run at once, and many cuts, so that transfers are continued."""


def test_thousand_faulty_transfers_end_with_the_right_files(prepare, server, tmp_path, monkeypatch, whole):
    chance = random.Random(7)
    disk = FullDisk(monkeypatch, chance)
    monkeypatch.setattr(transfer, '_CHUNK', 100)  # so that something of the small files is left to continue
    ends: Counter[str] = Counter()
    rounds = 0
    while server.faults.total() + disk.failures < 1000:
        dataset, source = DATASETS[rounds % len(DATASETS)]
        data = tmp_path / str(rounds)
        folder = data / dataset / 'nltk'
        full_disk = rounds % 5 == 0
        server.fault = (
            (lambda path, before: None) if full_disk else random_faults(chance, often=chance.uniform(0.3, 0.8))
        )
        if full_disk:
            disk.begin()
        try:
            prepare(dataset, data, source=source, patience=IMPATIENT)
        except UserError as error:
            text = str(error)
            assert any(advice in text for advice in ADVICE) and '\n' not in text, text
            assert not folder.exists(), text
            ends['stopped'] += 1
        else:
            found, expected = content(folder), whole[dataset, source]
            assert expected.keys() - found.keys() <= {ANSWERS_FILE}  # it is optional: the folder is complete without it
            assert found == {name: expected[name] for name in found}
            ends['well'] += 1
            ends['without answers'] += found != expected
        assert leftovers(data, dataset) == []
        for path in (data / 'downloads').glob('*'):  # what has no ".part" was checked; no folder if nothing came
            assert path.suffix == '.part' or stand_ins.git_blob(path.read_bytes()) == path.name

        server.fault = lambda path, before: None
        disk.end()
        prepare(dataset, data, source=source)
        if content(folder) != whole[dataset, source]:
            assert '--answers-only' in ' '.join(prepare.said)
            prepare(dataset, data, source=source, answers_only=True)
        assert content(folder) == whole[dataset, source]
        rounds += 1
    assert set(server.faults) == set(FAULTS)
    assert disk.failures > 10 and ends['stopped'] > 20 and ends['well'] > 5, (rounds, ends, disk.failures)


KILLED = """
import os, random, signal, sys, time
from pathlib import Path
from crslab_causal.prepare.preparation import prepare
from crslab_causal.prepare.transfer import Patience

data, manifest, mirror, times = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
chance = random.Random(3)
for number in range(times):
    child = os.fork()
    if not child:
        prepare('inspired', data / str(number), manifest=manifest, mirror=mirror, say=str, patience=Patience(5, 2, 0))
        os._exit(0)
    time.sleep(chance.uniform(0.0, 0.25))
    os.kill(child, signal.SIGKILL)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='kills children of a process that has loaded everything once')
def test_killed_runs_leave_nothing_half_done(prepare, server, tmp_path, manifest, whole):
    server.piece, server.pause_s = 2000, 0.002
    times = 24
    done = subprocess.run(
        [sys.executable, '-c', KILLED, tmp_path, manifest, server.address, str(times)],
        cwd=tiny.ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    statuses = [int(line) for line in done.stdout.split()]
    assert len(statuses) == times and statuses.count(-signal.SIGKILL) > 6
    server.pause_s = 0.0
    parts = 0
    for number in range(times):
        data = tmp_path / str(number)
        folder = data / 'inspired' / 'nltk'
        if folder.exists():
            assert content(folder) == whole['inspired', 'unicrs']
        parts += any(part.stat().st_size for part in (data / 'downloads').glob('*.part'))
        assert content(prepare('inspired', data)) == whole['inspired', 'unicrs']
        assert leftovers(data, 'inspired') == []
    assert parts > 1  # some were killed within a transfer


def test_two_processes_download_each_file_once(server, tmp_path, manifest, whole):
    server.piece, server.pause_s = 2000, 0.002
    command = [
        sys.executable,
        '-c',
        'import sys; from crslab_causal.prepare.preparation import prepare;'
        'from pathlib import Path; prepare("inspired", sys.argv[1], manifest=Path(sys.argv[2]), mirror=sys.argv[3])',
        tmp_path / 'data',
        manifest,
        server.address,
    ]
    runs = [subprocess.Popen(command, cwd=tiny.ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = [run.communicate(timeout=60)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], said
    assert sum('is there already' in text for text in said) == 2
    assert set(server.requests.values()) == {1}
    assert content(tmp_path / 'data' / 'inspired' / 'nltk') == whole['inspired', 'unicrs']


def test_a_call_leaves_no_lock_however_it_ends(prepare, server, tmp_path):
    prepare('inspired', tmp_path / 'well')
    server.fault = lambda path, before: 'missing'
    with pytest.raises(UserError):
        prepare('inspired', tmp_path / 'badly')
    assert sorted(path.name for path in (tmp_path / 'well').iterdir()) == ['downloads', 'inspired']
    assert list((tmp_path / 'badly').iterdir()) == []


def test_the_lock_keeps_others_out_although_its_file_is_removed(tmp_path):
    """Each holder removes the file that others wait for; still there is never a second one inside."""
    inside, most, entered = [0], [0], []

    def work(number: int) -> None:
        for _ in range(6):
            with preparation._alone(tmp_path / 'data', str):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.002)
                inside[0] -= 1
                entered.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert (most[0], Counter(entered)) == (1, Counter(dict.fromkeys(range(5), 6)))
    assert list((tmp_path / 'data').iterdir()) == []


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 256 KiB."""
    disk = tmp_path / 'disk'
    disk.mkdir()
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk], capture_output=True).returncode:
        pytest.skip('may not mount a small disk here')
    yield disk
    subprocess.run(['umount', disk], check=True)


def test_full_disk_is_reported_and_a_second_call_succeeds(prepare, small_disk, whole):
    filler = small_disk / 'filler'
    filler.write_bytes(b'x' * 180_000)
    with pytest.raises(UserError, match='No space left on device; free space on the disk and run the command again'):
        prepare('redial', small_disk)
    assert not (small_disk / 'redial' / 'nltk').exists()
    filler.unlink()
    assert content(prepare('redial', small_disk)) == whole['redial', 'crslab']


def test_interrupted_run_leaves_no_part_of_the_folder(prepare, tmp_path, monkeypatch, whole):
    def interrupt(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr('crslab_causal.prepare.folder.count', interrupt)
        with pytest.raises(KeyboardInterrupt):
            prepare('redial', tmp_path / 'data')
    assert list((tmp_path / 'data' / 'redial').iterdir()) == []
    assert content(prepare('redial', tmp_path / 'data')) == whole['redial', 'crslab']


def test_wrong_count_stops_before_the_folder_appears(prepare, tmp_path, manifest):
    pinned = json.loads(manifest.read_text('utf-8'))
    pinned['datasets']['redial']['sources']['crslab']['splits']['published']['train'] = 3
    manifest.write_text(json.dumps(pinned), 'utf-8')
    with pytest.raises(UserError, match='it would have 2 train instead of 3'):
        prepare('redial', tmp_path / 'data')
    assert list((tmp_path / 'data' / 'redial').iterdir()) == []
