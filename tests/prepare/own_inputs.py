"""Files of a user, to be put into the dataset format: three conversations about four films."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

ITEMS = [
    {
        'id': 'm1',
        'title': 'Alien',
        'year': 1979,
        'genres': ['Horror'],
        'directors': ['Ridley Scott'],
        'plot': 'A crew.',
    },
    {'id': 'm2', 'title': 'Heat', 'year': 1995, 'genres': ['Crime'], 'stars': ['Al Pacino', 'Robert De Niro']},
    {'id': 'm3', 'title': 'It', 'year': 1990, 'genres': ['Horror']},
    {'id': 'm4', 'title': 'It', 'year': 2017, 'genres': ['Horror']},
]


def turn(role: str, text: str, **more: Any) -> dict[str, Any]:
    return {'role': role, 'text': text, **more}


def conversation(number: int, item: str = 'm1', **more: Any) -> dict[str, Any]:
    """A seeker's and a recommender's turn, the second with an item."""
    return {
        'id': f'c{number}',
        'turns': [turn('seeker', 'Hi, I like horror.'), turn('recommender', 'Good.', items=[item])],
        **more,
    }


class Inputs:
    """The three files, in a folder, to be changed by a test and then prepared."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.conversations = folder / 'talks.jsonl'
        self.items = folder / 'items.jsonl'
        self.graph: Path | None = None
        self.write_conversations([conversation(i) for i in range(3)])
        self.write_items(copy.deepcopy(ITEMS))

    def write_conversations(self, conversations: list[Any]) -> None:
        self.conversations.write_text(''.join(json.dumps(c) + '\n' for c in conversations), 'utf-8')

    def write_turns(self, *turns: dict[str, Any]) -> None:
        """Three conversations, the first with these turns and then one that names an item."""
        first = {
            'id': 'c0',
            'turns': [
                *turns,
                turn('seeker', 'And?', items=[], entities=[]),
                turn('recommender', 'Good.', items=['m1'], entities=[]),
            ],
        }
        self.write_conversations([first, conversation(1), conversation(2)])

    def write_items(self, items: list[dict[str, Any]]) -> None:
        self.items.write_text(''.join(json.dumps(item) + '\n' for item in items), 'utf-8')

    def write_table(self, text: str | bytes, suffix: str = '.csv') -> None:
        self.items = self.folder / f'items{suffix}'
        self.items.write_bytes(text.encode('utf-8') if isinstance(text, str) else text)

    def write_graph(self, text: str) -> None:
        self.graph = self.folder / 'graph.tsv'
        self.graph.write_text(text, 'utf-8')

    def prepare(self, **options: Any):
        from crslab_causal.prepare.own import prepare_own

        return prepare_own(self.conversations, self.items, self.folder / 'to', self.graph, **options)

    def read(self, file: str) -> Any:
        """The content of a file of the dataset."""
        text = (self.folder / 'to' / 'own' / 'nltk' / file).read_text('utf-8')
        return json.loads(text) if file.endswith('.json') else text

    def dialog(self, id_: str = 'c0') -> list[dict[str, Any]]:
        """The utterances of a conversation, whatever split it is in."""
        (found,) = [
            c['dialog']
            for split in ('train', 'valid', 'test')
            for c in self.read(f'{split}_data.json')
            if c['conv_id'] == id_
        ]
        return found
