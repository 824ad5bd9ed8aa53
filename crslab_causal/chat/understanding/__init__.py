"""Understanding of a seeker's message: its acts, the names and constraints it states, and its questions.

:class:`.interpreter.Interpreter` reads a message in these steps. The example is "I loved Alien. Any funny ones?".

1. :mod:`.spotter` finds the spans that name something: the film "Alien", the genre "funny". It asks the linker of
   :mod:`crslab_causal.llm.entity_linking` for films and people. Each other kind of name has a module: :mod:`.years`,
   :mod:`.relative_years`, :mod:`.children`, :mod:`.places`, :mod:`.roles`, :mod:`.series_parts`,
   :mod:`.series_numbers`, :mod:`.credits`, :mod:`.credited_people`, :mod:`.pronouns`, :mod:`.pronoun_resolver`,
   :mod:`.unknown_names`.
   :mod:`.rejections` finds which spans are negated.
2. :mod:`.clauses` splits the message, and puts a token in the place of each name: "I loved <film0>".
3. :mod:`.message` reads each clause by rules. Three readers share a :class:`.reading_state.ReadingState`: one finds the
   attitude to each name (:mod:`.names`, :mod:`.attitudes`), one what "it" and "both" mean (:mod:`.references`), and one
   the questions (:mod:`.question_reader`, :mod:`.questions`). Acts (:mod:`.acts`), constraints (:mod:`.wishes`,
   :mod:`.properties`) and what is taken back (:mod:`.forgetting`) have modules of their own.
   The result is a :class:`.draft.Draft`: acts *like* and *want*, "Alien" *liked*, "Comedy" *wanted*.
4. :mod:`.revision` changes acts, attitudes and questions if the trained models are sure of others. The models read the
   strings of :mod:`.features`. The :mod:`.encoder` reads the words, with the last ones of the recommender before them.
   :mod:`.certain_acts` and :mod:`.certain_attitudes` name the cases in which the rules decide, and
   :mod:`.unnamed_films` the cases in which a message refers to no unnamed film.
5. :mod:`.unnamed_wishes` adds wishes without a name, such as "a hidden gem" (:mod:`.popularity`) or "with dinosaurs"
   (:mod:`.title_subjects`), and remarks on what the catalogue does not know (:mod:`.remarks`, :mod:`.unmet`). It finds
   earlier wishes that are replaced (:mod:`.wishes`), and messages that only limit the films (:mod:`.limits`).

The phrases are in two places. Lists of everyday wordings of a clause are in the files of the folder ``phrases``, in a
readable form. Patterns that need groups, or that only one function uses, are regular expressions beside this function.
"""
