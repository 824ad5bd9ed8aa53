"""Whatever valid conversations are prepared, CRSLab's own class reads the same roles, items, entities and texts."""

from __future__ import annotations

import importlib
import json
import tempfile
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loguru import logger
from own_inputs import Inputs

import tiny

ROLES = {'Seeker': ('seeker', 'Seeker', 'USER'), 'Recommender': ('recommender', 'Recommender', 'assistant')}
CHARACTERS = st.characters(exclude_categories=['Cs'])
TEXTS = st.one_of(
    st.text(CHARACTERS, min_size=1, max_size=40).filter(str.strip),
    st.sampled_from(['I like "Alien", Mr. X.', "Don't!", '\ufeff', 'a\u2028b\r\nc', '<unk> @123', '. . .', '__x__']),
)
NAMES = st.one_of(
    st.text(CHARACTERS, min_size=1, max_size=12).filter(str.strip),
    st.sampled_from(['Horror', 'It (2017)', '<x>', 'A_B', '100%', 'Paris (Texas)', '1995', '\t a \t b', "L'été"]),
)


@st.composite
def catalogues(draw) -> list[dict]:
    """Items with ids that are no titles, so that every one can be named by its id."""
    titles = draw(st.lists(NAMES, min_size=1, max_size=5))
    years = st.one_of(st.none(), st.integers(1, 2049))
    return [
        {
            'id': f'\u241fid{i}',
            'title': title,
            'year': draw(years),
            'genres': draw(st.lists(NAMES, min_size=1, max_size=3)),
        }
        for i, title in enumerate(titles)
    ]


@st.composite
def dialogs(draw, items: list[str], values: list[str]) -> list[dict]:
    """Turns of which one is a recommender's, with an item, after one of the seeker."""
    items_of_turn, entities = (st.lists(st.sampled_from(choice), max_size=3) for choice in (items, values))

    def turn(role: str, named) -> dict:
        return {
            'role': draw(st.sampled_from(ROLES[role])),
            'text': draw(TEXTS),
            'items': draw(named),
            'entities': draw(entities),
        }

    roles = draw(st.lists(st.sampled_from(sorted(ROLES)), max_size=5))
    return [
        *(turn(role, items_of_turn) for role in roles),
        turn('Seeker', items_of_turn),
        turn('Recommender', st.lists(st.sampled_from(items), min_size=1, max_size=3)),
    ]


@st.composite
def corpora(draw) -> tuple[list[dict], list[list[dict]]]:
    items = draw(catalogues())
    values = sorted({genre for item in items for genre in item['genres']})
    ids = [item['id'] for item in items]
    return items, draw(st.lists(dialogs(ids, values), min_size=3, max_size=6))


@pytest.fixture(scope='module')
def read_by_crslab():
    """CRSLab's own class for INSPIRED, which knows nothing of this package, on a folder."""
    import crslab_causal.crslab_compat  # noqa: F401  makes CRSLab importable

    module = importlib.import_module('crslab.data.dataset.inspired.inspired')

    def read(folder: Path):
        link = folder / 'inspired'  # the folder that CRSLab's class reads
        if not link.exists():
            link.symlink_to('own', target_is_directory=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, 'DATASET_PATH', str(folder))
            return module.InspiredDataset({}, 'nltk')

    logger.disable('crslab')
    yield read
    logger.enable('crslab')


def written(text: str) -> str:
    """A text without white space, without what NLTK makes of quotation marks, and without the _ of special tokens."""
    return ''.join(c for c in text if not c.isspace() and c not in '_"\'`«»“”‘’„')


def words_of(name: str) -> str:
    return ' '.join(name.split()).casefold()


def merged(turns: list[dict]) -> list[tuple[str, list[dict]]]:
    """Turns of one side after the other, as CRSLab merges them."""
    return [
        (role, list(group))
        for role, group in groupby(
            turns, key=lambda t: next(role for role, spellings in ROLES.items() if t['role'] in spellings)
        )
    ]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(corpora(), st.sampled_from([(0.2, 0.2), (0.34, 0.1), (0.01, 0.3)]), st.integers(0, 3))
