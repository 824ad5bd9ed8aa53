"""Questions about films and people: what they ask about, and how those about time are answered."""

import pytest

from crslab_causal.chat.understanding.acts import Act
from crslab_causal.chat.understanding.meaning import Situation
from crslab_causal.chat.understanding.questions import Aspect


@pytest.mark.parametrize(
    'text, aspect',
    [
        ("which one's the newest?", Aspect.NEWEST),
        ('which came first?', Aspect.OLDEST),
        ("which one's shorter?", Aspect.UNAVAILABLE),
        ('what about the sequel?', Aspect.SERIES),
        ('Who is this Spielberg?', Aspect.WHO_IS),
        ('does anybody die in it?', Aspect.GENERAL),
        ('undo', Aspect.UNDO),
        ('scratch that', Aspect.UNDO),
        ('Who was the cinematographer on that?', Aspect.UNAVAILABLE),
        ('When did Al Pacino win an Oscar?', Aspect.UNAVAILABLE),
        ('It plays in which country?', Aspect.UNAVAILABLE),
        ('is there a lot of gore in it?', Aspect.UNAVAILABLE),
        ('is there anything scary in it?', Aspect.IS_GENRE),
        ('im 14 is it ok for me', Aspect.CHILDREN),
        ('what is the story of this film?', Aspect.PLOT),
        ('would my grandma enjoy it?', Aspect.GENERAL),
        ('is this one suitable for her?', Aspect.CHILDREN),
        ('which of these would you recommend most?', Aspect.PICK),
        ("who's older as a film, Alien or Jaws?", Aspect.EARLIER),
        ('how does that compare to Star Wars?', Aspect.GENERAL),
        ('who is the female lead in it?', Aspect.CAST),
        ('he make other films?', Aspect.FILMS_OF),
        ('Hmm, which one would you pick?', Aspect.PICK),
        ('is it as good as Alien?', Aspect.GENERAL),
    ],
)
def test_question_has_its_aspect(interpreter, after_a_list, text, aspect):
    assert [question.aspect for question in interpreter.understand(text, after_a_list).questions] == [aspect]


@pytest.mark.parametrize(
    'text',
    [
        'is it spielberg',
        'Al Pacino in that one, no?',
        'Steven Spielberg, isn’t it?',
        'is al pacino the cop',
        'De Niro as what??',
        'is pacino good in that',
    ],
)
def test_short_question_about_a_person_in_the_film(interpreter, after_a_list, text):
    meaning = interpreter.understand(text, after_a_list)
    assert [question.aspect for question in meaning.questions] == [Aspect.HAS_PERSON]
    assert meaning.questions[0].film == after_a_list.film and meaning.constraints == []


@pytest.mark.parametrize(
    'text, aspect',
    [
        ('Is Tom Hanks even in it?', Aspect.HAS_PERSON),
        ('Is it the one where Sandra Bullock drives a bus?', Aspect.HAS_PERSON),
        ('Is a horror film?', Aspect.IS_GENRE),
        ('How old is Tom Hanks?', Aspect.LIFE_OF),
        ('between Alien and Jaws, which would you pick?', Aspect.COMPARE),
        ('Which cinematographer shot it?', Aspect.UNAVAILABLE),
    ],
)
def test_question_is_no_wish(interpreter, entity, text, aspect):
    meaning = interpreter.understand(
        text, Situation(film=entity['Heat (1995)'], last_turn=('Recommender', 'How about Heat (1995)?'))
    )
    assert [question.aspect for question in meaning.questions] == [aspect] and not meaning.constraints


@pytest.mark.parametrize('text', ['older is fine', 'a long epic', "we're four guys with beer", 'English only'])
def test_statement_is_no_question_about_the_film(interpreter, after_a_list, text):
    meaning = interpreter.understand(text, after_a_list)
    assert Act.ASK_FILM not in meaning.acts and meaning.questions == []


