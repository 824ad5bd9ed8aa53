"""Features of a message and of the names in it, as strings, for the trained model of the understanding.

A feature is present or absent. Names are replaced by their kinds, so that "I loved Alien" and "I loved Heat" have the
same features. Most features say what they mean: ``act=like``. A feature with a colon ends with words, and begins with
the place of these words:

- ``c:`` letters of a word; ``m:`` words of the message; ``n:`` and ``p:`` words of the next and the previous clause;
- ``b:`` and ``a:`` words of the clause before and after the name; with a number, as in ``b2:``, the nearest words;
- ``l:`` with a number: the nearest words before the name, without other names; ``k<film>:`` words before a film;
- ``t:``, ``tb:``, ``ta:`` words of a message with a word of a film's title, and those before and after this word;
- ``r:`` the last question of the recommender; ``s:`` its last sentence; ``o:`` the seeker's own message before.
"""

from __future__ import annotations

import re
from typing import Iterator, Mapping, Sequence

from crslab_causal.chat.understanding.draft import Draft
from crslab_causal.chat.understanding.reading.attitudes import cue_before, is_liked_after, is_seen_after
from crslab_causal.chat.understanding.spotting.pronouns import NOUNS, PRONOUNS, find_pronoun

_LENGTH = 600
"""Number of characters of a message that are read."""
_SAID = 40
"""Number of words of the recommender that are read, from the end."""
_NUMBER = re.compile(r'(?<=[a-z])\d+(?=>)')
_WORD = re.compile(r"<\w+>|[\w'-]+|[^\w\s]")
_QUESTION = re.compile(r'[^.!?\n]*\?')
_SENTENCE = re.compile(r'[^.!?\n]+[.!?]*')
_SAYS = {
    name: re.compile(pattern)
    for name, pattern in {
        'asks what': r'\b(?:what|which) (?:kinds?|types?|sort|genres?|movies?|films?|are|do|would)\b',
        'asks favorite': r'\bfavou?rites?\b.*\?',
        'asks seen': r'\b(?:seen|see|saw|watched|watch|heard of)\b.*\?',
        'asks liked': r'\b(?:did you|do you|you) (?:\w+ )?(?:like|love|enjoy)\b.*\?|\bfan of\b.*\?|\binto\b.*\?',
        'offers': r'\b(?:how about|what about|would you|do you want|can i|may i|shall i)\b.*\?|'
        r'\b(?:recommend|suggest|try|check out|should (?:watch|see)|could watch|might like|may like|would like)\b',
        'asks': r'\?',
        'leaves': r'\b(?:bye|goodbye|enjoy|welcome|have a|take care|thank|thanks)\b',
        'likes': r'\bi (?:\w+ )?(?:like|liked|love|loved|enjoy|enjoyed)\b',
        'praises': r'\b(?:good|great|funny|awesome|amazing|best|excellent|classic)\b',
    }.items()
}
"""Patterns of what the recommender may say last; the first one that fits counts."""
_FEW = 4
"""Number of words of a message that means different things after different words of the recommender: "yes I do"."""
_LEVELS = (0.15, 0.35, 0.6, 0.85)
"""Thresholds for the probability of an act. Each threshold that is exceeded gives a feature."""
_WITH_ACTS = ('kind=<', 'cue=', 'first=', 'True place=', 'False place=', 'True said=', 'False said=')
"""Beginnings of the features of a name that count together with the likely acts."""
_NEAR = 4
"""Number of words before and after a name whose distance counts."""
_PLURAL = re.compile(r'\b(?:they|them|those|these|both|all|either|neither|ones|movies|suggestions|recommendations)\b')
"""Words that may mean several films."""


class Text:
    """The words of a draft, which the features of all its names share."""

    def __init__(self, draft: Draft):
        self.clauses = [_WORD.findall(_NUMBER.sub('', clause.text)) for clause in draft.clauses]
        joined = ' | '.join(' '.join(words) for words in self.clauses)[:_LENGTH]
        self.words = joined.split()
        self.common = [*_ngrams(['^', *self.words, '$'], 3), *_state(draft)]


def message_features(draft: Draft, text: Text) -> list[str]:
    """Return the features of a message, from which the model finds its acts."""
    found = set(text.common)
    for word in text.words:
        if not word.startswith('<'):
            padded = f'_{word[:20]}_'
            found.update(f'c:{padded[i : i + n]}' for n in (3, 4, 5) for i in range(len(padded) - n + 1))
    return sorted(found)


