"""Collect the answers that the seekers of the official ReDial gave after their conversations."""

from __future__ import annotations

import zipfile
from typing import Any, Iterable, Iterator, Mapping

from crslab_causal.data.seeker_answers import ANSWERS_FILE, answers_entry
from crslab_causal.prepare.content import Content, Files, read_json, read_json_lines, to_json
from crslab_causal.prepare.redial import film_uris, read_members, redial_entities

FILM_SOURCES = ('film_names', 'redial_entities')
"""Names of the files that give the films their names in the data folder."""


def seeker_answers(conversations: Iterable[Mapping[str, Any]], uris: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the seeker's answers of conversations of the official ReDial, by conversation.

    Only the seeker's own answers count (``initiatorQuestions``), and only the value 1, which means yes. A conversation
    whose seeker answered nothing is included, without likes.

    Args:
        conversations: conversations in the form of the official files.
        uris: DBpedia URI by number of the film. A film without a URI is left out, because it is never a label.
    """
    return {
        str(raw['conversationId']): answers_entry(
            len(raw['messages']),
            [uris[number] for number in _positive(raw, 'liked') if number in uris],
            [uris[number] for number in _positive(raw, 'seen') if number in uris],
        )
        for raw in conversations
        if raw['messages']
    }


def _positive(raw: Mapping[str, Any], question: str) -> list[str]:
    """Return the numbers of the films for which the seeker answered a question with yes."""
    return [number for number, answer in (raw['initiatorQuestions'] or {}).items() if answer.get(question) == 1]


def answers_content(files: Files, names: Iterable[str]) -> Content:
    """Return the file of the seekers' answers, made from downloaded files.

    Args:
        files: Path of each downloaded file.
        names: Names of those files that hold conversations: archives, or files with one conversation on each line.
    """
    uris = film_uris(read_json(files['film_names']), redial_entities(files))
    conversations = [raw for name in names for raw in _conversations(files, name)]
    return {ANSWERS_FILE: to_json(seeker_answers(conversations, uris))}


def _conversations(files: Files, name: str) -> Iterator[Mapping[str, Any]]:
    if not zipfile.is_zipfile(files[name]):
        yield from read_json_lines(files[name])
        return
    with zipfile.ZipFile(files[name]) as archive:
        for member in ('train_data.jsonl', 'test_data.jsonl'):
            yield from read_members(archive, member)