@pytest.mark.parametrize(
    'text, aspect', [('is it very violent?', Aspect.UNAVAILABLE), ('how violent is Heat?', Aspect.UNAVAILABLE)]
)
def test_violence_of_a_film_is_not_known(interpreter, after_a_list, text, aspect):
    assert [question.aspect for question in interpreter.understand(text, after_a_list).questions] == [aspect]


def test_relatives_of_people_are_unknown(conversation):
    (sentence,) = conversation.reply('Is Ridley Scott the brother of Tony Scott?').sentences
    assert sentence == 'That I do not know: of people I know only the films.'


def test_question_of_two_films_names_both(interpreter, entity):
    (question,) = interpreter.understand('is it older than Alien?', Situation(film=entity['Jaws (1975)'])).questions
    assert question.aspect is Aspect.EARLIER
    assert (question.film, question.other) == (entity['Jaws (1975)'], entity['Alien (1979)'])


@pytest.mark.parametrize(
    'text, answer',
    [
        ('was Jaws made before Alien?', 'Jaws (1975) came first, 4 years before Alien (1979).'),
        ('which is older, Alien or Jaws?', 'Jaws (1975) came first, 4 years before Alien (1979).'),
        ('Is Alien newer than Jaws?', 'Jaws (1975) came first, 4 years before Alien (1979).'),
        ('what came out first, Aliens or Alien?', 'Alien (1979) came first, 7 years before Aliens (1986).'),
        ('how many years are between Alien and Aliens?', 'Alien (1979) came first, 7 years before Aliens (1986).'),
        ("what is Steven Spielberg's first movie?", 'Jaws (1975) is the oldest film of Steven Spielberg'),
        ("Christopher Nolan's newest movie?", 'is the newest film of Christopher Nolan'),
        (
            "which of Spielberg's movies is the most popular?",
            'is the film of Steven Spielberg that was recommended most',
        ),
    ],
)
def test_questions_about_time_are_answered(conversation, text, answer):
    reply = conversation.reply(text)
    assert answer in ' '.join(reply.sentences) and not reply.recommendations


@pytest.mark.parametrize(
    'text, aspect',
    [
        ('it is a comedy or a drama?', Aspect.GENRE),
        ('Which one, the 1990 one or the 2017 one, do you think is better?', Aspect.SUPERLATIVE),
        ('is it a western?', Aspect.IS_GENRE),
    ],
)
def test_alternatives_in_a_question_are_no_wish(interpreter, after_a_list, text, aspect):
    meaning = interpreter.understand(text, after_a_list)
    assert [question.aspect for question in meaning.questions] == [aspect] and meaning.constraints == []


def test_questions_about_the_recommender(interpreter, after_a_list):
    assert interpreter.understand('How do you decide what to recommend?', after_a_list).acts == [Act.ASK_HELP]
    assert Act.ASK_WHY in interpreter.understand("you're just recommending popular stuff", after_a_list).acts


def test_parts_of_actors_are_unknown(conversation):
    (answer,) = conversation.reply('who plays the killer in Scream?').sentences
    assert answer.startswith('I do not know who plays which part. Scream (1996) stars ')
    (answer,) = conversation.reply('who plays in Scream?').sentences
    assert answer.startswith('Scream (1996) stars ')


def test_film_that_is_asked_about_is_not_chosen_yet(conversation):
    conversation.reply('I like Alien')
    reply = conversation.reply("Oh that sounds fun, who's in it?")
    assert len(reply.sentences) == 1 and ' stars ' in reply.sentences[0]


def test_repeated_choice_is_not_praised_again(conversation):
    conversation.reply('I like Alien')
    first = conversation.reply("I'll watch Heat, thanks")
    assert first.sentences == ['Good choice: enjoy Heat (1995)!', 'You are welcome.']
    assert conversation.reply("great, I'll watch Heat, thanks").sentences == ['You are welcome.']


