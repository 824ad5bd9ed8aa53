"""Experts: simple recommenders of different kinds.

Each is a model of its own and a member of :mod:`crslab_causal.model.pool`.

====================== =========================== ====================================================================
``model:``             file                        source of the items
====================== =========================== ====================================================================
``EASE``               :mod:`.ease`                a linear autoencoder of the mentions of a conversation
``ItemCosine``         :mod:`.item_cosine`         cosine similarity of the conversations that mention two entities
``OneHop``             :mod:`.one_hop`             the neighbours of the mentions in the knowledge graph
``TextToItem``         :mod:`.text_to_item`        a softmax on the vector of the last turns
``TextNeighbours``     :mod:`.text_neighbours`     the labels of the training contexts with the most similar last turns
``TextSimilarity``     :mod:`.text_similarity`     the items whose texts are most similar to the last turns
``DualEncoder``        :mod:`.dual_encoder`        a sentence encoder that is fine-tuned with a softmax over item texts
``MentionTransformer`` :mod:`.mention_transformer` a small Transformer over the mentions and their speakers
====================== =========================== ====================================================================

``TransitionCounts``, ``TargetPopularity`` and ``Repeat``, which can be experts too, are in
:mod:`crslab_causal.model.transition` and :mod:`crslab_causal.model.baselines`.
"""
