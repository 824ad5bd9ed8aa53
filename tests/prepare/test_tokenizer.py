"""The tokens are those of CRSLab's files; each expectation is a token list of its valid_data.json."""

import pytest

from crslab_causal.prepare.tokenizer import tokenize

CRSLAB = [
    # periods: sentences, abbreviations, letters, numbers, ellipses
    ('im ok. seen any good movies lately?', 'im ok. seen any good movies lately ?'),
    ('Ok. Did you see @192420 or @143623?', 'Ok. Did you see @192420 or @143623 ?'),
    (
        "Oh right, Mrs. Robinson. Haven't seen that one in a while.",
        "Oh right , Mrs. Robinson . Have n't seen that one in a while .",
    ),
    ('So do I. What a good movie that was.', 'So do I . What a good movie that was .'),
    ("No, I haven't. What's it about?", "No , I have n't . What 's it about ?"),
    (
        'I loved @147934. i recently read the book it was based on.',
        'I loved @ 147934. i recently read the book it was based on .',
    ),
    (
        'Hope I gave you some good suggestions.! have a great morning!',
        'Hope I gave you some good suggestions . ! have a great morning !',
    ),
    ('true..or @102116  .. ultimate swayze movie', 'true..or @102116 .. ultimate swayze movie'),
    (
        'I suppose they are more vampires but the comic makes them seem a bit more.... undead.',
        'I suppose they are more vampires but the comic makes them seem a bit more ... . undead .',
    ),
    # what NLTK 3.5 and later splits otherwise
    ('Sorry, all Marvel movies*', 'Sorry , all Marvel movies*'),
    ("Had a lot of good '80s references and VR fantasy", "Had a lot of good '80s references and VR fantasy"),
    # quotation marks and contractions
    ('I haven’t but it’s not a classic action movie', 'I haven ’ t but it ’ s not a classic action movie'),
    (
        "Iv'e never heard of that movie.  What is the synopsis?",
        "Iv ' e never heard of that movie . What is the synopsis ?",
    ),
    # films
    ('have you seen @191911 ?', 'have you seen @191911 ?'),
    ('have you seen @deadpool that is fun', 'have you seen @ deadpool that is fun'),
    (
        'death at a funeral sounds good too..i will check it out.. is it a bit like @197133 ?',
        'death at a funeral sounds good too..i will check it out.. is it a bit like @197133 ?',
    ),
]


@pytest.mark.parametrize(('text', 'tokens'), CRSLAB)
def test_tokens_equal_those_of_crslabs_file(text, tokens):
    assert tokenize(text) == tokens.split()


@pytest.mark.parametrize(
    ('text', 'tokens'),
    [
        ('', ''),
        ('  ', ''),
        ('@', '@'),
        ('@1@2', '@1 @2'),
        ('a@1,b', 'a @1 , b'),
        ('He said "great". "Yes"', "He said `` great '' . `` Yes ''"),
        ('I wanna gonna cannot', 'I wan na gon na can not'),
        ('From the U.S. to L.A. (I guess).', 'From the U.S. to L.A. ( I guess ) .'),
    ],
)
def test_corner_cases_follow_the_treebank_rules(text, tokens):
    assert tokenize(text) == tokens.split()


def test_text_without_sentence_ends_has_the_tokens_of_nltks_treebank_tokenizer():
    """The texts have none of what NLTK's ``word_tokenize`` added to the Treebank rules."""
    from nltk.tokenize.treebank import TreebankWordTokenizer

    texts = [
        "I'd've gone, but they won't",
        "can't you (really) see: 3:45, $4.50 & more; all--or nothing",
        'gimme more than that "quoted" part [now]',
        "'tis what they'll do",
        "the dogs' bowl, d'ye know",
    ]
    for text in texts:
        assert tokenize(text) == TreebankWordTokenizer().tokenize(text), text
