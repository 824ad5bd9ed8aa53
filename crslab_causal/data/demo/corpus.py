"""Write the files of the demo corpus, in the format of CRSLab's ReDial."""

from __future__ import annotations

import json
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any, Sequence

import numpy as np

from crslab_causal.base.files import new_folder
from crslab_causal.data.demo.catalogue import Catalogue
from crslab_causal.data.demo.dialogue import converse, film_token, is_concept
from crslab_causal.data.demo.scm import StructuralCausalModel
from crslab_causal.data.demo.variables import CONTEXTS, FACTORS, REASONS

GENERATOR = 'crslab_causal.data.demo 1'
"""Name and version of this generator. A corpus of another version is replaced."""
CRSLAB_VERSION = '0.31'
"""Version of ReDial that CRSLab 0.1.2 expects (data/dataset/redial/resources.py:18)."""
SPECIAL_TOKENS = ('__pad__', '__start__', '__end__', '__unk__')
SELF_LOOP = 185
"""Relation id of a self-loop in ReDial's ``dbpedia_subkg.json``."""
MIN_COOCCURRENCES = 10
"""Minimum number of training utterances that two concepts share to be linked in ``conceptnet_subkg.txt``."""
SPLITS = ('train', 'valid', 'test', 'interventional')
DESCRIPTION_FILE = 'scm.json'
FILES = frozenset(
    (
        *(f'{split}_data.json' for split in SPLITS),
        'entity2id.json',
        'dbpedia_subkg.json',
        'movie_ids.json',
        'movie_titles.json',
        'token2id.json',
        'concept2id.json',
        'conceptnet_subkg.txt',
        DESCRIPTION_FILE,
        '.built',
    )
)
"""Names of all files."""


def write_corpus(
    folder: Path,
    *,
    seed: int = 2024,
    strength: float = 0.8,
    n_train: int = 1200,
    n_valid: int = 250,
    n_test: int = 400,
    n_interventional: int = 400,
) -> None:
    """Generate the corpus and write it to ``folder``, atomically.

    Besides ReDial's files it writes two more. ``interventional_data.json`` has conversations whose history was set by
    intervention. ``scm.json`` has the causal model and the meaning of its indices. Equal arguments give equal bytes. If
    the folder already contains the corpus of these arguments, it is not changed.

    Args:
        folder: folder of the files.
        seed: seed of the catalogue, the model and the conversations.
        strength: strength of the confounding, in [0, 1].
        n_train: number of training conversations.
        n_valid: number of validation conversations.
        n_test: number of test conversations.
        n_interventional: number of conversations of ``interventional_data.json``.

    Raises:
        FileExistsError: ``folder`` contains a file that this generator did not write.
    """
    folder = Path(folder)
    sizes = dict(zip(SPLITS, (n_train, n_valid, n_test, n_interventional)))
    identity = {'generator': GENERATOR, 'seed': seed, 'strength': float(strength), 'sizes': sizes}
    if _holds(folder, identity):
        return
    _check_replaceable(folder)
    catalogue = Catalogue.build(seed)
    model = StructuralCausalModel.build(catalogue, strength, seed)
    splits = {split: _draw_split(catalogue, model, split, n, seed) for split, n in sizes.items()}
    files = {
        **{f'{split}_data.json': _one_per_line(conversations) for split, conversations in splits.items()},
        **_entity_files(catalogue, np.random.default_rng([seed, 2])),
        **_word_files(catalogue, splits),
        DESCRIPTION_FILE: _to_json(
            {
                **identity,
                'entities': catalogue.uris,
                'contexts': [dict(zip(FACTORS, c)) for c in CONTEXTS],
                'explanations': list(REASONS),
                'model': model.to_dict(),
            }
        ),
        # in the format of CRSLab's mark_done (download.py:247), but without the time, which differs between runs
        '.built': f'{GENERATOR}\n{CRSLAB_VERSION}',
    }
    _install(folder, files, identity)


def _draw_split(
    catalogue: Catalogue, model: StructuralCausalModel, split: str, n: int, seed: int
) -> list[dict[str, Any]]:
    """Return ``n`` conversations. Each split has its own random streams, one for the draws and one for the wording."""
    draw_rng, wording_rng = (np.random.default_rng([seed, stream, SPLITS.index(split)]) for stream in (3, 4))
    sample = model.sample_interventional if split == 'interventional' else model.sample_observational
    return [converse(wording_rng, catalogue, sample(draw_rng), f'{split}-{i}') for i in range(n)]


