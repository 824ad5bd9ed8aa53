"""A user's own conversations, as ``crslab-causal prepare own`` writes them."""

from crslab_causal.data.dataset.inspired import CausalInspiredDataset


class OwnDataset(CausalInspiredDataset):
    """A dataset in the files of INSPIRED, which keep the names of entities and relations. See ``docs/own_data.md``."""

    name, remedy = 'Own', 'run `crslab-causal prepare own` again'
