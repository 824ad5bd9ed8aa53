r"""The confounder C of the backdoor adjustment: the stratum of each sample, and the share of each stratum.

With C observed, and X the mentions so far, the backdoor adjustment is

.. math::
    P(Y \mid do(X)) = \sum_c P(Y \mid X, C = c)\, P(C = c).

The documentation of :class:`.CausalKBRD` explains the first factor, the assumptions and the extrapolation.
"""

from __future__ import annotations

import itertools
from collections import Counter
from functools import cache
from typing import Callable, Literal, Mapping, NamedTuple, Sequence, get_args
from zlib import crc32

import numpy as np

from crslab_causal.base.errors import UserError
from crslab_causal.data.demo.variables import CONTEXTS, FACTORS
from crslab_causal.data.schema import RecSample, SideData

NO_ADJUSTMENT = 'none'
Adjustment = Literal['none', 'popularity', 'turn', 'genre', 'random', 'context']
"""Kinds of confounders that can be adjusted for, see :class:`Confounder`; or ``none``."""
ADJUSTMENTS: tuple[Adjustment, ...] = get_args(Adjustment)
CONTEXT_UNKNOWN = (
    'adjustment: context is the true confounder of the generated corpus, and needs dataset: CausalDemo; '
    'write popularity, turn, genre, random or none'
)
UNKNOWN_STRATUM = -1
"""Index that stands for a stratum without training samples."""
KMEANS_STARTS = 10
NAMED_GENRES = 2
"""Number of genres in the name of a cluster. They are the most frequent genres of its centre."""


class _Strata(NamedTuple):
    """All possible strata of a kind of confounder, including strata that contain no training sample."""

    names: Sequence[str]
    of_sample: Callable[[RecSample], int]
    """Function that returns the index in ``names`` of the stratum of a sample."""


class Confounder:
    """A discrete confounder, fitted on the training samples.

    - ``popularity``: quantile bins of the mean log(1 + training labels) of the items mentioned so far, and a stratum
      for no item. `PDA <https://arxiv.org/abs/2105.06067>`_ adjusts for the popularity of the item that is scored.
      Here a stratum must belong to the sample, so it is computed from the history.
    - ``turn``: quantile bins of the turn's number, the progress of the conversation.
    - ``genre``: k-means clusters of the genre mix of the items mentioned so far, and a stratum for no genre. The mix is
      the mean over items of a distribution that is uniform over an item's genres, as in
      `DecRS <https://arxiv.org/abs/2105.10648>`_. DecRS approximates the sum over mixes by their mean; here the sum is
      exact.
    - ``random``: a stratum drawn for each turn, independent of everything else. It confounds nothing, so that a gain is
      due to the mixture of distributions and not to an adjustment.
    - ``context``: the true C of the generated demo corpus; no real corpus contains it.

    A stratum depends on ``conv_id``, ``turn`` and the keys ``context_*`` of a sample, and never on its label. Use
    :meth:`fit` to create a confounder.
    """

    def __init__(self, kind: str, strata: _Strata, samples: Sequence[RecSample]):
        counts = Counter(map(strata.of_sample, samples))
        occurring = sorted(counts)
        self.kind = kind
        self.names = tuple(strata.names[stratum] for stratum in occurring)
        """Description of each stratum that contains a training sample."""
        self.prior = np.array([counts[stratum] for stratum in occurring]) / len(samples)
        """``(n_stratum,)``: P(C), the share of the training samples in each stratum."""
        self._stratum_of_sample = strata.of_sample
        self._index_of_stratum = {stratum: i for i, stratum in enumerate(occurring)}

    def stratum(self, sample: RecSample) -> int:
        """Return the index of a sample's stratum, or ``UNKNOWN_STRATUM`` if the stratum contains no training sample."""
        return self._index_of_stratum.get(self._stratum_of_sample(sample), UNKNOWN_STRATUM)

    @classmethod
    def fit(
        cls, kind: str, samples: Sequence[RecSample], side_data: SideData, n_strata: int = 5, seed: int = 0
    ) -> Confounder:
        """Return a confounder whose strata are fitted on training samples.

        Args:
            kind: one of ``ADJUSTMENTS`` except ``none``.
            samples: samples of a :class:`.CausalDataLoader`; those whose label is not an item are ignored.
            side_data: needs ``item_entity_ids``, and for ``genre`` also ``item_genres``.
            n_strata: number of quantile bins or clusters; there are fewer if the samples have fewer distinct values.
            seed: seed of k-means and of ``random``.

        Raises:
            UserError: the data lack what ``kind`` needs, or there is no sample.
        """
        items = frozenset(side_data['item_entity_ids'])
        samples = [sample for sample in samples if sample['item'] in items]
        if not samples:
            raise UserError(
                f'adjustment: {kind} is counted on the training samples, but none of them has an item as its label; '
                'write adjustment: none'
            )
        return cls(kind, _FITS[kind](samples, side_data, n_strata, seed), samples)


def mentioned_items(sample: RecSample, items: frozenset[int]) -> tuple[int, ...]:
    """Return the distinct items of a sample's context, sorted."""
    return tuple(
        sorted(items.intersection(sample['context_mentions']).union(items.intersection(sample['context_items'])))
    )


