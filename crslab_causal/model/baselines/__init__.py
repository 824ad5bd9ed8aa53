"""Baselines, which are trained and tested on the same samples as the paper's model.

========================================== =====================================================================
``model:``                                 file
========================================== =====================================================================
``TargetPopularity``                       :mod:`.popularity` ``Repeat``                                 :mod:`.repeat`
``TransitionCounts``                       :mod:`crslab_causal.model.transition`; CausalKBRD can be mixed with it
``CTACRS``                                 :mod:`.cta_crs` ``Seq2Seq``, ``TransformerSeq2Seq``        :mod:`.text`
``KBRDRepaired``                           :mod:`.kbrd_repaired` ``KBRD``, ``KGSF``, ``ReDialRec``,         CRSLab's own
models; their options are in ``TextCNN``, ``GRU4REC``, ``SASREC``,      :mod:`crslab_causal.model.crslab_options`, and
how they are called in ``Popularity``                             :mod:`crslab_causal.system.adapters`
========================================== =====================================================================
"""
