"""Train the models of the understanding without a quarter of the conversations, and score them on this quarter.

python -m benchmarks.understanding.held_out --data_path path/to/data

It writes ``held_out.md``: the scores of the rules alone, with the linear models, and with the encoder. The models of
the package and the scored tables are not read. The command takes about half an hour on one core.
"""

from __future__ import annotations

import random
import re
from typing import Iterable, Mapping, Sequence

import torch

from benchmarks.understanding.examples import Drafted
from benchmarks.understanding.fine_tune import fine_tune
from benchmarks.understanding.messages import FOLDER, TRANSCRIPTS
from benchmarks.understanding.scoring import PARTS, Counts, add_counts, compare, found_in, summarize
from benchmarks.understanding.train import SEED, TABLES, fit_all, parse_data_path, read_tasks
from crslab_causal.chat.understanding.models.encoder import MessageEncoder, tokenizer
from crslab_causal.chat.understanding.models.revision import Reviser

PAGE = FOLDER / 'held_out.md'
_SHARE = 4
"""One of this number of conversations is held out."""

Found = dict[str, dict[str, list[dict[str, Counts]]]]
"""Counts of each message, by group of tables and by conversation."""


def draw_held_out(drafts: Sequence[Drafted]) -> frozenset[str]:
    """Return the conversations that are held out."""
    conversations = sorted({each.conversation for each in drafts})
    random.Random(SEED).shuffle(conversations)
    return frozenset(conversations[::_SHARE])


def count_labels(drafts: Iterable[Drafted], reviser: Reviser) -> Found:
    """Return the counts of messages whose drafts are revised."""
    found: Found = {}
    for each in drafts:
        revised = reviser.revise(each.draft)
        names = None if each.table == TRANSCRIPTS.name else reviser.facts.names
        counts, _ = compare(each.labels, found_in(revised, names), each.message.text)
        found.setdefault(_group(each.table), {}).setdefault(each.conversation, []).append(counts)
    return found


def table_of_scores(columns: Mapping[str, Found]) -> str:
    """Return a table of precision / recall: a row for each group of tables and part, a column for each name."""
    scores = {
        (name, group): summarize([add_counts(messages) for messages in conversations.values()])
        for name, found in columns.items()
        for group, conversations in found.items()
    }
    rows = ['| table | part | labels | ' + ' | '.join(columns) + ' |', '|---|---|---|' + '---|' * len(columns)]
    for group in dict.fromkeys(_group(path.name) for path in TABLES):
        for part in PARTS:
            each = [scores[name, group][part] for name in columns]
            cells = ' | '.join(f'{score.precision:.3f} / {score.recall:.3f}' for score in each)
            rows.append(f'| `{group}` | {part} | {each[0].n_labels} | {cells} |')
    return '\n'.join(rows) + '\n'


def _group(table: str) -> str:
    """Return the name of a table, with ``*`` for the number of a table that only the model learns from."""
    return re.sub(r'(?<=_train_)\d+', '*', table)


def main() -> None:
    """Run the command."""
    data_path = parse_data_path('Score the models of the understanding on held-out conversations.')
    torch.set_num_threads(1)
    interpreter, drafts, tasks = read_tasks(data_path)
    held_out = draw_held_out(drafts)
    network = fine_tune(drafts, tasks, interpreter.facts, held_out)
    network.merge()
    encoder = MessageEncoder(interpreter.facts, network, tokenizer())
    models = fit_all(tasks, held_out)
    revisers = {
        name: Reviser(interpreter.facts, interpreter.properties, used, helper)
        for name, used, helper in (
            ('rules alone', {}, None),
            ('and linear models', models, None),
            ('and encoder', models, encoder),
        )
    }
    tested = [each for each in drafts if each.conversation in held_out]
    text = table_of_scores({name: count_labels(tested, reviser) for name, reviser in revisers.items()})
    PAGE.write_text(text, 'utf-8')
    print(text)


if __name__ == '__main__':
    main()
