"""A random BERT with a vocabulary of whole words, on disk."""

from pathlib import Path

import pytest
import torch

WORDS = ('hello', 'there', 'i', 'love', 'alien', 'heat', 'comedies', 'and', 'great', 'watch', '!')


def write_bert(folder: Path, pooling: str | None = None, seed: int = 0, layers: int = 1) -> None:
    """Save a BERT of a few layers with 24 positions, whose tokenizer cuts at blanks."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]']
    vocabulary = {word: i for i, word in enumerate([*special, *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token='[UNK]'))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        '[CLS] $A [SEP]', special_tokens=[('[CLS]', 2), ('[SEP]', 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token='[PAD]',
        unk_token='[UNK]',
        cls_token='[CLS]',
        sep_token='[SEP]',
        model_max_length=24,
    ).save_pretrained(folder)
    torch.manual_seed(seed)
    BertModel(
        BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=8,
            num_hidden_layers=layers,
            num_attention_heads=2,
            intermediate_size=16,
            max_position_embeddings=24,
        )
    ).save_pretrained(folder)
    if pooling is not None:
        (folder / '1_Pooling').mkdir()
        (folder / '1_Pooling' / 'config.json').write_text(f'{{"pooling_mode_{pooling}": true}}', 'utf-8')


@pytest.fixture(scope='session')
def tiny_bert(tmp_path_factory) -> str:
    """Folder of a BERT."""
    folder = tmp_path_factory.mktemp('bert')
    write_bert(folder)
    return str(folder)
