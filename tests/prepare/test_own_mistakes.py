"""Mistakes in a user's files: one line that says what is wrong, where, and what to do."""

import json
import re

import pytest
from own_inputs import ITEMS, Inputs, conversation, turn

from crslab_causal.base.errors import UserError


@pytest.fixture
def inputs(tmp_path):
    return Inputs(tmp_path)


def complaint(inputs, **options):
    """The message about a mistake; nothing is written."""
    with pytest.raises(UserError) as caught:
        inputs.prepare(**options)
    message = str(caught.value)
    assert '\n' not in message and not (inputs.folder / 'to').exists()
    return message.replace(f'{inputs.folder}/', '')


# ---------------------------------------------------------------- files


def test_a_file_that_does_not_exist_is_named(inputs):
    inputs.items.unlink()
    assert complaint(inputs) == 'items.jsonl: cannot be read (No such file or directory); check the name of the file'


def test_bytes_that_are_not_utf8_are_located(inputs):
    inputs.conversations.write_bytes(json.dumps(conversation(0)).encode() + b'\n\n{"id": "caf\xe9"}\n')
    assert complaint(inputs) == 'talks.jsonl, line 3: byte 12 (0xe9) is not UTF-8; save the file as UTF-8'


@pytest.mark.parametrize('encoding', ['utf-16', 'utf-16-be'])
def test_a_utf16_file_is_refused(encoding, inputs):
    mark = b'\xfe\xff' if encoding == 'utf-16-be' else b''  # Python's utf-16 writes its own
    inputs.conversations.write_bytes(mark + json.dumps(conversation(0)).encode(encoding))
    assert complaint(inputs) == 'talks.jsonl, line 1: the file is UTF-16; save it as UTF-8'


@pytest.mark.parametrize(
    'line, message',
    [
        ('{"id": 1', r'not valid JSON \(.* at column 8\); write one JSON object per line'),
        (
            '[{"id": 1}]',
            r"must be an object with keys and values, but is \[\{'id': 1\}\]; write one JSON object per line",
        ),
        ('7', 'must be an object with keys and values, but is 7; write one JSON object per line'),
        ('[' * 100_000, r'not valid JSON \(recursion limit exceeded.*\); write one JSON object per line'),
        (r'{"id": "\ud83d"}', r'not valid JSON \(.* hex escape at column 15\); write one JSON object per line'),
    ],
)
def test_a_line_that_is_not_an_object_is_located(line, message, inputs):
    inputs.conversations.write_text(f'\n{json.dumps(conversation(0))}\n{line}\n', 'utf-8')
    assert re.fullmatch(f'talks.jsonl, line 3: {message}', complaint(inputs))


@pytest.mark.parametrize('which', ['conversations', 'items', 'graph'])
def test_an_empty_file_is_refused(which, inputs):
    inputs.write_graph('m1\tgenre\tHorror\n')
    path = getattr(inputs, which)
    path.write_text('\n \r\n', 'utf-8')
    assert re.match(f'{path.name}: (holds no conversation|holds no item|has no edge)', complaint(inputs))


# ---------------------------------------------------------------- conversations


@pytest.mark.parametrize(
    'row, message',
    [
        ({'id': 'x'}, "line 1: 'turns' is missing"),
        ({'turns': []}, "line 1: 'turns' is empty"),
        ({'turns': 'Hi'}, 'line 1: \'turns\' is "Hi", not a list'),
        ({'turns': ['Hi']}, 'line 1, turn 1: \'turns\' is "Hi", not an object'),
        ({'turns': [turn('seeker', 'Hi'), {'role': 'seeker'}]}, "line 1, turn 2: 'text' is missing"),
        (
            {'turns': [turn('bot', 'Hi')]},
            'line 1, turn 1: \'role\' is "bot", not one of seeker, user, recommender, assistant',
        ),
        (
            {'turns': [turn(None, 'Hi')]},
            "line 1, turn 1: 'role' is null, not one of seeker, user, recommender, assistant",
        ),
        ({'turns': [turn('seeker', ' \t')]}, "line 1, turn 1: 'text' is empty"),
        ({'turns': [turn('seeker', 7)]}, "line 1, turn 1: 'text' is 7, not a string"),
        ({'turns': [turn('seeker', 'Hi', items='m1')]}, 'line 1, turn 1: \'items\' is "m1", not a list'),
        (
            {'turns': [turn('seeker', 'Hi', items=[True])]},
            "line 1, turn 1: 'items' is true, not a string or a whole number",
        ),
        (
            {'turns': [turn('seeker', 'Hi', liked=[1.5])]},
            "line 1, turn 1: 'liked' is 1.5, not a string or a whole number",
        ),
        ({'turns': [turn('seeker', 'Hi', entities=[' '])]}, "line 1, turn 1: 'entities' is empty"),
        ({'id': ['x'], 'turns': [turn('seeker', 'Hi')]}, 'line 1: \'id\' is ["x"], not a string or a whole number'),
        ({'time': True, 'turns': [turn('seeker', 'Hi')]}, "line 1: 'time' is true, not a time"),
        (
            {'time': 'noon', 'turns': [turn('seeker', 'Hi')]},
            'line 1: \'time\' is "noon", not a time such as 2020-01-31T12:00',
        ),
    ],
)
def test_a_wrong_value_is_located(row, message, inputs):
    inputs.write_conversations([row, conversation(1)])
    assert complaint(inputs).startswith(f'talks.jsonl, {message}')


