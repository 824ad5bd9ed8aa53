"""What first-time users stumbled over: explanations, accepted films, other films, unknown names, and unmet wishes."""

import pytest

from crslab_causal.chat.understanding.acts import Act


def listed(reply):
    return [film.name for film in reply.recommendations]


def test_why_starts_with_a_short_plain_sentence(conversation):
    first = listed(conversation.reply('I loved Alien'))[0]
    lines = list(conversation.why())
    assert lines[0].startswith(f'Why {first}? ') and len(lines[0]) < 200
    assert lines[1] == 'Details:' and len(lines) > 2
    jargon = ('recommender', 'graph', 'path', 'score', 'probability', 'expert', 'rank')
    assert not [word for word in jargon if word in lines[0].lower()]


def test_why_names_what_was_asked_for(conversation):
    conversation.reply('I loved Alien. A western, please')
    assert 'You asked for: western.' in next(iter(conversation.why()))


def test_reason_names_what_was_asked_for(conversation):
    (sentence,) = conversation.reply('I want a movie with Tom Hanks').sentences
    assert 'Tom Hanks, as you asked' in sentence


def test_accepted_film_is_noted_and_leaves_the_next_list(conversation):
    second = listed(conversation.reply('I loved Alien'))[1]
    reply = conversation.reply("I'll watch number 2")
    assert reply.sentences == [f'Good choice: enjoy {second}!']
    assert reply.notes == [f'I have noted {second}, and will not recommend it again.']
    later = conversation.reply('I also like Jaws')
    assert later.recommendations and second not in listed(later)


@pytest.mark.parametrize('text', ['something else', 'another one', 'more please'])
def test_something_else_shows_only_new_films(conversation, text):
    shown = set(listed(conversation.reply('I loved Alien')))
    for _ in range(3):
        new = listed(conversation.reply(text))
        assert len(new) == 10 and not shown & set(new)
        shown |= set(new)


def test_something_else_says_when_all_films_were_shown(conversation):
    first, *others = listed(conversation.reply('a western'))
    reply = conversation.reply('something else')
    assert 'I have shown you every film that fits. These are left of them.' in reply.notes
    assert listed(reply) == others and first not in others


