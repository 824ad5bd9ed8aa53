"""Which text encoder an option stands for."""

from __future__ import annotations

from crslab_causal.model.text.encoders import BagEncoder, GRUEncoder, TextEncoder, TransformerEncoder
from crslab_causal.model.text.pretrained import PretrainedEncoder


def build_text_encoder(opt, vocab: dict, side_data: dict) -> TextEncoder:
    """The encoder of ``text_encoder``.

    Args:
        opt: keys of :class:`.CTACRSOptions`.
        vocab: of the dataset: ``pad``, ``vocab_size`` and, for a pretrained encoder, ``ind2tok``.
        side_data: of the dataset; a pretrained encoder reads the names of items in it.

    Raises:
        UserError: the options do not fit each other, or a pretrained encoder cannot be loaded.
    """
    kind, dim, dropout = opt.get('text_encoder', 'transformer'), opt.get('token_emb_dim', 64), opt.get('dropout', 0.1)
    size, pad, n_layers = vocab['vocab_size'], vocab['pad'], opt.get('n_layers', 1)
    if kind == 'bag':
        return BagEncoder(size, pad, dim, dropout)
    if kind == 'gru':
        return GRUEncoder(size, pad, dim, n_layers, dropout)
    if kind == 'transformer':
        return TransformerEncoder(size, pad, dim, n_layers, opt.get('n_heads', 2), opt.get('ffn_size', 128), dropout,
                                  opt.get('context_truncate', 128))
    return PretrainedEncoder.load(kind, vocab, side_data, opt.get('freeze_text_encoder', True))
