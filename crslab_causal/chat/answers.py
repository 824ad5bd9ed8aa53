"""Answers to questions about films and people, from the facts of the catalogue."""

from __future__ import annotations

from datetime import date
from typing import Callable, Sequence

from crslab_causal.chat.films.collections import Collections
from crslab_causal.chat.films.facts import CAST, COMPOSER, DIRECTOR, WRITER, CatalogueFilm, FilmFacts
from crslab_causal.chat.films.genres import DISTURBING
from crslab_causal.chat.understanding.properties import Properties
from crslab_causal.chat.understanding.questions import Aspect, Question, answered_film

_MAX_FILMS = 8
"""Maximum number of films in an answer."""
_MAX_COMPARED = 4
"""Maximum number of films of each person who is compared."""
_MAX_CAST = 4
"""Maximum number of actors in an answer."""
_CREDITS = {
    Aspect.DIRECTOR: (DIRECTOR, '{film} is directed by {people}.', 'who directed {film}'),
    Aspect.WRITER: (WRITER, '{film} is written by {people}.', 'who wrote {film}'),
    Aspect.COMPOSER: (COMPOSER, '{film} has music by {people}.', 'who made the music of {film}'),
    Aspect.CAST: (CAST, '{film} stars {people}.', 'who plays in {film}'),
}
"""Role in the film, beginning of the answer, and answer without data, of each question about people in a film."""


_ONLY_FILMS = 'That I do not know: of people I know only the films.'

_OFF_TOPIC = 'I am a program that recommends films, and I know only about films.'


