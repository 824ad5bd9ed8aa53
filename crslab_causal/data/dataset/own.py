"""A dataset of a user's own conversations, which ``crslab-causal prepare own`` writes."""

from crslab_causal.data.dataset.inspired import CausalInspiredDataset


class OwnDataset(CausalInspiredDataset):
    """A dataset in the format of INSPIRED, which keeps the names of entities and relations.

    See ``docs/own_data.md``.
    """

    name, remedy = 'Own', 'run `crslab-causal prepare own` again'
