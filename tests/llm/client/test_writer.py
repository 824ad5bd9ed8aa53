"""Group commit: no answer counts before it is on the disk, and one fsync serves many answers."""

import asyncio
import os
import threading

import pytest

from crslab_causal.base.errors import UserError
from crslab_causal.llm.client.record import Record, Response, cache_key
from crslab_causal.llm.client.store import Store
from crslab_causal.llm.client.writer import GroupCommit

ANSWERS = 200


def answer(text):
    payload = {'model': 'm', 'messages': [{'role': 'user', 'content': text}], 'schema': {}, 'parameters': {}}
    return Record(cache_key(payload), 0, Response(text, 'stop', None, 1, 2, 0.5, 'm', 'schema')), payload


@pytest.fixture
def disk(monkeypatch):
    """Return a slow disk that counts its bytes and its fsyncs, and waits for ``free``."""

    class Disk:
        free = threading.Event()
        has, syncs = 0, 0

        def sync(self, file):
            size = os.fstat(file).st_size
            self.free.wait(20)
            fsync(file)
            self.has, self.syncs = size, self.syncs + 1

    fsync, slow = os.fsync, Disk()
    slow.free.set()
    monkeypatch.setattr(os, 'fsync', slow.sync)
    return slow


@pytest.fixture
def store(tmp_path, disk):
    opened = Store(tmp_path / 'store.jsonl')
    disk.syncs = 0  # do not count the one of the folder
    yield opened
    opened.close()


def stored(store):
    again = Store(store.path, writable=False)
    again.close()
    return again.keys()


def test_add_returns_only_when_the_answer_is_on_the_disk(store, disk):
    async def add(text):
        record, payload = answer(text)
        await commit.add(record, payload)
        assert record.key.encode() in store.path.read_bytes()[: disk.has]

    async def main():
        await asyncio.gather(*(add(str(number)) for number in range(ANSWERS)))

    commit = GroupCommit(store)
    asyncio.run(main())
    commit.close()
    assert len(stored(store)) == ANSWERS


def test_answers_that_arrive_while_the_disk_is_busy_are_one_write(store, disk):
    async def main():
        disk.free.clear()
        first = asyncio.ensure_future(commit.add(*answer('first')))
        while not store.path.stat().st_size:
            await asyncio.sleep(0.001)
        others = [asyncio.ensure_future(commit.add(*answer(str(number)))) for number in range(ANSWERS)]
        await asyncio.sleep(0.02)
        assert not any(task.done() for task in (first, *others))
        disk.free.set()
        await asyncio.gather(first, *others)

    commit = GroupCommit(store)
    asyncio.run(main())
    commit.close()
    assert disk.syncs == 2
    assert stored(store) == [answer(text)[0].key for text in ('first', *map(str, range(ANSWERS)))]


def test_cancelled_answers_are_written(store, disk):
    async def main():
        disk.free.clear()
        tasks = [asyncio.ensure_future(commit.add(*answer('writing')))]
        while not store.path.stat().st_size:
            await asyncio.sleep(0.001)
        tasks += [asyncio.ensure_future(commit.add(*answer(text))) for text in ('waiting', 'too')]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert all(task.cancelled() for task in tasks)

    commit = GroupCommit(store)
    asyncio.run(main())
    disk.free.set()
    commit.close()
    assert stored(store) == [answer(text)[0].key for text in ('writing', 'waiting', 'too')]


def test_failed_write_is_reported_to_all_its_callers_and_later_writes_succeed(store):
    async def main():
        elsewhere = store.path.with_name('elsewhere.jsonl')
        store.path.rename(elsewhere)
        failed = await asyncio.gather(*(commit.add(*answer(text)) for text in 'abc'), return_exceptions=True)
        assert all(isinstance(error, UserError) and 'moved' in str(error) for error in failed)
        elsewhere.rename(store.path)
        await commit.add(*answer('d'))

    commit = GroupCommit(store)
    asyncio.run(main())
    commit.close()
    assert stored(store) == [answer('d')[0].key]
