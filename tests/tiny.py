"""Hand-made corpora of a few conversations, in the formats of CRSLab's ReDial, OpenDialKG and INSPIRED."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
"""Of the repository."""

CONFIGS = sorted(
    path
    for path in (ROOT / 'config').rglob('*.yaml')
    if path.relative_to(ROOT / 'config').parts[0] not in ('base', 'experiments', 'sweeps')
)
"""The configurations of models, without the bases that they share."""

COMEDY, ALIEN, HEAT, HANKS, BIG, STAR_WARS, SCIFI, PACINO, GODFATHER, SCOTT, COSMOS = range(11)
NAMES = (
    'Comedy_film',
    'Alien_(film)',
    'Heat_(1995_film)',
    'Tom_Hanks',
    'Big_(film)',
    'Star_Wars',
    'Science_fiction',
    'Al_Pacino',
    'The_Godfather',
    'Ridley_Scott',
    'Cosmos_(TV_series)',
)
ITEMS = (ALIEN, HEAT, BIG, STAR_WARS, GODFATHER)
"""The catalogue. ``COSMOS`` is recommended once, and is not in it."""
TOKENS = {'@101': ALIEN, '@102': HEAT, '@104': BIG, '@105': STAR_WARS, '@108': GODFATHER}
"""Which film a token stands for; ``@199`` is a film without a link."""
TRIPLES = (
    (ALIEN, 'genre', SCIFI),
    (STAR_WARS, 'genre', SCIFI),
    (BIG, 'genre', COMEDY),
    (ALIEN, 'director', SCOTT),
    (HEAT, 'starring', PACINO),
    (GODFATHER, 'starring', PACINO),
    (BIG, 'starring', HANKS),
)
"""No entity but ``COSMOS`` is without an edge."""
RELATIONS = {'genre': 0, 'director': 1, 'starring': 2}
WORDS = ('love', 'comedies', 'fun', 'great', 'watch')

S, R = 'Seeker', 'Recommender'


def say(role: str, text: str, items=(), entities=(), **more) -> tuple:
    """An utterance, with ids instead of names."""
    return role, text.split(), list(items), list(entities), more


CONVERSATIONS = {
    'train': [
        (
            't0',
            [
                say(S, 'Hi , I love @101 and comedies with Tom Hanks', [ALIEN], [HANKS, COMEDY]),
                say(S, 'Also @102 with Pacino , and @101 again', [HEAT, ALIEN], [PACINO]),
                say(R, 'Have you seen @199 or @104 ?', [BIG]),
                say(S, 'Yes , @104 was fun', [BIG]),
                say(R, 'Then watch @105 . @105 is great', [STAR_WARS, STAR_WARS]),
                say(R, 'It is science fiction', [], [SCIFI]),
            ],
        ),
        (
            't1',
            [
                say(R, 'What do you love ?'),
                say(S, '@108 and not @102', [GODFATHER, HEAT], liked=[GODFATHER], disliked=[HEAT]),
                say(R, 'Watch @102 anyway', [HEAT]),
                say(S, 'No'),
                say(R, 'Then Cosmos', [COSMOS]),
            ],
        ),
        ('t2', []),
        ('t3', [say(S, '@108', [GODFATHER])]),
        ('t4', [say(S, '@105 was fun', [STAR_WARS]), say(R, '@101 , @104 ?', [ALIEN, BIG])]),
        ('t5', [say(S, 'Pacino !', [], [PACINO]), say(R, '@102 and @108', [HEAT, GODFATHER])]),
    ],
    'valid': [
        (
            None,
            [
                say(S, 'I love Ridley Scott', [], [SCOTT]),
                say(R, '@101 is great', [ALIEN]),
                say(S, 'Seen @101 . What else ?', [ALIEN]),
                say(R, '@105', [STAR_WARS]),
            ],
        ),
        ('v1', [say(S, 'comedies', [], [COMEDY]), say(R, '@104 , fun', [BIG])]),
    ],
    'test': [
        (
            'e0',
            [
                say(S, '@102', [HEAT]),
                say(R, 'Watch @108', [GODFATHER]),
                say(S, 'Pacino is great', [], [PACINO]),
                say(R, 'So @102 is great', [HEAT]),
                say(S, 'Bye'),
            ],
        ),
        (
            'e1',
            [
                say(R, 'Hi'),
                say(S, 'Hi'),
                say(R, '@105', [STAR_WARS]),
                say(S, 'Or @101', [ALIEN]),
                say(R, 'Or Cosmos', [COSMOS]),
            ],
        ),
    ],
}


def plain(entity: int) -> str:
    """Its name as OpenDialKG and INSPIRED write it."""
    return re.sub(r'_\(.*', '', NAMES[entity]).replace('_', ' ')


def uri(entity: int) -> str:
    return f'<http://dbpedia.org/resource/{NAMES[entity]}>'


def _write(folder: Path, name: str, content: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / name).write_text(text, 'utf-8')


def _write_common(folder: Path, write_name, item_key: str, filler: int, version: str) -> dict[str, int]:
    tokens = dict.fromkeys(
        token
        for conversations in CONVERSATIONS.values()
        for _, dialog in conversations
        for _, text, *_ in dialog
        for token in text
    )
    del tokens['anyway']  # an unknown word
    for split, conversations in CONVERSATIONS.items():
        content = []
        for conv_id, dialog in conversations:
            utterances = [
                {
                    'utt_id': i,
                    'role': role,
                    'text': text,
                    item_key: [write_name(e) for e in items],
                    'entity': [write_name(e) for e in entities],
                    'word': [w for w in text if w.isalpha()],
                    **{key: [write_name(e) for e in value] for key, value in more.items()},
                }
                for i, (role, text, items, entities, more) in enumerate(dialog)
            ]
            content.append({'dialog': utterances} | ({} if conv_id is None else {'conv_id': conv_id}))
        _write(folder, f'{split}_data.json', content)
    special = ('__pad__', '__start__', '__end__', '__unk__')
    _write(folder, 'token2id.json', {token: i for i, token in enumerate([*special, *tokens])})
    entities = {write_name(e): e for e in range(len(NAMES))}
    entities |= {f'Filler_{i}': len(NAMES) + i for i in range(filler)}
    _write(folder, 'entity2id.json', entities)
    (folder / '.built').write_text(f'2020-01-01\n{version}')
    return entities


def write_redial(root: Path, filler: int = 0, version: str = '0.31') -> Path:
    """``root/redial/nltk``; ``filler`` entities more, each with an edge of the relation ``genre``."""
    folder = root / 'redial' / 'nltk'
    _write_common(folder, uri, 'movies', filler, version)
    graph: dict[str, list] = {str(e): [] for e in range(len(NAMES) + filler) if e != COSMOS}
    for head, relation, tail in TRIPLES:
        graph[str(head)].append([RELATIONS[relation], tail])
    for i in range(filler):
        graph[str(len(NAMES) + i)].append([RELATIONS['genre'], SCIFI])
    for entity in graph:
        graph[entity].append([185, int(entity)])
    _write(folder, 'dbpedia_subkg.json', graph)
    _write(folder, 'movie_ids.json', list(ITEMS))
    _write(folder, 'concept2id.json', {word: i for i, word in enumerate(WORDS, start=1)})
    _write(folder, 'conceptnet_subkg.txt', 'cooccur\tlove/\tcomedies/\ncooccur\tfun/\tgreat/\n')
    return folder


def write_opendialkg(root: Path, filler: int = 0, version: str = '0.3') -> Path:
    """``root/opendialkg/nltk``; every triple in both directions, as the real data here have it."""
    folder = root / 'opendialkg' / 'nltk'
    _write_common(folder, plain, 'item', filler, version)
    lines = [f'{plain(a)}\t{r}\t{plain(b)}\n{plain(b)}\t{r}\t{plain(a)}\n' for a, r, b in TRIPLES]
    lines += [f'Filler_{i}\tgenre\t{plain(SCIFI)}\n' for i in range(filler)]
    _write(folder, 'opendialkg_subkg.txt', ''.join(lines) + f'{plain(ALIEN)}\tyear\t1979\nnot a triple\n')
    _write(folder, 'item_ids.json', list(ITEMS))
    _write_words(folder)
    return folder


def write_inspired(root: Path, filler: int = 0, version: str = '0.3') -> Path:
    """``root/inspired/nltk``."""
    folder = root / 'inspired' / 'nltk'
    _write_common(folder, plain, 'movies', filler, version)
    lines = [f'{plain(a)}\t{r}\t{plain(b)}\n' for a, r, b in TRIPLES]
    lines += [f'Filler_{i}\tgenre\t{plain(SCIFI)}\n' for i in range(filler)]
    _write(folder, 'dbpedia_subkg.txt', ''.join(lines))
    _write(folder, 'movie_ids.json', list(ITEMS))
    _write_words(folder)
    return folder


def _write_words(folder: Path) -> None:
    _write(folder, 'word2id.json', {word: i for i, word in enumerate(WORDS, start=1)})
    _write(folder, 'concept_subkg.txt', 'love\tRelatedTo\tcomedies\nfun\tRelatedTo\tgreat\n')


WRITERS = {'ReDial': write_redial, 'OpenDialKG': write_opendialkg, 'Inspired': write_inspired}


def write_yaml(path: Path, content: dict | None = None, **settings: Any) -> Path:
    """A configuration that trains for a moment on a tiny corpus; ``settings`` go over it."""
    base = {
        'dataset': 'ReDial',
        'model': 'CausalKBRD',
        'kg_edge_threshold': 0,
        'kg_emb_dim': 4,
        'cutoffs': [1, 3],
        'rec': {'epoch': 2, 'batch_size': 3},
    }
    path.write_text(yaml.safe_dump((base if content is None else content) | settings), 'utf-8')
    return path


def load(name: str, root: Path, restore: bool = False, save: bool = False, **opt: Any):
    """A dataset as CRSLab's ``get_dataset`` gives it; ``opt`` are keys of the configuration."""
    from crslab_causal import register

    register()
    from crslab_causal.crslab_compat import get_dataset

    return get_dataset({'dataset': name, 'data_path': str(root), 'kg_edge_threshold': 0} | opt, 'nltk', restore, save)


def real_data() -> Path | None:
    """The folder with ``redial/nltk`` and ``opendialkg/nltk``, if there is one."""
    folder = Path(os.environ.get('CRSLAB_CAUSAL_DATA') or ROOT.parent / 'shared' / 'data')
    return folder if (folder / 'redial' / 'nltk' / 'train_data.json').is_file() else None


def snapshot(folder: Path) -> dict[str, tuple]:
    """What is in a folder: kind, size, time of the last change and content of everything."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
        for path in sorted(folder.rglob('*'))
    }