def film_features(draft: Draft, text: Text, film: int, title: str, attitude: str) -> list[str]:
    """Return the features of a film that a message may mean without its name, as in "I loved it".

    Args:
        draft: the draft.
        text: its words.
        film: entity id of the film.
        title: title of the film.
        attitude: attitude to the film that the rules find; empty if none.
    """
    is_current = film == draft.situation.film
    plural = _PLURAL.search(' '.join(text.words)) is not None
    n_shown = min(len(draft.situation.shown), 3)
    own = {
        *text.common,
        f'rule={attitude}',
        f'plural={plural}',
        f'plural={plural} shown={n_shown}',
        f'all={draft.names_all}',
    }
    words = {word.lower() for word in _WORD.findall(title) if len(word) > 3} - {'with', 'that', 'from', 'movie'}
    said = draft.situation.said.lower().rfind(title.lower()) >= 0
    shown = draft.situation.shown
    if film in shown:
        place = 'last' if film == shown[-1] else 'first' if film == shown[0] else 'middle'
    else:
        is_recommended = film in draft.situation.recommended
        place = 'none' if is_current else 'recommended' if is_recommended else 'named'
    own |= {f'place={place}', f'said={said}', f'said={said} place={place}', f'named={bool(draft.groups)} said={said}'}
    before = draft.situation.attitudes.get(film, 'none')
    own |= {f'before={before}', f'before={before} place={place}', f'plural={plural} place={place} shown={n_shown}'}
    own.add(f'title={min(len(words & {*text.words}), 2)}')
    for number, word in enumerate(text.words):
        if word in words:
            around = ['^', *text.words[:number]][-1], [*text.words[number + 1 :], '$'][0]
            own |= {f't:{near}' for near in text.words} | {f'tb:{around[0]}', f'ta:{around[1]}'}
    found = {f'{is_current} {feature}' for feature in own}
    found.update(f'{said}/{place} {gram}' for gram in _ngrams(text.words, 2))
    return sorted(found)


def means_person(text: Text) -> bool:
    """Return whether a message points to a person without a name: "I like him", "I love that guy"."""
    return find_pronoun(' '.join(text.words)) is not None


def person_features(draft: Draft, text: Text, attitude: str) -> list[str]:
    """Return the features of a person whom a message means by "he" or "she".

    Args:
        draft: the draft.
        text: its words.
        attitude: attitude to the person that the rules find; empty if none.
    """
    found = {*text.common, f'rule={attitude}'}
    words = ['^', *text.words, '$']
    for number, word in enumerate(words):
        if word in PRONOUNS or (word in NOUNS and words[number - 1] in ('that', 'this')):
            found |= {f'b{n}:{" ".join(words[max(0, number - n) : number])}' for n in (1, 2, 3)}
            found |= {f'a{n}:{" ".join(words[number + 1 : number + 1 + n])}' for n in (1, 2, 3)}
    return sorted(found)


def name_features(draft: Draft, text: Text, group: int, attitude: str) -> list[str]:
    """Return the features of a name in a message, from which the model finds the attitude to it.

    Args:
        draft: the draft.
        text: its words.
        group: index of the group of spans with the name.
        attitude: attitude that the rules find; empty if they find none.
    """
    span = draft.groups[group][0]
    kind = f'<{span.kind}>'
    found = {f'kind={kind}', f'rule={attitude}', f'kind={kind} rule={attitude}', f'negated={span.negated}'}
    found |= {f'wish={span.is_wish}', f'listed={span.collection is not None and span.collection.is_listed}'}
    found |= set(_shape(draft.text[span.start : span.end]))
    found |= set(_state(draft))
    found.update(f'm:{word}' for word in text.words)
    for number in draft.clauses_of(group):
        clause = draft.clauses[number]
        cue = cue_before(clause, group)
        liked, seen = is_liked_after(clause, group), is_seen_after(clause, group)
        found |= {f'cue={cue}', f'cue={cue} kind={kind}', f'liked after={liked}', f'seen after={seen}'}
        place = list(clause.places).index(group)
        found |= {f'first={place == 0}', f'question={clause.text.endswith("?")}'}
        before = ['^', *_WORD.findall(_NUMBER.sub('', clause.before(group)))]
        after = [*_WORD.findall(_NUMBER.sub('', clause.after(group))), '$']
        found.update(f'b:{gram}' for gram in _ngrams(before[-12:], 2))
        found.update(f'a:{gram}' for gram in _ngrams(after[:12], 2))
        for n in range(1, _NEAR + 1):
            found |= {f'b{n}:{" ".join(before[-n:])}', f'a{n}:{" ".join(after[:n])}'}
        found |= {f'k{kind}:{before[-1]}', f'k{kind}:{" ".join(before[-2:])}', f'{before[-1]} {kind} {after[0]}'}
        apart = [word for word in before if not word.startswith('<') and word not in ',and']
        found.update(f'l{n}:{" ".join(apart[-n:])}' for n in (1, 2, 3))
        if number + 1 < len(text.clauses):
            found.update(f'n:{gram}' for gram in _ngrams(text.clauses[number + 1][:8], 2))
        if number:
            found.update(f'p:{gram}' for gram in _ngrams(text.clauses[number - 1][-8:], 1))
    return sorted(found)


