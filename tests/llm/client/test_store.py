"""The store: complete lines are never lost, whatever happens to the last one."""

import json
import resource
import threading

import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from crslab_causal.base.errors import UserError
from crslab_causal.llm.client.record import Record, Response, cache_key, from_line, to_line
from crslab_causal.llm.client.store import MemoryStore, Store

texts = st.text(max_size=20) | st.just('\ud800 half a pair') | st.just('a\nb\u2028c')
responses = st.builds(
    Response,
    content=texts,
    finish_reason=st.sampled_from(['stop', 'length', None]),
    refusal=st.none() | texts,
    input_tokens=st.none() | st.integers(0, 9),
    output_tokens=st.none() | st.integers(0, 9),
    latency_s=st.floats(0, 9),
    model=texts,
    form=st.sampled_from(['schema', 'json']),
    omitted=st.sampled_from([(), ('seed',)]),
)


def payload(text='hello', **parameters):
    return {
        'model': 'm',
        'messages': [{'role': 'user', 'content': text}],
        'schema': {'properties': {'b': {}, 'a': {}}},
        'parameters': {'temperature': 1.0} | parameters,
    }


def response(content='{}'):
    return Response(content, 'stop', None, 1, 2, 0.5, 'm', 'schema')


def record(number=0, text='hello', content='{}'):
    return Record(cache_key(payload(text)), number, response(content))


def fill(path, texts):
    store = Store(path)
    for text in texts:
        store.append([(record(text=text), payload(text))])
    store.close()


def error_message(function, *args, **kwargs):
    with pytest.raises(UserError) as caught:
        function(*args, **kwargs)
    message = str(caught.value)
    assert message and '\n' not in message
    return message


# ---------------------------------------------------------------- lines


@given(response=responses, number=st.integers(0, 3))
def test_line_is_read_as_it_was_written(response, number):
    record = Record(cache_key(payload()), number, response)
    line = to_line(record, payload())
    assert line.count(b'\n') == 1
    assert from_line(line[:-1]) == record


@given(response=responses, data=st.data())
def test_part_of_a_line_is_not_a_record(response, data):
    line = to_line(Record(cache_key(payload()), 0, response), payload())[:-1]
    with pytest.raises(ValueError):
        from_line(line[: data.draw(st.integers(0, len(line) - 1))])


@pytest.mark.parametrize(
    'line',
    [
        b'',
        b'{}',
        b'[]',
        b'3',
        b'\x00\x00',
        b'{"key": 1}',
        b'[' * 100_000,
        to_line(record(), payload()).replace(b'0.5', b'"0.5"'),
        to_line(record(), payload()).replace(b'"number":0', b'"number":true'),
    ],
)
def test_invalid_record_is_rejected(line):
    with pytest.raises(ValueError):
        from_line(line)


def test_key_depends_on_everything_that_the_answer_depends_on():
    key = cache_key(payload())
    assert key == cache_key(dict(reversed(payload().items())))
    swapped = payload() | {'messages': [{'content': 'hello', 'role': 'user'}]}
    assert key == cache_key(swapped)
    others = [
        payload('other'),
        payload(temperature=0.5),
        payload(seed=1),
        payload() | {'model': 'n'},
        payload() | {'schema': {'properties': {'a': {}, 'b': {}}}},
    ]
    assert len({key, *map(cache_key, others)}) == 6


# ---------------------------------------------------------------- files


@settings(deadline=None, max_examples=60)
@given(contents=st.lists(texts, min_size=1, max_size=4), data=st.data())
def test_store_cut_at_any_byte_loses_at_most_the_last_record(tmp_path_factory, contents, data):
    path = tmp_path_factory.mktemp('store') / 'store.jsonl'
    lines = [to_line(record(number, content=content), payload()) for number, content in enumerate(contents)]
    whole = b''.join(lines)
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    ends = [len(b''.join(lines[: n + 1])) - 1 for n in range(len(lines))]
    kept = sum(end <= cut for end in ends)

    for writable in (False, True):  # reading alone changes nothing
        store = Store(path, writable=writable)
        assert len(store) == kept
        assert path.read_bytes() == whole[:cut]
        if not writable:
            store.close()
    torn = store.torn_bytes
    store.append([(record(7, 'more'), payload('more'))])
    store.append([(record(8, 'more'), payload('more'))])
    store.close()

    again = Store(path, writable=False)
    assert len(again) == kept + 2 and not again.torn_bytes
    assert [r.content for r in again.responses(record().key)] == contents[:kept]
    again.close()
    torn_path = path.with_name('store.jsonl.torn')
    assert torn_path.exists() == bool(torn)
    if torn:
        assert torn_path.read_bytes() == whole[:cut][-torn:] + b'\n'


