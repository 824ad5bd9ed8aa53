"""The sentence templates of the conversations, and the tokenizer of their text."""

from __future__ import annotations

import re
from typing import Mapping, NamedTuple, Sequence

import numpy as np

_TOKEN = re.compile(r"@\d{5}|\w+(?=n't)|n't|'\w+|\w+|[^\w\s]")

GREETINGS = {
    'Seeker': (
        'Hi there!',
        'Hello!',
        'Hey, good evening.',
        'Hi, how are you?',
        'Hello, I could use some help.',
        'Hey! Do you know films well?',
        'Good evening, are you free for a moment?',
    ),
    'Recommender': (
        'Hello!',
        'Hi, nice to meet you.',
        'Hey, how are you doing?',
        'Good evening!',
        'Hello, welcome.',
        'Hi! Ready to talk about films?',
        'Hey there, glad you are here.',
    ),
}
QUESTIONS_ABOUT_OCCASION = (
    'What is the occasion?',
    'Who will be watching, and how do you feel?',
    'Tell me about your evening.',
    'How are things with you, and is anyone joining you?',
    'When and with whom do you want to watch?',
    "What's the plan for tonight?",
    'Sure, what is going on today?',
    'Can you tell me a little about tonight?',
)

SEASONS = {
    'winter': (
        'it is freezing outside',
        'there is snow on the roof',
        "it's a dark winter evening",
        'the heating is on and it is still cold',
    ),
    'spring': (
        'everything is in bloom',
        "it's the first mild evening of spring",
        'the windows are open again',
        'it rained on the blossoms all day',
    ),
    'summer': (
        'it is far too hot to sleep',
        "it's a long summer evening",
        'we have been in the sun all day',
        'the summer holidays have just begun',
    ),
    'autumn': (
        'the leaves are falling',
        "it's a foggy autumn night",
        'the days are getting shorter',
        'a storm has been blowing since morning',
    ),
}
MOODS = {
    'cheerful': ("I'm in a great mood", 'I feel wonderful', 'today was a really good day', 'I could hug everyone'),
    'tired': (
        "I'm worn out from work",
        'I can barely keep my eyes open',
        'it has been an exhausting week',
        'I have no energy left',
    ),
    'restless': (
        "I can't sit still",
        'I feel restless',
        'my head is full of things',
        'I need something to take my mind off the waiting',
    ),
}
COMPANIONS = {
    'alone': (
        "I'm on my own tonight",
        'nobody else is at home',
        "I'll be watching by myself",
        'I have the sofa to myself',
    ),
    'friends': (
        'some friends are coming over',
        "I'm with my flatmates",
        'two old friends are visiting',
        'a few of us are getting together',
    ),
    'family': (
        'the whole family is here',
        "I'm watching with my parents",
        'the kids and their grandparents will join',
        'my sister and her children are staying with us',
    ),
}
CONTEXT_PHRASES = {'season': SEASONS, 'mood': MOODS, 'companions': COMPANIONS}
"""Phrases for every value of every factor of the context."""
CONTEXT_PATTERNS = (
    '{0}, {1}, and {2}.',
    'Well, {0} and {1}. Also, {2}.',
    '{0}. {1}, and {2}.',
    'Let me see: {0}, {1}, {2}.',
    '{0} and {1}, so a film seems right. Oh, and {2}.',
)

QUESTIONS_ABOUT_TASTE = (
    'What do you like to watch?',
    'Which films have you seen lately?',
    'I see. What kind of films do you enjoy?',
    'That sounds nice. Any favourites?',
    'Okay, tell me something you have watched.',
    'Alright. Is there anything you loved, or hated?',
    'Thanks, that helps. What have you seen so far?',
)
MORE_QUESTIONS = (
    'Good to know. Anything else?',
    'I have heard of that. What else?',
    'Okay, and what besides that?',
    'Interesting choice! Can you name another one?',
    'Got it. Is there more I should know?',
    "I haven't seen it, but I know of it. What else comes to mind?",
    'I understand. One more, perhaps?',
)

LIKED_FILM = (
    'I loved {name}.',
    '{name} was great.',
    'I really enjoyed {name}.',
    'I have seen {name} twice already.',
    'We had a good time with {name}.',
    "I'd watch {name} again any day.",
    '{name} is a favourite of mine.',
    'Something like {name} would be nice.',
    'I still think about {name}.',
)
DISLIKED_FILM = (
    "I didn't like {name}.",
    '{name} was not for me.',
    'I fell asleep during {name}.',
    '{name} bored me.',
    'Please nothing like {name}.',
    "I couldn't finish {name}.",
    '{name} was a disappointment.',
)
GENRE = (
    'I usually go for {name}.',
    '{name} always works for me.',
    'I am in for some {name}.',
    'I watch a lot of {name}.',
    'Some {name} would be fine.',
)
PERSON = (
    'I like everything with {name}.',
    'I am a fan of {name}.',
    '{name} never lets me down.',
    'Anything that {name} worked on is good.',
    'I keep looking for more from {name}.',
)
LINKS = ('', '', '', 'Also,', 'And', 'Then again,', 'Oh,')
"""Words that can connect a mention to an earlier mention of the same utterance."""

