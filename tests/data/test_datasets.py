"""The datasets: CRSLab's samples and more, read without changing anything."""

import importlib
import json
import os
import stat
from pathlib import Path

import pytest

import tiny
from tiny import ALIEN, BIG, COMEDY, COSMOS, GODFATHER, HANKS, HEAT, ITEMS, PACINO, SCIFI, SCOTT, STAR_WARS

from crslab_causal.base.errors import UserError

HOST_KEYS = {'role', 'context_tokens', 'response', 'context_entities', 'context_words', 'context_items', 'items'}
OUR_KEYS = {'conv_id', 'turn', 'context_mentions', 'context_text', 'context_liked', 'context_disliked',
            'response_text', 'has_text'}
CRSLAB_MODULES = {'ReDial': 'redial', 'OpenDialKG': 'opendialkg', 'Inspired': 'inspired'}
SPLITS = ('train_data', 'valid_data', 'test_data')


def hosts(name, root, monkeypatch):
    """CRSLab's own class, on the same files."""
    import crslab_causal.crslab_compat  # noqa: F401  makes CRSLab importable

    module = importlib.import_module(f'crslab.data.dataset.{CRSLAB_MODULES[name]}.{CRSLAB_MODULES[name]}')
    monkeypatch.setattr(module, 'DATASET_PATH', str(root))
    return getattr(module, f'{name}Dataset')({}, 'nltk')


def edges(dataset):
    """The graph, with relations named by what they hold: their numbers are arbitrary."""
    by_relation = {}
    for head, tail, relation in dataset.side_data['entity_kg']['edge']:
        by_relation.setdefault(relation, set()).add((head, tail))
    return {frozenset(pairs) for pairs in by_relation.values()}


def assert_equal_to_the_hosts(own, host):
    for split in SPLITS:
        mine, theirs = getattr(own, split), getattr(host, split)
        assert len(mine) == len(theirs) > 0
        for a, b in zip(mine, theirs):
            assert set(a) == HOST_KEYS | OUR_KEYS
            assert {key: a[key] for key in HOST_KEYS} == b
    assert {key: value for key, value in own.vocab.items() if key != 'item_entity_ids'} == host.vocab
    assert own.side_data['item_entity_ids'] == host.side_data['item_entity_ids']
    assert own.side_data['word_kg'].keys() == host.side_data['word_kg'].keys()
    assert set(own.side_data['word_kg']['edge']) == set(host.side_data['word_kg']['edge'])


def assert_equal_graphs(own, host):
    mine, theirs = own.side_data['entity_kg'], host.side_data['entity_kg']
    assert edges(own) == edges(host)
    assert len(mine['edge']) == len(theirs['edge']) > 0
    assert mine['n_relation'] == theirs['n_relation']
    assert sorted(mine['entity']) == sorted(theirs['entity'])


# ---------------------------------------------------------------- samples

def test_samples_are_the_hosts_and_more(corpus, monkeypatch):
    name, root = corpus
    assert_equal_to_the_hosts(tiny.load(name, root), hosts(name, root, monkeypatch))


def test_mentions_are_in_the_order_of_the_text(corpus):
    samples = [s for s in tiny.load(*corpus).train_data if s['conv_id'] == 't0']
    seeker = [ALIEN, COMEDY, HANKS, HEAT, PACINO, ALIEN]
    assert [s['context_mentions'] for s in samples] == [seeker, [*seeker, BIG], [*seeker, BIG, BIG]]
    # CRSLab: entities before items, and each where it came first
    assert samples[0]['context_entities'] == [HANKS, COMEDY, PACINO, ALIEN, HEAT]
    assert samples[2]['items'] == [STAR_WARS, STAR_WARS]


def test_a_sample_knows_its_conversation_and_turn(corpus):
    dataset = tiny.load(*corpus)
    known = [(s['conv_id'], s['turn'], s['role']) for s in dataset.train_data]
    # turns are counted after merging; conversations of one turn or none have no sample
    assert known == [('t0', 1, 'Recommender'), ('t0', 2, 'Seeker'), ('t0', 3, 'Recommender'), ('t1', 1, 'Seeker'),
                     ('t1', 2, 'Recommender'), ('t1', 3, 'Seeker'), ('t1', 4, 'Recommender'),
                     ('t4', 1, 'Recommender'), ('t5', 1, 'Recommender')]
    # the first conversation of this split has no conv_id: its number stands in
    assert [s['conv_id'] for s in dataset.valid_data] == ['0', '0', '0', 'v1']


def test_the_text_of_a_context_is_as_written_one_turn_after_the_other(corpus):
    last = [s for s in tiny.load(*corpus).train_data if s['conv_id'] == 't0'][-1]
    assert last['context_text'] == [
        ('Seeker', 'Hi , I love @101 and comedies with Tom Hanks Also @102 with Pacino , and @101 again'),
        ('Recommender', 'Have you seen @199 or @104 ?'),
        ('Seeker', 'Yes , @104 was fun')]
    assert last['response_text'] == 'Then watch @105 . @105 is great It is science fiction'