def quantile_edges(values: Sequence[float], n_bins: int) -> np.ndarray:
    """Return the upper edges of all bins but the last.

    Each edge is one of the values. The edges are distinct and no bin is empty, so there can be fewer than ``n_bins``.
    """
    edges = np.unique(np.quantile(values, np.arange(1, n_bins) / n_bins, method='inverted_cdf'))
    return edges[edges < max(values)]


def _bin(edges: np.ndarray, value: float) -> int:
    return int(np.searchsorted(edges, value))  # an edge belongs to the bin below it


def _bin_names(quantity: str, edges: np.ndarray) -> list[str]:
    texts = [f'{edge:.4g}' for edge in edges]
    if not texts:
        return [f'any {quantity}']
    inner = [f'{quantity} above {low}, at most {high}' for low, high in itertools.pairwise(texts)]
    return [f'{quantity} at most {texts[0]}', *inner, f'{quantity} above {texts[-1]}']


def _fit_popularity(samples: Sequence[RecSample], side_data: SideData, n_strata: int, seed: int) -> _Strata:
    items = frozenset(side_data['item_entity_ids'])
    labels = Counter(sample['item'] for sample in samples)

    @cache
    def popularity(mentioned: tuple[int, ...]) -> float:
        # rounded, because the order of summation changes the last digits of a mean
        return round(float(np.log1p([labels[item] for item in mentioned]).mean()), 9)

    values = [popularity(mentioned) for sample in samples if (mentioned := mentioned_items(sample, items))]
    edges = quantile_edges(values, n_strata) if values else np.empty(0)

    def index(sample: RecSample) -> int:
        mentioned = mentioned_items(sample, items)
        return 1 + _bin(edges, popularity(mentioned)) if mentioned else 0

    return _Strata(['no item', *_bin_names('popularity', edges)], index)


def _fit_turn(samples: Sequence[RecSample], side_data: SideData, n_strata: int, seed: int) -> _Strata:
    edges = quantile_edges([sample['turn'] for sample in samples], n_strata)
    return _Strata(_bin_names('turn', edges), lambda sample: _bin(edges, sample['turn']))


def _fit_genre(samples: Sequence[RecSample], side_data: SideData, n_strata: int, seed: int) -> _Strata:
    genres_of = {
        item: genres for item, genres in zip(side_data['item_entity_ids'], side_data.get('item_genres', ())) if genres
    }
    if not genres_of:
        raise UserError(
            'adjustment: genre needs the genres of the items, from movie_titles.json or from a relation '
            'genre of the knowledge graph, and this dataset has neither; write popularity, turn, random or '
            'none'
        )
    items = frozenset(genres_of)
    names = sorted({genre for genres in genres_of.values() for genre in genres})
    column = {genre: i for i, genre in enumerate(names)}

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
        mixes, mix_of_history = np.unique([mix(mentioned) for mentioned in histories], axis=0, return_inverse=True)
        weight = np.bincount(mix_of_history.ravel(), weights=list(histories.values()))
        from sklearn.cluster import KMeans  # imported late, because the import takes a second

        means = KMeans(min(n_strata, len(mixes)), n_init=KMEANS_STARTS, random_state=seed)
        centres = means.fit(mixes, sample_weight=weight).cluster_centers_

    @cache
    def nearest(mentioned: tuple[int, ...]) -> int:
        return int(((centres - mix(mentioned)) ** 2).sum(axis=1).argmin())

    def index(sample: RecSample) -> int:
        mentioned = mentioned_items(sample, items)
        return 1 + nearest(mentioned) if mentioned and len(centres) else 0

    return _Strata(['no genre', *(_centre_name(centre, names) for centre in centres)], index)


def _centre_name(centre: np.ndarray, genres: Sequence[str]) -> str:
    """Return the most frequent genres of a genre mix with their shares: ``Drama 40 %, Comedy 25 %``."""
    largest = np.argsort(-centre, kind='stable')[:NAMED_GENRES]
    return ', '.join(f'{genres[i]} {100 * centre[i]:.0f} %' for i in largest if centre[i] > 0)


def _fit_random(samples: Sequence[RecSample], side_data: SideData, n_strata: int, seed: int) -> _Strata:
    def index(sample: RecSample) -> int:
        # a hash of the turn gives a sample the same stratum at every call
        return crc32(f'{seed} {sample["conv_id"]} {sample["turn"]}'.encode()) % n_strata

    return _Strata([f'drawn {stratum}' for stratum in range(n_strata)], index)


def _fit_context(samples: Sequence[RecSample], side_data: SideData, n_strata: int, seed: int) -> _Strata:
    if 'scm' not in samples[0]:
        raise UserError(CONTEXT_UNKNOWN)
    index_of_context = {context: i for i, context in enumerate(CONTEXTS)}
    return _Strata(
        [', '.join(context) for context in CONTEXTS],
        lambda sample: index_of_context[tuple(sample['scm']['context'][factor] for factor in FACTORS)],
    )


_FITS: Mapping[str, Callable[[Sequence[RecSample], SideData, int, int], _Strata]] = {
    'popularity': _fit_popularity,
    'turn': _fit_turn,
    'genre': _fit_genre,
    'random': _fit_random,
    'context': _fit_context,
}
