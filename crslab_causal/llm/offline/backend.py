"""Eq 9 without a language model: explanations from paths in the knowledge graph, responses from templates."""

from __future__ import annotations

import math
from typing import Iterable, Mapping, NamedTuple, Sequence

from crslab_causal.llm.answer import CausalAnswer
from crslab_causal.llm.candidates import request_hash
from crslab_causal.llm.offline.opinion_cues import stated
from crslab_causal.llm.offline.graph import KnowledgeGraph, Path
from crslab_causal.llm.request import Candidate, Request

REACH = 10
"""Places that evidence can move a candidate by, at most."""
NEUTRAL = 0.5
"""Weight of a mention that is neither liked nor disliked; of one that is liked it is 1, of one that is disliked -1."""

PHRASES = {
    'director': 'is directed by {}', 'directed_by': 'is directed by {}', 'starring': 'stars {}', 'actor': 'stars {}',
    'genre': 'is of the genre {}', 'theme': 'is about {}', 'writer': 'is written by {}', 'music': 'has music by {}',
    'producer': 'is produced by {}', 'cinematography': 'is shot by {}', 'editing': 'is edited by {}',
    'language': 'is in {}', 'year': 'is from {}',
}
"""What a relation says about an item, the most telling first."""
_LINKED = 'is linked to {}'

_WITH_REASON = ('I would go for {name}: {reason}.', 'How about {name}? I ask because {reason}.',
                'Try {name}: {reason}.', 'My pick is {name}, because {reason}.', 'Let me suggest {name}: {reason}.',
                'In that case, {name} may be right for you: {reason}.')
_WITHOUT_REASON = ('I would go for {name}; it fits best with what you have told me.',
                   'How about {name}? It comes closest to what you have told me.',
                   'Try {name}, which goes well with what you have said so far.',
                   'My pick is {name}, from all that you have told me.',
                   'Let me suggest {name}; it suits what we have talked about.',
                   'In that case, {name} may be right for you.')
_QUESTIONS = ('What have you liked lately?', 'What are you in the mood for?', 'Is there something that you enjoyed?')
_YOURS, _SEEKERS = 'your', "the seeker's"
_MOST = 5
"""Names in a list, at most."""


class Opinions(NamedTuple):
    """What a request says about its mentions; each is in one list only."""

    liked: list[int]
    disliked: list[int]
    neutral: list[int]

    def weights(self) -> dict[int, float]:
        """Weight of each mention."""
        return {**dict.fromkeys(self.neutral, NEUTRAL), **dict.fromkeys(self.liked, 1.0),
                **dict.fromkeys(self.disliked, -1.0)}


