"""Write the user's data as the files of CRSLab's INSPIRED."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Mapping, Sequence

from crslab_causal.base.errors import UserError
from crslab_causal.data.dataset.genres import TITLES_FILE
from crslab_causal.prepare.own_data.catalogue import Catalogue
from crslab_causal.prepare.own_data.graph import Triple, Vertices, genres_of_items
from crslab_causal.prepare.own_data.mentions import Dialog
from crslab_causal.prepare.own_data.tokens import concept_ids, concepts_of, cooccurring, vocabulary

FOLDER = Path('own', 'nltk')
"""Folder below ``data_path`` that the dataset ``Own`` reads. INSPIRED's format keeps the names of entities and
relations, and CRSLab's class keeps relations with few edges."""
CRSLAB_VERSION = '0.3'
"""Version in ``.built`` that CRSLab 0.1.2 expects (data/dataset/inspired/resources.py). It deletes folders with another
one."""
GENERATOR = 'crslab_causal.prepare.own 1'
"""Name and version of this format."""
DESCRIPTION_FILE = 'prepared.json'
"""Name of the file that describes how the folder was made. Only folders with this file are ever replaced."""
SELF_LOOP = 'SELF_LOOP'
"""Relation with which CRSLab's reader of INSPIRED links every vertex to itself."""


def crslab_files(
    catalogue: Catalogue, vertices: Vertices, triples: Sequence[Triple], splits: Mapping[str, Sequence[Dialog]]
) -> dict[str, str]:
    """Return the content of each file that CRSLab reads.

    The vocabulary contains the tokens of all splits, as in CRSLab's own data. The pairs of words that occur together
    are counted in the training split only.
    """
    texts = {
        split: [utterance.tokens for dialog in dialogs for utterance in dialog.utterances]
        for split, dialogs in splits.items()
    }
    tokens = [text for part in texts.values() for text in part]
    return {
        **{
            f'{split}_data.json': _one_per_line([_conversation(dialog) for dialog in dialogs])
            for split, dialogs in splits.items()
        },
        'token2id.json': _to_json(vocabulary(tokens)),
        'word2id.json': _to_json(concept_ids(tokens)),
        'concept_subkg.txt': ''.join(f'{a}\tcooccur\t{b}\n' for a, b in cooccurring(texts['train'])),
        **_entity_files(catalogue, vertices, list(triples)),
        '.built': f'{GENERATOR}\n{CRSLAB_VERSION}',  # like CRSLab's, but without the time, which would differ
    }


def _conversation(dialog: Dialog) -> dict[str, Any]:
    return {
        'conv_id': dialog.source.id,
        'dialog': [
            {
                'utt_id': i,
                'role': utterance.role,
                'text': utterance.tokens,
                'movies': utterance.items,
                'entity': utterance.entities,
                'word': concepts_of(utterance.tokens),
                'liked': utterance.liked,
                'disliked': utterance.disliked,
            }
            for i, utterance in enumerate(dialog.utterances)
        ],
    }


def _entity_files(catalogue: Catalogue, vertices: Vertices, triples: list[Triple]) -> dict[str, str]:
    ids = vertices.ids
    genres = genres_of_items(catalogue, triples)
    ends = {name for triple in triples for name in (triple.head, triple.tail)}
    # a vertex without edges gets the self-loop that CRSLab gives to all others
    edges = [*triples, *(Triple(name, SELF_LOOP, name) for name in ids if name not in ends)]
    titles = {}
    for item in catalogue.items:
        entry: dict[str, Any] = {
            'title': item.title,
            'year': item.year,
            'genre': genres[item.name],
            'director': item.row.directors,
            'stars': item.row.stars,
            'id': item.id,
        }
        titles[ids[item.name]] = entry if item.row.plot is None else entry | {'plot': item.row.plot}
    return {
        'entity2id.json': _to_json(ids),
        'dbpedia_subkg.txt': ''.join('\t'.join(edge) + '\n' for edge in edges),
        'movie_ids.json': _to_json([ids[item.name] for item in catalogue.items]),
        TITLES_FILE: _to_json(titles),
    }


def _to_json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False)


def _one_per_line(content: Sequence[Any]) -> str:
    return '[\n' + ',\n'.join(map(_to_json, content)) + '\n]\n'


def check_target(folder: Path, replace: bool) -> bool:
    """Return whether there is a folder of an earlier call that must be replaced.

    Raises:
        UserError: the folder has files that this command did not write, or ``replace`` is not set.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f'{folder}: is a file; name another folder with --to')
    if not folder.is_dir() or not any(folder.iterdir()):
        return False
    try:
        ours = json.loads((folder / DESCRIPTION_FILE).read_text('utf-8'))['generator'].startswith(GENERATOR.split()[0])
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        ours = False
    if not ours:
        raise UserError(f'{folder}: has files that this command did not write; name another folder with --to')
    if not replace:
        raise UserError(f'{folder}: exists already; add --replace to write it again, or name another folder with --to')
    return True