def test_an_id_of_two_conversations_is_refused(inputs):
    inputs.write_conversations([{**conversation(0), 'id': 5}, conversation(1), {**conversation(2), 'id': '5'}])
    assert complaint(inputs).startswith("talks.jsonl, line 3: the id '5' is already that of line 1")


@pytest.mark.parametrize(
    'reference, message',
    [
        ('Allien', "no item has the id or title 'Allien'; did you mean 'Alien (1979)'?"),
        ('zzz', "no item has the id or title 'zzz'"),
        ('It', "'It' may be 'It (1990)' (id m3), 'It (2017)' (id m4); write the id"),
        (1979, "no item has the id or title '1979'; did you mean 'Alien (1979)'?"),
    ],
)
@pytest.mark.parametrize('key', ['items', 'liked'])
def test_an_unknown_item_is_located_and_the_nearest_is_named(key, reference, message, inputs):
    inputs.write_turns(turn('recommender', 'Hi'), turn('seeker', 'Hi', **{key: [reference]}))
    if key == 'items' or message.startswith("'It'") or reference == 1979:
        assert complaint(inputs) == f'talks.jsonl, line 1, turn 2: {key}: {message}'
    else:  # what is liked may also be an entity
        (warning,) = inputs.prepare().warnings
        assert f'talks.jsonl, line 1, turn 2: the entity {reference!r} is in no edge' in warning


def test_an_id_that_is_also_a_title_must_be_written_as_a_number(inputs):
    inputs.write_items([*ITEMS, {'id': 300, 'title': 'Jaws'}, {'id': 7, 'title': '300', 'year': 2007}])
    inputs.write_turns(turn('seeker', 'Hi', items=['300'], entities=[]))
    assert complaint(inputs).endswith(
        "items: '300' may be 'Jaws' (id 300), '300 (2007)' (id 7); write the id as a number, or the title with its year"
    )
    inputs.write_turns(turn('seeker', 'Hi', items=[300, '300 (2007)', '7'], entities=[]))
    inputs.prepare()
    assert inputs.dialog()[0]['movies'] == ['Jaws', '300 (2007)', '300 (2007)']


def test_two_entities_of_one_name_are_named(inputs):
    inputs.write_graph('m1\tstarring\t<http://x.org/Tom_Holland>\nm2\tdirector\tTom Holland (director)\n')
    inputs.write_turns(turn('seeker', 'Hi', items=[], entities=['tom holland']))
    assert complaint(inputs).endswith(
        "entities: 'tom holland' may be '<http://x.org/Tom_Holland>' or 'Tom Holland (director)'; write one of these"
    )


# ---------------------------------------------------------------- items


@pytest.mark.parametrize(
    'change, message',
    [
        ({'id': None}, "'id' is null, not a string or a whole number"),
        ({'title': ' '}, "'title' is empty"),
        ({'title': 300}, "'title' is 300, not a string"),
        ({'year': '1979-05-25'}, '\'year\' is "1979-05-25", not a year'),
        ({'year': True}, "'year' is true, not a year"),
        ({'genres': {'Horror': 1}}, '\'genres\' is {"Horror": 1}, not a list of strings'),
        ({'stars': ['A', 5]}, '\'stars\' is ["A", 5], not a list of strings'),
        ({'plot': ['A crew.']}, '\'plot\' is ["A crew."], not a string'),
    ],
)
def test_a_wrong_value_of_an_item_is_located(change, message, inputs):
    inputs.write_items([ITEMS[1], ITEMS[0] | change])
    assert complaint(inputs) == f'items.jsonl, line 2: {message}; correct this item'


def test_a_missing_column_is_named_with_those_that_there_are(inputs):
    inputs.write_table('movieId,title\n1,Alien\n')
    assert complaint(inputs) == "items.csv, line 2: 'id' is missing (the columns are movieid, title); correct this item"


