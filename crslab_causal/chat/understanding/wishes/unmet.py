"""Find wishes that no constraint can express, because the catalogue does not know the property."""

from __future__ import annotations

import re
from typing import Iterable, NamedTuple


class _Wish(NamedTuple):
    """A kind of wish that changes nothing, and the remark that says so."""

    pattern: re.Pattern[str]
    remark: str
    is_always_wish: bool = False
    """Whether the words are a wish in any message. "It is a French film" is not a wish."""


VIOLENCE = 'I do not know how bloody or violent a film is, so I ignore this wish.'
_OWN = (
    'my|our|your|his|her|their|the (?:kids?|children|family|wife|girls|boys)|me|us|'
    'both|either|you|him|them|it|that|this|these|those|friends|family|kids|children|everyone|someone'
)
"""Words after "with" that name the people who watch."""
_TOPIC = re.compile(
    rf"""(?:(?<!little\ )\b(?:something|anything|movies?|one|ones)|<genre\d+>)\s+
        (?:else\s+)?(?:that\s+(?:is|are|has|have|deals?)\s+)?
        (?P<about>with|about|involving|featuring|containing|has|have)\s+
        (?!(?:{_OWN}|a\s+(?:bit|little|lot))\b|(?:(?:an?|the|some|lots?\s+of|many|more|less|big|good|great|lovely|nice)\s+)*<)
        (?P<topic>(?:(?:an?|the|some|lots?|of|many|more|less|no)\s+)*[a-z][a-z'-]*(?:\s+(?!(?:but|that|for|like|from|please|with|which|or)\b)[a-z][a-z'-]*){{0,2}})
      |\b(?P<where_in>(?:nothing|something|anything|none|movies?|one|ones|<genre\d+>)\s+(?:where|in\s+which)\s+[a-z][^<.!?,;]{{2,40}}(?=[.!?,;]|\s*$))
      |\b(?P<set>(?:set|takes?\s+place|taking\s+place|happens?|plays)\s+(?:in|on|at|during))\s+
        (?!(?:the\s+)?<|(?:it|this|that|them)\b)(?P<where>[a-z][a-z'-]*(?:\s+(?!(?:but|that|for|like|from|please|with|which|or)\b)[a-z0-9][a-z0-9'-]*){{0,2}})""",
    re.VERBOSE,
)
"""A wish for a subject or a place that is not the name of a property: "something with dragons", "set in Paris"."""
_WITHOUT_TOPIC = re.compile(
    r'^\W*(?:(?:and|but|please|ok|also|just)\W+)*(?P<words>(?:(?:not|nothing) about(?: the| any)? (?=[a-z])[a-z]+|'
    r'(?:no|without|not any|nothing with)(?: any| more)? '
    r'(?!(?:thanks|worries|problems|movies|ones|idea|others|sequels|remakes|spoilers|yes|this|is|was|us|as|reasons|'
    r'subtitles|likes|dislikes|preferences|cartoons|musicals)\b)(?:[a-z]+ )?[a-z]{3,}s|'
    r'no (?!(?:good|great|bueno|nice|cool|luck|chance|rush|hurry|clue|doubt|need|longer|matter|kidding|worry|comment|'
    r'prob|problem|thanks?|sorry|nope|really|actually|please|thing|preference|opinion|time|deal|offence|offense|more|never|'
    r'idea|wait|'
    r'well|just|what|that|this|then|there|they|maybe|recent|money|question|more|other|another|else|fun|joke|lol|haha|'
    r'subtitles?|movies|ones|worries|problems|spoilers|sequels|remakes|reasons|yes|bigg?ie|sweat|stress|pressure|movie|film|sequel|remake|spoiler|problemo|difference)\b)[a-z]{4,}))'
    r'(?: (?:please|in it|at all|this time|tonight|either))*\W*$'
)
"""A clause that leaves out a subject: "no aliens please"."""
_SUBJECTS = (
    r'(?:animals?|dogs?|cats?|horses?|dinosaurs?|dinos|trains?|cars|planes|princess(?:es)?|pirates?|robots|'
    r'dragons?|unicorns?|fairies|mermaids|trucks|football|soccer|baseball|basketball|boxing|cricket|tennis|'
    r'cooking|food|travel|travelling|nature|the sea|the ocean|sharks?|wolves|bears|monkeys|penguins|birds|snakes|'
    r'spiders|ships|boats|history of \w+|maths?|science)'
)
"""Words for subjects that are no genres."""
_LIKED_TOPIC = re.compile(
    r'\b(?:like|likes|love|loves|adore|adores|enjoy|enjoys|into|mad about|crazy about|obsessed with|fan of)\s+'
    rf'(?:(?:all|the|big|scary|wild|cute)\s+)*(?P<words>{_SUBJECTS})\b(?! (?:movies?|films?|fiction|<))'
)
"""A liking of a subject that is no genre: "my son loves dinosaurs"."""
_ONLY_TOPIC = re.compile(
    rf'^\W*(?:(?:maybe|perhaps|hmm*|um+|ok|or|more|some|like)\W+)*(?P<words>{_SUBJECTS}|time travel|time loops?|'
    r'(?:serial )?killers?|ghosts?|witches|wizards?|knights|cowboys|ninjas?|samurai|monsters|gangsters|mafia|'
    r'spies|heists?|bank robber(?:y|ies)|hackers?|magic|mythology|politics|sports?|dancing|dance|road trips?|'
    r'high school|college|summer camp|weddings?|revenge|survival|disasters?|the end of the world|apocalypse|'
    r'parallel universes|dreams|mountains?|climbing|surfing|racing|chess|poker|lawyers|courtrooms?|prisons?|'
    r'hospitals|doctors|ancient rome|medieval times|the middle ages|vikings|egypt|castles)(?:\W+(?:please|maybe|'
    r'perhaps|or something|movies?|films?|ones|stories|stuff))*\W*$'
)
"""A message that only names a subject: "dragons", "time travel maybe"."""
_OPEN_END = re.compile(r'(?:\s+(?:and|or|in|of|on|at|to|a|an|the|with|is|are|who|that))+$')
"""Last words of a subject that belong to what follows: "with real people and"."""
_TOLD = re.compile(r'\b(?:saw|seen|watched|loved|liked|enjoyed|hated|is(?! there)|was)\b')
_ASKS_ABOUT_SEEKER = re.compile(r'\b(?:has|have)\s+(?:i|we)\b')
_NOT_BEFORE = re.compile(r'\b(?:not|no)\s+(?:an?\s+)?$')
"""Words before a subject that leave it out: "but not one with dinosaurs"."""
_TIME = r'(?:an?|one|two|three|ninety|\d+)(?:\s+and\s+a\s+half)?\s*(?:hours?|hrs?|h|minutes?|mins?)\b'
_FILMS = r'(?:movies?|films?|ones?|flicks?|cinema)'
_FILMS_OR_GENRE = (
    rf'(?:{_FILMS}|comed(?:y|ies)|dramas?|horrors?|thrillers?|romances?|action|musicals?|documentar(?:y|ies)|classics?|'
    r'mystery|mysteries|crime|sci-?fi|animation)'
)
_COUNTRY = (
    '(?:american|australian|austrian|belgian|bollywood|brazilian|british|canadian|chinese|czech|danish|dutch|english|'
    'european|finnish|foreign|french|german|greek|hungarian|icelandic|indian|iranian|irish|israeli|italian|japanese|'
    'korean|mandarin|mexican|non-english|norwegian|nordic|polish|portuguese|russian|scandinavian|scottish|spanish|'
    'swedish|taiwanese|thai|turkish|welsh)'
)
_LAND = (
    r'(?:(?:south\s+)?korea|japan|china|hong\s+kong|taiwan|india|iran|israel|turkey|russia|poland|germany|austria|france|'
    r'spain|portugal|italy|greece|sweden|denmark|norway|finland|iceland|britain|england|scotland|ireland|uk|australia|'
    r'canada|mexico|brazil|argentina|europe|asia|africa)'
)
_MOOD = (
    r'(?:gentle|calm|quiet|soothing|cozy|cosy|slow(?:[ -]paced)?|fast[ -]paced|inspiring|inspirational|'
    r'thought[ -]provoking|mind[ -]?(?:bending|blowing)|clever|smart|intelligent|deep|artsy|art[ -]?house|indie|'
    r'low[ -]budget|'
    r'atmospheric|gritty|quirky|whimsical|wholesome|bleak|dark|gloomy|grim|heavy|uplifting)'
)
_MOVEMENT = (
    r'(?:neo-?reali(?:sm|sts?)|new\s+wave|nouvelle\s+vague|expressionis(?:m|ts?)|new\s+hollywood|dogme(?:\s*95)?|'
    r'mumblecore|avant-?garde|cult\s+(?:classics?|movies?|films?)|b[ -]movies?|slow[ -]burn(?:ers?)?|'
    r'found[ -]footage)'
)
"""Words for movements and styles, which are no words of genres."""
_WISHES = (
    _Wish(
        re.compile(
            rf"""(?:\b(?:not|nothing|less)|n['’]t)\s+(?:too|so|very|that|overly)\s+(?:long|short)\b|\bnot\s+long\b
            |\b(?:shorter|longer|less|more|under|over|above|beyond|within|at\s+most|below|max(?:imum)?)\s+(?:than\s+)?{_TIME}
            |\b(?:short|shorter|long|longer)\s+{_FILMS}\b|\b(?:(?:some|any)thing|ones?|{_FILMS})\s+(?:that\s+is\s+|that['’]s\s+)?(?:an?\s+(?:bit|little)\s+)?(?:short|shorter|longer)\b
            |^\W*(?:shorter|longer)(?:\s+please)?\W*$|\b(?:short|long)\s+epics?\b
            |\b(?:have|got)\s+(?:only\s+|just\s+|about\s+)*{_TIME}""",
            re.IGNORECASE | re.VERBOSE,
        ),
        'I do not know how long films are, so I ignore this wish.',
    ),
    _Wish(
        re.compile(r'\bon\s+(?:netflix|hulu|amazon|prime|hbo|disney\s?(?:\+|plus)|tv|dvd)(?!\w)', re.IGNORECASE),
        'I do not know where films can be watched, so I ignore this wish.',
    ),
    _Wish(
        re.compile(
            rf"""\b{_COUNTRY}\s+(?:language\s+)?{_FILMS_OR_GENRE}\b
            |\b(?:something|anything|(?:a|an|any)\s+(?:\w+\s+)?{_FILMS})\s+(?:that\s+is\s+|in\s+|from\s+)?{_COUNTRY}\b
            |\b(?:not|no|nothing|non|isn['’]?t)[ -]+(?:(?:so|too|an?|any|in)\s+)*{_COUNTRY}\b(?!\s+(?-i:[A-Z]))
            |\b{_FILMS}\s+(?:is|was|should\s+be|could\s+be)\s+(?:from\s+)?{_COUNTRY}\b
            |\bfrom\s+(?:the\s+)?{_LAND}\b|\bpreferably\s+{_COUNTRY}\b
            |^\W*(?:{_COUNTRY})(?:\s+please)?\W*$|\b{_COUNTRY}\s+only\b|\bonly\s+{_COUNTRY}\b
            |\b(?:with|without|no|has|have|read|hate|reading)\s+(?:english\s+)?subtitles\b|\b\w+n['’]?t\s+(?:\w+\s+){{0,3}}subtitles\b|\b(?:subtitled|dubbed)\b""",
            re.IGNORECASE | re.VERBOSE,
        ),
        'I do not know the language or the country of films, so I ignore this wish.',
    ),
    _Wish(
        re.compile(
            rf"""\b(?:some|any)thing\s+(?:(?:a\s+(?:bit|little)|more|really|very|kind\s+of|less|as)\s+)*{_MOOD}\b
            |\b{_MOOD}\s+{_FILMS_OR_GENRE}\b|^\W*(?:more|less)\s+{_MOOD}\W*$
            |^\W*(?:an?\s+)?{_MOOD}(?:\s+please)?\W*$|\b{_MOVEMENT}\b|\bsilent\s+{_FILMS}\b|\b(?:plot|surprise)\s+(?:twists?|endings?)\b""",
            re.IGNORECASE | re.VERBOSE,
        ),
        'I do not know the mood or the style of films, so I ignore this wish.',
    ),
    _Wish(
        re.compile(
            r"""\brated\s+(?:g|pg(?:[ -]?13)?|r|nc[ -]?17|12|15|16|18)\b|\b(?:pg|pg[ -]?13|nc[ -]?17)(?!\w)
            |\b(?:no|not|nothing|without)\s+(?:an?\s+)?(?:r[ -]rated|rated\s+r|18\+?)\b|\br[ -]rated\b
            |\b(?:no|without|less|any|not\s+(?:too|so)\s+much|free\s+of)\s+
             (?:(?:any|too\s+much|bad|foul|strong|explicit)\s+)*
             (?:swear(?:ing|\s?words?)?|curs(?:ing|e\s+words)|profanity|language|nudity|nakedness|sex(?:\s+scenes?)?)\b""",
            re.IGNORECASE | re.VERBOSE,
        ),
        'I do not know the age ratings of films, nor their language; "for children" leaves out what is not for them.',
    ),
    _Wish(
        re.compile(
            r'\b(?:happy|sad|good|bad|tragic|open|surprising|unexpected|uplifting|no\s+sad|no\s+happy)\s+endings?\b|'
            r'\bends?\s+(?:well|badly)\b',
            re.IGNORECASE,
        ),
        'I do not know how films end, so I ignore this wish.',
    ),
    _Wish(
        re.compile(
            r"""\b(?:oscar|academy\s+award|golden\s+globe|award)s?[ -](?:winning|winners?|nominated)\b
            |\bwon\s+(?:an?|the|many|some)\s+(?:oscar|award)s?\b
            |\b(?:highly|top|best)[ -]rated\b|\b(?:good|high|great)\s+(?:ratings?|reviews)\b
            |\bcritically\s+acclaimed\b""",
            re.IGNORECASE | re.VERBOSE,
        ),
        'I do not know ratings and awards, so I ignore this wish.',
    ),
    _Wish(
        re.compile(
            r'\b(?:in|only|no|not|nothing)\s+(?:full\s+|glorious\s+)?(?:colou?r|technicolou?r)\b|\bcolou?r(?:ed)?\s+(?:only|'
            rf'{_FILMS})\b|\b(?:not?|nothing|without)\s+(?:in\s+)?black[ -]and[ -]white\b',
            re.IGNORECASE,
        ),
        'I do not know whether films are in colour or in black and white, so I ignore this wish.',
    ),
    _Wish(
        re.compile(
            r'(?<!not )(?<!no )(?<!nothing in )(?<!not in )'
            r'\b(?:black[ -](?:and|&)[ -]white|b\s?&\s?w|b/w|monochrome)\b',
            re.IGNORECASE,
        ),
        'I do not know whether films are in colour or in black and white; I only know how old they are.',
    ),
    _Wish(
        re.compile(
            r'\b(?:female|male|woman|black|gay|lesbian|queer|trans|asian|strong)\s+(?:\w+\s+)?(?:leads?|protagonists?|'
            r'characters?|heroines?|hero|directors?|women|woman)\b|\b(?:lgbtq?|queer)\s+(?:movies?|films?|themes?|stor(?:y|ies))\b',
            re.IGNORECASE,
        ),
        'I do not know the characters of films, so I ignore this wish.',
    ),
    _Wish(
        re.compile(
            r'\bmore\s+(?:violence|brutality|blood)\b|'
            r'\b(?:something|anything|movies?|films?|ones?|an?|more|and|but|or)\s+(?:(?:is|are|that|really|very|quite|pretty|'
            r'super|extremely)\s+)*(?:violent|brutal)\b',
            re.IGNORECASE,
        ),
        VIOLENCE,
    ),
    _Wish(
        re.compile(
            r"(?:\b(?:not|no|nothing|without|hate|except)|n['’]t)\s+(?:(?:an?|any|the|more|another|these|those|like|want|of)\s+)*"
            r'(?:sequels?|prequels?|remakes?|reboots?|spin-?\s?offs?)\b(?!\s+(?:of|to)\b)',
            re.IGNORECASE,
        ),
        'I cannot leave out all sequels and remakes, so I ignore this wish.',
        is_always_wish=True,
    ),
)


