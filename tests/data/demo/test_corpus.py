import json
import re
from functools import partial
from pathlib import Path

import crslab.data.dataset.redial.redial as redial
import numpy as np
import pytest
from crslab.download import check_build

import crslab_causal.crslab_compat  # noqa: F401  makes CRSLab importable
from crslab_causal.data.demo import Catalogue, Mention, StructuralCausalModel, write_corpus
from crslab_causal.data.demo.corpus import FILES, SPLITS
from crslab_causal.data.demo.templates import CONTEXT_PHRASES, REASON_PHRASES, tokenize
from crslab_causal.data.demo.variables import CONTEXTS, FACTORS, REASONS
from demo_targets import p_target_do, p_target_observational

SIZES = {'n_train': 120, 'n_valid': 20, 'n_test': 30, 'n_interventional': 25}


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp('data')
    write_corpus(root / 'redial' / 'nltk', seed=1, **SIZES)
    return root


@pytest.fixture(scope='module')
def corpus(root) -> Path:
    return root / 'redial' / 'nltk'


def load(path: Path):
    return json.loads(path.read_text('utf-8'))


def conversations(corpus: Path):
    return [conversation for split in SPLITS for conversation in load(corpus / f'{split}_data.json')]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_equal_arguments_give_equal_bytes(corpus, tmp_path):
    write_corpus(tmp_path / 'same', seed=1, **SIZES)
    write_corpus(tmp_path / 'other', seed=2, **SIZES)
    assert contents(tmp_path / 'same') == contents(corpus)
    assert contents(tmp_path / 'same').keys() == FILES
    for split in SPLITS:
        assert load(tmp_path / 'other' / f'{split}_data.json') != load(corpus / f'{split}_data.json')


def test_splits_do_not_depend_on_the_size_of_others(corpus, tmp_path):
    write_corpus(tmp_path / 'more', seed=1, **{**SIZES, 'n_train': 130})
    assert load(tmp_path / 'more' / 'test_data.json') == load(corpus / 'test_data.json')
    assert load(tmp_path / 'more' / 'train_data.json')[:120] == load(corpus / 'train_data.json')


def test_conversations_tell_their_draw(corpus):
    entity2id, titles = load(corpus / 'entity2id.json'), load(corpus / 'movie_titles.json')
    token2id, concept2id = load(corpus / 'token2id.json'), load(corpus / 'concept2id.json')
    movie_ids = set(load(corpus / 'movie_ids.json'))
    for conversation in conversations(corpus):
        dialog, scm = conversation['dialog'], conversation['scm']
        mentioned, liked, disliked = [], [], []
        for i, utterance in enumerate(dialog):
            assert utterance['utt_id'] == i and utterance['role'] in ('Seeker', 'Recommender')
            assert set(utterance['text']) <= token2id.keys() and set(utterance['word']) <= concept2id.keys()
            tokens = [token for token in utterance['text'] if token.startswith('@')]
            assert all(re.fullmatch(r'@\d{5}', token) for token in tokens)
            assert tokens == [f'@{titles[str(entity2id[uri])]["redial_ids"][0]}' for uri in utterance['movies']]
            assert all(entity2id[uri] in movie_ids for uri in utterance['movies'])
            assert all(entity2id[uri] not in movie_ids for uri in utterance['entity'])
            if utterance['role'] == 'Seeker':
                mentioned += utterance['movies'] + utterance['entity']
                liked += utterance['liked']
                disliked += utterance['disliked']
        [target_turn] = [u for u in dialog if u['role'] == 'Recommender' and u['movies'] + u['entity']]
        assert target_turn['movies'] == [scm['target']] and not target_turn['entity']
        assert all(not u['movies'] + u['entity'] for u in dialog[target_turn['utt_id'] + 1 :])
        assert sorted(mentioned) == sorted(m['entity'] for m in scm['history'])
        assert liked == [m['entity'] for m in scm['history'] if m['liked']]
        assert disliked == [m['entity'] for m in scm['history'] if not m['liked']]
        films = [uri for u in dialog[: target_turn['utt_id']] for uri in u['movies']]
        assert films == [m['entity'] for m in scm['history'] if entity2id[m['entity']] in movie_ids]


def test_the_text_states_context_and_explanation(corpus):
    for conversation in conversations(corpus)[:60]:
        text = ' '.join(' '.join(u['text']) for u in conversation['dialog']).lower()
        stated = [CONTEXT_PHRASES[factor][value] for factor, value in conversation['scm']['context'].items()]
        for phrases in (*stated, REASON_PHRASES[conversation['scm']['explanation']]):
            assert any(' '.join(tokenize(phrase)).lower() in text for phrase in phrases)


def test_every_value_of_a_variable_has_phrases():
    assert {f: set(values) for f, values in CONTEXT_PHRASES.items()} == {f: set(v) for f, v in FACTORS.items()}
    assert REASON_PHRASES.keys() == REASONS.keys()
    assert tokenize("I didn't like @00007.") == ['I', 'did', "n't", 'like', '@00007', '.']


