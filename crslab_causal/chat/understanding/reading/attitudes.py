"""The attitude of a clause to each name in it, which cues before and after the name show."""

from __future__ import annotations

import re

from crslab_causal.chat.understanding.acts import FEW, names_all
from crslab_causal.chat.understanding.clauses import Clause
from crslab_causal.chat.understanding.phrases import read_phrases
from crslab_causal.llm.entity_linking.verdicts import PRAISE, any_of

LIKE, DISLIKE, WANT, WATCH, SIMILAR, SEEN, NOT_SEEN = 'like', 'dislike', 'want', 'watch', 'similar', 'seen', 'not seen'
TOLD = 'told'
"""Names of the cues. They are the sections of ``cues.txt``."""
_PRAISED_WORDS = any_of(PRAISE | frozenset('my our best nice riot god sick'.split()))
"""Words after "is" that praise the name before it."""
_AFTER_LIKED = re.compile(
    rf"""^(?:\s*(?:and|,|or)?\s*(?:the\s+)?<\w+>)*(?:'s)?(?:\s+(?:movies|series|franchise|saga|trilogy))?(?:\s+in\s+general)?
        \s+(?:is|are|was|were|has\s+been|have\s+been)\s+(?!on\s+(?:my|our)\b)(?:\w+\s+){{0,3}}?(?:{_PRAISED_WORDS}|one\s+of|top\s+\d+)\b
    |^\s+(?:rocks|rules|slaps|made\s+(?:me|us)\s+(?:laugh|smile)|goes\s+without\s+saying|never\s+(?:gets\s+old|disappoints?|disappointed|fails)|holds\s+up|
        (?:did|does|do|will)\s+not\s+disappoint)\b
    |^\s+(?:really\s+|always\s+|totally\s+)?(?:blew\s+(?:me|us)\s+away|(?:kept|had|keeps|has)\s+(?:me|us|everyone)\s+
        (?:on\s+the\s+edge|in\s+stitches|laughing|hooked|glued|smiling))\b
    |^,?\s+(?:\w+\s+){{0,6}}?(?:brilliant|great|amazing|fantastic)\s+(?:movie|one)\W*$
    |^\s+(?:\w+\s+)?(?:fans?|lover|buff)\b(?!\s+of)
    |^\W*(?:very|so|really)\s+(?:moving|good|great|touching|well\s+done)\b""",
    re.VERBOSE,
)
_COULD_WATCH = re.compile(r'\b(?:could|can) (?:\w+ )?(?:watch|rewatch|see) (?:the )?$')
_ANY_TIME = re.compile(
    r'^\s+(?:all\s+day|over\s+and\s+over|again\s+and\s+again|a\s+(?:hundred|thousand|million)\s+times|forever|any\s?time|'
    r'every\s+(?:day|week|night))\b'
)
"""Words after a name that follows :data:`_COULD_WATCH`: "I could watch Shrek all day"."""
_ASKS_FOR_YES = re.compile(
    r'(?:^|\b(?:and|but|so|oh|well|wow|yes|think|agree(?: that)?)\W+)'
    r'(?:is|was|are|were|has|have|does|do) not (?:the )?$'
)
"""Words before a name in a negative question that praises: "isn't Alien great?"."""
_PRAISED = re.compile(
    rf'^(?:\s*(?:and|,)?\s*<\w+>)*(?:\s(?!(?:not|too)\b)[\w\'-]+){{0,4}}?\s(?:{_PRAISED_WORDS}|rock|rule)\b'
)
_NEGATIVE_QUESTION = re.compile(r'^\W*(?:\w+\W+){0,2}?(?:(?:is|was|are|were) not|do not you|do not we all) .*\?$')
_AFTER_ACCEPTED = re.compile(
    r'^(?:\s+(?:and|,)?\s*<\w+>)*\s+(?:is|was|are|were)\s+(?:\w+\s+){0,2}?'
    r'(?:ok|fine|alright|decent|tolerable|bearable|not bad|not too bad|not so bad|an exception|the exception)\b'
)
_AFTER_FAVORITE = re.compile(
    r'^\s*(?:movies\s+)?(?:is|are|being)?\s*(?:also\s+)?(?:one of\s+)?my\s+(?:\w+\s+)?(?:favorites?|jam|thing|go-to)\b'
)
_AFTER_ALREADY = re.compile(
    r'^,?\s+(?:already|before|yesterday|last night|'
    r'(?:i|we) (?:have |had )?(?:already |just |also )?(?:seen|watched|saw)|'
    r'(?:i )?(?:just |recently )?(?:finished|watched|saw|rewatched) (?:it )?(?:the|last|yesterday|recently|already))\b'
)
_EXCEPTION = re.compile(
    r'\b(?:(?:all|everything|every one|each|any|most|them|those|these) but|'
    r'besides?|except|excepting|apart from|other than|aside from)(?: for)?(?: (?:<\w+>|and|or|the|,))* $'
)
_WISHES_SIMILAR = re.compile(
    r'(?<!like )(?<!love )(?<!enjoy )(?<!liked )(?<!loved )(?<!enjoyed )\b(?:something|anything|others?|movies) '
    r'(?:else |more |movies? |a bit |kind of |very )?(?:like|similar to|along the lines of|in the vein of) '
    r'(?:<\w+>|[ ,]|and |or |the |maybe )*$|'
    r'^\W*(?:please |show me |some |give me |i want |ok )*more (?:movies )?like (?:<\w+>|[ ,]|and |or |the )*$'
)
_FOLLOWED_UP = re.compile(
    r'\b(?:watch|see|do|try|pick|choose|next|on)(?: next)?,? (?:right |now |just )?after '
    r'(?:watching |seeing |finishing |i saw |i watched )?(?:the )?$|'
    r'\b(?:what|which)(?: \w+){0,3} (?:watch|recommend|suggest|see|enjoy|like|try|fits?|suits?)(?: \w+){0,3}? '
    r'(?:if|since|because|when|to|for) (?:i|you|someone|somebody|anyone|we|people|a person)(?: who)? '
    r'(?:really |also |just )?(?:liked?|likes|loved?|loves|enjoyed|enjoys?|adored?)(?: the)? $'
)
_STYLE = re.compile(
    r"^(?:['’]?s)?(?:[ -]?(?:esque|ish)|-like|"
    r'[ -](?:types?|styles?|styled|inspired|vibes?|vibey|flavou?red|kind of|kinda|sort of))\b'
    r'(?! (?:is|was|are) not| me\b| you\b)'
)
"""Words after a name that mean things like it: "Alien type movies", "Kubrick-esque"."""
_WISH = re.compile(r'\b(?:would|will)(?: \w+)? (?:like|love|prefer|enjoy)$')
_INSTEAD = re.compile(r'^(?: then)? instead(?: please| then| thanks)*\W*$')
"""Words after a film that takes the place of another one."""
_ON_LIST = re.compile(
    r'^(?: (?:is|are|goes|go|gets|stays|will be|will go))?(?: (?:definitely|now|already|still|next|straight|right))*'
    r' (?:on|onto|in|to) (?:my|our|the) (?:watch ?|must[ -]see |to[ -]watch |to[ -]do )?list\b'
)
"""Words after a film that the seeker means to watch: "Alien is on my list"."""
_SEEN_INSTEAD = re.compile(
    r'^\W*(?:(?:though|tho|because|cause|cos|since|as|i|we|have|had|already|just|but)\W+)*(?:seen|saw|watched)\b'
)
"""Words after a film that is rejected because it was seen: "not Alien, I have seen that"."""
_ONLY_LEAD = re.compile(r'^\W*(?:(?:no|then|ok|rather|maybe|just|well|actually|the)\W+)*$')
"""Words before such a film. They say nothing else."""
_WORK_OF = re.compile(r'^\s+(?:ever\s+|has\s+|have\s+)*(?:does|did|done|made|makes|directs|directed|touches|is\s+in)\b')
"""Words after a person that mean all the work of this person."""
_STRONG = {NOT_SEEN: 3, TOLD: 3, SEEN: 2, LIKE: 2, DISLIKE: 2, SIMILAR: 1}
"""Cues that win if several cues end at the same place."""
_NOT_HATED = re.compile(r'\b(?:not|never) (?:really |exactly |actually )?(?:hate|hated|dislike|disliked)\b')


