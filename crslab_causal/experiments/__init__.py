"""The paper's tables and figures, and what goes past them.

From a suite to its pages, a module a step: :mod:`.suite` spells out the YAML (:mod:`.suite_options`), :mod:`.runs`
says which run lies where and :mod:`.execution` trains what is missing; :mod:`.tables` makes one record of it, with :mod:`.scores`, :mod:`.significance`
(over :mod:`.statistics` and :mod:`.ranks`) and :mod:`.cases`; :mod:`.render`, :mod:`.plots` and :mod:`.figures` show the
record, and :mod:`.report` writes it down. What single suites need stands in :mod:`.corpus` (Table 1), :mod:`.shifts` and
:mod:`.divergence` (Figure 4) and :mod:`.deconfounding`. :mod:`.sweep` and :mod:`.human` are commands of their own.
"""