def test_ids_and_graphs_agree(corpus):
    entity2id, graph = load(corpus / 'entity2id.json'), load(corpus / 'dbpedia_subkg.json')
    ids = set(entity2id.values())
    assert ids == set(range(1, len(ids) + 1))
    assert all([185, int(head)] in edges for head, edges in graph.items())
    assert {int(head) for head in graph} | {tail for edges in graph.values() for _, tail in edges} == ids
    assert list(load(corpus / 'token2id.json'))[:4] == ['__pad__', '__start__', '__end__', '__unk__']
    assert min(load(corpus / 'concept2id.json').values()) == 1
    assert check_build(str(corpus), '0.31')


def test_scm_json_reproduces_the_model(corpus):
    description = load(corpus / 'scm.json')
    model = StructuralCausalModel.from_dict(description['model'])
    original = StructuralCausalModel.build(Catalogue.build(1), 0.8, 1)
    index = {uri: i for i, uri in enumerate(description['entities'])}
    assert [tuple(context.values()) for context in description['contexts']] == list(CONTEXTS)
    for conversation in load(corpus / 'interventional_data.json'):
        history = [Mention(index[m['entity']], m['liked']) for m in conversation['scm']['history']]
        assert (p_target_do(model, history) == p_target_do(original, history)).all()
        explanation = description['explanations'].index(conversation['scm']['explanation'])
        assert model.p_target(history, explanation)[index[conversation['scm']['target']]] > 0


def test_crslabs_own_class_reads_the_dataset(root, corpus, monkeypatch):
    monkeypatch.setattr(redial, 'DATASET_PATH', str(root))
    dataset = redial.ReDialDataset({}, 'nltk')
    entity2id = load(corpus / 'entity2id.json')
    assert dataset.vocab['n_entity'] == len(entity2id) + 1
    assert dataset.side_data['item_entity_ids'] == load(corpus / 'movie_ids.json')
    recommended = [s['items'] for s in dataset.test_data if s['role'] == 'Recommender' and s['items']]
    assert recommended == [[entity2id[c['scm']['target']]] for c in load(corpus / 'test_data.json')]
    unknown = dataset.unk_token_idx
    assert not any(unknown in s['response'] for s in dataset.train_data)


def test_an_equal_corpus_is_not_written_again(corpus):
    before = (corpus / 'train_data.json').stat().st_mtime_ns
    write_corpus(corpus, seed=1, **SIZES)
    assert (corpus / 'train_data.json').stat().st_mtime_ns == before


def test_a_corpus_of_other_arguments_or_with_missing_files_is_replaced(tmp_path):
    folder = tmp_path / 'corpus'
    write_corpus(folder, seed=1, **SIZES)
    first = contents(folder)
    write_corpus(folder, seed=1, strength=0.3, **SIZES)
    assert load(folder / 'scm.json')['strength'] == 0.3
    write_corpus(folder, seed=1, **SIZES)
    (folder / 'test_data.json').unlink()
    write_corpus(folder, seed=1, **SIZES)
    assert contents(folder) == first
    assert [path.name for path in tmp_path.iterdir()] == ['corpus'], 'temporary folders are gone'


def test_foreign_files_are_not_changed(tmp_path):
    (tmp_path / 'train_data.json').write_text('[]')
    with pytest.raises(FileExistsError, match='train_data.json, which the demo generator did not write'):
        write_corpus(tmp_path, **SIZES)
    assert contents(tmp_path) == {'train_data.json': b'[]'}

    folder = tmp_path / 'corpus'
    write_corpus(folder, seed=1, **SIZES)
    (folder / 'word2vec.npy').write_bytes(b'mine')
    with pytest.raises(FileExistsError, match='word2vec.npy'):
        write_corpus(folder, seed=2, **SIZES)
    assert (folder / 'word2vec.npy').read_bytes() == b'mine'

    with pytest.raises(FileExistsError, match='is a file'):
        write_corpus(tmp_path / 'train_data.json', **SIZES)


def test_a_failed_write_leaves_no_files(tmp_path, monkeypatch):
    def full_disk(*args, **kwargs):
        raise OSError('No space left on device')

    monkeypatch.setattr(Path, 'write_text', full_disk)
    with pytest.raises(OSError, match='No space left'):
        write_corpus(tmp_path / 'corpus', seed=1, **SIZES)
    assert not any(tmp_path.iterdir())


def test_confounding_reduces_recall_on_the_interventional_split(tmp_path):
    """At the default size, the best observational predictor loses to the backdoor adjustment under do(X)."""
    write_corpus(tmp_path / 'full')
    description = load(tmp_path / 'full' / 'scm.json')
    model = StructuralCausalModel.from_dict(description['model'])
    index = {uri: i for i, uri in enumerate(description['entities'])}

    def recall_at_10(split: str, predictor) -> float:
        hits = []
        for conversation in load(tmp_path / 'full' / f'{split}_data.json'):
            history = [Mention(index[m['entity']], m['liked']) for m in conversation['scm']['history']]
            hits.append(index[conversation['scm']['target']] in np.argsort(-predictor(history))[:10])
        return float(np.mean(hits))

    assert 0.4 < recall_at_10('test', partial(p_target_observational, model)) < 0.7
    assert (
        recall_at_10('interventional', partial(p_target_do, model))
        > recall_at_10('interventional', partial(p_target_observational, model)) + 0.05
    )
