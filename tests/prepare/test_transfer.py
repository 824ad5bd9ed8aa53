"""Transfers: what is checked, continued, tried again and given up."""

import random
import time

import pytest
import stand_ins
from file_server import FileServer
from tqdm import tqdm

from crslab_causal.base.errors import UserError
from crslab_causal.prepare.blob import blob_sha1
from crslab_causal.prepare.manifest import Place, PublicFile
from crslab_causal.prepare.transfer import _CHUNK as CHUNK
from crslab_causal.prepare.transfer import Downloader, Patience

CONTENT = random.Random(1).randbytes(3_000_000)


@pytest.fixture
def site(monkeypatch):
    """A server with one file of 3 MB at ``/a`` and at ``/b``."""
    monkeypatch.setenv('NO_PROXY', '127.0.0.1')
    server = FileServer({'/a': CONTENT, '/b': CONTENT})
    yield server
    server.close()


@pytest.fixture
def fetch(site, tmp_path):
    """Downloads the file from the named paths of the server."""

    def fetch(*paths, sized=True, tries=3, timeout_s=5.0, backoff_s=0.0, bar=None, address=None):
        file = PublicFile(sha1=stand_ins.git_blob(CONTENT), size=len(CONTENT) if sized else None, places=['o/r:f'])
        with (
            tqdm(total=0, disable=True) as silent,
            Downloader(tmp_path, silent if bar is None else bar, Patience(timeout_s, tries, backoff_s)) as downloader,
        ):
            return downloader.get('the file', file, [Place((address or site.address) + path, None) for path in paths])

    return fetch


def test_blob_hash_equals_that_of_git(tmp_path):
    (tmp_path / 'empty').write_bytes(b'')
    (tmp_path / 'hello').write_bytes(b'hello\n')
    assert blob_sha1(tmp_path / 'empty') == 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'  # as every git repository has it
    assert blob_sha1(tmp_path / 'hello') == 'ce013625030ba8dba906f756967f9e9ca394464a'


def test_file_arrives_once(fetch, site):
    assert fetch('/a').read_bytes() == CONTENT
    assert fetch('/a').read_bytes() == CONTENT
    assert site.requests['/a'] == 1


def test_cut_transfer_continues_where_it_was_cut(fetch, site):
    site.fault = lambda path, before: 'cut' if before == 0 else None
    assert fetch('/a').read_bytes() == CONTENT
    (_, first), (_, second) = site.ranges
    begin = int(second.removeprefix('bytes=').removesuffix('-'))
    assert first is None
    assert len(CONTENT) // 2 - CHUNK < begin <= len(CONTENT) // 2  # a chunk that is not whole is lost
    assert site.sent['/a'] == len(CONTENT) // 2 + len(CONTENT) - begin


def test_next_run_continues_what_a_stopped_one_left(fetch, site, tmp_path):
    (tmp_path / f'{stand_ins.git_blob(CONTENT)}.part').write_bytes(CONTENT[:1_000_000])
    assert fetch('/a', sized=False).read_bytes() == CONTENT
    assert site.sent['/a'] == len(CONTENT) - 1_000_000


def test_whole_file_left_by_a_stopped_run_is_not_asked_for_again(fetch, site, tmp_path):
    (tmp_path / f'{stand_ins.git_blob(CONTENT)}.part').write_bytes(CONTENT)
    assert fetch('/a').read_bytes() == CONTENT
    assert not site.requests


def test_wrong_bytes_left_by_a_stopped_run_are_replaced(fetch, site, tmp_path):
    partial = tmp_path / f'{stand_ins.git_blob(CONTENT)}.part'
    for left in (b'x' * 1_000_000, CONTENT + b'too much'):
        partial.write_bytes(left)
        path = fetch('/a')
        assert path.read_bytes() == CONTENT
        path.unlink()


def test_file_that_was_damaged_on_disk_is_downloaded_again(fetch, site):
    path = fetch('/a')
    path.write_bytes(b'x' + CONTENT[1:])
    assert fetch('/a').read_bytes() == CONTENT
    assert site.requests['/a'] == 2


@pytest.mark.parametrize('sized', [True, False])
@pytest.mark.parametrize('fault', ['wrong', 'short', 'long'])
def test_file_with_other_content_is_never_accepted(fetch, site, tmp_path, fault, sized):
    site.fault = lambda path, before: fault
    with pytest.raises(UserError, match='the file could not be downloaded .*run the command again.*--mirror'):
        fetch('/a', sized=sized)
    assert not (tmp_path / stand_ins.git_blob(CONTENT)).exists()
    site.fault = lambda path, before: None
    assert fetch('/a', sized=sized).read_bytes() == CONTENT


def test_second_address_is_asked_when_the_first_has_nothing(fetch, site):
    site.fault = lambda path, before: 'missing' if path == '/a' else None
    assert fetch('/a', '/b').read_bytes() == CONTENT
    assert site.requests == {'/a': 1, '/b': 1}  # a missing file is not asked for twice