@pytest.mark.parametrize(
    'text, aspect',
    [
        ("wait, isn't that a Harry Potter film?", Aspect.SERIES),
        ('which of the Toy Story films is the best?', Aspect.SUPERLATIVE),
        ('what do you think I like?', Aspect.REMEMBERED),
    ],
)
def test_question_about_a_series_or_the_seeker(interpreter, after_a_list, text, aspect):
    meaning = interpreter.understand(text, after_a_list)
    assert [question.aspect for question in meaning.questions] == [aspect] and meaning.constraints == []


def test_comparison_brings_no_new_list(conversation):
    conversation.reply('I like Alien')
    reply = conversation.reply('Between Rear Window and Psycho, which would you recommend?')
    assert reply.recommendations == [] and 'I have no opinions' in reply.sentences[0]


def test_question_whether_the_person_of_the_conversation_made_a_film(conversation):
    conversation.reply('who directed Jaws?')
    (answer,) = conversation.reply('and did he make Back to the Future as well?').sentences
    assert answer.startswith('No, Steven Spielberg is not among the people of Back to the Future (1985)')


def test_genre_of_two_is_told_without_a_yes(conversation):
    conversation.reply('who directed Heat?')
    (answer,) = conversation.reply('is it a comedy or a drama?').sentences
    assert answer.startswith('Heat (1995) is a')


def test_popularity_is_told_only_if_the_quality_is_asked_for(conversation):
    facts = conversation.facts
    film = facts.names[max(facts.films, key=lambda each: facts.popularity[each])]
    (answer,) = conversation.reply(f'is {film} any good?').sentences
    assert ' times in the conversations that I learned from' in answer
    (answer,) = conversation.reply(f'tell me about {film}').sentences
    assert ' times in the conversations' not in answer


def test_farewell_wishes_a_good_film_only_after_a_choice(conversation):
    assert conversation.reply('bye').sentences == ['Goodbye!']
    conversation.reply("I'll watch Alien")
    assert conversation.reply('bye').sentences == ['Goodbye, and enjoy your film!']


@pytest.mark.parametrize(
    ('text', 'aspect'),
    [
        ('Is that one based on a book?', Aspect.UNAVAILABLE),
        ('Is it longer than two hours?', Aspect.UNAVAILABLE),
        ('which one has more action', Aspect.SUPERLATIVE),
        ('Which one is the most funny?', Aspect.SUPERLATIVE),
        ('is part 2 better', Aspect.SUPERLATIVE),
    ],
)
def test_question_without_an_answer_in_the_data_has_its_aspect(trained_interpreter, after_a_list, text, aspect):
    assert [question.aspect for question in trained_interpreter.understand(text, after_a_list).questions] == [aspect]


def test_films_of_a_person_are_those_of_the_genre(conversation):
    conversation.reply('something with Jim Carrey')
    reply = conversation.reply('has he been in any drama?')
    assert reply.sentences == ['Jim Carrey plays in Eternal Sunshine of the Spotless Mind (2004).']
    assert not reply.recommendations and [each.name for each in reply.constraints] == ['with Jim Carrey']
    assert conversation.reply('has he been in any western?').sentences == ['I know no western film with Jim Carrey.']


def test_question_whether_a_film_is_too_much_for_a_child(conversation):
    conversation.reply('I love Toy Story')
    assert (
        conversation.reply('Is Finding Nemo too scary for a five year old?')
        .sentences[0]
        .startswith('I do not think so')
    )
    assert conversation.reply('Is Finding Nemo good for a five year old?').sentences[0].startswith('I think so')
    assert conversation.reply('Is Alien too scary for a five year old?').sentences[0].startswith('I think so')


def test_he_means_the_person_who_was_named_last(conversation):
    conversation.reply('I love Tom Hanks')
    conversation.reply('Oh I do like Jim Carrey, have you got any with him in?')
    conversation.reply('Which of those is the oldest?')
    assert conversation.reply('Was he in The Mask?').sentences[0] == 'Yes, Jim Carrey plays in The Mask (1994).'


