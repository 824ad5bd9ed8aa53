"""Options of the system with a language model behind the recommender."""

from __future__ import annotations

from crslab_causal.llm.options import LLMOptions
from crslab_causal.model.options import CausalKBRDOptions


class CausalLLMOptions(CausalKBRDOptions):
    """Options of the paper's recommender with a language model behind it."""

    recommender: str | None = None
    """Folder of a saved run, whose recommender is used. It may be a run of CausalKBRD, of CausalLLM, of Pool or of an
    expert, trained with ``--save-system``. None: a CausalKBRD is trained first."""
    llm: LLMOptions = LLMOptions()
    """Section of the language model."""
