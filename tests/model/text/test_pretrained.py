"""Hugging Face encoders, on a tiny random BART and BERT made here."""

import pytest
import torch

from crslab_causal.base.errors import UserError
from crslab_causal.model.options import CTACRSOptions
from crslab_causal.model.text.build import build_text_encoder

WORDS = ['__pad__', '__start__', '__end__', '__unk__', 'hello', 'there', '@101', 'unbelievable', '@199', '!']
VOCAB = {'pad': 0, 'start': 1, 'end': 2, 'unk': 3, 'vocab_size': len(WORDS), 'ind2tok': dict(enumerate(WORDS))}
SIDE_DATA = {'item_entity_ids': [5], 'item_names': ['there hello'], 'item_of_token': {'@101': 5}}
HELLO, THERE, ALIEN, LONG, UNNAMED, MARK = 4, 5, 6, 7, 8, 9


def write_bart(folder):
    """Saves a random BART with 20 positions and a byte-level BPE of its own, and returns its tokenizer."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import BartConfig, BartModel, PreTrainedTokenizerFast

    special = ['<s>', '<pad>', '</s>', '<unk>']
    tokenizer = Tokenizer(models.BPE(unk_token='<unk>'))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        [' hello there hello there !', ' unbeliev able'],
        trainers.BpeTrainer(
            vocab_size=300,
            special_tokens=special,
            show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )
    tokenizer.post_processor = processors.TemplateProcessing('<s> $A </s>', special_tokens=[('<s>', 0), ('</s>', 2)])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token='<s>',
        pad_token='<pad>',
        eos_token='</s>',
        unk_token='<unk>',
        cls_token='<s>',
        sep_token='</s>',
        model_max_length=20,
    )
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    size = {
        f'{side}_{name}': n
        for side in ('encoder', 'decoder')
        for name, n in (('layers', 1), ('attention_heads', 2), ('ffn_dim', 16))
    }
    BartModel(BartConfig(vocab_size=len(fast), d_model=8, max_position_embeddings=20, **size)).save_pretrained(folder)
    return fast


@pytest.fixture(scope='module')
def bart(tmp_path_factory):
    """Folder of a BART, and its tokenizer."""
    folder = tmp_path_factory.mktemp('bart')
    return folder, write_bart(folder)


def build(folder, **options):
    return build_text_encoder(CTACRSOptions(text_encoder=str(folder), **options), VOCAB, SIDE_DATA)


def pieces(fast, *texts):
    """What the tokenizer itself makes of the whole text."""
    return fast(list(texts), padding=True, return_tensors='pt')['input_ids']


def test_words_are_cut_as_the_tokenizer_cuts_the_whole_text(bart):
    folder, fast = bart
    encoder = build(folder)
    tokens = torch.tensor([[HELLO, ALIEN, LONG, MARK], [THERE, 0, 0, 0]])
    assert torch.equal(encoder.to_pieces(tokens), pieces(fast, ' hello there hello unbelievable !', ' there'))


def test_special_tokens_and_unnamed_films_are_written_readably(bart):
    folder, fast = bart
    found = build(folder).to_pieces(torch.tensor([[HELLO, 2, 3, UNNAMED]]))
    (hello,) = fast(' hello', add_special_tokens=False)['input_ids']
    assert found.tolist() == [[0, hello, 2, 3, 3, 2]]


def test_truncation_keeps_the_last_word_pieces(bart):
    folder, fast = bart
    encoder = build(folder)
    tokens = torch.tensor([[HELLO] * 30 + [LONG], [THERE] + [0] * 30])
    found = encoder.to_pieces(tokens)
    long = fast(' unbelievable', add_special_tokens=False)['input_ids']
    assert found.shape == (2, 20) and found[0, 0] == 0
    assert found[0, -1 - len(long) :].tolist() == [*long, 2]
    assert found[1, :3].tolist() == pieces(fast, ' there')[0].tolist() and (found[1, 3:] == 1).all()
    assert torch.isfinite(encoder.vector(tokens)).all()


def test_vectors_are_means_of_the_encoders_states(bart):
    from transformers import AutoModel

    folder, fast = bart
    encoder = build(folder).eval()
    ids = pieces(fast, ' hello there hello', ' !')
    model = AutoModel.from_pretrained(folder).get_encoder().eval()
    with torch.no_grad():
        expected = [model(input_ids=row[row != 1][None]).last_hidden_state.mean(1)[0] for row in ids]
    found = encoder.vector(torch.tensor([[HELLO, ALIEN], [MARK, 0], [0, 0]]))
    torch.testing.assert_close(found, torch.stack([*expected, torch.zeros(8)]))


@pytest.mark.parametrize('freeze', [True, False])
def test_frozen_encoder_keeps_its_parameters(bart, freeze):
    encoder = build(bart[0], freeze_text_encoder=freeze).train()
    vector = encoder.vector(torch.tensor([[HELLO, THERE]]))
    assert vector.requires_grad != freeze
    assert all(p.requires_grad != freeze for p in encoder.parameters())
    assert encoder.encoder.training != freeze
    same = torch.equal(vector, encoder.vector(torch.tensor([[HELLO, THERE]])))
    assert same == freeze  # else dropout is on


def test_an_encoder_without_a_decoder(tmp_path):
    from transformers import BertConfig, BertModel, BertTokenizerFast

    words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'hello', 'there', 'un', '##believable', '!']
    (tmp_path / 'vocab.txt').write_text('\n'.join(words), 'utf-8')
    BertTokenizerFast(str(tmp_path / 'vocab.txt'), model_max_length=16).save_pretrained(tmp_path)
    BertModel(BertConfig(len(words), 8, 1, 2, 16, max_position_embeddings=16)).save_pretrained(tmp_path)
    encoder = build(tmp_path)
    assert encoder.to_pieces(torch.tensor([[HELLO, 2, LONG, 3]])).tolist() == [[2, 5, 3, 7, 8, 1, 3]]
    assert encoder.vector(torch.tensor([[HELLO]])).shape == (1, 8)


def test_encoder_that_cannot_be_loaded_is_reported_in_one_line(tmp_path):
    with pytest.raises(UserError, match='text_encoder: .*transformer, gru, bag') as caught:
        build(tmp_path / 'nothing')
    assert '\n' not in str(caught.value)
