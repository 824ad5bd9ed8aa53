"""The store: what is in it stays, whatever happens to the last line."""

import json
import resource
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crslab_causal.base.errors import UserError
from crslab_causal.llm.client.record import Record, Response, from_line, prompt_hash, to_line
from crslab_causal.llm.client.store import Store

texts = st.text(max_size=20) | st.just('\ud800 half a pair') | st.just('a\nb\u2028c')
responses = st.builds(
    Response, content=texts, finish_reason=st.sampled_from(['stop', 'length', None]), refusal=st.none() | texts,
    input_tokens=st.none() | st.integers(0, 9), output_tokens=st.none() | st.integers(0, 9),
    latency_s=st.floats(0, 9), model=texts, form=st.sampled_from(['schema', 'json']))


def request(text='hello', **parameters):
    return {'model': 'm', 'messages': [{'role': 'user', 'content': text}],
            'schema': {'properties': {'b': {}, 'a': {}}}, 'parameters': {'temperature': 1.0} | parameters}


def response(content='{}'):
    return Response(content, 'stop', None, 1, 2, 0.5, 'm', 'schema')


def record(number=0, text='hello', content='{}'):
    return Record(prompt_hash(request(text)), number, response(content))


def fill(path, texts):
    store = Store(path)
    for text in texts:
        store.append([(record(text=text), request(text))])
    store.close()


def complaint(function, *args, **kwargs):
    with pytest.raises(UserError) as caught:
        function(*args, **kwargs)
    message = str(caught.value)
    assert message and '\n' not in message
    return message


# ---------------------------------------------------------------- lines

@given(response=responses, number=st.integers(0, 3))
def test_a_line_is_read_as_it_was_written(response, number):
    record = Record('key', number, response)
    line = to_line(record, request())
    assert line.count(b'\n') == 1
    assert from_line(line[:-1]) == record


@given(response=responses, data=st.data())
def test_no_part_of_a_line_is_one(response, data):
    line = to_line(Record('key', 0, response), request())[:-1]
    with pytest.raises(ValueError):
        from_line(line[:data.draw(st.integers(0, len(line) - 1))])


@pytest.mark.parametrize('line', [b'', b'{}', b'[]', b'3', b'\x00\x00', b'{"key": 1}', b'[' * 100_000,
                                  to_line(record(), request()).replace(b'0.5', b'"0.5"'),
                                  to_line(record(), request()).replace(b'"number":0', b'"number":true')])
def test_what_is_no_record_is_refused(line):
    with pytest.raises(ValueError):
        from_line(line)


def test_the_key_is_made_from_what_the_answer_depends_on():
    key = prompt_hash(request())
    assert key == prompt_hash(dict(reversed(request().items())))
    swapped = request() | {'messages': [{'content': 'hello', 'role': 'user'}]}
    assert key == prompt_hash(swapped)
    others = [request('other'), request(temperature=0.5), request(seed=1), request() | {'model': 'n'},
              request() | {'schema': {'properties': {'a': {}, 'b': {}}}}]
    assert len({key, *map(prompt_hash, others)}) == 6


# ---------------------------------------------------------------- files

@settings(deadline=None, max_examples=60)
@given(contents=st.lists(texts, min_size=1, max_size=4), data=st.data())
def test_cut_anywhere_it_loses_at_most_the_last_record(tmp_path_factory, contents, data):
    path = tmp_path_factory.mktemp('store') / 'store.jsonl'
    lines = [to_line(record(number, content=content), request()) for number, content in enumerate(contents)]
    whole = b''.join(lines)
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    ends = [len(b''.join(lines[:n + 1])) - 1 for n in range(len(lines))]
    kept = sum(end <= cut for end in ends)

    for mode in (False, True):  # reading alone changes nothing
        store = Store(path, writable=mode)
        assert len(store) == kept
        assert path.read_bytes() == whole[:cut]
        if not mode:
            store.close()
    torn = store.torn_bytes
    store.append([(record(7, 'more'), request('more'))])
    store.append([(record(8, 'more'), request('more'))])
    store.close()

    again = Store(path, writable=False)
    assert len(again) == kept + 2 and not again.torn_bytes
    assert [r.content for r in again.responses(record().key)] == contents[:kept]
    again.close()
    aside = path.with_name('store.jsonl.torn')
    assert aside.exists() == bool(torn)
    if torn:
        assert aside.read_bytes() == whole[:cut][-torn:] + b'\n'


