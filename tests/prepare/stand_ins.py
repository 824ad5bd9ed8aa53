"""A few dialogues in the form of the public files, a manifest that pins them, and what CRSLab's files of them are."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import Any

COMMIT = '0123456789abcdef0123456789abcdef01234567'
LICENSED, COPY, UNLICENSED = 'fair/data', 'fair/copy', 'careless/data'


def _uri(name: str) -> str:
    return f'<http://dbpedia.org/resource/{name}>'


ALIEN, HEAT, COMEDY, HANKS, JAIME = map(
    _uri, ('Alien_(film)', 'Heat_(1995_film)', 'Comedy_film', 'Tom_Hanks', 'Jaime_Mendez')
)
BIG = '103'
"""A film without a page in DBpedia: the number of the film is its name."""
REDIAL_ENTITIES = {ALIEN: 1, HEAT: 2, COMEDY: 3, HANKS: 4, BIG: 5, JAIME: 6}
CONCEPTS = {'love': 1, '@101': 2, 'funny': 3, 'watch': 4, 'films': 5, '': 6}
EDGES = (
    'RelatedTo\tlove/v\tfunny\nSynonym\twatch/v\tfilms/n\nIsA\tlove\tunknown/n\nRelatedTo\tfunny\t/fere\n'
    'RelatedTo\twatch\tfilms\n'
)


# ---------------------------------------------------------------- ReDial


def message(sender: int, text: str) -> dict[str, Any]:
    return {'timeOffset': 0, 'text': text, 'senderWorkerId': sender, 'messageId': 1}


def answer(liked: int, seen: int) -> dict[str, int]:
    return {'suggested': 1, 'seen': seen, 'liked': liked}


TRAIN_IDS = ('391', '397')
VALID_ID = '395'
RAW = {
    'train_data.jsonl': [
        {
            'conversationId': TRAIN_IDS[0],
            'initiatorWorkerId': 7,
            'respondentWorkerId': 8,
            'movieMentions': {'101': 'Alien (1979)', '102': 'Heat (1995)', '103': 'Big (1988)'},
            'messages': [
                message(7, 'Hi.. I love @101, and films with Tom Hanks'),
                message(8, 'Watch @102 or @103'),
                message(7, ''),
                message(7, "ok. I haven't seen @102"),
                message(8, 'Bye'),
            ],
            'initiatorQuestions': {'101': answer(1, 1), '102': answer(0, 0), '103': answer(1, 1)},
            'respondentQuestions': {'101': answer(0, 0), '102': answer(2, 0)},
        },
        {
            'conversationId': TRAIN_IDS[1],
            'initiatorWorkerId': 7,
            'respondentWorkerId': 8,
            'movieMentions': {'101': 'Alien (1979)'},
            'messages': [
                message(8, '@101 is funny'),
                message(7, 'No, I like @200 and *heat*'),
                message(8, 'Then @101!'),
            ],
            'initiatorQuestions': [],
            'respondentQuestions': {'101': answer(1, 2)},
        },
        {
            'conversationId': VALID_ID,
            'initiatorWorkerId': 1,
            'respondentWorkerId': 2,
            'movieMentions': {'102': 'Heat (1995)'},
            'messages': [message(1, 'Hello'), message(2, 'Did you see @102?')],
            'initiatorQuestions': {'102': answer(1, 1)},
            'respondentQuestions': {'102': answer(1, 1)},
        },
        {
            'conversationId': '99999999',
            'initiatorWorkerId': 1,
            'respondentWorkerId': 2,
            'movieMentions': [],
            'messages': [message(1, 'In no split of CRSLab')],
            'initiatorQuestions': [],
            'respondentQuestions': [],
        },
    ],
    'test_data.jsonl': [
        {
            'conversationId': '20001',
            'initiatorWorkerId': 1,
            'respondentWorkerId': 2,
            'movieMentions': {'101': 'Alien (1979)'},
            'messages': [message(1, 'Any films?'), message(2, 'I love @101'), message(1, 'Thanks')],
            'initiatorQuestions': {'101': answer(2, 2)},
            'respondentQuestions': [],
        }
    ],
}


def said(role: str, text: str, movies=(), entity=(), word=()) -> dict[str, Any]:
    return {'role': role, 'text': text.split(), 'movies': list(movies), 'entity': list(entity), 'word': list(word)}


def numbered(conv_id: str, *utterances: dict[str, Any]) -> dict[str, Any]:
    return {'conv_id': conv_id, 'dialog': [{'utt_id': i, **one} for i, one in enumerate(utterances)]}


S, R = 'Seeker', 'Recommender'
CRSLAB = {
    'train': [
        numbered(
            TRAIN_IDS[0],
            said(S, 'Hi.. I love @101 , and films with Tom Hanks', [ALIEN], [HANKS], ['love', '@101', 'films']),
            said(R, 'Watch @102 or @103', [HEAT]),
            said(S, "ok . I have n't seen @102", [HEAT]),
            said(R, 'Bye'),
        ),
        numbered(
            TRAIN_IDS[1],
            said(R, '@101 is funny', [ALIEN], [COMEDY], ['@101', 'funny']),
            said(S, 'No , I like @200 and *heat*'),
            said(R, 'Then @101 !', [ALIEN], (), ['@101']),
        ),
    ],
    'valid': [numbered(VALID_ID, said(S, 'Hello'), said(R, 'Did you see @102 ?', [HEAT]))],
    'test': [
        numbered(
            '20001',
            said(S, 'Any films ?', (), (), ['films']),
            said(R, 'I love @101', [ALIEN], (), ['love', '@101']),
            said(S, 'Thanks'),
        )
    ],
}
"""What CRSLab's files of ``RAW`` are, written by hand."""
FILM_NAMES = {
    '101': [1, 'Alien  (1979)', "{'stars': ['Sigourney Weaver'], 'director': ['Ridley Scott'], 'genre': ['Horror']}"],
    '102': [2, 'Heat (1995)', "{'stars': [], 'director': [], 'genre': []}"],
    '103': [-1, 'Big%3F', ''],
}
FILM_INFO = {
    '101': {
        'name': 'Alien (1979)',
        'genre': ['horror', 'sci-fi'],
        'plot': 'A crew meets a creature.',
        'director': ['R. Scott'],
        'writer': [],
        'star': [],
        'imdb_id': 'tt1',
    },
    '103': {
        'name': 'Big (1988)',
        'genre': ['comedy'],
        'plot': '',
        'director': ['Penny Marshall'],
        'writer': [],
        'star': ['Tom Hanks'],
        'imdb_id': 'tt2',
    },
    '104': {
        'name': 'Not in ReDial',
        'genre': [],
        'plot': ' '.join(map(str, range(20000))),
        'director': [],
        'writer': [],
        'star': [],
        'imdb_id': 'tt3',
    },
}
"""The last entry makes the file long enough to be cut within."""
LINKS = {
    RAW['train_data.jsonl'][0]['messages'][0]['text']: [HANKS],
    '@101 is funny': [COMEDY],
    'no text of ours': [JAIME],
}


