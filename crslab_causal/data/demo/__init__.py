"""The demo corpus: conversations drawn from a known causal model, in ReDial's format."""

from crslab_causal.data.demo.catalogue import Catalogue, Film
from crslab_causal.data.demo.corpus import write_corpus
from crslab_causal.data.demo.scm import Draw, Mention, StructuralCausalModel

__all__ = ['Catalogue', 'Draw', 'Film', 'Mention', 'StructuralCausalModel', 'write_corpus']