@pytest.mark.parametrize('damage', [b'{"key": "cut in the mid', b'\x00' * 50, b'null'])
def test_broken_line_before_the_last_is_an_error(tmp_path, damage):
    path = tmp_path / 'store.jsonl'
    fill(path, ['a', 'b', 'c'])
    lines = path.read_bytes().split(b'\n')
    lines[1] = damage
    path.write_bytes(b'\n'.join(lines))
    assert f'{path}, line 2' in error_message(Store, path)
    assert path.read_bytes() == b'\n'.join(lines)


def test_replay_needs_a_file_and_does_not_change_it(tmp_path):
    path = tmp_path / 'store.jsonl'
    assert str(path) in error_message(Store, path, writable=False)
    assert not path.exists()
    fill(path, ['a'])
    path.chmod(0o444)
    store = Store(path, writable=False)
    assert len(store.responses(record(text='a').key)) == 1
    store.close()


def test_replay_takes_no_lock(tmp_path):
    path = tmp_path / 'store.jsonl'
    fill(path, ['a'])
    lock_path = path.with_name('store.jsonl.lock')
    lock_path.unlink(missing_ok=True)
    store = Store(path, writable=False)
    store.responses(record(text='a').key)
    store.close()
    assert [file.name for file in tmp_path.iterdir()] == ['store.jsonl']
    with FileLock(lock_path):
        store = Store(path, writable=False)
        assert store.keys() == [record(text='a').key]
        store.close()


def test_writer_waits_for_the_lock_of_another_process(tmp_path):
    path = tmp_path / 'store.jsonl'
    store = Store(path)
    writer = threading.Thread(target=store.append, args=[[(record(), payload())]])
    with FileLock(f'{path}.lock'):
        writer.start()
        writer.join(0.2)
        assert writer.is_alive() and not path.stat().st_size
    writer.join()
    assert path.read_bytes() == to_line(record(), payload())
    store.close()


def test_a_folder_as_a_store_is_refused(tmp_path):
    assert str(tmp_path) in error_message(Store, tmp_path)


def test_memory_store_keeps_answers():
    store = MemoryStore()
    store.append([(record(), payload())])
    assert store.responses(record().key) == [response()]
    store.close()


def test_many_answers_of_one_write_are_all_stored(tmp_path):
    store = Store(tmp_path / 'folder' / 'store.jsonl')
    store.append([(record(text=str(n)), payload(str(n))) for n in range(500)])
    store.close()
    again = Store(store.path, writable=False)
    assert again.keys() == [record(text=str(n)).key for n in range(500)]
    again.close()


def test_several_writers_do_not_interleave(tmp_path):
    path = tmp_path / 'store.jsonl'

    def write(name):
        store = Store(path)
        for n in range(100):
            store.append([(record(text=f'{name} {n}', content='x' * 5000), payload(f'{name} {n}'))])
        store.close()

    # each thread opens the file itself, so that the lock treats it like another process
    writers = [threading.Thread(target=write, args=[name]) for name in 'abc']
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    store = Store(path)
    assert len(store) == 300 and not store.torn_bytes
    store.close()


def test_answers_of_another_process_are_seen_and_the_first_one_counts(tmp_path):
    own, other = Store(tmp_path / 'store.jsonl'), Store(tmp_path / 'store.jsonl')
    other.append([(record(text='a', content='first'), payload('a'))])
    own.append([(record(text='a', content='second'), payload('a'))])
    for store in (own, other):
        assert [answer.content for answer in store.responses(record(text='a').key)] == ['first']
        assert store.duplicates == 1
        store.close()
    assert len((tmp_path / 'store.jsonl').read_bytes().splitlines()) == 2


def test_full_disk_is_a_user_error_and_loses_nothing(tmp_path):
    path = tmp_path / 'store.jsonl'
    fill(path, ['a', 'b'])
    store, size = Store(path), path.stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, limits[1]))
    try:
        assert str(path) in error_message(store.append, [(record(text='c'), payload('c'))])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.stat().st_size == size + 50
    store.append([(record(text='d'), payload('d'))])
    store.close()
    again = Store(path)
    assert again.keys() == [record(text=text).key for text in 'abd'] and not again.torn_bytes
    again.close()


def test_moved_store_is_detected(tmp_path):
    store = Store(tmp_path / 'store.jsonl')
    (tmp_path / 'store.jsonl').rename(tmp_path / 'elsewhere.jsonl')
    assert 'moved' in error_message(store.append, [(record(), payload())])
    store.close()


def test_line_has_payload_and_response(tmp_path):
    fill(tmp_path / 'store.jsonl', ['hello'])
    line = json.loads((tmp_path / 'store.jsonl').read_text('utf-8'))
    assert line['request'] == payload() and line['response'] == response()._asdict() | {'omitted': []}
