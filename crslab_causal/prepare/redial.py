"""Convert ReDial: copy CRSLab's own files, or convert the official conversations to CRSLab's format."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, Container, Iterable, Iterator, Mapping

from crslab_causal.data.dataset.genres import TITLES_FILE
from crslab_causal.prepare.content import Content, Files, json_values, read_json, read_lines, to_json
from crslab_causal.prepare.conversations import RECOMMENDER, SEEKER, Conversation, Utterance, utterance
from crslab_causal.prepare.pickles import read_containers
from crslab_causal.prepare.titles import redial_films
from crslab_causal.prepare.vocabulary import redial_concept_graph, token_ids

SPLIT_FILE = Path(__file__).with_name('redial_split.json')
"""Name of the file with the ids of the conversations that CRSLab uses for training and for validation. CRSLab leaves
out some of the official training conversations."""


def from_crslab(files: Files, split: str) -> Content:
    """Return CRSLab's own files."""
    return {
        'train_data.json': files['redial_train'].read_bytes(),
        'valid_data.json': files['redial_valid'].read_bytes(),
        'test_data.json': files['redial_test'].read_bytes(),
        'token2id.json': files['redial_tokens'].read_bytes(),
        **_graphs(files, redial_entities(files)),
    }


def from_official(files: Files, split: str) -> Content:
    """Return CRSLab's files made from the official conversations, in CRSLab's split.

    Tokens, films, concepts and roles follow CRSLab's rules. The entity links of a message come from RevCore, which
    lists them by the text of the message. The vocabulary contains the tokens of the training conversations. The
    utterances of the seeker also have the keys ``liked``, ``disliked`` and ``seen``, from the questions that the
    workers answered after the conversation.
    """
    entity2id, concepts = redial_entities(files), read_json(files['concepts'])
    uris = film_uris(read_json(files['film_names']), entity2id)
    links = read_containers(files['redial_links'])
    with zipfile.ZipFile(files['redial_raw']) as archive:
        official = {
            conversation['conversationId']: conversation for conversation in read_members(archive, 'train_data.jsonl')
        }
        raw = {
            name: [official[str(i)] for i in ids if str(i) in official] for name, ids in read_json(SPLIT_FILE).items()
        }
        raw['test'] = list(read_members(archive, 'test_data.jsonl'))
    data = {
        name: [convert(conversation, uris, links, concepts) for conversation in conversations]
        for name, conversations in raw.items()
    }
    return {
        **{f'{name}_data.json': to_json(conversations) for name, conversations in data.items()},
        'token2id.json': to_json(token_ids(data['train'])),
        **_graphs(files, entity2id),
    }


def redial_entities(files: Files) -> dict[str, int]:
    """Return CRSLab's entity ids. Correct a name that has an additional space in the published copy."""
    return {uri.replace(' >', '>'): entity for uri, entity in read_json(files['redial_entities']).items()}


def film_uris(names: Mapping[str, list], entity2id: Mapping[str, int]) -> dict[str, str]:
    """Return the DBpedia URI of each film by its number in ReDial. Films without a URI are left out."""
    uris = {entity: uri for uri, entity in entity2id.items()}
    return {number: uris[entity] for number, (entity, *_) in names.items() if entity != -1}


def _graphs(files: Files, entity2id: dict[str, int]) -> Content:
    concepts = read_json(files['concepts'])
    films = redial_films(read_json(files['film_names']), read_json(files['film_info']), entity2id)
    return {
        'entity2id.json': to_json(entity2id),
        'dbpedia_subkg.json': files['redial_graph'].read_bytes(),
        'movie_ids.json': files['redial_items'].read_bytes(),
        'concept2id.json': to_json(concepts),
        'conceptnet_subkg.txt': redial_concept_graph(read_lines(files['concept_edges']), concepts),
        TITLES_FILE: to_json(films),
    }


def read_members(archive: zipfile.ZipFile, name: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON Lines file in an archive. The file may be in any folder of the archive."""
    found = [
        member
        for member in archive.namelist()
        if member.rpartition('/')[2] == name and not member.startswith('__MACOSX/')
    ]
    with archive.open(found[0]) as file:
        yield from json_values(file)


# ---------------------------------------------------------------- conversion of a conversation


def convert(
    raw: Mapping[str, Any], uris: Mapping[str, str], links: Mapping[str, Iterable[str]], concepts: Container[str]
) -> Conversation:
    """Return a conversation of the official ReDial in CRSLab's form.

    Args:
        raw: ``conversationId``, ``messages``, ``initiatorWorkerId`` (the seeker), ``movieMentions``,
            ``initiatorQuestions`` and ``respondentQuestions``. The last three are ``[]`` instead of ``{}`` when empty.
        uris: DBpedia URI by number of the film. As in CRSLab, a film without a URI is in the text but not in
            ``movies``.
        links: DBpedia URIs by text of a message.
        concepts: Words to list under ``word``.
    """
    dialog: list[Utterance] = []
    for message in raw['messages']:
        role = SEEKER if message['senderWorkerId'] == raw['initiatorWorkerId'] else RECOMMENDER
        one = utterance(len(dialog), role, message['text'], links.get(message['text'], ()), concepts)
        numbers = [token[1:] for token in one['text'] if token[0] == '@' and token[1:] in raw['movieMentions']]
        one['movies'] = [uris[number] for number in numbers if number in uris]
        if one['text']:  # CRSLab drops empty messages
            dialog.append(one)
    _add_opinions(dialog, raw, uris)
    return {'conv_id': raw['conversationId'], 'dialog': dialog}


def _add_opinions(dialog: Iterable[Utterance], raw: Mapping[str, Any], uris: Mapping[str, str]) -> None:
    """Add the seeker's opinion on each film to an utterance of the seeker.

    It is the utterance in which the seeker first names the film. If the recommender names it, it is the seeker's next
    utterance. Both workers answered the same questions after the conversation. The seeker's own answer is used, and the
    recommender's answer only if the seeker gave none.
    """
    answers: dict[str, dict[str, int]] = {}
    for questions in (raw['respondentQuestions'], raw['initiatorQuestions']):
        for number, answer in (questions or {}).items():
            if number in uris:
                answers.setdefault(uris[number], {}).update(
                    (key, answer[key]) for key in ('liked', 'seen') if answer.get(key) in (0, 1)
                )
    open_films: list[str] = []
    known: set[str] = set()
    for one in dialog:
        open_films += [film for film in dict.fromkeys(one['movies']) if film not in known]
        known.update(one['movies'])
        if one['role'] == SEEKER and open_films:
            one['liked'] = [film for film in open_films if answers.get(film, {}).get('liked') == 1]
            one['disliked'] = [film for film in open_films if answers.get(film, {}).get('liked') == 0]
            one['seen'] = [film for film in open_films if answers.get(film, {}).get('seen') == 1]
            open_films = []
