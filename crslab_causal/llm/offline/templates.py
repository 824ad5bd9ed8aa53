"""Template responses: recommendations and questions without a language model."""

from __future__ import annotations

_WITH_REASON = (
    'I would go for {name}: {reason}.',
    'How about {name}? I ask because {reason}.',
    'Try {name}: {reason}.',
    'My pick is {name}, because {reason}.',
    'Let me suggest {name}: {reason}.',
    'In that case, {name} may be right for you: {reason}.',
)
_WITHOUT_REASON = (
    'I would go for {name}; it fits best with what you have told me.',
    'How about {name}? It comes closest to what you have told me.',
    'Try {name}, which goes well with what you have said so far.',
    'My pick is {name}, from all that you have told me.',
    'Let me suggest {name}; it suits what we have talked about.',
    'In that case, {name} may be right for you.',
)
_WITHOUT_TASTE = (
    'I would go for {name}.',
    'How about {name}?',
    'Try {name}.',
    'My pick is {name}.',
    'Let me suggest {name}.',
    'In that case, {name} may be right for you.',
)
_QUESTIONS = ('What have you liked lately?', 'What are you in the mood for?', 'Is there something that you enjoyed?')


def template_response(name: str, seed: int = 0, reason: str | None = None) -> str:
    """Return a response R of Eq 9 from a template. It also replaces the response of a language model that fails.

    Args:
        name: name of the recommended item.
        seed: number that chooses the template, for example :func:`.rerank_request_seed`.
        reason: a clause without a full stop; None: the response gives no reason.
    """
    templates = _WITHOUT_REASON if reason is None else _WITH_REASON
    return templates[seed % len(templates)].format(name=name, reason=reason)


def template_offer(name: str, seed: int = 0) -> str:
    """Return a response that recommends an item to somebody whose taste is not known.

    Args:
        name: name of the item.
        seed: number that chooses the template, as for :func:`template_response`.
    """
    return _WITHOUT_TASTE[seed % len(_WITHOUT_TASTE)].format(name=name)


def template_question(seed: int = 0) -> str:
    """Return a question about the seeker's taste.

    Args:
        seed: number that chooses the question.
    """
    return _QUESTIONS[seed % len(_QUESTIONS)]