# ---------------------------------------------------------------- contents


def _entity_files(catalogue: Catalogue, rng: np.random.Generator) -> dict[str, str]:
    """Return the files of the entities and of their graph.

    The entities get ids from 1 in random order; 0 is CRSLab's padding.
    """
    ids = (1 + rng.permutation(len(catalogue.uris))).tolist()
    graph: dict[str, list[tuple[int, int]]] = {str(entity): [] for entity in ids}
    for head, relation, tail in catalogue.triples:
        graph[str(ids[head])].append((relation, ids[tail]))
    for entity in ids:
        graph[str(entity)].append((SELF_LOOP, entity))
    titles = {
        str(ids[i]): {
            'title': film.title,
            'year': film.year,
            'genre': film.genres,
            'director': film.directors,
            'stars': film.stars,
            'redial_ids': [film_token(i).removeprefix('@')],
        }
        for i, film in enumerate(catalogue.films)
    }
    return {
        'entity2id.json': _to_json(dict(zip(catalogue.uris, ids))),
        'dbpedia_subkg.json': _to_json(graph),
        'movie_ids.json': _to_json(ids[: len(catalogue.films)]),
        'movie_titles.json': _to_json(titles),
    }


def _word_files(catalogue: Catalogue, splits: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    """Return the files of the tokens, of the concepts among them, and of pairs of concepts that share utterances."""
    tokens = Counter(
        token
        for conversations in splits.values()
        for conversation in conversations
        for utterance in conversation['dialog']
        for token in utterance['text']
    )
    tokens.update(film_token(film) for film in range(len(catalogue.films)))  # films without a mention, too
    vocabulary = sorted(tokens, key=lambda token: (-tokens[token], token))
    concepts = [token for token in vocabulary if is_concept(token)]
    pairs = Counter(
        pair
        for conversation in splits['train']
        for utterance in conversation['dialog']
        for pair in combinations(sorted({w for w in utterance['word'] if not w.startswith('@')}), 2)
    )
    linked = [pair for pair, count in sorted(pairs.items()) if count >= MIN_COOCCURRENCES]
    return {
        'token2id.json': _to_json({token: i for i, token in enumerate((*SPECIAL_TOKENS, *vocabulary))}),
        'concept2id.json': _to_json({concept: i for i, concept in enumerate(concepts, start=1)}),
        'conceptnet_subkg.txt': ''.join(f'cooccur\t{a}/\t{b}/\n' for a, b in linked),
    }


def _to_json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False)


def _one_per_line(content: Sequence[Any]) -> str:
    return '[\n' + ',\n'.join(map(_to_json, content)) + '\n]\n'


# ---------------------------------------------------------------- the folder


def _holds(folder: Path, identity: dict[str, Any]) -> bool:
    """Return whether the folder contains the complete corpus with this identity."""
    if not all((folder / file).is_file() for file in FILES):
        return False
    try:
        description = json.loads((folder / DESCRIPTION_FILE).read_text('utf-8'))
    except ValueError:
        return False
    return isinstance(description, dict) and all(description.get(key) == value for key, value in identity.items())


def _check_replaceable(folder: Path) -> None:
    """Raise ``FileExistsError`` for a folder with files that :func:`write_corpus` did not write."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise FileExistsError(f'{folder} is a file; name a folder for the demo corpus')
    names = {path.name for path in folder.iterdir()}
    foreign = names - FILES if DESCRIPTION_FILE in names else names
    if foreign:
        raise FileExistsError(
            f'{folder} holds {min(foreign)}, which the demo generator did not write; '
            'move it away or name another folder for the demo corpus'
        )


def _install(folder: Path, files: dict[str, str], identity: dict[str, Any]) -> None:
    """Write the files to ``folder`` in one step."""
    try:
        with new_folder(folder) as new:
            for name, content in files.items():
                (new / name).write_text(content, 'utf-8', newline='\n')
    except OSError:
        if not _holds(folder, identity):  # else another process has just written it
            raise
