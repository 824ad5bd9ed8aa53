"""Convert INSPIRED: the dialogues with UniCRS' entity links and the entity ids of published results."""

from __future__ import annotations

from typing import Any, Container, Iterator, Mapping, Sequence

from crslab_causal.data.dataset.genres import TITLES_FILE
from crslab_causal.prepare.content import Content, Files, read_json, read_json_lines, read_lines, to_json
from crslab_causal.prepare.conversations import RECOMMENDER, SEEKER, Conversation, utterance
from crslab_causal.prepare.redial import film_uris, redial_entities
from crslab_causal.prepare.titles import item_titles, redial_films
from crslab_causal.prepare.vocabulary import concept_graph, concept_ids, token_ids

_ROLES = {'SEEKER': SEEKER, 'RECOMMENDER': RECOMMENDER}
_SELF_LOOP = 'self_loop'


def convert(files: Files, split: str) -> Content:
    """Return CRSLab's files made from UniCRS' dialogues.

    UniCRS linked every word for which DBpedia Spotlight found a page, even "Hello". As in UniCRS' own processing, links
    to entities outside its graph are dropped. The items are the films that any dialogue mentions.
    """
    entity2id = {uri: entity + 1 for uri, entity in read_json(files['inspired_entities']).items()}  # 0 is the padding
    concepts = read_json(files['concepts'])
    data: dict[str, list[Conversation]] = {}
    count = 0
    for name in ('train', 'valid', 'test'):
        data[name] = [
            _conversation(str(number), dialogue, entity2id, concepts)
            for number, dialogue in enumerate(read_json_lines(files[f'inspired_{name}']), start=count)
        ]
        count += len(data[name])
    items = {
        entity2id[film]: film
        for conversations in data.values()
        for conversation in conversations
        for one in conversation['dialog']
        for film in one['movies']
    }
    words = concept_ids(data['train'], concepts)
    graph = _graph(read_json(files['inspired_graph']), read_json(files['inspired_relations']), entity2id)
    return {
        **{f'{name}_data.json': to_json(conversations) for name, conversations in data.items()},
        'token2id.json': to_json(token_ids(data['train'])),
        'entity2id.json': to_json(entity2id),
        'dbpedia_subkg.txt': ''.join(f'{line}\n' for line in graph),
        'word2id.json': to_json(words),
        'concept_subkg.txt': concept_graph(read_lines(files['concept_edges']), words),
        'movie_ids.json': to_json(sorted(items)),
        TITLES_FILE: to_json(_titles(files, dict(sorted(items.items())))),
    }


def _conversation(
    conv_id: str, dialogue: Sequence[Mapping[str, Any]], entity2id: Mapping[str, int], concepts: Container[str]
) -> Conversation:
    """Return a dialogue in CRSLab's form.

    Args:
        conv_id: Number of the dialogue, counted through train, valid and test, because the files have no ids.
        dialogue: Its utterances: ``text``, ``role``, ``entity_link`` and ``movie_link``.
        entity2id: Entities of the graph.
        concepts: Words to list under ``word``.
    """
    dialog = []
    for number, turn in enumerate(dialogue):
        links = [uri for uri in turn['entity_link'] if uri in entity2id]
        one = utterance(number, _ROLES[turn['role']], turn['text'], links, concepts)
        one['movies'] = [uri for uri in turn['movie_link'] if uri in entity2id]
        dialog.append(one)
    return {'conv_id': conv_id, 'dialog': dialog}


def _titles(files: Files, items: Mapping[int, str]) -> dict:
    entity2id, names = redial_entities(files), read_json(files['film_names'])
    films = redial_films(names, read_json(files['film_info']), entity2id)
    return item_titles(
        items, films.values(), {uri: films[entity2id[uri]] for uri in film_uris(names, entity2id).values()}
    )


def _graph(
    edges: Mapping[str, Sequence[Sequence[int]]], relations: Mapping[str, int], entity2id: Mapping[str, int]
) -> Iterator[str]:
    """Yield the edges as lines ``head<tab>relation<tab>tail``. CRSLab adds the other direction and the self-loops."""
    names = {entity - 1: name for name, entity in entity2id.items()}
    relation_names = {number: name for name, number in relations.items()}
    for head, tails in edges.items():
        for relation, tail in tails:
            if relation_names[relation] != _SELF_LOOP:
                yield f'{names[int(head)]}\t{relation_names[relation]}\t{names[tail]}'