def find_unmet_wishes(text: str, asks_for_films: bool) -> list[str]:
    """Return a remark for each wish of a message that no constraint can express: "not too long", "on Netflix".

    Args:
        text: the message.
        asks_for_films: whether the message may ask for films. If it only states an opinion, it has no such wish.
    """
    return [wish.remark for wish in _WISHES if (asks_for_films or wish.is_always_wish) and wish.pattern.search(text)]


def find_unknown_topics(clauses: Iterable[str]) -> list[str]:
    """Return the words of a message for subjects and places of films that the catalogue does not know.

    Args:
        clauses: normalized clauses with tokens in place of the names that the catalogue knows.
    """
    found = []
    for clause in clauses:
        found += [match['words'] for match in _LIKED_TOPIC.finditer(clause)]
        for pattern in (_WITHOUT_TOPIC, _ONLY_TOPIC):
            if match := pattern.match(clause):
                found.append(match['words'])
        for match in _TOPIC.finditer(clause):
            if _TOLD.search(clause, 0, match.start()) or _ASKS_ABOUT_SEEKER.search(match[0]):
                continue  # "I saw a movie about dogs", "which ones have I not seen?"
            if match['where_in']:
                words = match['where_in']
            else:
                words = f'{match["about"]} {match["topic"]}' if match['topic'] else f'{match["set"]} {match["where"]}'
            words = _OPEN_END.sub('', words)
            found.append(f'no {words}' if _NOT_BEFORE.search(clause, 0, match.start()) else words)
    return list(dict.fromkeys(found))