def act_features(likely: Mapping[str, float], features: Sequence[str]) -> list[str]:
    """Return the features of a name that follow from the likely acts of its message.

    Args:
        likely: probability of each act.
        features: the other features of the name.
    """
    found = [f'likely={act}>{level}' for act, p in likely.items() for level in _LEVELS if p > level]
    beside = [each for each in features if each.startswith(_WITH_ACTS) and ' rule' not in each]
    return [*found, *(f'{act} {each}' for act in found for each in beside)]


def _state(draft: Draft) -> Iterator[str]:
    """Yield what the rules find, and the state of the conversation."""
    meaning, situation = draft.meaning, draft.situation
    yield from (f'act={act}' for act in meaning.acts)
    yield 'acts=' + '+'.join(sorted(meaning.acts))
    yield from (f'heard={heard.kind} {heard.attitude}' for heard in meaning.heard)
    yield from (f'question={question.aspect}' for question in meaning.questions)
    yield from (f'constraint={c.kind} {c.wanted} {c.binding}' for c in meaning.constraints)
    # The last question alone: the other sentences of the chat come from templates, which the training data do not have.
    question = _QUESTION.findall(situation.said.lower())
    asked = _WORD.findall(question[-1])[-_SAID:] if question else []
    yield from (f'r:{gram}' for gram in _ngrams(asked, 3))
    yield f'r question={bool(asked)}'
    yield f'r={bool(situation.said)}'
    yield f'unknown={bool(meaning.unknown)}'
    yield f'shown={min(len(situation.shown), 2)}'
    yield f'film={situation.film is not None}'
    yield f'begins={not situation.shown and not situation.mentioned}'
    yield f'unnamed={not draft.groups} film={situation.film is not None}'
    yield from _reply(draft)
    n_words = sum(len(clause.text.split()) for clause in draft.clauses)
    yield f'words={min(n_words, 4) if n_words < 5 else 5 + min(n_words // 5, 4)}'
    yield f'clauses={min(len(draft.clauses), 3)}'


def _reply(draft: Draft) -> Iterator[str]:
    """Yield what the recommender said last, with the first words of the message."""
    sentences = _SENTENCE.findall(draft.situation.said.lower())
    last = sentences[-1].strip() if sentences else ''
    says = next((name for name, pattern in _SAYS.items() if pattern.search(last)), 'other') if last else 'nothing'
    yield f'says={says}'
    yield from (f's:{gram}' for gram in _ngrams(_WORD.findall(last)[-_SAID:], 2))
    words = [word for clause in draft.clauses for word in _WORD.findall(_NUMBER.sub('', clause.text))]
    yield from (f'says={says} {gram}' for gram in _ngrams(['^', *words[:_FEW]], 2))
    yield from (f'says={says} act={act}' for act in draft.meaning.acts)
    if len(words) <= _FEW:
        yield f'says={says} whole {" ".join(words)}'
    yield from (f'o:{gram}' for gram in _ngrams(_WORD.findall(draft.situation.own.lower())[-_SAID:], 2))


def _ngrams(words: Sequence[str], longest: int) -> Iterator[str]:
    for n in range(1, longest + 1):
        for start in range(len(words) - n + 1):
            yield ' '.join(words[start : start + n])


def _shape(text: str) -> Iterator[str]:
    n_words = len(text.split())
    yield f'size={min(n_words, 3)}'
    yield f'shape={n_words == 1} {text[:1].isupper()} {text[-1:] == ")"}'
