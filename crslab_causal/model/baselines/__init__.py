"""Baselines, which are trained and tested on the same samples as the paper's model.

=================================== =========================================================================
``model:``                          module
=================================== =========================================================================
``TargetPopularity``                :mod:`.popularity`
``Repeat``                          :mod:`.repeat`
``TransitionCounts``                :mod:`crslab_causal.model.transition`; CausalKBRD can be mixed with it
``CTACRS``                          :mod:`.cta_crs`
``Seq2Seq``, ``TransformerSeq2Seq`` :mod:`.text`
``KBRDRepaired``                    :mod:`.kbrd_repaired`
=================================== =========================================================================

``KBRD``, ``KGSF``, ``ReDialRec``, ``TextCNN``, ``GRU4REC``, ``SASREC`` and ``Popularity`` are CRSLab's own models.
Their options are in :mod:`crslab_causal.model.crslab_options`, and :mod:`crslab_causal.system.adapters` calls them.
"""