def cue_before(clause: Clause, group: int) -> str | None:
    """Return the last cue before a name; None if there is none. A list of names shares one cue."""
    before = clause.before(group)
    found: list[tuple[int, int, int, str]] = []  # end, strength, length and name of each cue
    for name, pattern in read_phrases('cues.txt').items():
        for match in pattern.finditer(before):
            if name == SIMILAR and not _is_next(before, match.end()):
                continue
            found.append((match.end(), _STRONG.get(name, 0), match.end() - match.start(), name))
    if not found:
        return None
    end, _, length, name = max(found)
    start = end - length
    if name == LIKE and _WISH.search(before, start, end):
        return WANT
    if name == WANT and any(
        other == LIKE and 0 <= start - at <= 1 and not re.search(r'\b(?:would|prefer)\b', before[at - size : at])
        for at, _, size, other in found
    ):
        return LIKE  # "I love anything by ..."
    if name == WANT and _WORK_OF.match(clause.after(group)) and any(other == LIKE for *_, other in found):
        return LIKE  # "a huge fan of Saw and pretty much anything James Wan does"
    return name


def is_liked_after(clause: Clause, group: int) -> bool:
    """Return whether the words after a name praise it: "Titanic was great"."""
    after = clause.after(group)
    return (
        _AFTER_LIKED.match(after) is not None
        or (_COULD_WATCH.search(clause.before(group)) is not None and _ANY_TIME.match(after) is not None)
        or _AFTER_FAVORITE.match(after) is not None
        or is_praised_by_question(clause, group)
    )


