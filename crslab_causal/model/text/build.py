"""Build the text encoder that an option names."""

from __future__ import annotations

from typing import Any, Mapping

from crslab_causal.model.options import CTACRSOptions
from crslab_causal.model.text.encoders import BagEncoder, GRUEncoder, TextEncoder, TransformerEncoder
from crslab_causal.model.text.pretrained import PretrainedEncoder


def build_text_encoder(options: CTACRSOptions, vocab: Mapping[str, Any], side_data: Mapping[str, Any]) -> TextEncoder:
    """Return the encoder that the option ``text_encoder`` names.

    Args:
        options: options of the model.
        vocab: vocabulary of the dataset: ``pad``, ``vocab_size`` and, for a pretrained encoder, ``ind2tok``.
        side_data: side data of the dataset; a pretrained encoder reads the names of items in it.

    Raises:
        UserError: the options contradict each other, or a pretrained encoder cannot be loaded.
    """
    dim, size, pad = options.token_emb_dim, vocab['vocab_size'], vocab['pad']
    if options.text_encoder == 'bag':
        return BagEncoder(size, pad, dim, options.dropout)
    if options.text_encoder == 'gru':
        return GRUEncoder(size, pad, dim, options.n_layers, options.dropout)
    if options.text_encoder == 'transformer':
        return TransformerEncoder(
            size,
            pad,
            dim,
            options.n_layers,
            options.n_heads,
            options.ffn_size,
            options.dropout,
            options.context_truncate,
        )
    return PretrainedEncoder.load(options.text_encoder, vocab, side_data, options.freeze_text_encoder)
