r"""The confounder C that ``adjustment`` sums over: which stratum a sample is in, and how often each is met.

With C observed, and X the mentions so far, the backdoor adjustment is

.. math::
    P(Y \mid do(X)) = \sum_c P(Y \mid X, C = c)\, P(C = c),

see :class:`.CausalKBRD` for the first factor, what is assumed, and what is extrapolated.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any, Callable, Mapping, NamedTuple, Sequence
from zlib import crc32

import numpy as np
from sklearn.cluster import KMeans

from crslab_causal.data.demo.variables import CONTEXTS, FACTORS
from crslab_causal.base.errors import UserError

NO_ADJUSTMENT = 'none'
ADJUSTMENTS = (NO_ADJUSTMENT, 'popularity', 'turn', 'genre', 'random', 'context')
CONTEXT_UNKNOWN = ('adjustment: context is the true confounder of the generated corpus, and needs dataset: CausalDemo; write '
                   'popularity, turn, genre, random or none')
KMEANS_STARTS = 10
NAMED_GENRES = 2
"""Of a cluster's centre, those that its name says."""

Sample = Mapping[str, Any]


class _Strata(NamedTuple):
    """Every stratum that a kind of confounder could have, also those that the training data never meet."""

    names: Sequence[str]
    index: Callable[[Sample], int]


class Confounder:
    """A discrete confounder, fitted on the training samples.

    - ``popularity``: quantile bins of the mean log(1 + training labels) of the items mentioned so far, and a stratum
      for none. `PDA <https://arxiv.org/abs/2105.06067>`_ adjusts for the popularity of the item that is scored; a
      stratum must belong to the sample, so that here it is that of its history.
    - ``turn``: how far the conversation has come, quantile bins of the turn's number.
    - ``genre``: the genre mix of the items mentioned so far, the mean over items of a distribution that is even over
      an item's genres, as in `DecRS <https://arxiv.org/abs/2105.10648>`_, in clusters of k-means; and a stratum for
      histories without a genre. DecRS sums over mixes by putting their mean into the model; here the sum is exact.
    - ``random``: a stratum drawn for each turn without regard to anything. It confounds nothing; what it gains is due to
      the mixture of distributions, not to an adjustment.
    - ``context``: the true C of the generated demo corpus, which no real corpus tells.

    A stratum reads ``conv_id``, the turn and the keys ``context_*`` of a sample, and never its label. Build it with :meth:`fit`.
    """

    def __init__(self, kind: str, strata: _Strata, samples: Sequence[Sample]):
        counts = Counter(map(strata.index, samples))
        met = sorted(counts)
        self.kind = kind
        self.names = tuple(strata.names[stratum] for stratum in met)
        """What each stratum is; only those that the training samples meet."""
        self.prior = np.array([counts[stratum] for stratum in met]) / len(samples)
        """``(n_stratum,)``: P(C), the share of the training samples in each."""
        self._index, self._place = strata.index, {stratum: place for place, stratum in enumerate(met)}

    def stratum(self, sample: Sample) -> int:
        """Index of the stratum of any sample, -1 for one that no training sample is in."""
        return self._place.get(self._index(sample), -1)

    @classmethod
    def fit(cls, kind: str, samples: Sequence[Sample], side_data: Mapping[str, Any], n_strata: int = 5,
            seed: int = 0) -> Confounder:
        """Strata from training samples.

        Args:
            kind: one of ``ADJUSTMENTS`` but ``none``.
            samples: of a :class:`.CausalDataLoader`; those whose label is no item are left out.
            side_data: with ``item_entity_ids``, and for ``genre`` with ``item_genres``.
            n_strata: quantile bins, or clusters; fewer where the samples have fewer values.
            seed: of k-means, and of ``random``.

        Raises:
            UserError: the data do not say what ``kind`` needs, or there is no sample.
        """
        items = frozenset(side_data['item_entity_ids'])
        samples = [sample for sample in samples if sample['item'] in items]
        if not samples:
            raise UserError(f'adjustment: {kind} is counted on the training samples, and there is none whose label is '
                            'an item; write adjustment: none')
        return cls(kind, _FITS[kind](samples, side_data, n_strata, seed), samples)


def mentioned_items(sample: Sample, items: frozenset[int]) -> tuple[int, ...]:
    """The distinct items of a sample's context, sorted."""
    return tuple(sorted(items.intersection(sample['context_mentions']).union(
        items.intersection(sample['context_items']))))


def quantile_edges(values: Sequence[float], n_bins: int) -> np.ndarray:
    """Upper edges of all bins but the last, each a value that occurs: none is met twice, and no bin is empty."""
    edges = np.unique(np.quantile(values, np.arange(1, n_bins) / n_bins, method='inverted_cdf'))
    return edges[edges < max(values)]


