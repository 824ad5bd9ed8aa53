"""The paper's tables and figures, and what goes past them.

``__main__`` reads the command line and :mod:`.command` does what it says: from a suite to its pages, a folder a step, a module
a part of it:

- :mod:`.running`: ``suite`` spells out the YAML (``suite_options``), ``runs`` says which run lies where, and ``execution``
  trains what is missing.
- :mod:`.analysis`: ``tables`` makes one record of it, with ``scores``, ``significance`` (over ``statistics`` and ``ranks``)
  and ``cases`` (over ``answers``); ``earlier`` is a record that is extended. What single suites need stands in ``corpus``
  (Table 1), ``shifts``, ``divergence`` and ``distributions`` (Figure 4) and ``deconfounding``.
- :mod:`.pages`: ``render``, ``plots`` and ``figures`` show the record, and ``report`` writes it down.

:mod:`.sweep` and :mod:`.human` are commands of their own.
"""
