"""Understanding of a seeker's message: its acts, the names and constraints it states, and its questions.

:class:`.interpreter.Interpreter` reads a message in these steps. The example is "I loved Alien. Any funny ones?".

1. :mod:`.spotting` finds the :mod:`.spans` that name something: the film "Alien", the genre "funny". Its
   :mod:`~.spotting.spotter` asks the linker of :mod:`crslab_causal.llm.entity_linking` for films and people. Each other
   kind of name has a module there; :mod:`.years` is a folder.
2. :mod:`.clauses` splits the message, and puts a token in the place of each name: "I loved <film0>".
3. :mod:`.reading` reads each clause by rules. Three readers share a state: one finds the attitude to each name, one
   what "it" and "both" mean, and one the :mod:`.questions`. The result is a :class:`.draft.Draft`: :mod:`.acts` *like*
   and *want*, "Alien" *liked*, "Comedy" *wanted*.
4. :mod:`.models` corrects acts, attitudes and questions where the trained models are sure of others. The linear model
   reads features of the draft. The encoder reads the words, with the last ones of the recommender before them. Some
   cases are certain: there the rules decide.
5. :mod:`.wishes` adds wishes without a name, such as "a hidden gem" or "with dinosaurs", and remarks on what the
   catalogue does not know. It finds earlier wishes that are replaced, and messages that only limit the films.

The phrases are in two places. Lists of everyday wordings of a clause are in the files of the folder ``phrases``, in a
readable form. Patterns that need groups, or that only one function uses, are regular expressions beside this function.
"""