def test_second_address_continues_what_the_first_began(fetch, site):
    site.fault = lambda path, before: ('cut' if before == 0 else 'missing') if path == '/a' else None
    assert fetch('/a', '/b').read_bytes() == CONTENT
    assert len(CONTENT) - len(CONTENT) // 2 <= site.sent['/b'] < len(CONTENT) - len(CONTENT) // 2 + CHUNK


def test_message_names_every_address_and_its_reason(fetch, site):
    site.fault = lambda path, before: {'/a': 'missing', '/b': 'loop'}[path]
    with pytest.raises(UserError) as error:
        fetch('/a', '/b')
    text = str(error.value)
    assert f'{site.address}/a: HTTP status 404' in text and f'{site.address}/b: it redirects without end' in text
    assert '\n' not in text


@pytest.mark.parametrize(
    ('fault', 'reason'),
    [
        ('busy', 'HTTP status 503'),
        ('stalled', r'no answer for 0\.1 s'),
        ('hang up', 'no connection'),
        ('garbage', 'no connection'),
    ],
)
def test_temporary_errors_are_retried_up_to_the_limit(fetch, site, fault, reason):
    site.fault = lambda path, before: fault
    with pytest.raises(UserError, match=reason):
        fetch('/a', tries=3, timeout_s=0.1)
    assert site.requests['/a'] == 3
    site.fault = lambda path, before: fault if before < 5 else None
    assert fetch('/a', tries=3).read_bytes() == CONTENT


def test_wait_between_attempts_increases(fetch, site):
    site.fault = lambda path, before: 'busy'
    begin = time.monotonic()
    with pytest.raises(UserError):
        fetch('/a', tries=4, backoff_s=0.05)
    assert time.monotonic() - begin >= 0.05 * (2 + 4)  # none before the second try


def test_server_that_asks_to_wait_is_obeyed(fetch, site):
    site.fault = lambda path, before: 'later 1' if before == 0 else 'later soon' if before == 1 else None
    begin = time.monotonic()
    assert fetch('/a').read_bytes() == CONTENT
    assert time.monotonic() - begin >= 1


def test_server_that_asks_to_wait_for_long_is_given_up(fetch, site):
    site.fault = lambda path, before: 'later 3600' if path == '/a' else None
    assert fetch('/a', '/b').read_bytes() == CONTENT
    assert site.requests['/a'] == 1
    with pytest.raises(UserError, match='asks to wait for 3600 s'):
        (fetch('/b')).unlink()
        fetch('/a')


def test_cut_transfer_that_brings_much_is_not_a_failed_try(fetch, site, monkeypatch):
    monkeypatch.setattr('crslab_causal.prepare.transfer._PROGRESS', 10_000)
    site.fault = lambda path, before: 'cut' if before < 6 else None
    assert fetch('/a', tries=2).read_bytes() == CONTENT
    assert site.requests['/a'] == 7


def test_server_that_cannot_continue_is_asked_for_the_whole(fetch, site):
    site.fault = lambda path, before: 'cut' if before == 0 else 'whole instead of the rest' if before == 1 else None
    assert fetch('/a').read_bytes() == CONTENT
    site.fault = lambda path, before: {2: 'cut', 3: 'wrong rest'}.get(before)
    (fetch('/a')).unlink()
    assert fetch('/a').read_bytes() == CONTENT


def test_endless_answer_is_stopped(fetch, site, monkeypatch):
    monkeypatch.setattr('crslab_causal.prepare.transfer._LARGEST', 100_000)
    with pytest.raises(UserError):
        fetch('/a', sized=False, tries=1)
    assert site.sent['/a'] < len(CONTENT) or site.requests['/a'] == 1


def test_proxy_of_the_environment_is_used(fetch, site, monkeypatch):
    monkeypatch.setenv('HTTP_PROXY', site.address)
    monkeypatch.setenv('http_proxy', site.address)
    assert fetch('/a', address='http://files.invalid').read_bytes() == CONTENT
    assert site.requests['/a'] == 1


def test_file_address_is_copied_and_checked(fetch, tmp_path):
    source = tmp_path / 'mirror with spaces' / 'a'
    source.parent.mkdir()
    source.write_bytes(CONTENT)
    assert fetch('/a', address=source.parent.as_uri()).read_bytes() == CONTENT
    (tmp_path / stand_ins.git_blob(CONTENT)).unlink()
    source.write_bytes(CONTENT + b'!')
    with pytest.raises(UserError, match='bytes arrived instead of'):
        fetch('/a', address=source.parent.as_uri())
    with pytest.raises(UserError, match='no such file'):
        fetch('/b', address=source.parent.as_uri())


def test_bar_counts_every_byte_once(fetch, site):
    site.fault = lambda path, before: {0: 'cut', 1: 'wrong', 2: 'stalled'}.get(before)
    for sized in (True, False):
        with tqdm(total=len(CONTENT) if sized else 0, disable=False) as bar:
            path = fetch('/a', sized=sized, timeout_s=0.1, tries=6, bar=bar)
            assert (bar.n, bar.total) == (len(CONTENT), len(CONTENT))
        path.unlink()
        site.requests.clear()