@pytest.mark.parametrize(
    ('text', 'aspects'),
    [
        ('Who made the first one and when?', [Aspect.DIRECTOR, Aspect.YEAR]),
        ('tell me the plot and the cast', [Aspect.PLOT, Aspect.CAST]),
        ('who is in it and who directed it?', [Aspect.CAST, Aspect.DIRECTOR]),
        ('who is in Dumb and Dumber?', [Aspect.CAST]),
    ],
)
def test_one_clause_asks_for_several_facts(interpreter, after_a_list, text, aspects):
    assert [question.aspect for question in interpreter.understand(text, after_a_list).questions] == aspects


@pytest.mark.parametrize(
    ('text', 'aspect'),
    [
        ('how old do you have to be to watch it', Aspect.CHILDREN),
        ('how old is it?', Aspect.AGE),
        ('which of these is the most recent?', Aspect.NEWEST),
    ],
)
def test_age_of_the_viewers_and_of_the_films(trained_interpreter, after_a_list, text, aspect):
    assert [question.aspect for question in trained_interpreter.understand(text, after_a_list).questions] == [aspect]


def test_he_is_the_director_whom_the_message_asks_about(interpreter, after_a_list):
    meaning = interpreter.understand('Who directed Inception and what else has he made?', after_a_list)
    (question,) = (each for each in meaning.questions if each.is_about_person)
    assert interpreter.facts.people[question.person].name == 'Christopher Nolan'


def test_both_people_of_a_question_are_in_the_answer(conversation):
    answer = ' '.join(conversation.reply('does Heat have both Al Pacino and Robert De Niro?').sentences)
    assert 'Yes, Al Pacino and Robert De Niro worked on Heat (1995).' in answer
    answer = ' '.join(conversation.reply('does Heat have both Al Pacino and Tom Hanks?').sentences)
    assert 'Yes, Al Pacino plays in Heat (1995). No, Tom Hanks' in answer


@pytest.mark.parametrize('part, is_known', [('the main part', True), ('the killer', False)])
def test_main_part_is_that_of_the_first_of_the_cast(conversation, part, is_known):
    answer = ' '.join(conversation.reply(f'who plays {part} in Heat?').sentences)
    assert ('I do not know who plays which part' not in answer) is is_known


def test_pick_of_a_list_is_its_first_film(conversation):
    conversation.reply('a thriller')
    first = conversation.recommender.names[conversation.state.shown[0]]
    answer = ' '.join(conversation.reply("I haven't seen any of those. Which one would you pick?").sentences)
    assert f'I would pick {first}, the first of the list.' in answer


@pytest.mark.parametrize(
    'text',
    [
        'What do you have in crime, ideally with Al Pacino or Robert De Niro?',
        'which thriller with Al Pacino or Tom Hanks?',
    ],
)
def test_wish_for_one_of_two_people_compares_nobody(interpreter, text):
    meaning = interpreter.understand(text, Situation())
    assert not meaning.questions
    assert sum(constraint.kind == 'person' for constraint in meaning.constraints) == 2


def test_question_after_a_film_that_cannot_be_found_is_about_no_other_film(conversation):
    conversation.reply('who directed Heat?')
    conversation.reply("what's the movie where a guy relives the same day?")
    assert 'Which film do you mean?' in ' '.join(conversation.reply('who is the female lead in it?').sentences)


def test_film_of_an_explanation_is_the_one_that_the_next_message_means(conversation):
    conversation.reply('a thriller')
    first = conversation.state.shown[0]
    conversation.reply('who directed The Night of the Xylophone?')
    conversation.reply('why do you recommend this one?')
    conversation.reply("fair enough, I'll give it a go")
    assert conversation.state.chosen == {first}


