"""Turn the finished runs of a suite (a list of tables) into its record: the JSON file with all its numbers.

:mod:`.collect` makes the record (schema: :mod:`.record`) from the parts that the other modules compute: scores,
significance tests, the numbers of Figure 4, and cases (Table 7). :mod:`.previous_results` reads a record that
``--extend`` continues. :mod:`.scorers` lists the functions that score a run right after its training.
"""