def test_list_starts_again_when_the_catalogue_is_exhausted(conversation):
    reply = conversation.reply('I loved Alien')
    for _ in range(len(conversation.facts.films) // 10 + 1):
        reply = conversation.reply('something else')
        if reply.notes:
            break
    assert any(note.startswith('I have shown you every film') for note in reply.notes) and reply.recommendations


@pytest.mark.parametrize(
    'text, unknown, near',
    [
        ('who is in Shrekk Forever', 'Shrekk Forever', ''),
        ('have you seen yojimbo?', 'yojimbo', ''),
        ('who directed gladiatorz II?', '', 'Gladiator (2000)'),
        ('who is Tom Hanx', 'Tom Hanx', 'Tom Hanks'),
        ('tell me about Toy Story Four', 'Toy Story Four', 'Toy Story'),
    ],
)
def test_unknown_name_in_a_question_gets_an_honest_answer(conversation, text, unknown, near):
    reply = conversation.reply(text)
    assert not reply.recommendations
    answer = ' '.join(reply.lines)
    assert unknown in answer and near in answer
    if unknown:
        assert f'I do not know {unknown}.' in reply.notes
        assert any(sentence.startswith(('Did you mean ', 'Name another film')) for sentence in reply.sentences)


@pytest.mark.parametrize('text', ['who directed Persona?', 'have you seen Persona?', 'tell me about Persona'])
def test_question_about_an_unknown_title_is_not_about_the_current_film(conversation, text):
    first = conversation.reply('I loved Alien').recommendations[0]
    reply = ' '.join(conversation.reply(text).lines)
    assert 'Persona' in reply and first.name not in reply


@pytest.mark.parametrize(
    'text, remark, stays',
    [
        ('not too long', 'how long films are', True),
        ('something shorter than 2 hours', 'how long films are', False),
        ('under 90 minutes please', 'how long films are', True),
        ('a thriller on netflix', 'where films can be watched', False),
        ('a korean movie', 'the language or the country', False),
        ('I love horror. Not slashers though.', 'which horror films are meant by "slashers"', False),
    ],
)
def test_wish_that_nothing_can_express_is_answered_honestly(conversation, text, remark, stays):
    conversation.reply('I loved Alien')
    reply = conversation.reply(text)
    assert any(remark in note and 'I ignore' in note for note in reply.notes)
    assert bool(reply.recommendations) is not stays
    assert ('My suggestion stays' in ' '.join(reply.sentences)) is stays


@pytest.mark.parametrize('text', ['I loved Amélie, it is a french film', 'how long is it?', 'I have seen it long ago'])
def test_remark_that_is_no_wish_gets_no_such_answer(conversation, text):
    conversation.reply('I loved Alien')
    assert not [note for note in conversation.reply(text).notes if 'I ignore' in note]


def test_like_one_film_but_not_another(conversation):
    reply = conversation.reply('anything like The Matrix but not Blade Runner')
    assert 'Blade Runner (1982)' not in listed(reply)
    assert [constraint.name for constraint in reply.constraints] == ['like The Matrix (1999)']
    newer = conversation.reply('newer')
    years = [conversation.facts.films[film.entity].year for film in newer.recommendations]
    first = conversation.facts.films[reply.recommendations[0].entity].year
    assert years and all(year > first for year in years)
    older = conversation.reply('older than 1990')
    assert older.recommendations
    assert all(conversation.facts.films[film.entity].year < 1990 for film in older.recommendations)


@pytest.mark.parametrize('text', ['more like number 2', 'something like the second one', 'a film similar to #2'])
def test_place_in_the_list_can_be_an_example(conversation, text):
    second = listed(conversation.reply('I loved Alien'))[1]
    reply = conversation.reply(text)
    assert f'like {second}' in [constraint.name for constraint in reply.constraints]
    assert reply.recommendations and second not in listed(reply)
    assert not [sentence for sentence in reply.sentences if sentence.startswith('Good choice')]


def test_which_of_the_list_is_older(conversation):
    reply = conversation.reply('I loved Alien')
    years = [conversation.facts.films[film.entity].year for film in reply.recommendations]
    assert f'({min(years)})' in conversation.reply('which one is older?').sentences[0]


def test_negation_over_a_sentence_border(conversation):
    reply = conversation.reply('I love comedies. But not with Will Ferrell.')
    assert [constraint.name for constraint in reply.constraints] == ['no Will Ferrell']
    cast = [name for film in reply.recommendations for name in conversation.facts.names_of_people(film.entity, 'cast')]
    assert cast and 'Will Ferrell' not in cast


def test_farewell_that_starts_with_no_is_no_rejection(conversation):
    conversation.reply('I loved Alien')
    reply = conversation.reply("no, that's all, thanks")
    assert not reply.recommendations and 'Goodbye' in reply.sentences[-1]


def test_questions_about_places_in_the_list(conversation):
    second = listed(conversation.reply('I loved Alien'))[1]
    assert second in conversation.reply('who stars in number 2').sentences[0]
    assert conversation.reply("what's the second one about").sentences
    assert 'recommended 30 times' not in conversation.reply('who directed it').sentences[0]
    opinion = conversation.reply('is it any good?').sentences[-1]
    assert second in opinion


def test_taking_a_wish_back_takes_no_film_up(conversation):
    conversation.reply('a comedy without Will Ferrell')
    reply = conversation.reply('actually Will Ferrell is ok, I take that back')
    assert Act.ACCEPT not in reply.acts and not any('Good choice' in sentence for sentence in reply.sentences)
    assert [constraint.name for constraint in reply.constraints] == ['comedy']


def test_words_after_a_wish_that_is_taken_back_count(conversation):
    conversation.reply('a horror movie with Tom Hanks')
    reply = conversation.reply('forget horror and Tom Hanks, just a good thriller')
    assert [constraint.name for constraint in reply.constraints] == ['thriller']


def test_wish_that_changes_nothing_is_not_called_misunderstood(conversation):
    reply = conversation.reply('my wife hates gore')
    assert reply.notes and not any('did not understand' in sentence for sentence in reply.sentences)


def test_newest_wish_for_years_replaces_an_exclusion_of_them(conversation):
    conversation.reply('a comedy, nothing after 2000')
    reply = conversation.reply('no, something after 2005')
    assert [constraint.name for constraint in reply.constraints] == ['comedy', '2006 or later']
    conversation.reset()
    conversation.reply('a comedy, not from the 90s')
    reply = conversation.reply('hm, from 1995 then')
    assert '1995' in [constraint.name for constraint in reply.constraints]
    assert not any(constraint.name.startswith('not') for constraint in reply.constraints)


@pytest.mark.parametrize('text', ['nah I am done with horror', 'we are finished with horror for now'])
def test_being_done_with_a_genre_excludes_it(conversation, text):
    reply = conversation.reply(text)
    assert [constraint.name for constraint in reply.constraints] == ['no horror']


def test_unknown_person_is_named(conversation):
    reply = conversation.reply('movies with zendaya')
    assert reply.notes[0].startswith('I do not know zendaya')
    assert not any('zendaya' in note for note in conversation.reply('movies with my girlfriend').notes)