class OfflineBackend:
    """Stands in for a language model: no network, no key, and the same answer to the same request, always.

    The candidate at place i, from 0, of the recommender's list is ranked by this number, the smallest first::

        i - REACH (tanh(p) - tanh(q)) + (REACH if it is disliked itself, else ``repeat`` if it was mentioned)

    where p sums up the paths to it from mentions that are liked or neutral, each times the mention's weight, and q
    those from disliked ones (:meth:`.KnowledgeGraph.evidence`). Equal numbers keep the recommender's order; without
    evidence and repeats that is the ranking. What is liked and disliked is taken from the request, and from the text
    (:func:`.stated`) only if the request has neither. Nothing else of the text moves a candidate.

    Args:
        graph: with the requests' entity ids.
        names: name of an entity, for explanations and for finding mentions in the text.
        repeat: places that a candidate loses because it was mentioned already. 0 suits scores in which such labels
            count (37 % of OpenDialKG's, 9 % of ReDial's), and a conversation wants more.
    """

    name = 'offline (knowledge-graph paths and templates; no language model)'

    def __init__(self, graph: KnowledgeGraph, names: Mapping[int, str], repeat: float = 0.0):
        self._graph, self._names, self._repeat = graph, names, repeat

    def answer(self, request: Request) -> CausalAnswer:
        """E, I_llm and R of Eq 9. Without candidates the ranking is empty, and the response a question."""
        key = request_hash(request)
        if not request.candidates:
            return CausalAnswer(explanation='There are no candidates to explain.', ranking=[],
                                response=_QUESTIONS[key % len(_QUESTIONS)])
        opinions = self.opinions(request)
        ranking = self._rank(request, opinions)
        best = request.candidates[ranking[0] - 1]
        why = self._strongest(opinions.liked + opinions.neutral, opinions.weights(), best)
        reason = None if why is None else self._reason(why, opinions, _YOURS)
        return CausalAnswer(explanation=self._explain(request, opinions, ranking, why), ranking=ranking,
                            response=template_response(best.name, key, reason))

    def opinions(self, request: Request) -> Opinions:
        """What is liked, what is disliked (which wins, if both are said), and what is only mentioned."""
        liked, disliked = request.liked, request.disliked
        if not liked and not disliked:
            liked, disliked = stated(request.context, dict.fromkeys(request.mentions), self._names)
        against = list(dict.fromkeys(disliked))
        wanted = [entity for entity in dict.fromkeys(liked) if entity not in set(against)]
        rest = [entity for entity in dict.fromkeys(request.mentions) if entity not in {*wanted, *against}]
        return Opinions(wanted, against, rest)

    def paths(self, mentions: Iterable[int], candidate: int) -> list[Path]:
        """:meth:`.KnowledgeGraph.paths`; :meth:`describe` puts one into words."""
        return self._graph.paths(mentions, candidate)

    def describe(self, path: Path, subject: str | None = None, remark: str = '') -> str:
        """A clause such as ``Heat stars Al Pacino, like The Godfather``.

        Args:
            path: from :meth:`paths`.
            subject: what the candidate is called; None: its name.
            remark: about the mention; it follows the mention's name, after a comma.
        """
        subject = self._name(path.entities[-1]) if subject is None else subject
        end = path.relations[-1]
        mention = self._name(path.entities[0]) + (f', {remark}' if remark else '')
        if len(path.entities) == 2:
            return f'{subject} {_phrase(end).format(mention)}'
        shared = self._name(path.entities[1])
        both = [relation for relation in end if relation in path.relations[0]]
        if both or not any(path.relations):
            return f'{subject} {_phrase(both).format(shared)}, like {mention}'
        return f'{subject} {_phrase(end).format(shared)}, and so is linked to {mention}'

    def _rank(self, request: Request, opinions: Opinions) -> list[int]:
        """Numbers from 1, the best first."""
        lost = {**dict.fromkeys([*opinions.neutral, *opinions.liked], self._repeat),
                **dict.fromkeys(opinions.disliked, float(REACH))}
        evidence = self._graph.evidence(opinions.weights(), [candidate.entity for candidate in request.candidates])
        places = [place - REACH * (math.tanh(good) - math.tanh(-bad)) + lost.get(candidate.entity, 0.0)
                  for place, (candidate, (good, bad)) in enumerate(zip(request.candidates, evidence))]
        return [index + 1 for index in sorted(range(len(places)), key=places.__getitem__)]

    def _strongest(self, mentions: Sequence[int], weights: Mapping[int, float], candidate: Candidate) -> Path | None:
        paths = self._graph.paths(mentions, candidate.entity)
        return max(paths, key=lambda path: path.weight * abs(weights[path.entities[0]]), default=None)

    def _explain(self, request: Request, opinions: Opinions, ranking: Sequence[int], why: Path | None) -> str:
        sentences = [f'{what}: {self._list(entities)}.' for what, entities in
                     (('Liked', opinions.liked), ('Disliked', opinions.disliked), ('Only mentioned', opinions.neutral))
                     if entities]
        best = request.candidates[ranking[0] - 1]
        if why is None:
            sentences.append(f'{best.name} is first by the place that the recommender gave it; no path leads there '
                             'from what is wanted.')
        else:
            sentences.append(f'{best.name} is first, number {ranking[0]} of the recommender: '
                             f'{self._reason(why, opinions, _SEEKERS)}.')
        first = request.candidates[0]
        if first != best:
            against = self._strongest(opinions.disliked, opinions.weights(), first)
            if against is not None:
                sentences.append(f'{first.name} falls behind: {self._reason(against, opinions, _SEEKERS)}.')
            elif first.entity in opinions.disliked:
                sentences.append(f'{first.name} falls behind: it is disliked itself.')
            elif self._repeat and first.entity in opinions.liked + opinions.neutral:
                sentences.append(f'{first.name} falls behind: it was mentioned already.')
        return ' '.join(sentences)

    def _reason(self, path: Path, opinions: Opinions, whose: str) -> str:
        mention = path.entities[0]
        what = 'likes' if mention in opinions.liked else 'dislikes' if mention in opinions.disliked else ''
        return self.describe(path, 'it', f'one of {whose} {what}' if what else '')

    def _name(self, entity: int) -> str:
        return self._names.get(entity, f'entity {entity}')

    def _list(self, entities: Sequence[int]) -> str:
        named = ', '.join(map(self._name, entities[-_MOST:]))
        return named if len(entities) <= _MOST else f'{named} and {len(entities) - _MOST} before'


def template_response(name: str, key: int = 0, reason: str | None = None) -> str:
    """R of Eq 9 without a language model; also what is said where one fails.

    Args:
        name: the item that is recommended.
        key: equal keys give equal templates; :func:`.request_hash` varies them from request to request.
        reason: a clause without a full stop; None: the response has no reason of its own.
    """
    templates = _WITHOUT_REASON if reason is None else _WITH_REASON
    return templates[key % len(templates)].format(name=name, reason=reason)


def _phrase(relations: Sequence[str]) -> str:
    return next((phrase for relation, phrase in PHRASES.items() if relation in relations), _LINKED)
