"""Messages in other languages, messages without a word, and short forms of English words."""

import pytest

from crslab_causal.chat.understanding.language import is_foreign, is_gibberish
from crslab_causal.chat.understanding.phrases import normalize

FOREIGN = """Ich möchte einen lustigen Film sehen|Kannst du mir einen Film empfehlen?|Hallo, ich suche einen Horrorfilm
danke schön|Je cherche un bon film d'horreur|bonjour|merci beaucoup|un film romantique s'il vous plaît
Quiero ver una película de acción|¿Qué me recomiendas?|me gusta el terror|Gracias
vorrei vedere un film divertente|ciao, mi piace|Eu quero um filme de comédia|gosto de filmes de ação
ik zoek een goede film|jag vill se en bra film|szukam dobrego filmu|bir komedi filmi istiyorum|saya mau film lucu
мне нравится|何か面白い映画|推荐一部电影|أريد فيلم|tôi muốn xem phim|haluaisin katsoa hyvän elokuvan"""
ENGLISH = """I want a comedy|hello|no|yes please|I will|a film|as good as it gets|do me a favor|what is it about?|me too
who is in it|was it good?|film noir please|asdkjh qwe zxc|hmm|lol|bye|comedy or drama|plz rec sum gud moviez
I love amores perros|I loved La vita e bella and Das Boot|an old film|in the 90s|war films|god|oh my god|"""


@pytest.mark.parametrize('text', FOREIGN.replace('\n', '|').split('|'))
def test_other_languages_are_recognized(text):
    assert is_foreign(text)


@pytest.mark.parametrize('text', ENGLISH.replace('\n', '|').split('|'))
def test_english_is_not_taken_for_another_language(text):
    assert not is_foreign(text)


def test_gibberish_has_no_english_word():
    assert all(map(is_gibberish, ['asdkjh qwe zxc', 'jklö fdsa', '', '😀', '???', 'x' * 300]))
    assert not any(map(is_gibberish, ['my labrador barks', 'Titanic', 'the', 'qwe movie']))


@pytest.mark.parametrize(
    ('text', 'normalized'),
    [
        ("Whats it about? I'd love 2 thrillers", 'what is it about? i would love 2 thrillers'),
        ('movies about hats', 'movies about hats'),
        ('ya, I love it', 'yes, i love it'),
        ('oh ya', 'oh yes'),
        ('thanks, see ya', 'thanks, see you'),
        ('thank u', 'thank you'),
        ('r u sure', 'are you sure'),
    ],
)
def test_short_forms_are_written_out(text, normalized):
    assert normalize(text) == normalized