class Answerer:
    """Answers questions about films and people.

    Args:
        facts: facts about the films.
        collections: franchises and topics.
        properties: properties of films; they decide which films are for children.
        today: returns the current date, for "how long ago".
    """

    def __init__(
        self,
        facts: FilmFacts,
        collections: Collections,
        properties: Properties,
        today: Callable[[], date] = date.today,
    ):
        self._facts, self._collections, self._properties, self._today = facts, collections, properties, today

    def answer(self, question: Question) -> str:
        """Return the answer to a question, in one or two sentences."""
        match question.aspect:
            case Aspect.CATALOGUE:
                return self._catalogue()
            case Aspect.OFF_TOPIC:
                return _OFF_TOPIC
            case Aspect.WHICH_HAS:
                return self._which_has(question)
            case Aspect.SUPERLATIVE:
                return self._superlative(question)
            case Aspect.COMPARE:
                return self._compare(question)
            case Aspect.NAME_OF:
                return self._name_of(question)
            case Aspect.NEWEST_OF | Aspect.OLDEST_OF | Aspect.BEST_OF if question.person is not None:
                return self._first_of_person(question.person, question.aspect)
        if question.aspect is Aspect.LIFE_OF and question.person is not None:
            return _ONLY_FILMS
        if question.is_about_person:
            return self._about_person(question)
        if question.aspect in (Aspect.NEWEST, Aspect.OLDEST):
            return self._by_age(question)
        if question.film is None:
            return self._about_collection(question.collection) if question.collection else 'Which film do you mean?'
        film = self._facts.films[question.film]
        match question.aspect:
            case Aspect.DIRECTOR | Aspect.WRITER | Aspect.COMPOSER | Aspect.CAST:
                return self._credits(film, question)
            case Aspect.PLOT:
                return film.plot or self._without_plot(film)
            case Aspect.YEAR | Aspect.AGE:
                return self._year(film, question.aspect is Aspect.AGE)
            case Aspect.GENRE:
                return (
                    f'{film.name} is {_genre_phrase(film)}.' if film.genres else _unknown(f'the genre of {film.name}')
                )
            case Aspect.IS_GENRE:
                return self._is_genre(film, question.genre)
            case Aspect.CHILDREN:
                return self._for_children(film, question.is_about_excess)
            case Aspect.HAS_PERSON if question.person is not None:
                return self._has_people(film, question.people or (question.person,))
            case Aspect.SERIES if question.collection:
                return self._is_in_series(film, question.collection)
            case Aspect.SERIES:
                return self._series(film)
            case Aspect.SIMILAR if question.other is not None:
                return self._similarity(film, self._facts.films[question.other])
            case Aspect.EARLIER if question.other is not None:
                return self._earlier(film, self._facts.films[question.other])
            case Aspect.UNAVAILABLE if question.people:
                return _ONLY_FILMS
            case Aspect.UNAVAILABLE:
                known = 'years, genres, people and some plots' if self._facts.has_plots else 'years, genres and people'
                return f'That I do not know of {film.name}. Of films I know {known}.'
        if question.aspect is Aspect.PICK:
            return f'I would pick {film.name}, the first of the list. {self.describe(film.entity, "It")}'
        count = int(self._facts.popularity.get(film.entity, 0)) if question.is_about_quality else 0
        often = f' It was recommended {count:,} times in the conversations that I learned from.' if count > 1 else ''
        about = f'{film.plot} {self.describe(film.entity)}' if film.plot else self.describe(film.entity)
        return f'{about}{often}'

    def describe(self, entity: int, subject: str | None = None) -> str:
        """Return a sentence with everything that the dataset says about a film.

        Args:
            entity: entity id.
            subject: subject of the sentence; None: the name of the film.
        """
        film = self._facts.films[entity]
        directors = self._facts.names_of_people(entity, DIRECTOR)
        cast = self._facts.names_of_people(entity, CAST)[:_MAX_CAST]
        if not (film.genres or directors or cast):
            return f'{subject or film.name} is in my catalogue, but I know nothing else about it.'
        by = f' by {_list(directors)}' if directors else ''
        starring = f' with {_list(cast)}' if cast else ''
        return f'{subject or film.name} is {_genre_phrase(film)}{by}{starring}.'

    def _catalogue(self) -> str:
        """Return what the catalogue has."""
        films, people, genres = self._facts.films, self._facts.people, sorted(self._facts.films_of_genre)
        known = f'I know {len(films):,} films and {len(people):,} people.'
        return f'{known} The genres are {_list(genres)}.' if genres else known

    def _without_plot(self, film: CatalogueFilm) -> str:
        if not self._facts.has_plots:
            return f'I know no plots. {self.describe(film.entity)}'
        return f'I have no plot of {film.name}. {self.describe(film.entity, "It")}'

    def _credits(self, film: CatalogueFilm, question: Question) -> str:
        role, answer, gap = _CREDITS[question.aspect]
        people = self._facts.names_of_people(film.entity, role)
        if not people:
            return _unknown(gap.format(film=film.name))
        start = 'I do not know who plays which part. ' if question.is_about_part else ''
        return start + answer.format(film=film.name, people=_list(people[:_MAX_CAST]))

    def _year(self, film: CatalogueFilm, with_age: bool) -> str:
        if film.year is None:
            return _unknown(f'the year of {film.name}')
        years = self._today().year - film.year
        if years < 1:
            return f'{film.title} is from {film.year}, this year.'
        if not with_age:
            return f'{film.title} is from {film.year}.'
        return f'{film.title} is from {film.year}, {years} year{"s" if years > 1 else ""} ago.'

    def _is_genre(self, film: CatalogueFilm, genre: str) -> str:
        if not film.genres:
            return _unknown(f'the genre of {film.name}')
        start = 'Yes' if genre in film.genres else 'Not really'
        return f'{start}: {film.name} is {_genre_phrase(film)}.'

    def _for_children(self, film: CatalogueFilm, is_about_excess: bool) -> str:
        if not film.genres:
            return _unknown(f'whether {film.name} is for children')
        if film.entity in self._properties.children.films:
            start = 'I do not think so' if is_about_excess else 'I think so'
            return f'{start}: {film.name} is {_genre_phrase(film)}. I do not know its age rating.'
        reason = 'It is not made for children'
        if film.genres & DISTURBING:
            reason = 'I think so' if is_about_excess else 'Better not'
        return f'{reason}: {film.name} is {_genre_phrase(film)}.'

    def _has_people(self, film: CatalogueFilm, people: Sequence[int]) -> str:
        names = [self._facts.people[person].name for person in people]
        if len(people) > 1 and self._people(film.entity).issuperset(people):
            return f'Yes, {_list(names)} worked on {film.name}.'
        return ' '.join(self._has_person(film, person) for person in people)

    def _has_person(self, film: CatalogueFilm, person: int) -> str:
        name = self._facts.people[person].name
        roles = [role for role, people in film.people.items() if person in people]
        if roles:
            part = 'plays in' if CAST in roles else 'directed' if DIRECTOR in roles else f'is {roles[0]} of'
            return f'Yes, {name} {part} {film.name}.'
        if not any(film.people.values()):
            return _unknown(f'the cast of {film.name}')
        return f'No, {name} is not among the people of {film.name} that I know. {self.describe(film.entity, "It")}'

    def _similarity(self, film: CatalogueFilm, other: CatalogueFilm) -> str:
        """Return what two films have in common, and what kind of film the first one is."""
        genres = sorted(film.genres & other.genres)
        directors, cast = (
            sorted(
                self._facts.people[person].name
                for person in {*film.people.get(role, ())} & {*other.people.get(role, ())}
            )
            for role in (DIRECTOR, CAST)
        )
        if not (genres or directors or cast):
            return f'I know nothing that it has in common with {other.name}. {self.describe(film.entity)}'
        kind = f'{_list(genres)} films' if genres else 'films'
        by = f' by {_list(directors)}' if directors else ''
        starring = f' with {_list(cast[:_MAX_CAST])}' if cast else ''
        return f'{film.name} and {other.name} are both {kind}{by}{starring}. {self.describe(film.entity)}'

    def _earlier(self, film: CatalogueFilm, other: CatalogueFilm) -> str:
        """Return which of two films is the older one, and by how many years."""
        for each in (film, other):
            if each.year is None:
                return _unknown(f'the year of {each.name}')
        first, second = sorted((film, other), key=lambda each: each.year or 0)
        years = (second.year or 0) - (first.year or 0)
        if not years:
            return f'{first.title} and {second.title} are both from {first.year}.'
        return f'{first.name} came first, {years} year{"s" if years > 1 else ""} before {second.name}.'

    def _first_of_person(self, person: int, aspect: Aspect) -> str:
        """Return the newest, the oldest or the best-known film of a person, of those in the main role."""
        name = self._facts.people[person].name
        directed, played = (self._facts.films_of(person, role) for role in (DIRECTOR, CAST))
        films = max(directed, played, key=len) or self._facts.films_of(person)
        if not films:
            return f'I know no film with {name}.'
        if aspect is Aspect.BEST_OF:
            return (
                'I have no opinion of my own. In the conversations that I learned from, '
                f'{self._facts.names[films[0]]} is the film of {name} that was recommended most.'
            )
        dated = [film for film in self._by_year(frozenset(films)) if self._facts.films[film].year]
        if not dated:
            return _unknown(f'the years of the films of {name}')
        is_newest = aspect is Aspect.NEWEST_OF
        first = dated[-1 if is_newest else 0]
        return f'{self._facts.names[first]} is the {"newest" if is_newest else "oldest"} film of {name} that I know.'

    def _series(self, film: CatalogueFilm) -> str:
        franchises = [c for c in self._collections.of_film(film.entity) if len(c.films) > 1]
        if not franchises:
            return f'I know no other film that belongs to {film.name}.'
        name, films = franchises[0].name, franchises[0].films - self._facts.undated_copies.keys()
        others = self._by_year(films - {film.entity})
        years = {other: self._facts.films[other].year for other in others}
        if film.year is None or not any(years.values()):
            return f'The other {"films" if others[1:] else "film"} of {name}: {self._names(others)}.'
        parts = (
            ('After it', [other for other, year in years.items() if year and year > film.year]),
            ('Before it', [other for other, year in years.items() if year and year < film.year][::-1]),
            ('In the same year', [other for other, year in years.items() if year == film.year]),
            ('Of unknown year', [other for other, year in years.items() if not year]),
        )
        listed = ' '.join(f'{when}: {self._names(found)}.' for when, found in parts if found)
        return f'{film.name} is one of the films of {name}. {listed}'

    def _is_in_series(self, film: CatalogueFilm, name: str) -> str:
        if any(collection.name == name for collection in self._collections.of_film(film.entity)):
            return f'Yes, {film.name} is one of the films of {name}.'
        return f'No, {film.name} is not one of the films of {name} that I know.'

    def _by_age(self, question: Question) -> str:
        film = answered_film(question, self._facts)
        if film is None:
            return 'There is no list whose years I know.'
        return f'That is {self._facts.names[film]}.'

    def _which_has(self, question: Question) -> str:
        """Return which films of the last list have a person or a genre."""
        if not question.films:
            return 'There is no list yet.'
        if question.person is not None:
            name = self._facts.people[question.person].name
            found = [film for film in question.films if question.person in self._people(film)]
            return (
                f'Yes: {name} is in {self._names(found)}.'
                if found
                else f'No: {name} is in none of these, as far as I know.'
            )
        if question.genre:
            found = [film for film in question.films if question.genre in self._facts.films[film].genres]
            return (
                f'{question.genre.capitalize()}: {self._names(found)}.'
                if found
                else f'None of these is {question.genre}, as far as I know.'
            )
        return 'Whom do you mean? Say the name.'

    def _people(self, film: int) -> set[int]:
        return {person for people in self._facts.films[film].people.values() for person in people}

    def _superlative(self, question: Question) -> str:
        """Return that the data lack a length or a quality, and which questions about the last list they answer."""
        dated = [film for film in self._by_year(frozenset(question.films)) if self._facts.films[film].year]
        years = (
            f' The oldest is {self._facts.names[dated[0]]}, the newest {self._facts.names[dated[-1]]}.'
            if dated[1:]
            else ''
        )
        by_popularity = sorted(question.films, key=lambda film: -self._facts.popularity.get(film, 0))
        often = f' {self._facts.names[by_popularity[0]]} was recommended most often.' if by_popularity[1:] else ''
        gap = (
            'That I cannot say: I do not know how long, how good or how scary films are, only years, genres and people.'
        )
        if question.collection:
            return f'{gap} {self._about_collection(question.collection)}'
        return f'{gap}{years}{often}'

    def _compare(self, question: Question) -> str:
        """Answer a comparison: state that the chat has no opinion, and list what it knows about each."""
        known = []
        for entity in dict.fromkeys((*question.people, *question.named)):
            if entity in self._facts.films:
                known.append(self.describe(entity))
            elif entity in self._facts.people:
                films = self._facts.films_of(entity)
                known.append(f'{self._facts.people[entity].name} is in {self._names(films[:_MAX_COMPARED])}.')
        return ' '.join(
            ('That I cannot say: I know years, genres and people, but no lengths, and I have no opinions.', *known)
        )

    def _name_of(self, question: Question) -> str:
        """Return that the chat knows no stories, and the films of the people that the question names."""
        start = 'I cannot find a film by what happens in it: I know only years, genres and people.'
        if not question.people:
            return start
        films = self._common(question.people)
        who = _list([self._facts.people[person].name for person in question.people])
        return f'{start} With {who} I know: {self._names(films)}.' if films else f'{start} I know no film with {who}.'

    def _common(self, people: Sequence[int], role: str | None = None) -> list[int]:
        """Return the films of all of some people; the role is that of the first one."""
        first, *others = people
        return [
            film for film in self._facts.films_of(first, role) if all(other in self._people(film) for other in others)
        ]

    def _about_collection(self, name: str) -> str:
        films = self._by_year(next((c.films for c in self._collections.by_key.values() if c.name == name), frozenset()))
        if not films:
            return f'I know no film of {name}.'
        number = f'I know {len(films)} films of {name}' if films[1:] else f'I know one film of {name}'
        return f'{number}: {self._names(films)}.'

    def _about_person(self, question: Question) -> str:
        if question.person is None:
            return 'Whom do you mean? Say the name.'
        person = self._facts.people[question.person]
        if len(question.people) > 1 and question.aspect is not Aspect.WHO_IS:
            films = self._common(question.people, DIRECTOR if question.aspect is Aspect.DIRECTED else None)
            who = _list([self._facts.people[each].name for each in question.people])
            return (
                f'{self._names(films)} {"have" if films[1:] else "has"} {who}.'
                if films
                else f'I know no film with {who}.'
            )
        gap = ''
        if question.aspect is Aspect.DIRECTED:
            if films := self._facts.films_of(person.id, DIRECTOR):
                return f'{person.name} directed {self._names(films)}.'
            gap = f'I know no film that {person.name} directed.'
        sentences = [
            sentence.format(person=person.name, films=self._names(films))
            for role, sentence in (
                (CAST, '{person} plays in {films}.'),
                (DIRECTOR, '{person} directed {films}.'),
                (WRITER, '{person} wrote {films}.'),
                (COMPOSER, '{person} made the music of {films}.'),
            )
            if (
                films := [
                    film
                    for film in self._facts.films_of(person.id, role)
                    if film != self._asked_about(question)
                    and (not question.genre or question.genre in self._facts.films[film].genres)
                ]
            )
        ]
        kind = f'{question.genre} film' if question.genre else 'other film'
        return ' '.join([gap, *sentences[:2]]).strip() or f'I know no {kind} with {person.name}.'

    def _asked_about(self, question: Question) -> int | None:
        """Return the film that a question with "else" leaves out, as in "What else did he direct?"."""
        return question.film if question.aspect is Aspect.FILMS_OF else None

    def _by_year(self, films: frozenset[int]) -> list[int]:
        return sorted(films, key=lambda film: (self._facts.films[film].year or 9999, film))

    def _names(self, films: Sequence[int]) -> str:
        named = [self._facts.names[film] for film in films[:_MAX_FILMS]]
        rest = len(films) - len(named)
        return f'{", ".join(named)} and {rest} more' if rest > 0 else _list(named)


def _genre_phrase(film: CatalogueFilm) -> str:
    """Return a phrase such as "a horror and science fiction film"."""
    genres = sorted(film.genres)
    words = f'{_list(genres)} film' if genres else 'film'
    return f'{"an" if words[0] in "aeiou" else "a"} {words}'


def _list(names: Sequence[str]) -> str:
    return ' and '.join([', '.join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _unknown(what: str) -> str:
    return f'I do not know {what}.'
