"""The datasets: samples, side data, the data folder, the cache, and errors in the data."""

import importlib
import json
import os
import re
import stat
from pathlib import Path

import pytest

import tiny
from crslab_causal.base.errors import UserError
from tiny import ALIEN, BIG, COMEDY, COSMOS, GODFATHER, HANKS, HEAT, ITEMS, PACINO, SCIFI, SCOTT, STAR_WARS

CRSLAB_KEYS = {'role', 'context_tokens', 'response', 'context_entities', 'context_words', 'context_items', 'items'}
ADDED_KEYS = {
    'conv_id',
    'turn',
    'context_mentions',
    'context_mention_roles',
    'context_text',
    'context_liked',
    'context_disliked',
    'response_text',
    'has_text',
}
CRSLAB_MODULES = {'ReDial': 'redial', 'OpenDialKG': 'opendialkg', 'Inspired': 'inspired'}
SPLITS = ('train_data', 'valid_data', 'test_data')


def crslab_dataset(name, root, monkeypatch):
    """Return CRSLab's own dataset of the same files."""
    import crslab_causal.crslab_compat  # noqa: F401  makes CRSLab importable

    module = importlib.import_module(f'crslab.data.dataset.{CRSLAB_MODULES[name]}.{CRSLAB_MODULES[name]}')
    monkeypatch.setattr(module, 'DATASET_PATH', str(root))
    return getattr(module, f'{name}Dataset')({}, 'nltk')


def edges(dataset):
    """Return the graph as the set of each relation's edges, because relation ids are arbitrary."""
    by_relation = {}
    for head, tail, relation in dataset.side_data['entity_kg']['edge']:
        by_relation.setdefault(relation, set()).add((head, tail))
    return {frozenset(pairs) for pairs in by_relation.values()}


def assert_equals_crslab(ours, reference):
    for split in SPLITS:
        our_part, reference_part = getattr(ours, split), getattr(reference, split)
        assert len(our_part) == len(reference_part) > 0
        for a, b in zip(our_part, reference_part):
            assert set(a) == CRSLAB_KEYS | ADDED_KEYS
            assert {key: a[key] for key in CRSLAB_KEYS} == b
    assert {key: value for key, value in ours.vocab.items() if key != 'item_entity_ids'} == reference.vocab
    assert ours.side_data['item_entity_ids'] == reference.side_data['item_entity_ids']
    assert ours.side_data['word_kg'].keys() == reference.side_data['word_kg'].keys()
    assert set(ours.side_data['word_kg']['edge']) == set(reference.side_data['word_kg']['edge'])


def assert_equal_graphs(ours, reference):
    our_part, reference_part = ours.side_data['entity_kg'], reference.side_data['entity_kg']
    assert edges(ours) == edges(reference)
    assert len(our_part['edge']) == len(reference_part['edge']) > 0
    assert our_part['n_relation'] == reference_part['n_relation']
    assert sorted(our_part['entity']) == sorted(reference_part['entity'])


# ---------------------------------------------------------------- samples


def test_samples_equal_crslabs_and_have_more_keys(corpus, monkeypatch):
    name, root = corpus
    assert_equals_crslab(tiny.load(name, root), crslab_dataset(name, root, monkeypatch))


def test_mentions_are_in_the_order_of_the_text(corpus):
    samples = [s for s in tiny.load(*corpus).train_data if s['conv_id'] == 't0']
    seeker = [ALIEN, COMEDY, HANKS, HEAT, PACINO, ALIEN]
    assert [s['context_mentions'] for s in samples] == [seeker, [*seeker, BIG], [*seeker, BIG, BIG]]
    # CRSLab puts entities before items and keeps the first mention of each
    assert samples[0]['context_entities'] == [HANKS, COMEDY, PACINO, ALIEN, HEAT]
    assert samples[2]['items'] == [STAR_WARS, STAR_WARS]