def test_side_data_say_what_relations_and_tokens_stand_for(corpus):
    name, _ = corpus
    side_data = tiny.load(*corpus).side_data
    relations = {relation for _, _, relation in side_data['entity_kg']['edge']}
    assert set(side_data['relation_names']) <= relations
    if name == 'OpenDialKG':
        assert {'genre', 'director', 'starring'} <= set(side_data['relation_names'].values())
    assert {token: item for token, item in side_data['item_of_token'].items() if token in tiny.TOKENS} \
        == {token: tiny.TOKENS[token] for token in side_data['item_of_token'] if token in tiny.TOKENS}


def test_likes_are_carried_where_the_data_has_them(corpus):
    samples = tiny.load(*corpus).train_data
    t1 = [s for s in samples if s['conv_id'] == 't1']
    assert [s['context_liked'] for s in t1] == [[], [GODFATHER], [GODFATHER], [GODFATHER]]
    assert [s['context_disliked'] for s in t1] == [[], [HEAT], [HEAT], [HEAT]]
    assert not any(s['context_liked'] or s['context_disliked'] for s in samples if s['conv_id'] != 't1')


def test_what_is_said_after_a_sample_does_not_reach_it(corpus):
    name, root = corpus
    before = tiny.load(name, root).test_data
    path = next(root.glob('*/nltk')) / 'test_data.json'
    conversations = json.loads(path.read_text('utf-8'))
    conversations[0]['dialog'] = conversations[0]['dialog'][:2]
    path.write_text(json.dumps(conversations), 'utf-8')
    after = tiny.load(name, root).test_data
    assert [s for s in before if (s['conv_id'], s['turn']) == ('e0', 1)] == after[:1]
    assert len(after) < len(before)


def test_mentioned_entities_and_item_names(corpus):
    side_data = tiny.load(*corpus).side_data
    assert side_data['mentioned_entity_ids'] == sorted(
        {ALIEN, COMEDY, HANKS, HEAT, PACINO, BIG, GODFATHER, STAR_WARS, SCOTT})
    assert SCIFI not in side_data['mentioned_entity_ids']  # named only after the last recommendation
    assert side_data['item_entity_ids'] == list(ITEMS)
    assert side_data['item_names'] == ['Alien', 'Heat', 'Big', 'Star Wars', 'The Godfather']


# ---------------------------------------------------------------- knowledge graph

@pytest.mark.parametrize('name, filler', [('ReDial', 1000), ('OpenDialKG', 20001), ('Inspired', 3)])
def test_the_graph_is_the_hosts_at_its_own_threshold(name, filler, tmp_path, monkeypatch):
    tiny.WRITERS[name](tmp_path, filler=filler)
    own, host = tiny.load(name, tmp_path, kg_edge_threshold=None), hosts(name, tmp_path, monkeypatch)
    assert_equal_graphs(own, host)
    # the graph at hand: what the threshold drops depends on the dataset
    assert own.side_data['entity_kg']['n_relation'] == (4 if name == 'Inspired' else 2)


def test_the_threshold_decides_which_relations_stay(redial):
    def relations(threshold):
        return {len(pairs) for pairs in edges(tiny.load('ReDial', redial, kg_edge_threshold=threshold))}

    loops, genre, starring, director = 10, 6, 6, 2  # both directions
    assert relations(0) == {loops, genre, starring, director}
    assert len(edges(tiny.load('ReDial', redial, kg_edge_threshold=1))) == 4
    assert relations(director) == {loops, genre, starring}
    assert tiny.load('ReDial', redial, kg_edge_threshold=director).side_data['entity_kg']['n_relation'] == 3


def test_every_relation_has_a_number_from_0(corpus):
    graph = tiny.load(*corpus).side_data['entity_kg']
    assert {r for _, _, r in graph['edge']} == set(range(graph['n_relation']))
    assert tiny.uri(COSMOS) not in graph['entity'] and tiny.plain(COSMOS) not in graph['entity']


@pytest.mark.parametrize('threshold', [None, 6])
def test_a_threshold_that_leaves_no_edge_is_refused(threshold, redial):
    with pytest.raises(UserError, match=r'dbpedia_subkg\.json.*lower kg_edge_threshold'):
        tiny.load('ReDial', redial, kg_edge_threshold=threshold)


# ---------------------------------------------------------------- the data folder

def test_nothing_in_the_data_folder_is_changed(corpus, tmp_path, crslab_directories):
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
def test_data_of_another_version_are_kept_and_read(marker, corpus):
    name, root = corpus
    built = next(root.glob('*/nltk')) / '.built'
    built.unlink() if marker is None else built.write_text(marker)
    before = tiny.snapshot(root)
    assert tiny.load(name, root).train_data
    assert tiny.snapshot(root) == before


def open_files(folder):
    """Those under a folder that this process holds open."""
    descriptors = Path('/proc/self/fd').iterdir()
    return [path for d in descriptors if (path := os.path.realpath(d)).startswith(os.path.realpath(folder))]


@pytest.mark.skipif(not Path('/proc/self/fd').is_dir(), reason='needs /proc to see open files')
@pytest.mark.parametrize('damaged', [False, True])
def test_no_file_stays_open(damaged, corpus):
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