def test_crslab_reads_what_the_user_wrote(read_by_crslab, corpus, shares, seed):
    items, talks = corpus
    with tempfile.TemporaryDirectory() as folder:
        inputs = Inputs(Path(folder))
        inputs.write_items(items)
        inputs.write_conversations([{'id': i, 'turns': turns} for i, turns in enumerate(talks)])
        inputs.prepare(valid=shares[0], test=shares[1], seed=seed)
        own = tiny.load('Own', Path(folder) / 'to')
        crslab_dataset = read_by_crslab(Path(folder) / 'to')
        user_id = {int(entity): title['id'] for entity, title in inputs.read('movie_titles.json').items()}

    vocab, seen = crslab_dataset.vocab, []
    for split in ('train_data', 'valid_data', 'test_data'):
        samples, ours = getattr(crslab_dataset, split), getattr(own, split)
        assert samples and len(samples) == len(ours)
        for sample, mine in zip(samples, ours):
            turns = merged(talks[int(mine['conv_id'])])
            role, said = turns[mine['turn']]
            before = [turn for _, group in turns[: mine['turn']] for turn in group]
            seen.append((mine['conv_id'], mine['turn']))
            assert sample['role'] == role
            assert [user_id[i] for i in sample['items']] == [i for turn in said for i in turn['items']]
            assert [user_id[i] for i in sample['context_items']] == [i for turn in before for i in turn['items']]
            spoken = ''.join(vocab['ind2tok'][t] for t in sample['response'])
            assert written(spoken) == written(''.join(turn['text'] for turn in said))
            assert [written(''.join(vocab['ind2tok'][t] for t in tokens)) for tokens in sample['context_tokens']] == [
                written(''.join(turn['text'] for turn in group)) for _, group in turns[: mine['turn']]
            ]
            given = {words_of(name) for turn in before for name in turn['entities']}
            found = {words_of(vocab['id2entity'][i]) for i in sample['context_entities'] if i not in user_id}
            assert {name.removesuffix(' (genre)') for name in found} == {
                name.removesuffix(' (genre)') for name in given
            }
    assert sorted(seen) == sorted(
        (str(i), turn) for i, turns in enumerate(talks) for turn in range(1, len(merged(turns)))
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(corpora())
def test_crslab_reads_the_edges_that_the_items_give(read_by_crslab, corpus):
    items, talks = corpus
    with tempfile.TemporaryDirectory() as folder:
        inputs = Inputs(Path(folder))
        inputs.write_items(items)
        inputs.write_conversations([{'turns': turns} for turns in talks])
        inputs.prepare()
        crslab_dataset = read_by_crslab(Path(folder) / 'to')
        titles = inputs.read('movie_titles.json')
    expected = {(item['id'], words_of(genre)) for item in items for genre in item['genres']}
    user_id = {int(entity): title['id'] for entity, title in titles.items()}
    assert sorted(user_id) == sorted(crslab_dataset.side_data['item_entity_ids'])
    names = crslab_dataset.vocab['id2entity']
    edges = {
        (user_id[head], words_of(names[tail]))
        for head, tail, _ in crslab_dataset.side_data['entity_kg']['edge']
        if head in user_id and tail not in user_id
    }
    collided = {words_of(item) for item in (names[i] for i in user_id)}
    assert {(item, f'{genre} (genre)' if genre in collided else genre) for item, genre in expected} == edges
    assert all(i != 0 for i in names)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(corpora())
def test_names_found_in_the_text_are_vertices(corpus):
    items, talks = corpus
    for turns in talks:
        for turn in turns[:-1]:
            del turn['items'], turn['entities']
            turn['text'] += f' {items[0]["title"]} ({items[0]["year"]}) {items[0]["genres"][0]}'
    with tempfile.TemporaryDirectory() as folder:
        inputs = Inputs(Path(folder))
        inputs.write_items(items)
        inputs.write_conversations([{'turns': turns} for turns in talks])
        inputs.prepare()
        ids, item_ids = inputs.read('entity2id.json'), set(inputs.read('movie_ids.json'))
        utterances = [
            u for split in ('train', 'valid', 'test') for c in inputs.read(f'{split}_data.json') for u in c['dialog']
        ]
        assert tiny.load('Own', Path(folder) / 'to').train_data
    assert all(ids[name] in item_ids for u in utterances for name in u['movies'])
    assert all(ids[name] not in item_ids for u in utterances for name in u['entity'])


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(['conversations', 'items', 'graph']))
def test_any_bytes_give_a_dataset_or_one_line(content, which):
    from crslab_causal.base.errors import UserError

    with tempfile.TemporaryDirectory() as folder:
        inputs = Inputs(Path(folder))
        inputs.write_graph('m1\tgenre\tHorror\n')
        getattr(inputs, which).write_bytes(content)
        try:
            inputs.prepare()
        except UserError as error:
            assert '\n' not in str(error) and str(getattr(inputs, which)) in str(error)
            assert not (Path(folder) / 'to').exists()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ['id', 'time', 'turns', 'role', 'text', 'items', 'entities', 'liked', 'title', 'year', 'genres']
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(['id', 'time', 'turns', 'title', 'year', 'genres', 'plot']), JSON), st.booleans()
)
def test_any_json_gives_a_dataset_or_one_line(row, is_item):
    from crslab_causal.base.errors import UserError

    with tempfile.TemporaryDirectory() as folder:
        inputs = Inputs(Path(folder))
        path = inputs.items if is_item else inputs.conversations
        with path.open('a', encoding='utf-8') as file:
            file.write(json.dumps(row) + '\n')
        try:
            inputs.prepare()
        except UserError as error:
            assert len(str(error).splitlines()) == 1 and str(path) in str(error)
            assert not (Path(folder) / 'to').exists()