# ---------------------------------------------------------------- OpenDialKG


def turn(role: str, text: str, turn_id: int, item=(), entity=()) -> dict[str, Any]:
    return {
        'role': role,
        'text': text,
        'entity': [*item, *entity],
        'text_template': text,
        'item': list(item),
        'turn_id': turn_id,
    }


U, A = 'user', 'assistant'
DIALOGUES = [
    {
        'dialog_id': 0,
        'dialog': [
            turn(U, 'Do you love Alien?', 0, ['Alien']),
            turn(A, 'Watch Heat.', 1, ['Heat']),
            turn(U, 'More films?', 2),
            turn(A, 'The Godfather', 3, ['The Godfather']),
        ],
    },
    {
        'dialog_id': 1,
        'dialog': [
            turn(A, 'Hi', 0),
            turn(U, 'Al Pacino!', 2, (), ['Al Pacino']),
            turn(A, 'Heat is funny', 3, ['Heat']),
            turn(U, 'Ok', 4),
            turn(A, 'Or Alien', 5, ['Alien']),
        ],
    },
    {'dialog_id': 2, 'dialog': [turn(U, 'Any films?', 0), turn(A, 'I love Heat', 1, ['Heat'])]},
    {
        'dialog_id': 3,
        'dialog': [
            turn(U, 'Books?', 0),
            turn(A, 'Dune', 1, ['Dune']),
            turn(U, 'No', 2),
            turn(A, 'Alien, Heat', 3, ['Alien', 'Heat']),
        ],
    },
]
TURNS = {'train': ['0_3', '1_3', '2_1'], 'valid': ['1_5', '3_1'], 'test': ['0_1', '3_3']}
OPENDIALKG_ENTITIES = {'Alien': 0, 'Heat': 1, 'The Godfather': 2, 'Al Pacino': 3, 'Horror': 4, '1995': 5}
OPENDIALKG_GRAPH = {'0': [[1, 4]], '1': [[0, 3], [0, 3], [2, 5]], '2': [[0, 3]]}
OPENDIALKG_INFO = {
    '0': {'name': 'Alien', 'genre': ['Horror'], 'year': '1979'},
    '1': {'name': 'Heat', 'year': '1995', 'actor': ['Al Pacino', 'Al Pacino']},
    '2': {'name': 'The Godfather', 'actor': ['Al Pacino'], 'year': 'unknown'},
    '9': {'name': 'Not an entity'},
}