def test_a_damaged_file_is_named_and_what_to_do(redial, tmp_path):
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


def test_processed_data_are_restored_as_they_were_saved(corpus, saving):
    name, root = corpus
    saved = tiny.load(name, root, save=True)
    assert [p for p in saving.rglob('*') if p.is_file()]
    restored = tiny.load(name, root, restore=True)
    for split in SPLITS:
        assert getattr(restored, split) == getattr(saved, split)
    assert restored.side_data == saved.side_data
    assert restored.vocab == saved.vocab


def test_restoring_without_a_saved_dataset_is_refused(redial, saving):
    with pytest.raises(UserError, match='run once with --save_data'):
        tiny.load('ReDial', redial, restore=True)


def test_a_dataset_saved_from_other_data_is_refused(redial, saving, tmp_path):
    tiny.load('ReDial', redial, save=True)
    changed = redial / 'redial' / 'nltk' / 'test_data.json'
    os.utime(changed, (0, 0))
    with pytest.raises(UserError, match='made from other data or settings'):
        tiny.load('ReDial', redial, restore=True)

    tiny.write_redial(tmp_path / 'elsewhere')
    with pytest.raises(UserError, match='made from other data or settings'):
        tiny.load('ReDial', tmp_path / 'elsewhere', restore=True)


def test_a_dataset_saved_with_another_threshold_is_refused(redial, saving):
    tiny.load('ReDial', redial, save=True)
    with pytest.raises(UserError, match='made from other data or settings'):
        tiny.load('ReDial', redial, restore=True, kg_edge_threshold=1)


# ---------------------------------------------------------------- mistakes in the data

def broken(root, file, change):
    path = next(root.glob('*/nltk')) / file
    content = json.loads(path.read_text('utf-8'))
    change(content)
    path.write_text(json.dumps(content), 'utf-8')


@pytest.mark.parametrize('key', ['role', 'text', 'entity', 'word'])
def test_an_utterance_that_lacks_a_key_is_named(key, corpus):
    name, root = corpus
    broken(root, 'train_data.json', lambda c: c[0]['dialog'][2].pop(key))
    with pytest.raises(UserError, match=rf'train_data\.json: conversation t0, utterance 2: lacks {key}$'):
        tiny.load(name, root)


def test_an_unknown_role_is_named(corpus):
    name, root = corpus
    broken(root, 'valid_data.json', lambda c: c[1]['dialog'][0].update(role='user'))
    with pytest.raises(UserError, match=r"valid_data\.json: conversation v1, utterance 0: role is 'user'"):
        tiny.load(name, root)


@pytest.mark.parametrize('content', [{}, [1], [{'conv_id': '0'}], [{'dialog': {}}]])
def test_a_file_that_holds_no_conversations_is_named(content, corpus):
    name, root = corpus
    (next(root.glob('*/nltk')) / 'test_data.json').write_text(json.dumps(content))
    with pytest.raises(UserError, match=r'test_data\.json: '):
        tiny.load(name, root)


@pytest.mark.parametrize('file', ['train_data.json', 'valid_data.json', 'test_data.json', 'token2id.json',
                                  'entity2id.json'])
def test_broken_json_is_named(file, corpus):
    name, root = corpus
    path = next(root.glob('*/nltk')) / file
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(UserError, match=rf'{file}: not valid JSON'):
        tiny.load(name, root)


def test_an_item_that_is_no_entity_is_named(corpus):
    name, root = corpus
    file = 'item_ids.json' if name == 'OpenDialKG' else 'movie_ids.json'
    broken(root, file, lambda items: items.append(999))
    with pytest.raises(UserError, match=rf'{file}: item 999 is not an id of entity2id\.json'):
        tiny.load(name, root)


def test_an_edge_to_an_id_out_of_range_is_named(redial):
    broken(redial, 'dbpedia_subkg.json', lambda graph: graph[str(ALIEN)].append([0, 999]))
    with pytest.raises(UserError, match=r'dbpedia_subkg\.json: the edge 1 - 999'):
        tiny.load('ReDial', redial)


def test_an_edge_of_inspired_that_names_no_entity_is_named(tmp_path):
    folder = tiny.write_inspired(tmp_path)
    with open(folder / 'dbpedia_subkg.txt', 'a') as file:
        file.write('Alien\tgenre\tNobody\n')
    with pytest.raises(UserError, match=rf'dbpedia_subkg\.txt, line {len(tiny.TRIPLES) + 1}: '):
        tiny.load('Inspired', tmp_path)


# ---------------------------------------------------------------- the real data

@pytest.mark.parametrize('name, pairs', [('ReDial', (24466, 3010, 1484)), ('OpenDialKG', (4455, 885, 864))])
def test_real_data_give_the_hosts_samples_and_graph(name, pairs, load_real, real_data, monkeypatch):
    own = load_real(name)
    host = hosts(name, real_data, monkeypatch)
    assert_equal_to_the_hosts(own, host)
    assert_equal_graphs(own, host)
    counted = tuple(sum(len(s['items']) for s in getattr(own, split) if s['role'] == 'Recommender')
                    for split in SPLITS)
    assert counted == pairs
