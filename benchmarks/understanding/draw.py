"""Draw conversations from ReDial's valid and train, and write the seeker's messages to tables for labelling.

python -m benchmarks.understanding.draw --data_path path/to/data --to folder
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path
from typing import Any, Iterator, Mapping

from crslab_causal.data.dataset.display_names import token_names
from crslab_causal.data.dataset.films import films_from_titles
from crslab_causal.llm.detokenization import UNNAMED, detokenize

SIZES = {
    'valid': {'redial_develop.tsv': 120, 'redial_scored.tsv': 200, 'redial_2_develop.tsv': 200},
    'train': {f'redial_train_{n}.tsv': 600 for n in range(1, 13)},
}
"""Messages per table of each split, at least: conversations are kept whole."""
SEED = 2026
_HEAD = """\
# Messages of seekers in ReDial's {split} split (Li et al. 2018, https://redialdata.github.io, CC BY 4.0).
# The text is detokenised, with titles for films. Labels: GUIDELINES.md. Drawn by draw.py.
"""


def read_conversation(conversation: Mapping[str, Any], name_of_token: Mapping[str, str]) -> tuple[list[str], int]:
    """Return the lines of a conversation in the table, and the number of its messages.

    The turns of the recommender are comments. The films that it names between two messages are the shown list,
    with the last one first, because "it" means this one. Films have their year in conversations with an even number
    only.
    """
    has_year = int(conversation['conv_id']) % 2 == 0
    written = name_of_token if has_year else {token: name.rsplit(' (', 1)[0] for token, name in name_of_token.items()}
    lines: list[str] = []
    shown: list[str] = []
    n_messages = 0
    for turn in conversation['dialog']:
        text = ' '.join(detokenize(' '.join(turn['text']), written).split())
        if turn['role'] == 'Recommender':
            lines.append(f'# Recommender: {text}')
            shown += [name_of_token[token] for token in turn['text'] if token in name_of_token]
        elif text and UNNAMED not in text:
            if shown:
                lines.append('\t'.join(['@shown', *dict.fromkeys(reversed(shown))]))
                shown = []
            lines.append(f'{text.lstrip("#@")}\t\t\t\t')
            n_messages += 1
    return lines, n_messages


def has_words(conversation: Mapping[str, Any], name_of_token: Mapping[str, str]) -> bool:
    """Return whether any turn of a conversation has a word that is not the token of a film."""
    return any(token not in name_of_token for turn in conversation['dialog'] for token in turn['text'])


def draw(folder: Path, split: str, sizes: Mapping[str, int]) -> Iterator[tuple[str, str, int, int]]:
    """Yield the name and the text of each table, and the numbers of its messages and conversations.

    Args:
        folder: folder with the files of the dataset.
        split: name of the split.
        sizes: messages per table, at least. No conversation is in two tables.
    """

    def read(name: str) -> Any:
        return json.loads((folder / name).read_text('utf-8'))

    items = read('movie_ids.json')
    films = films_from_titles(read('movie_titles.json'), items)
    name_of_token = token_names({}, films, {item: film.name for item, film in films.items()})
    # Half of the conversations of train have no words except titles.
    conversations = [c for c in read(f'{split}_data.json') if has_words(c, name_of_token)]
    random.Random(SEED).shuffle(conversations)
    for name, size in sizes.items():
        blocks, n_messages = [], 0
        while n_messages < size:
            lines, n = read_conversation(conversations.pop(), name_of_token)
            if n:
                blocks.append('\n'.join(lines) + '\n')
                n_messages += n
        yield name, _HEAD.format(split=split) + '\n' + '\n'.join(blocks), n_messages, len(blocks)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description='Draw messages of ReDial for labelling.')
    parser.add_argument('--data_path', type=Path, required=True, help='folder that contains redial/nltk')
    parser.add_argument('--to', type=Path, required=True, help='folder of the tables')
    options = parser.parse_args()
    for split, sizes in SIZES.items():
        for name, text, n_messages, n_conversations in draw(options.data_path / 'redial' / 'nltk', split, sizes):
            (options.to / name).write_text(text, 'utf-8')
            print(f'{name}: {n_messages} messages of {n_conversations} conversations')


if __name__ == '__main__':
    main()