# ---------------------------------------------------------------- INSPIRED


def line(role: str, text: str, movies=(), entities=()) -> dict[str, Any]:
    return {
        'text': text,
        'role': role,
        'movie': [],
        'entity_link': list(entities),
        'entity_name': ['x'] * len(entities),
        'movie_link': list(movies),
        'movie_name': ['x'] * len(movies),
    }


NOISE = _uri('Hello')
COCO = _uri('Coco_(2017_film)')
INSPIRED = {
    'train': [
        [
            line('RECOMMENDER', 'Hello, do you love films?', (), [NOISE]),
            line('SEEKER', 'Heat.', [HEAT]),
            line('RECOMMENDER', 'Then watch Alien', [ALIEN]),
        ]
    ],
    'valid': [[line('SEEKER', 'A comedy?', (), [COMEDY]), line('RECOMMENDER', 'Coco', [COCO])]],
    'test': [
        [line('SEEKER', 'Something funny', [_uri('Funny_Games')]), line('RECOMMENDER', 'Coco or Heat', [COCO, HEAT])]
    ],
}
INSPIRED_ENTITIES = {HEAT: 0, ALIEN: 1, COMEDY: 2, COCO: 3, HANKS: 4}
INSPIRED_GRAPH = {'0': [[2, 0], [0, 4]], '3': [[1, 2], [2, 3]], '1': [[1, 2]]}
INSPIRED_RELATIONS = {'starring': 0, 'genre': 1, 'self_loop': 2}


# ---------------------------------------------------------------- files and manifest


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


def lines(values: list) -> bytes:
    return b''.join(dumped(value) + b'\n' for value in values)