RECOMMENDATIONS = (
    'Then you should watch {film}. {reason}',
    'I recommend {film}. {reason}',
    'How about {film}? {reason}',
    'In that case {film} is the one. {reason}',
    'Have you seen {film}? {reason}',
    'My pick is {film}. {reason}',
    '{reason} So try {film}.',
    'I think {film} would suit you. {reason}',
)
REASON_PHRASES = {
    'laughter': (
        'It gives you something to laugh about together.',
        "It's the funniest thing I know.",
        'You will be laughing all the way through.',
    ),
    'tears': (
        'It is good for a proper cry.',
        'Keep some tissues ready, it is beautiful and sad.',
        "It's the kind of sadness that does you good.",
    ),
    'comfort': (
        'It is as warm as a blanket.',
        'It leaves you with a warm feeling.',
        'Nothing bad happens in it, and everybody is kind.',
    ),
    'suspense': (
        'It keeps you on the edge of your seat.',
        'You will not look away for a second.',
        "It's tense from the first minute.",
    ),
    'scare': ('It will give you a real fright.', 'You will want to keep the lights on.', "It's scary in the best way."),
    'wonder': (
        'It makes the world feel bigger.',
        'You will be thinking about the stars afterwards.',
        'It is full of ideas you have never met before.',
    ),
    'escape': (
        'It takes you far away from everything.',
        "It's like a journey without packing.",
        'You will forget where you are.',
    ),
    'riddle': (
        'You can guess along until the very end.',
        'It gives you a puzzle to solve.',
        'Nobody finds out who it was before the last scene.',
    ),
}
CLOSINGS = (
    'Thanks, I will watch it!',
    'That sounds perfect, thank you.',
    'Great, I have not seen that one. Bye!',
    'Okay, I will give it a try.',
    'Wonderful, thanks for your help!',
    'Nice, good night!',
    "Sounds good, I'll let you know how it was.",
)

STOP_WORDS = frozenset(
    """
    a about again all already also always am an and another any anything are as at be been before besides but by ca can
    could day days did do does during else ever every everybody everyone everything few for from get go good got had has
    have haven he her here how i if in is it its just keep know lately leave let like little ll lot m me mind mine more
    my never nice nobody not nothing of off oh okay on one or our out perhaps please real really right s see seen should
    so some something sounds still sure t tell than that the their them then there they thing things think this through
    time to try two us usually very want was we well were what when which while who will with would yes you your d n't
    """.split()
)
"""Words that do not count as concepts."""


class Wording(NamedTuple):
    """The parts of a mention that its sentence needs."""

    name: str
    """Token of a film, or name of a genre or a person."""
    kind: str
    """``film``, ``genre`` or ``person``."""
    liked: bool


def tokenize(text: str) -> list[str]:
    """Return the tokens of a text: ``"I didn't like @00007."`` -> ``['I', 'did', "n't", 'like', '@00007', '.']``."""
    return _TOKEN.findall(text)


def choose(rng: np.random.Generator, options: Sequence[str]) -> str:
    """Return one of ``options``, drawn uniformly."""
    return options[int(rng.integers(len(options)))]


def state_context(rng: np.random.Generator, context: Mapping[str, str]) -> str:
    """Return a sentence that states the value of every factor of the context, in random order."""
    phrases = [choose(rng, CONTEXT_PHRASES[factor][value]) for factor, value in context.items()]
    rng.shuffle(phrases)
    return _capitalise(choose(rng, CONTEXT_PATTERNS).format(*phrases))


def mention(rng: np.random.Generator, wordings: Sequence[Wording]) -> str:
    """Write a text with one sentence for each mention, in order."""
    sentences = []
    for i, wording in enumerate(wordings):
        patterns: Sequence[str]
        if wording.kind == 'film':
            patterns = LIKED_FILM if wording.liked else DISLIKED_FILM
        else:
            patterns = GENRE if wording.kind == 'genre' else PERSON
        link = choose(rng, LINKS) if i else ''
        sentence = choose(rng, patterns).format(name=wording.name)
        sentences.append(f'{link} {_decapitalise(sentence)}' if link else _capitalise(sentence))
    return ' '.join(sentences)


def recommend(rng: np.random.Generator, film: str, reason: str) -> str:
    """Return a recommendation of the film with the reason to watch it."""
    return choose(rng, RECOMMENDATIONS).format(film=film, reason=choose(rng, REASON_PHRASES[reason]))


def _capitalise(text: str) -> str:
    """Return the text with a capital letter at the beginning of each sentence."""
    return re.sub(r'(^|[.] )([a-z])', lambda match: match[1] + match[2].upper(), text)


def _decapitalise(sentence: str) -> str:
    """Return the sentence with a small letter at its beginning, unless it begins with a name or the word I."""
    if sentence.startswith(('We ', 'Something ', 'Please ', 'Anything ', 'Some ')):
        return sentence[0].lower() + sentence[1:]
    return sentence