def test_samples_have_their_conversation_and_turn(corpus):
    dataset = tiny.load(*corpus)
    known = [(s['conv_id'], s['turn'], s['role']) for s in dataset.train_data]
    # turns are counted after merging; conversations of one turn or no turn have no sample
    assert known == [
        ('t0', 1, 'Recommender'),
        ('t0', 2, 'Seeker'),
        ('t0', 3, 'Recommender'),
        ('t1', 1, 'Seeker'),
        ('t1', 2, 'Recommender'),
        ('t1', 3, 'Seeker'),
        ('t1', 4, 'Recommender'),
        ('t4', 1, 'Recommender'),
        ('t5', 1, 'Recommender'),
    ]
    # the first conversation of this split has no conv_id, so its number is used
    assert [s['conv_id'] for s in dataset.valid_data] == ['0', '0', '0', 'v1']


def test_the_context_text_is_unchanged_and_separated_by_turns(corpus):
    last = [s for s in tiny.load(*corpus).train_data if s['conv_id'] == 't0'][-1]
    assert last['context_text'] == [
        ('Seeker', 'Hi , I love @101 and comedies with Tom Hanks Also @102 with Pacino , and @101 again'),
        ('Recommender', 'Have you seen @199 or @104 ?'),
        ('Seeker', 'Yes , @104 was fun'),
    ]
    assert last['response_text'] == 'Then watch @105 . @105 is great It is science fiction'


def test_side_data_have_the_names_of_relations_and_the_items_of_tokens(corpus):
    name, _ = corpus
    side_data = tiny.load(*corpus).side_data
    relations = {relation for _, _, relation in side_data['entity_kg']['edge']}
    assert set(side_data['relation_names']) <= relations
    # ReDial's file has numbers instead of names, and none of those in the tiny corpus has a known name
    assert set(side_data['relation_names'].values()) == (
        set() if name == 'ReDial' else {'genre', 'director', 'starring', 'SELF_LOOP'}
    )
    assert side_data['item_of_token'] == tiny.TOKENS


def test_samples_have_likes_and_dislikes_where_the_data_have_them(corpus):
    samples = tiny.load(*corpus).train_data
    t1 = [s for s in samples if s['conv_id'] == 't1']
    assert [s['context_liked'] for s in t1] == [[], [GODFATHER], [GODFATHER], [GODFATHER]]
    assert [s['context_disliked'] for s in t1] == [[], [HEAT], [HEAT], [HEAT]]
    assert not any(s['context_liked'] or s['context_disliked'] for s in samples if s['conv_id'] != 't1')


def test_samples_do_not_depend_on_later_turns(corpus):
    name, root = corpus
    before = tiny.load(name, root).test_data
    path = next(root.glob('*/nltk')) / 'test_data.json'
    conversations = json.loads(path.read_text('utf-8'))
    conversations[0]['dialog'] = conversations[0]['dialog'][:2]
    path.write_text(json.dumps(conversations), 'utf-8')
    after = tiny.load(name, root).test_data
    assert [s for s in before if (s['conv_id'], s['turn']) == ('e0', 1)] == after[:1]
    assert len(after) < len(before)


def test_side_data_have_mentioned_entities_and_item_names(corpus):
    side_data = tiny.load(*corpus).side_data
    assert side_data['mentioned_entity_ids'] == sorted(
        {ALIEN, COMEDY, HANKS, HEAT, PACINO, BIG, GODFATHER, STAR_WARS, SCOTT}
    )
    assert SCIFI not in side_data['mentioned_entity_ids']  # mentioned only in the last turn
    assert side_data['item_entity_ids'] == list(ITEMS)
    assert side_data['item_names'] == ['Alien', 'Heat', 'Big', 'Star Wars', 'The Godfather']


# ---------------------------------------------------------------- knowledge graph


@pytest.mark.parametrize('name, filler', [('ReDial', 1000), ('OpenDialKG', 20001), ('Inspired', 3)])
def test_the_graph_equals_crslabs_at_crslabs_threshold(name, filler, tmp_path, monkeypatch):
    tiny.WRITERS[name](tmp_path, filler=filler)
    ours, reference = tiny.load(name, tmp_path, kg_edge_threshold=None), crslab_dataset(name, tmp_path, monkeypatch)
    assert_equal_graphs(ours, reference)
    # the threshold drops other relations in each dataset
    assert ours.side_data['entity_kg']['n_relation'] == (4 if name == 'Inspired' else 2)


