"""Mentions in running text: which entity, where, and whether it is negated."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crslab_causal.llm.entity_linking.linking import MentionLinker
from crslab_causal.llm.entity_linking.negation import negated_spans
from crslab_causal.llm.entity_linking.words import COMMON_WORDS

(
    IT,
    IT_TV,
    HER,
    UP,
    MATRIX,
    PULP,
    TITANIC,
    ALIEN,
    ALIEN_3,
    GET_OUT,
    SAW,
    JAWS,
    OCEANS,
    STAR,
    STAR_WARS,
    ROCKY,
    INCEPTION,
    HANKS,
    COMEDY,
    FAMILY,
    MAMMA,
    SPIDER,
    NUMBER,
    TITANIC_SHIP,
    FOLLOWS,
    LIFE,
    PAN,
    YOU,
    AMELIE,
    SEVEN,
) = range(30)
PATHS = [
    'It_(2017_film)',
    'It_(1990_miniseries)',
    'Her_(film)',
    'Up_(2009_film)',
    'The_Matrix',
    'Pulp_Fiction',
    'Titanic_(1997_film)',
    'Alien_(film)',
    'Alien_3',
    'Get_Out',
    'Saw_(2004_film)',
    'Jaws_(film)',
    "Ocean's_11",
    'Star',
    'Star_Wars',
    'Rocky',
    'Inception',
    'Tom_Hanks',
    'Comedy_film',
    'Family_film',
    'Mamma_Mia!_Here_We_Go_Again',
    'Spider-Man',
    '300_(film)',
    'RMS_Titanic',
    'It_Follows',
    "It's_a_Wonderful_Life",
    "Pan's_Labyrinth",
    'You',
    'Amélie',
    'Seven_(1995_film)',
]
NAMES = {i: f'<http://dbpedia.org/resource/{path}>' for i, path in enumerate(PATHS)}
LINKER = MentionLinker(NAMES)


def link(text, **more):
    return [(mention.entity, text[mention.start : mention.end]) for mention in LINKER.link(text, **more)]


@pytest.mark.parametrize(
    'text, expected',
    [
        ('i loved the matrix', [(MATRIX, 'the matrix')]),
        ('matrix was fun', [(MATRIX, 'matrix')]),
        ('teh matrix and Pulp Ficton!', [(MATRIX, 'teh matrix'), (PULP, 'Pulp Ficton')]),
        ('inceptoin', [(INCEPTION, 'inceptoin')]),
        ('TITANIC', [(TITANIC, 'TITANIC')]),
        ('the rms titanic', [(TITANIC_SHIP, 'rms titanic')]),
        ('star wars, not star', [(STAR_WARS, 'star wars')]),
        ('Alien 3, alien iii and alien', [(ALIEN_3, 'Alien 3'), (ALIEN_3, 'alien iii'), (ALIEN, 'alien')]),
        (
            "oceans eleven or Ocean's 11 or ocean ’s 11",
            [(OCEANS, 'oceans eleven'), (OCEANS, "Ocean's 11"), (OCEANS, 'ocean ’s 11')],
        ),
        ("Pan 's Labyrinth , Inception 's end", [(PAN, "Pan 's Labyrinth"), (INCEPTION, "Inception 's")]),
        ('amelie Ame\u0301lie', [(AMELIE, 'amelie'), (AMELIE, 'Ame\u0301lie')]),
        ('spiderman spider-man Spider Man', [(SPIDER, 'spiderman'), (SPIDER, 'spider-man'), (SPIDER, 'Spider Man')]),
        (
            'tom hanks in a comedy, comedies, family movies',
            [(HANKS, 'tom hanks'), (COMEDY, 'comedy'), (COMEDY, 'comedies'), (FAMILY, 'family movies')],
        ),
        ('my family', []),
        ('mamma mia! here we go again', [(MAMMA, 'mamma mia! here we go again')]),
        ('I love it. Follows are fine', []),
        ('it follows', [(FOLLOWS, 'it follows')]),
        ("It 's a Wonderful Life", [(LIFE, "It 's a Wonderful Life")]),
        # common words
        ('it was up to you and her to get out and saw 300 of seven', []),
        ('IT WAS UP TO YOU', []),
        ('Up to now it was fun. It was too. You know', []),
        ('Up was fun. It was too', [(UP, 'Up')]),
        ('have you seen Up? I liked Her and It', [(UP, 'Up'), (HER, 'Her'), (IT, 'It')]),
        ('I watched IT again', []),
        ('get out of here', []),
        ('Get out was fun', [(GET_OUT, 'Get out')]),
        ('Get Out was fun', [(GET_OUT, 'Get Out')]),
        ('i liked "her" and ‘up’ and *it*', [(HER, 'her'), (UP, 'up'), (IT, 'it')]),
        ("`` her '' is fine", [(HER, 'her')]),
        ('the film "it," he said', [(IT, 'it')]),
        ('"alien" it "alien"', [(ALIEN, 'alien'), (ALIEN, 'alien')]),
        ('it (2017) and it ( 1990 )', [(IT, 'it (2017)'), (IT_TV, 'it ( 1990 )')]),
        ('It (1990) It (1927)', [(IT_TV, 'It (1990)')]),
        ('up 2009 and up 2010', [(UP, 'up 2009')]),
        ('seven (1995), her (2013)', [(SEVEN, 'seven (1995)'), (HER, 'her (2013)')]),
        ('titanic (1953)', []),
        ('titanic 1953', []),
        ('titanic, 1953', [(TITANIC, 'titanic')]),
        ('300', [(NUMBER, '300')]),
        ('7', []),
        ('300 people saw it', []),
        ('"300"', [(NUMBER, '300')]),
        ('300 (2006)', [(NUMBER, '300 (2006)')]),
        # texts without any name
        ('', []),
        (' \n\t', []),
        ('?!…', []),
        ('the', []),
        ('🎬 inception 😀', [(INCEPTION, 'inception')]),
        ('何か面白い映画', []),
        ('мне нравится inception', [(INCEPTION, 'inception')]),
        ('the the a', []),
    ],
)
def test_mentions_of_a_text_are_found(text, expected):
    assert link(text) == expected


NEGATION = [
    ('I hated {Titanic}', True),
    ('not {Titanic}', True),
    ('anything but {Titanic}', True),
    ('no {comedies} please', True),
    ("didn't like {Titanic} or {Jaws}", True),
    ("I didn't like {Titanic}, {Jaws}, nor {Rocky}", True),
    ("I do n't like {Titanic}", True),
    ('i dont want {Titanic}', True),
    ('never liked {Titanic}', True),
    ("wasn't a fan of {Titanic}", True),
    ("can't stand {Tom Hanks}", True),
    ('something other than {Titanic}', True),
    ('everything except {Titanic}', True),
    ('I am tired of {Titanic}', True),
    ("I don't like movies like {Titanic}", True),
    ('{Titanic} was terrible', True),
    ('{Titanic} sucked', True),
    ('"{Titanic}" is so boring', True),
    ("{Titanic} wasn't good", True),
    ("{Titanic} was n't my thing", True),
    ('without {Tom Hanks}', True),
    ('{Tom Hanks} annoys me', True),
    ('{Tom Hanks} drives me nuts', True),
    ('{Titanic} was a complete waste of time', True),
    ('{Titanic} left me cold', True),
    ('I fell asleep during {Titanic}', True),
    ('I walked out of {Titanic}', True),
    ('I got bored watching {Titanic}', True),
    ('we were disappointed by {Titanic}', True),
    ("I'd rather not watch {Titanic}", True),
    ('I would prefer not to see {Tom Hanks}', True),
    ("I don't regret watching {Titanic}", False),
    ('I was not bored by {Titanic}', False),
    ("can't get enough of {Tom Hanks}", False),
    ("I'd rather watch {Titanic}", False),
    ("I'd rather not choose between {Titanic} and {Jaws}", False),
    ('{Titanic} is not a waste of time', False),
    ('{Titanic} was no disappointment', False),
    ('{Titanic} is a disaster movie', False),
    ('I turned off my phone and watched {Titanic}', False),
    ('I walked out of the theater happy after {Titanic}', False),
    ('disappointed in myself for missing {Titanic}', False),
    ('I liked {Titanic}', False),
    ('{Titanic} was not bad', False),
    ("I don't hate {Titanic}", False),
    ("haven't seen {Titanic}", False),
    ("I've never seen {Titanic}", False),
    ("can't wait to see {Titanic}", False),
    ('not only {Titanic}', False),
    ('why not {Titanic}', False),
    ('not tired of {Titanic}', False),
    ('No, I like {Titanic}', False),
    ('no i like {Titanic}', False),
    ('No. {Titanic}', False),
    ('I hated it. {Titanic} is better', False),
    ('nothing beats {Titanic}', False),
    ("I don't know {Titanic}", False),
    ('I hated that but {Titanic} is fine', False),
    ('hated it, how about {Titanic}', False),
    ('', False),
    ('not ' + 'so ' * 20 + '{Titanic}', False),
]


@pytest.mark.parametrize('text, expected', NEGATION)
def test_negated_mentions_are_found(text, expected):
    plain = text.replace('{', '').replace('}', '')
    assert [mention.negated for mention in LINKER.link(plain)] == [expected] * text.count('{')


@pytest.mark.parametrize(
    'text, expected',
    [
        ('I hated Titanic but loved Jaws', [True, False]),
        ("I didn't like Titanic and I loved Jaws", [True, False]),
        ('not Titanic but Jaws', [True, False]),
        ('not Titanic, and Jaws', [True, False]),
        ('no comedies, and Rocky', [True, False]),
        ('not Titanic, Jaws, and Rocky', [True, True, True]),
        ('not Titanic and Jaws', [True, True]),
        ("I didn't like Titanic, and Jaws", [True, True]),
        ('Not the Titanic. And Jaws', [True, False]),
        ('Jaws instead of Titanic', [False, True]),
        ('I hated Titanic, I like Jaws', [True, False]),
        ('I loved Titanic and hated Jaws and Rocky', [False, True, True]),
        ('I hated Titanic. Jaws?', [True, False]),
        ('Titanic was awful, Jaws was great', [True, False]),
    ],
)
def test_negation_ends_where_expected(text, expected):
    assert [mention.negated for mention in LINKER.link(text)] == expected


def test_spans_of_characters_are_negated_like_words():
    text = 'no horror from the 80s, and I hate «Jaws» but Titanic'
    parts = ['horror', 'the 80s', 'Jaws', 'Titanic']
    spans = [(text.index(part), text.index(part) + len(part)) for part in parts]
    assert negated_spans(text, [*spans, (len(text), len(text))]) == [True, True, True, False, False]
    assert negated_spans('', []) == [] and negated_spans('!!', [(0, 2)]) == [False]


def test_entities_of_one_name_are_chosen_by_preference():
    names = {5: 'Heat (1995)', 6: 'Heat (1972)', 7: 'Heat', 8: 'The Heat'}
    text = 'We saw Heat and The Heat'
    assert [m.entity for m in MentionLinker(names).link(text)] == [5, 8]
    assert [m.entity for m in MentionLinker(names, items=[6]).link(text)] == [6, 6]
    assert [m.entity for m in MentionLinker(names, popularity={7: 2, 6: 1}).link(text)] == [7, 8]
    assert [m.entity for m in MentionLinker(names, popularity={7: 2}).link(text, prefer=[6])] == [6, 6]
    assert [m.entity for m in MentionLinker(names, popularity={7: 2}).link('Heat (1995), Heat (1973)')] == [5, 7]


def test_without_names_nothing_is_linked():
    assert MentionLinker({}).link('It (2017) and The Matrix') == []
    assert MentionLinker({0: '', 1: '???'}).link('??? !') == []


def test_common_words_are_normalized_words():
    from crslab_causal.llm.entity_linking.titles import title_words

    assert {'it', 'her', 'up', 'you', 'get', 'out'} <= COMMON_WORDS and 'comedy' not in COMMON_WORDS
    assert all(title_words(word) == [word] for word in COMMON_WORDS)


WORDS = [path.replace('_', ' ') for path in PATHS]
WORDS += ['it', 'not', 'I', 'hated', 'the', ',', '.', '"', "n't", '(2017)', '\n', '😀']
texts = st.one_of(st.text(max_size=60), st.builds(' '.join, st.lists(st.sampled_from(WORDS), max_size=12)))


@settings(max_examples=300, deadline=None)
@given(texts)
def test_mentions_are_sorted_and_inside_the_text(text):
    end = 0
    for mention in LINKER.link(text):
        assert end <= mention.start < mention.end <= len(text)
        assert mention.entity in NAMES
        end = mention.end
    assert LINKER.link(text) == LINKER.link(text)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(['Titanic', 'Jaws', 'Inception', 'Star Wars', 'Tom Hanks']), max_size=6),
    st.sampled_from([str.lower, str.upper, str.title]),
)
def test_every_name_of_a_list_is_linked(names, case):
    text = case(', '.join(names))
    assert [(m.start, m.end) for m in LINKER.link(text)] == [
        (len(', '.join(names[:i])) + 2 * (i > 0), len(', '.join(names[: i + 1]))) for i in range(len(names))
    ]


@pytest.mark.parametrize(
    'line',
    [
        'star wars ' * 1000,
        'matirx ' * 1500,
        '(' * 10000,
        "x'" * 5000,
        'it (1' * 2000,
        '"' * 10000,
        'the ' * 2500,
        'e.' * 5000,
        'no ' * 3000,
        ' ' * 10000,
        '😀' * 10000,
        'jaws was ' * 1100,
        "pan's " * 1600,
    ],
)
def test_mentions_of_a_long_line_are_inside_the_text(line):
    assert all(0 <= mention.start < mention.end <= len(line) for mention in LINKER.link(line))


# ---------------------------------------------------------------- real data


def read(root, name):
    return json.loads((root / 'opendialkg' / 'nltk' / name).read_text('utf-8'))


def test_entities_annotated_in_opendialkg_are_linked(real_data):
    """The annotation comes from matching names in the text, but lists only some of them; so only recall is measured."""
    ids = read(real_data, 'entity2id.json')
    linker = MentionLinker({number: name for name, number in ids.items()}, read(real_data, 'item_ids.json'))
    n_annotated = n_linked = 0
    for conversation in read(real_data, 'valid_data.json'):
        for turn in conversation['dialog']:
            gold = {ids[name] for name in turn['entity'] + turn['item']}
            n_annotated += len(gold)
            n_linked += len(gold & {mention.entity for mention in linker.link(' '.join(turn['text']))})
    assert n_linked / n_annotated > 0.95