def zipped(members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return content.getvalue()


def _published() -> dict[str, bytes]:
    """The content of each file, by its name in the manifest."""
    links: dict[str, list[str]] = defaultdict(list, LINKS)
    stray = {uri.replace('Jaime_Mendez>', 'Jaime_Mendez >'): entity for uri, entity in REDIAL_ENTITIES.items()}
    tokens = dict.fromkeys(
        token
        for conversations in CRSLAB.values()
        for conversation in conversations
        for one in conversation['dialog']
        for token in one['text']
    )
    return {
        **{f'redial_{split}': dumped(conversations) for split, conversations in CRSLAB.items()},
        'redial_tokens': dumped(
            {token: i for i, token in enumerate(['__pad__', '__start__', '__end__', '__unk__', *tokens])}
        ),
        'redial_entities': dumped(stray),
        'redial_graph': dumped({'1': [[8, 3], [185, 1]], '2': [[69, 4], [185, 2]]}),
        'redial_items': dumped([1, 2, 5]),
        'redial_links': pickle.dumps(links),
        'redial_raw': zipped(
            {'__MACOSX/train_data.jsonl': b'\0', **{f'data/{name}': lines(raw) for name, raw in RAW.items()}}
        ),
        'redial_raw_valid': lines([raw for raw in RAW['train_data.jsonl'] if raw['conversationId'] == VALID_ID]),
        'redial_raw_test': lines(RAW['test_data.jsonl']),
        'film_names': dumped(FILM_NAMES),
        'film_info': dumped(FILM_INFO),
        'concepts': dumped(CONCEPTS),
        'concept_edges': EDGES.encode(),
        'opendialkg_dialogues': lines(DIALOGUES),
        **{f'opendialkg_{split}_turns': dumped(ids) for split, ids in TURNS.items()},
        'opendialkg_entities': dumped(OPENDIALKG_ENTITIES),
        'opendialkg_items': dumped([0, 1, 2]),
        'opendialkg_graph': dumped(OPENDIALKG_GRAPH),
        'opendialkg_relations': dumped({'actor': 0, 'genre': 1, 'year': 2}),
        'opendialkg_info': dumped(OPENDIALKG_INFO),
        **{f'inspired_{split}': lines(rows) for split, rows in INSPIRED.items()},
        'inspired_entities': dumped(INSPIRED_ENTITIES),
        'inspired_graph': dumped(INSPIRED_GRAPH),
        'inspired_relations': dumped(INSPIRED_RELATIONS),
    }


PUBLISHED = _published()
TWICE = ('concepts', 'concept_edges', 'inspired_entities')
"""Files that two repositories hold."""
WITHOUT_SIZE = ('concept_edges', 'opendialkg_dialogues', 'inspired_train')
COUNTS = {
    ('redial', 'crslab'): {'published': {'train': 2, 'valid': 1, 'test': 1, 'entities': 6, 'items': 3, 'concepts': 6}},
    ('redial', 'official'): {
        'published': {'train': 2, 'valid': 1, 'test': 1, 'entities': 6, 'items': 3, 'concepts': 6}
    },
    ('opendialkg', 'ievalm'): {
        'dialogue': {'train': 1, 'valid': 1, 'test': 2, 'test_pairs': 3, 'entities': 6, 'items': 3},
        'turn': {'train': 3, 'valid': 2, 'test': 2, 'train_pairs': 3, 'valid_pairs': 1, 'test_pairs': 3},
    },
    ('inspired', 'unicrs'): {'published': {'train': 1, 'valid': 1, 'test': 1, 'entities': 5, 'items': 3}},
}


def git_blob(content: bytes) -> str:
    return hashlib.sha1(b'blob %d\0' % len(content) + content).hexdigest()


def write_manifest(path: Path, archives: dict[str, bytes] | None = None) -> Path:
    """The package's manifest with the stand-ins' hashes, sizes, places and counts in place of the real ones."""
    from crslab_causal.prepare.manifest import PUBLISHED as REAL

    manifest = json.loads(REAL.read_text('utf-8'))
    manifest['repositories'] = {
        LICENSED: {'commit': COMMIT, 'licence': 'MIT'},
        COPY: {'commit': COMMIT, 'licence': None},
        UNLICENSED: {'commit': COMMIT, 'licence': None},
    }
    manifest['files'] = {
        name: {
            'sha1': git_blob(content),
            'size': None if name in WITHOUT_SIZE else len(content),
            'places': [f'{UNLICENSED if name == "redial_tokens" else LICENSED}:{name}']
            + ([f'{COPY}:{name}'] if name in TWICE else []),
        }
        for name, content in PUBLISHED.items()
    }
    for (dataset, source), splits in COUNTS.items():
        manifest['datasets'][dataset]['sources'][source]['splits'] = splits
    for dataset, content in (archives or {}).items():
        manifest['datasets'][dataset]['archive'] |= {'sha256': hashlib.sha256(content).hexdigest(), 'counts': {}}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(manifest), 'utf-8')
    return path


def served() -> dict[str, bytes]:
    """Content by the path of an address below the server."""
    return {
        f'/{repository}/{COMMIT}/{name}': content
        for name, content in PUBLISHED.items()
        for repository in (LICENSED, COPY, UNLICENSED)
    }