def test_relations_with_more_edges_than_the_threshold_are_kept(redial):
    def relations(threshold):
        return {len(pairs) for pairs in edges(tiny.load('ReDial', redial, kg_edge_threshold=threshold))}

    loops, genre, starring, director = 10, 6, 6, 2  # both directions
    assert relations(0) == {loops, genre, starring, director}
    assert len(edges(tiny.load('ReDial', redial, kg_edge_threshold=1))) == 4
    assert relations(director) == {loops, genre, starring}
    assert tiny.load('ReDial', redial, kg_edge_threshold=director).side_data['entity_kg']['n_relation'] == 3


def test_relation_ids_are_consecutive_from_0(corpus):
    graph = tiny.load(*corpus).side_data['entity_kg']
    assert {r for _, _, r in graph['edge']} == set(range(graph['n_relation']))
    assert tiny.uri(COSMOS) not in graph['entity'] and tiny.plain(COSMOS) not in graph['entity']


@pytest.mark.parametrize('threshold', [None, 6])
def test_a_threshold_above_all_relations_is_an_error(threshold, redial):
    with pytest.raises(UserError, match=r'dbpedia_subkg\.json.*lower kg_edge_threshold'):
        tiny.load('ReDial', redial, kg_edge_threshold=threshold)


# ---------------------------------------------------------------- the data folder


def test_the_data_folder_is_not_changed(corpus, tmp_path, crslab_directories):
    from crslab_causal.crslab_compat import use_directories

    name, root = corpus
    before = tiny.snapshot(root)
    folders = [root, *(path for path in root.rglob('*') if path.is_dir())]
    for folder in folders:
        folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        use_directories(str(root), str(tmp_path / 'save'))
        tiny.load(name, root, save=True)
        tiny.load(name, root, restore=True)
        assert tiny.snapshot(root) == before
    finally:
        for folder in folders:
            folder.chmod(stat.S_IRWXU)


@pytest.mark.parametrize('marker', ['1999-01-01\n0.1', '', None])
def test_data_of_another_version_are_read_and_not_replaced(marker, corpus):
    name, root = corpus
    built = next(root.glob('*/nltk')) / '.built'
    built.unlink() if marker is None else built.write_text(marker)
    before = tiny.snapshot(root)
    assert tiny.load(name, root).train_data
    assert tiny.snapshot(root) == before


def open_files(folder):
    """Return the files below a folder that this process has open."""
    descriptors = Path('/proc/self/fd').iterdir()
    return [path for d in descriptors if (path := os.path.realpath(d)).startswith(os.path.realpath(folder))]


@pytest.mark.skipif(not Path('/proc/self/fd').is_dir(), reason='needs /proc to see open files')
@pytest.mark.parametrize('damaged', [False, True])
def test_all_files_are_closed(damaged, corpus):
    name, root = corpus
    with next(root.rglob('train_data.json')).open():
        assert len(open_files(root)) == 1
    if not damaged:
        dataset = tiny.load(name, root)
    else:
        next(path for path in root.rglob('*_ids.json')).write_text('[-1]')
        with pytest.raises(UserError) as dataset:
            tiny.load(name, root)
    assert dataset and not open_files(root)


def test_the_error_for_a_damaged_file_names_it_and_the_remedy(redial, tmp_path):
    path = redial / 'redial' / 'nltk' / 'valid_data.json'
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(UserError, match=r'valid_data\.json: not valid JSON .*; restore the original files'):
        tiny.load('ReDial', redial)
    tiny.load('CausalDemo', tmp_path, demo_train=20)
    path = tmp_path / 'causal_demo' / 'nltk' / 'valid_data.json'
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(UserError, match='not valid JSON .*; remove its folder, and the corpus is written again'):
        tiny.load('CausalDemo', tmp_path, demo_train=20)