def is_praised_by_question(clause: Clause, group: int) -> bool:
    """Return whether a clause is a negative question that praises a name: "isn't Titanic great?"."""
    before = clause.before(group)
    if re.search(r'\bdo not you (?:\w+ )?(?:love|like|adore|enjoy) (?:<\w+>|,| and)*(?:the )?$', before):
        return True
    return _ASKS_FOR_YES.search(before) is not None and _PRAISED.match(clause.after(group)) is not None


def is_negative_question(clause: Clause) -> bool:
    """Return whether a clause is a negative question that expects a yes: "isn't it great?", "don't you love Alien?"."""
    return _NEGATIVE_QUESTION.search(clause.text) is not None


def wishes_similar(clause: Clause, group: int) -> bool:
    """Return whether plain words wish for things like a name: "do you have anything like Alien?"."""
    return _WISHES_SIMILAR.search(clause.before(group)) is not None or means_style(clause, group)


def means_style(clause: Clause, group: int) -> bool:
    """Return whether a name stands for things like it: "Alien type movies"."""
    return _STYLE.match(clause.after(group)) is not None


def is_accepted_after(clause: Clause, group: int) -> bool:
    """Return whether the words around a name accept it: "Shrek was ok", "except Shrek"."""
    return is_exception(clause, group) or _AFTER_ACCEPTED.match(clause.after(group)) is not None


def is_taken_instead(clause: Clause, group: int) -> bool:
    """Return whether a clause takes a film in the place of another one: "Alien instead"."""
    return _INSTEAD.match(clause.after(group)) is not None and _ONLY_LEAD.match(clause.before(group)) is not None


def is_put_on_list(clause: Clause, group: int) -> bool:
    """Return whether the seeker has put a name on the list of films to watch: "Alien is on my list"."""
    return _ON_LIST.match(clause.after(group)) is not None


def is_told(clause: Clause, group: int) -> bool:
    """Return whether a clause tells what others say about a name: "my friend says that Alien is great"."""
    return cue_before(clause, group) == TOLD


def is_followed_up(clause: Clause, group: int) -> bool:
    """Return whether a clause asks for films that fit to a film: "what should I watch after Alien?"."""
    return _FOLLOWED_UP.search(clause.before(group)) is not None


def is_exception(clause: Clause, group: int) -> bool:
    """Return whether a clause names something as an exception: "besides Shrek"."""
    return _EXCEPTION.search(clause.before(group)) is not None


def is_left_out(clause: Clause, group: int) -> bool:
    """Return whether a clause leaves a name out of what it says about the whole list: "seen them all except Shrek"."""
    return is_exception(clause, group) and names_all(clause.text, FEW)


def is_seen_after(clause: Clause, group: int) -> bool:
    """Return whether the words after a name say that it was seen: "Titanic already"."""
    return _AFTER_ALREADY.match(clause.after(group)) is not None


def is_rejected_as_seen(clause: Clause, group: int, following: str) -> bool:
    """Return whether a name is rejected because it was seen: "not Alien, I have seen that".

    Args:
        clause: a clause that rejects the name.
        group: index of the group of spans that names it.
        following: text of the next clause; empty if there is none.
    """
    after = clause.after(group)
    return _SEEN_INSTEAD.match(after if after.strip(' ,.') else following) is not None


def _is_next(before: str, end: int) -> bool:
    """Return whether only names and conjunctions follow a position: "movies like <film0> and <film1>"."""
    return (
        re.fullmatch(
            r"(?:[\s,&/\"']|\b(?:and|or|the|a|maybe|perhaps|say|also|those|but not|not|from|of)\b|<\w+>)*", before[end:]
        )
        is not None
    )


def denies_dislike(text: str) -> bool:
    """Return whether a text says that something is not disliked: "I didn't hate Avatar"."""
    return _NOT_HATED.search(text) is not None