@pytest.mark.parametrize(
    'table, message',
    [
        ('id,title,genres\nm1,Alien,Horror\n\nm1,Heat,Crime\n', "line 4: the id 'm1' is already that of line 2"),
        ('id,title\nm1,Alien\nm2,Crash, Bang\n', 'line 3: has 3 cells, but the header has 2'),
        ('id,title\nm1,"Alien\n', 'line 2: not a valid table (unexpected end of data)'),
        ('id,title,title\nm1,a,b\n', "line 1: two columns have the name 'title'"),
        ('id,,title\nm1,a,b\n', 'line 1: column 2 has no name'),
        ('id,title,stars,cast\nm1,Alien,a,b\n', "line 2: 'stars' and 'cast' are names of the same list; keep one"),
        ('id,title,plot\nm1,Alien,"one\ntwo"\nm2,,x\n', "line 4: 'title' is empty"),
    ],
)
def test_a_wrong_row_of_a_table_is_located(table, message, inputs):
    inputs.write_table(table)
    assert complaint(inputs).startswith(f'items.csv, {message}')


def test_the_suffix_says_how_items_are_read(inputs):
    inputs.write_table('x', suffix='.xlsx')
    assert complaint(inputs).startswith("items.xlsx: the suffix is '.xlsx'; name the file .csv, .tsv or .jsonl")


def test_a_column_that_does_not_exist_is_refused(inputs):
    assert complaint(inputs, columns=['author']).startswith('--columns author: items.jsonl has no such column')
    inputs.write_graph('m1\tgenre\tHorror\n')
    assert complaint(inputs, columns=['author']).startswith('--columns: the edges come from --graph')


def test_a_column_of_other_values_than_strings_is_refused(inputs):
    inputs.write_items([*ITEMS, {'id': 'm5', 'title': 'Big', 'author': [{}]}])
    assert (
        complaint(inputs, columns=['author'])
        == "items.jsonl: 'author' of item 'm5' is [{}], not a list of strings; correct this item"
    )


# ---------------------------------------------------------------- graph


@pytest.mark.parametrize('line', ['m1\tgenre', 'm1 genre Horror', 'm1\t \tHorror', 'm1\tgenre\tHorror\t1'])
def test_a_line_that_is_not_an_edge_is_located(line, inputs):
    inputs.write_graph(f'm1\tgenre\tHorror\r\n\r\n{line}\r\n')
    message = complaint(inputs)
    assert message.startswith('graph.tsv, line 3: is ') and message.endswith(
        'write three names with a tab between them'
    )


def test_a_graph_of_loops_only_is_refused(inputs):
    inputs.write_graph('m1\tgenre\tm1\n')
    assert complaint(inputs).startswith('graph.tsv: has no edge between two vertices')


def test_items_without_columns_and_without_a_graph_are_refused(inputs):
    inputs.write_items([{'id': item['id'], 'title': item['title'], 'year': item['year']} for item in ITEMS])
    assert complaint(inputs).startswith('items.jsonl: no item has genres, directors, stars or writers')


# ---------------------------------------------------------------- splits


@pytest.mark.parametrize(
    'options, message',
    [
        ({'valid': 0.0}, '--valid 0.0: is not a share between 0 and 1'),
        ({'test': 1.0}, '--test 1.0: is not a share between 0 and 1'),
        (
            {'valid': 0.5, 'test': 0.5},
            'talks.jsonl: 3 conversations leave none for training with --valid 0.5 and --test 0.5',
        ),
        ({'split': 'time'}, "talks.jsonl, line 1: has no 'time', which --split time needs"),
    ],
)
def test_shares_and_times_that_cannot_be_used_are_refused(options, message, inputs):
    assert complaint(inputs, **options).startswith(message)


def test_a_split_without_a_recommended_item_is_refused(inputs):
    talk = [conversation(i, time=f'2024-01-0{i + 1}') for i in range(4)]
    for useless in (
        [turn('recommender', 'Good.', items=['m1'])],  # its only turn has no context
        [turn('recommender', 'Hi'), turn('recommender', 'Good.', items=['m1']), turn('seeker', 'Ok')],
        [turn('seeker', 'Hi'), turn('recommender', 'Good.')],
        [turn('recommender', 'Hi'), turn('seeker', 'Alien', items=['m1'])],
    ):
        inputs.write_conversations([*talk[:3], {**talk[3], 'turns': useless}])
        assert complaint(inputs, split='time').startswith(
            'talks.jsonl: in the test split (conversations: 1) no turn of a recommender after the first turn names'
        )
        inputs.write_conversations([{**talk[i], 'turns': useless} for i in range(4)])
        assert complaint(inputs).startswith('talks.jsonl: no turn of a recommender after the first turn names an item')