# ---------------------------------------------------------------- --save_data, --restore_data


@pytest.fixture
def saving(tmp_path, crslab_directories):
    from crslab_causal.crslab_compat import use_directories

    use_directories(str(tmp_path / 'data'), str(tmp_path / 'save'))
    return tmp_path / 'save'


def test_restored_data_equal_the_saved_data(corpus, saving):
    name, root = corpus
    saved = tiny.load(name, root, save=True)
    assert [p for p in saving.rglob('*') if p.is_file()]
    restored = tiny.load(name, root, restore=True)
    for split in SPLITS:
        assert getattr(restored, split) == getattr(saved, split)
    assert restored.side_data == saved.side_data
    assert restored.vocab == saved.vocab


def test_restoring_without_saved_data_is_an_error(redial, saving):
    with pytest.raises(UserError, match='run once with --save-data'):
        tiny.load('ReDial', redial, restore=True)


def test_restoring_data_saved_from_other_files_is_an_error(redial, saving, tmp_path):
    tiny.load('ReDial', redial, save=True)
    changed = redial / 'redial' / 'nltk' / 'test_data.json'
    os.utime(changed, (0, 0))
    with pytest.raises(UserError, match='made from other data or settings'):
        tiny.load('ReDial', redial, restore=True)

    tiny.write_redial(tmp_path / 'elsewhere')
    with pytest.raises(UserError, match='made from other data or settings'):
        tiny.load('ReDial', tmp_path / 'elsewhere', restore=True)


def test_restoring_data_saved_with_another_threshold_is_an_error(redial, saving):
    tiny.load('ReDial', redial, save=True)
    with pytest.raises(UserError, match='made from other data or settings'):
        tiny.load('ReDial', redial, restore=True, kg_edge_threshold=1)


# ---------------------------------------------------------------- errors in the data


def broken(root, file, change):
    path = next(root.glob('*/nltk')) / file
    content = json.loads(path.read_text('utf-8'))
    change(content)
    path.write_text(json.dumps(content), 'utf-8')


@pytest.mark.parametrize('key', ['role', 'text', 'entity', 'word'])
def test_the_error_for_a_missing_key_names_the_utterance(key, corpus):
    name, root = corpus
    broken(root, 'train_data.json', lambda c: c[0]['dialog'][2].pop(key))
    with pytest.raises(UserError, match=rf'train_data\.json: conversation t0, utterance 2: lacks {key}$'):
        tiny.load(name, root)


def test_the_error_for_an_unknown_role_names_the_utterance(corpus):
    name, root = corpus
    broken(root, 'valid_data.json', lambda c: c[1]['dialog'][0].update(role='user'))
    with pytest.raises(UserError, match=r"valid_data\.json: conversation v1, utterance 0: role is 'user'"):
        tiny.load(name, root)


@pytest.mark.parametrize('content', [{}, [1], [{'conv_id': '0'}], [{'dialog': {}}]])
def test_the_error_for_other_content_than_conversations_names_the_file(content, corpus):
    name, root = corpus
    (next(root.glob('*/nltk')) / 'test_data.json').write_text(json.dumps(content))
    with pytest.raises(UserError, match=r'test_data\.json: '):
        tiny.load(name, root)


@pytest.mark.parametrize(
    'file', ['train_data.json', 'valid_data.json', 'test_data.json', 'token2id.json', 'entity2id.json']
)
def test_the_error_for_invalid_json_names_the_file(file, corpus):
    name, root = corpus
    path = next(root.glob('*/nltk')) / file
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(UserError, match=rf'{file}: not valid JSON'):
        tiny.load(name, root)


def test_the_error_for_an_item_that_is_not_an_entity_names_it(corpus):
    name, root = corpus
    file = 'item_ids.json' if name == 'OpenDialKG' else 'movie_ids.json'
    broken(root, file, lambda items: items.append(999))
    with pytest.raises(UserError, match=rf'{file}: item 999 is not an id of entity2id\.json'):
        tiny.load(name, root)


