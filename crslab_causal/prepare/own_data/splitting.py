"""Divide the conversations into training, validation and test."""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path
from typing import Literal, Sequence

from crslab_causal.base.errors import UserError
from crslab_causal.prepare.own_data.mentions import Dialog
from crslab_causal.prepare.own_data.text_files import place

SPLITS = ('train', 'valid', 'test')


def split_dialogs(
    path: Path, dialogs: Sequence[Dialog], how: Literal['random', 'time'], valid: float, test: float, seed: int
) -> dict[str, list[Dialog]]:
    """Return the conversations of each split. No conversation is divided.

    Args:
        path: the conversations' file, for messages.
        dialogs: all conversations.
        how: ``random`` or ``time``. With ``time`` the last conversations are the test split, and those before them the
            validation split.
        valid: share of the conversations for validation, rounded to at least one conversation.
        test: share of the conversations for test.
        seed: seed of the random split.

    Raises:
        UserError: a share is out of range, a conversation has no time, or a split has nothing to predict.
    """
    for option, share in (('--valid', valid), ('--test', test)):
        if not 0 < share < 1:
            raise UserError(f'{option} {share}: is not a share between 0 and 1; write 0.1 for a tenth')
    if not any(dialog.recommends for dialog in dialogs):
        raise UserError(
            f'{path}: no turn of a recommender after the first turn names an item; give "items" in these turns, '
            'or write the titles in their text as they are in the file of items'
        )
    n_valid, n_test = (max(1, round(share * len(dialogs))) for share in (valid, test))
    n_train = len(dialogs) - n_valid - n_test
    if n_train < 1:
        raise UserError(
            f'{path}: {len(dialogs)} conversations leave none for training with --valid {valid} and '
            f'--test {test}; lower the shares or add conversations'
        )
    ordered = list(dialogs)
    if how == 'time':
        ordered.sort(key=lambda dialog: _time(path, dialog))
    else:
        random.Random(seed).shuffle(ordered)
    splits = dict(zip(SPLITS, (ordered[:n_train], ordered[n_train : n_train + n_valid], ordered[n_train + n_valid :])))
    for name, part in splits.items():
        if not any(dialog.recommends for dialog in part):
            other = 'another --seed, ' if how == 'random' else ''
            raise UserError(
                f'{path}: in the {name} split (conversations: {len(part)}) no turn of a recommender after the '
                f'first turn names an item; use {other}other shares, or give "items" in more turns'
            )
    return splits


def _time(path: Path, dialog: Dialog) -> datetime:
    time = dialog.source.row.time
    if time is None:
        raise UserError(
            f"{place(path, dialog.source.line)}: has no 'time', which --split time needs; "
            'give one to every conversation, or use --split random'
        )
    return time
