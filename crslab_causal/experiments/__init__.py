"""Experiments: the tables and figures of the paper, and further studies.

``crslab-causal experiments`` (:mod:`.__main__`, :mod:`.command`) turns a suite into pages with its results. Each folder
does one step, and imports only from the folders before it:

1. :mod:`.suite` reads a YAML file of ``config/experiments`` and lists its runs.
2. :mod:`.runner` knows the folder of each run, and trains the runs that are missing.
3. :mod:`.analysis` computes all numbers from finished runs: scores, significance tests, cases (Table 7), and the
   numbers of Figure 4. Its result is the record of the suite, ``results/<suite>.json``; :mod:`.analysis.record` is the
   schema.
4. :mod:`.reporting` draws the record as Markdown, LaTeX and figures. It reads nothing else.

Three modules are further commands: :mod:`.sweep` searches for options, :mod:`.human` evaluates responses with raters,
and :mod:`.seeker` lets simulated seekers talk to saved runs.
"""

RESUME_HINT = 'interrupted; finished work is kept; run the same command again to continue'
"""Message after Ctrl-C."""