def test_the_error_for_an_edge_to_an_unknown_entity_names_it(redial):
    broken(redial, 'dbpedia_subkg.json', lambda graph: graph[str(ALIEN)].append([0, 999]))
    with pytest.raises(UserError, match=r'dbpedia_subkg\.json: the edge 1 - 999'):
        tiny.load('ReDial', redial)


def test_the_error_for_an_unknown_entity_in_inspireds_graph_names_the_line(tmp_path):
    folder = tiny.write_inspired(tmp_path)
    with open(folder / 'dbpedia_subkg.txt', 'a') as file:
        file.write('Alien\tgenre\tNobody\n')
    with pytest.raises(UserError, match=rf'dbpedia_subkg\.txt, line {len(tiny.TRIPLES) + 1}: '):
        tiny.load('Inspired', tmp_path)


# ---------------------------------------------------------------- the real data


@pytest.mark.parametrize('name, pairs', [('ReDial', (24466, 3010, 1484)), ('OpenDialKG', (4455, 885, 864))])
def test_samples_and_graph_of_the_real_data_equal_crslabs(name, pairs, load_real, real_data, monkeypatch):
    ours = load_real(name)
    reference = crslab_dataset(name, real_data, monkeypatch)
    assert_equals_crslab(ours, reference)
    assert_equal_graphs(ours, reference)
    counted = tuple(
        sum(len(s['items']) for s in getattr(ours, split) if s['role'] == 'Recommender') for split in SPLITS
    )
    assert counted == pairs


# ---------------------------------------------------------------- what CRSLab ignores in silence


def logged(load):
    from loguru import logger

    lines = []
    sink = logger.add(lines.append, format='{message}', level='WARNING')
    try:
        load()
    finally:
        logger.remove(sink)
    return [line.strip() for line in lines]


def rename(path, change):
    path.write_text(json.dumps(change(json.loads(path.read_text('utf-8')))), 'utf-8')


def test_names_without_an_id_are_counted_by_split_with_an_example(redial):
    def unknown_film(conversations):
        conversations[0]['dialog'][0]['movies'].append('Nowhere_(film)')
        return conversations

    rename(redial / 'redial' / 'nltk' / 'test_data.json', unknown_film)
    (line,) = logged(lambda: tiny.load('ReDial', redial))
    assert re.search(
        r"1 of \d+ mentions of items in test_data.json are not in entity2id.json, for example 'Nowhere_", line
    )


def test_a_split_whose_items_are_mostly_unknown_is_refused(redial):
    def without_brackets(conversations):
        for conversation in conversations:
            for utterance in conversation['dialog']:
                utterance['movies'] = [name.strip('<>') for name in utterance['movies']]
        return conversations

    rename(redial / 'redial' / 'nltk' / 'valid_data.json', without_brackets)
    with pytest.raises(UserError, match='mentions of items in valid_data.json are not in entity2id.json.*versions'):
        tiny.load('ReDial', redial)


def test_a_complete_corpus_gives_no_warning(corpus):
    name, root = corpus
    assert logged(lambda: tiny.load(name, root)) == []


def test_a_byte_order_mark_and_blank_lines_change_nothing(corpus):
    name, root = corpus
    before = tiny.load(name, root)
    for path in (root / before.entry.folder / 'nltk').glob('*.txt'):
        path.write_bytes(b'\xef\xbb\xbf' + path.read_bytes() + b'\n  \n\n')
    after = tiny.load(name, root)
    assert after.side_data['entity_kg'] == before.side_data['entity_kg']
    assert after.side_data['word_kg'] == before.side_data['word_kg']


def test_a_graph_without_an_edge_is_named(redial):
    rename(redial / 'redial' / 'nltk' / 'dbpedia_subkg.json', lambda graph: {head: [] for head in graph})
    with pytest.raises(UserError, match='no edge between two entities'):
        tiny.load('ReDial', redial)