@pytest.mark.parametrize('text', ['what would you recommend?', 'what do you suggest?'])
def test_request_is_no_question_about_a_list(interpreter, after_a_list, text):
    meaning = interpreter.understand(text, after_a_list)
    assert meaning.questions == [] and Act.WANT in meaning.acts


def test_reply_to_a_question_notes_no_choice(conversation):
    conversation.reply('a thriller')
    reply = conversation.reply('that sounds lovely, but who is in it?')
    assert not reply.notes and conversation.state.chosen == set()


@pytest.mark.parametrize('text', ['remind me what you suggested', "what's the lineup then?"])
def test_list_is_shown_again(conversation, text):
    conversation.reply('a thriller')
    shown = [conversation.recommender.names[film] for film in conversation.state.shown]
    answer = '\n'.join(conversation.reply(text).lines)
    assert all(name in answer for name in shown)


def test_question_whether_a_film_belongs_to_a_series_gets_a_yes_or_a_no(conversation):
    conversation.reply('who is in Toy Story?')
    assert 'Yes, Toy Story (1995) is one of the films of Pixar.' in conversation.reply('is that one Pixar?').sentences
    conversation.reply('who is in Heat?')
    answer = conversation.reply('is it a Marvel movie?').sentences
    assert 'No, Heat (1995) is not one of the films of Marvel that I know.' in answer


@pytest.mark.parametrize(
    'text', ['which was the one with Tom Hanks as the captain?', 'which was the one with Tom Hanks?']
)
def test_film_with_a_person_is_looked_for_among_the_films_of_the_person(conversation, text):
    assert 'Tom Hanks plays in' in ' '.join(conversation.reply(text).sentences)


def test_person_without_a_name_beside_a_director_means_their_films(conversation):
    conversation.reply('who is in Saving Private Ryan?')
    answer = ' '.join(conversation.reply('did Steven Spielberg make any others with him?').sentences)
    assert 'Steven Spielberg' in answer and 'Saving Private Ryan (1998)' in answer


def test_films_of_an_actor_who_directed_none_are_listed(conversation):
    answer = ' '.join(conversation.reply('what has Harrison Ford directed?').sentences)
    assert answer.startswith('I know no film that Harrison Ford directed. Harrison Ford plays in ')


def test_question_whether_a_film_is_that_with_a_person_is_about_the_film(conversation):
    conversation.reply('I loved Jaws')
    first = conversation.state.recommended[-1]
    other = next(f for f in conversation.facts.films.values() if f.entity != first and f.people.get('cast'))
    conversation.state.recommended.insert(0, other.entity)
    star = conversation.facts.names_of_people(other.entity, 'cast')[0]
    answer = ' '.join(conversation.reply(f'is that the one with {star}?').sentences)
    assert star in answer and conversation.facts.names[first] in answer


def test_other_films_of_a_series_come_with_their_place_in_it(conversation):
    answer = ' '.join(conversation.reply('does Toy Story 2 have a sequel?').sentences)
    assert 'After it: Toy Story 3 (2010)' in answer and 'Before it: Toy Story (1995).' in answer


def test_question_about_the_work_of_two_people_of_whom_one_has_no_name(conversation):
    conversation.reply('who directed Jaws?')
    answer = ' '.join(conversation.reply('did he ever make a picture with Tom Hanks?').sentences)
    assert 'Saving Private Ryan (1998)' in answer and 'Jaws' not in answer


def test_owned_film_was_seen(interpreter, entity):
    situation = Situation(
        film=entity['Heat (1995)'], shown=(entity['Heat (1995)'],), last_turn=('Recommender', 'How about Heat (1995)?')
    )
    meaning = interpreter.understand('We already own that one. Anything else animated?', situation)
    assert {Act.SEEN} <= {*meaning.acts}
    assert ('Heat (1995)', 'seen') in {(heard.name, heard.attitude.value) for heard in meaning.heard}
