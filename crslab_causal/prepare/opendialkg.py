"""Convert OpenDialKG: whole dialogues with roles and links, split by dialogue or by turn."""

from __future__ import annotations

from typing import Any, Container, Iterator, Mapping, Sequence

from crslab_causal.data.dataset.genres import TITLES_FILE
from crslab_causal.prepare.content import Content, Files, read_json, read_json_lines, read_lines, to_json
from crslab_causal.prepare.conversations import RECOMMENDER, SEEKER, Conversation, utterance
from crslab_causal.prepare.redial import redial_entities
from crslab_causal.prepare.titles import opendialkg_titles, redial_films
from crslab_causal.prepare.vocabulary import concept_graph, concept_ids, token_ids

SPLITS = ('train', 'valid', 'test')
_ROLES = {'user': SEEKER, 'assistant': RECOMMENDER}
LEAK = (
    'the published split is by turn: turns of one dialogue are in train, valid and test, so that a model meets test '
    'dialogues in training'
)


def convert(files: Files, split: str) -> Content:
    """Return CRSLab's files made from iEvaLM's ``data.jsonl``.

    Args:
        files: The downloaded files.
        split: ``dialogue``: see :func:`by_dialogue`; ``turn``: see :func:`by_turn`.
    """
    entity2id = {name: entity + 1 for name, entity in read_json(files['opendialkg_entities']).items()}  # 0: padding
    items = [item + 1 for item in read_json(files['opendialkg_items'])]
    dialogues = read_json_lines(files['opendialkg_dialogues'])
    official = {turn: name for name in SPLITS for turn in read_json(files[f'opendialkg_{name}_turns'])}
    _check_turns(official, dialogues)
    concepts = read_json(files['concepts'])
    data = (by_turn if split == 'turn' else by_dialogue)(dialogues, official, concepts)
    words = concept_ids(data['train'], concepts)
    films = redial_films(read_json(files['film_names']), read_json(files['film_info']), redial_entities(files))
    titles = opendialkg_titles(read_json(files['opendialkg_info']), entity2id, items, films.values())
    graph = _graph(read_json(files['opendialkg_graph']), read_json(files['opendialkg_relations']), entity2id)
    return {
        **{f'{name}_data.json': to_json(conversations) for name, conversations in data.items()},
        'token2id.json': to_json(token_ids(data['train'])),
        'entity2id.json': to_json(entity2id),
        'opendialkg_subkg.txt': ''.join(f'{line}\n' for line in graph),
        'word2id.json': to_json(words),
        'concept_subkg.txt': concept_graph(read_lines(files['concept_edges']), words),
        'item_ids.json': to_json(items),
        TITLES_FILE: to_json(titles),
    }


def by_dialogue(
    dialogues: Sequence[Mapping[str, Any]], official: Mapping[str, str], concepts: Container[str]
) -> dict[str, list[Conversation]]:
    """Split by dialogue, so that no dialogue is in two splits.

    The test split has the dialogues with an official test turn. Only their official test turns recommend. In the other
    turns of these dialogues the items are entities of the context. The validation split has the remaining dialogues
    with an official valid turn, and the training split has all others.
    """
    data: dict[str, list[Conversation]] = {name: [] for name in SPLITS}
    for dialogue in dialogues:
        met = {official.get(turn) for turn in _turn_names(dialogue)}
        name = 'test' if 'test' in met else 'valid' if 'valid' in met else 'train'
        data[name].append(_conversation(dialogue, official, concepts, only='test' if name == 'test' else None))
    return data


def by_turn(
    dialogues: Sequence[Mapping[str, Any]], official: Mapping[str, str], concepts: Container[str]
) -> dict[str, list[Conversation]]:
    """Split by turn, as published.

    Each split has all dialogues with a turn of this split. In them only the turns of this split recommend.
    """
    return {
        name: [
            _conversation(dialogue, official, concepts, only=name)
            for dialogue in dialogues
            if name in {official.get(turn) for turn in _turn_names(dialogue)}
        ]
        for name in SPLITS
    }


def _conversation(
    dialogue: Mapping[str, Any], official: Mapping[str, str], concepts: Container[str], only: str | None
) -> Conversation:
    """Return a dialogue in CRSLab's form.

    Args:
        dialogue: ``dialog_id`` and ``dialog``, whose turns have ``role``, ``text``, ``entity``, ``item``, ``turn_id``.
        official: Official split by turn.
        concepts: Words to list under ``word``.
        only: Official split whose turns recommend; None: the turns of all splits do.
    """
    dialog = []
    for number, (turn, name) in enumerate(zip(dialogue['dialog'], _turn_names(dialogue))):
        role, entities, items = _ROLES[turn['role']], turn['entity'], turn['item']
        if role == RECOMMENDER and only is not None and official.get(name) != only:
            entities, items = list(dict.fromkeys([*entities, *items])), []
        one = utterance(number, role, turn['text'], entities, concepts)
        one['item'] = list(items)
        if name in official:
            one['official_split'] = official[name]
        dialog.append(one)
    return {'conv_id': str(dialogue['dialog_id']), 'dialog': dialog}


def _turn_names(dialogue: Mapping[str, Any]) -> list[str]:
    """Return the names of the turns of a dialogue in the official lists."""
    return [f'{dialogue["dialog_id"]}_{turn["turn_id"]}' for turn in dialogue['dialog']]


def _check_turns(official: Mapping[str, str], dialogues: Sequence[Mapping[str, Any]]) -> None:
    recommending = {
        name
        for dialogue in dialogues
        for turn, name in zip(dialogue['dialog'], _turn_names(dialogue))
        if turn['role'] == 'assistant' and turn['item']
    }
    if missing := official.keys() - recommending:
        raise ValueError(f'{len(missing)} turns of the official split recommend nothing, {min(missing)} among them')


def _graph(
    edges: Mapping[str, Sequence[Sequence[int]]], relations: Mapping[str, int], entity2id: Mapping[str, int]
) -> Iterator[str]:
    """Yield the edges as lines ``head<tab>relation<tab>tail``, in both directions.

    CRSLab's threshold relies on this.
    """
    names = {entity - 1: name for name, entity in entity2id.items()}
    relation_names = {number: name for name, number in relations.items()}
    triples = dict.fromkeys(
        (names[int(head)], relation_names[relation], names[tail])
        for head, tails in edges.items()
        for relation, tail in tails
    )
    for head, relation, tail in triples:
        yield f'{head}\t{relation}\t{tail}'
        yield f'{tail}\t{relation}\t{head}'