@pytest.mark.parametrize('damage', [b'{"key": "cut in the mid', b'\x00' * 50, b'null'])
def test_a_broken_line_that_is_not_the_last_is_an_error(tmp_path, damage):
    path = tmp_path / 'store.jsonl'
    fill(path, ['a', 'b', 'c'])
    lines = path.read_bytes().split(b'\n')
    lines[1] = damage
    path.write_bytes(b'\n'.join(lines))
    assert f'{path}, line 2' in complaint(Store, path)
    assert path.read_bytes() == b'\n'.join(lines)


def test_replaying_needs_a_file_and_leaves_it_alone(tmp_path):
    path = tmp_path / 'store.jsonl'
    assert str(path) in complaint(Store, path, writable=False)
    assert not path.exists()
    fill(path, ['a'])
    path.chmod(0o444)
    store = Store(path, writable=False)
    assert len(store.responses(record(text='a').key)) == 1
    store.close()


def test_a_folder_is_no_store(tmp_path):
    assert str(tmp_path) in complaint(Store, tmp_path)


def test_without_a_file_it_remembers():
    store = Store(None)
    store.append([(record(), request())])
    assert store.responses(record().key) == [response()]
    store.close()


def test_many_answers_in_one_write_are_all_there(tmp_path):
    store = Store(tmp_path / 'folder' / 'store.jsonl')
    store.append([(record(text=str(n)), request(str(n))) for n in range(500)])
    store.close()
    again = Store(store.path, writable=False)
    assert again.keys() == [record(text=str(n)).key for n in range(500)]
    again.close()


def test_several_writers_do_not_interleave(tmp_path):
    path = tmp_path / 'store.jsonl'

    def write(name):
        store = Store(path)
        for n in range(100):
            store.append([(record(text=f'{name} {n}', content='x' * 5000), request(f'{name} {n}'))])
        store.close()
    # each opens the file for itself, and is to the lock what another process is
    writers = [threading.Thread(target=write, args=[name]) for name in 'abc']
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    store = Store(path)
    assert len(store) == 300 and not store.torn_bytes
    store.close()


def test_what_another_process_adds_is_seen_and_the_first_answer_counts(tmp_path):
    mine, other = Store(tmp_path / 'store.jsonl'), Store(tmp_path / 'store.jsonl')
    other.append([(record(text='a', content='first'), request('a'))])
    mine.append([(record(text='a', content='second'), request('a'))])
    for store in (mine, other):
        assert [answer.content for answer in store.responses(record(text='a').key)] == ['first']
        assert store.duplicates == 1
        store.close()
    assert len((tmp_path / 'store.jsonl').read_bytes().splitlines()) == 2


def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path):
    path = tmp_path / 'store.jsonl'
    fill(path, ['a', 'b'])
    store, size = Store(path), path.stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, limits[1]))
    try:
        assert str(path) in complaint(store.append, [(record(text='c'), request('c'))])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.stat().st_size == size + 50
    store.append([(record(text='d'), request('d'))])
    store.close()
    again = Store(path)
    assert again.keys() == [record(text=text).key for text in 'abd'] and not again.torn_bytes
    again.close()


def test_a_store_that_was_moved_away_is_noticed(tmp_path):
    store = Store(tmp_path / 'store.jsonl')
    (tmp_path / 'store.jsonl').rename(tmp_path / 'elsewhere.jsonl')
    assert 'moved' in complaint(store.append, [(record(), request())])
    store.close()


def test_a_line_holds_request_and_response(tmp_path):
    fill(tmp_path / 'store.jsonl', ['hello'])
    line = json.loads((tmp_path / 'store.jsonl').read_text('utf-8'))
    assert line['request'] == request() and line['response'] == response()._asdict()