def _bin(edges: np.ndarray, value: float) -> int:
    return int(np.searchsorted(edges, value))  # an edge belongs to the bin below it


def _bin_names(what: str, edges: np.ndarray) -> list[str]:
    shown = [f'{edge:.4g}' for edge in edges]
    if not shown:
        return [f'any {what}']
    inner = [f'{what} above {low}, at most {high}' for low, high in zip(shown, shown[1:])]
    return [f'{what} at most {shown[0]}', *inner, f'{what} above {shown[-1]}']


def _fit_popularity(samples: Sequence[Sample], side_data: Mapping[str, Any], n_strata: int, seed: int) -> _Strata:
    items = frozenset(side_data['item_entity_ids'])
    labels = Counter(sample['item'] for sample in samples)

    @cache
    def popularity(mentioned: tuple[int, ...]) -> float:
        # rounded, so that means that differ in the order of summing only are equal
        return round(float(np.log1p([labels[item] for item in mentioned]).mean()), 9)

    values = [popularity(mentioned) for sample in samples if (mentioned := mentioned_items(sample, items))]
    edges = quantile_edges(values, n_strata) if values else np.empty(0)

    def index(sample: Sample) -> int:
        mentioned = mentioned_items(sample, items)
        return 1 + _bin(edges, popularity(mentioned)) if mentioned else 0

    return _Strata(['no item', *_bin_names('popularity', edges)], index)


def _fit_turn(samples: Sequence[Sample], side_data: Mapping[str, Any], n_strata: int, seed: int) -> _Strata:
    edges = quantile_edges([sample['turn'] for sample in samples], n_strata)
    return _Strata(_bin_names('turn', edges), lambda sample: _bin(edges, sample['turn']))


def _fit_genre(samples: Sequence[Sample], side_data: Mapping[str, Any], n_strata: int, seed: int) -> _Strata:
    genres_of = {item: genres for item, genres in zip(side_data['item_entity_ids'], side_data.get('item_genres', ()))
                 if genres}
    if not genres_of:
        raise UserError('adjustment: genre needs the genres of the items, from movie_titles.json or from a relation '
                        'genre of the knowledge graph, and this dataset has neither; write popularity, turn, random or none')
    items = frozenset(genres_of)
    names = sorted({genre for genres in genres_of.values() for genre in genres})
    column = {genre: place for place, genre in enumerate(names)}

    def mix(mentioned: tuple[int, ...]) -> np.ndarray:
        share = np.zeros(len(names))
        for item in mentioned:
            for genre in genres_of[item]:
                share[column[genre]] += 1 / len(genres_of[item])
        return np.round(share / len(mentioned), 9)

    histories = Counter(mentioned_items(sample, items) for sample in samples)
    del histories[()]
    centres = np.empty((0, len(names)))
    if histories:
        mixes, which = np.unique([mix(mentioned) for mentioned in histories], axis=0, return_inverse=True)
        weight = np.bincount(which.ravel(), weights=list(histories.values()))
        means = KMeans(min(n_strata, len(mixes)), n_init=KMEANS_STARTS, random_state=seed)
        centres = means.fit(mixes, sample_weight=weight).cluster_centers_

    @cache
    def nearest(mentioned: tuple[int, ...]) -> int:
        return int(((centres - mix(mentioned)) ** 2).sum(axis=1).argmin())

    def index(sample: Sample) -> int:
        mentioned = mentioned_items(sample, items)
        return 1 + nearest(mentioned) if mentioned and len(centres) else 0

    shown = [', '.join(f'{names[place]} {100 * centre[place]:.0f} %' for place in
                       np.argsort(-centre, kind='stable')[:NAMED_GENRES] if centre[place] > 0) for centre in centres]
    return _Strata(['no genre', *shown], index)


def _fit_random(samples: Sequence[Sample], side_data: Mapping[str, Any], n_strata: int, seed: int) -> _Strata:
    def index(sample: Sample) -> int:
        # of the turn, so that it is the same whenever the sample is met
        return crc32(f"{seed} {sample['conv_id']} {sample['turn']}".encode()) % n_strata

    return _Strata([f'drawn {stratum}' for stratum in range(n_strata)], index)


def _fit_context(samples: Sequence[Sample], side_data: Mapping[str, Any], n_strata: int, seed: int) -> _Strata:
    if 'scm' not in samples[0]:
        raise UserError(CONTEXT_UNKNOWN)
    place = {context: i for i, context in enumerate(CONTEXTS)}
    return _Strata([', '.join(context) for context in CONTEXTS],
                   lambda sample: place[tuple(sample['scm']['context'][factor] for factor in FACTORS)])


_FITS = {'popularity': _fit_popularity, 'turn': _fit_turn, 'genre': _fit_genre, 'random': _fit_random,
         'context': _fit_context}
