"""Names of the files that a run writes into its folder.

A run writes some of its results twice: as JSON for programs and as Markdown for people. The two files share a stem
(``results.json`` and ``results.md``); this module names the JSON file.
"""

from __future__ import annotations

from pathlib import Path

RESULTS = 'results.json'
"""File with the configuration, the number of epochs, and the scores of the recommender on each split."""

LLM_RESULTS = 'llm_results.json'
"""File with the scores before and after re-ranking by a language model, and with counts of its answers."""

GENERATION_RESULTS = 'generation_results.json'
"""File with the scores of the responses of a trained decoder on each split."""

CORPUS = 'corpus.json'
"""File with the counts of a dataset (Table 1). No model is trained for them."""

DECONFOUNDING = 'deconfounding.json'
"""File with the distances of the model to the true P(Y | do(X)) of the demo corpus."""

OFFICIAL_RESULTS = 'official.json'
"""File with the scores of the recommender on another test file, and the hash of that test file."""

LOG = 'run.log'
"""File with the log of the training and the evaluation."""

BEST_CHECKPOINT = 'best.pth'
"""Checkpoint with the weights of the best epoch of the recommender."""

LAST_CHECKPOINT = 'last.pth'
"""Checkpoint of the last finished epoch of the recommender; a restored run continues from it."""

CONVERSATION_PREFIX = 'conv_'
"""Prefix of the two checkpoints of the conversation stage: ``conv_best.pth`` and ``conv_last.pth``."""


def ranks_file(split: str) -> str:
    """Return the name of the file with the rank of the label of each sample of a split."""
    return f'ranks_{split}.jsonl'


def llm_file(split: str) -> str:
    """Return the name of the file with the answers of a language model on a split."""
    return f'llm_{split}.jsonl'


def llm_ranks_file(split: str) -> str:
    """Return the name of the file with the rank of each label in the answers of a language model on a split."""
    return f'llm_ranks_{split}.jsonl'


def responses_file(split: str) -> str:
    """Return the name of the file with the responses of a trained decoder on a split."""
    return f'responses_{split}.jsonl'


def divergence_file(split: str, other_run: Path) -> str:
    """Return the name of the file with the divergence of this run from another one on each sample of a split.

    Args:
        split: name of the split.
        other_run: folder of the other run.
    """
    return f'kl_{split}_{other_run.parent.name}_{other_run.name}.npy'
