"""Score one saved run on one file with several sources of entity links: whose links they are, and what that changes."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crslab_causal.base.errors import UserError

if TYPE_CHECKING:
    import numpy as np

    from crslab_causal.data.dataset.base import MentionDataset
    from crslab_causal.experiments.analysis.statistics import Difference
    from crslab_causal.saved_run import LoadedRun

OF_FILE, OF_DATA, OF_LINKER = "CRSLab's links", 'links of the data of the run', "links of this package's linker"
Conversations = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class LinksScore:
    """The scores of a run with one source of links."""

    title: str
    links: int
    """Number of links in the file that are entities of the data."""
    left_out: int
    """Number of mentions in contexts that do not occur in the data, so that the run has no vector for them."""
    scores: Mapping[str, float]
    differences: Mapping[str, Difference]
    """Differences from the scores with the links of the file; empty for the links of the file."""


@dataclass(frozen=True)
class LinksOutcome:
    """The scores of a run with the entity links of several sources, from :func:`compare_links`."""

    configuration: str
    seed: int
    samples: int
    data: Mapping[str, str]
    """Digest of the data that the run was trained on, by the name of the dataset."""
    rows: Sequence[LinksScore]

    def lines(self) -> Iterator[str]:
        """Yield the outcome in percent, with the 95 % interval of each difference."""
        yield (
            f'{self.configuration}, seed {self.seed}: {self.samples:,} samples, in percent, and the difference to '
            f'{OF_FILE} with its 95 % interval over conversations'
        )
        for row in self.rows:
            yield f'{row.title}: {row.links:,} links, {row.left_out:,} mentions without a vector'
            for name, score in row.scores.items():
                difference = row.differences.get(name)
                text = (
                    ''
                    if difference is None
                    else f'  {100 * difference.mean:+.2f} [{100 * difference.low:+.2f}, {100 * difference.high:+.2f}]'
                )
                yield f'  {name:10s} {100 * score:6.2f}{text}'

    def record(self) -> dict[str, Any]:
        """Return the outcome as a dict for a JSON file."""
        return {
            'configuration': self.configuration,
            'seed': self.seed,
            'samples': self.samples,
            'data': dict(self.data),
            'rows': [
                {
                    'title': row.title,
                    'links': row.links,
                    'left_out': row.left_out,
                    'scores': dict(row.scores),
                    'differences': {name: difference._asdict() for name, difference in row.differences.items()},
                }
                for row in self.rows
            ],
        }


def compare_links(config_name: str, settings: list[str], published: Callable[[], Path]) -> LinksOutcome:
    """Score a saved run on CRSLab's validation file three times, each time with entity links from another source.

    The sources are the file itself, the data of the run, and this package's linker. Text, films and roles always come
    from the file. Nothing is trained.

    Args:
        config_name: configuration of the run, which is on ReDial.
        settings: overrides of the configuration.
        published: provides the file; called when the run has been found.

    Raises:
        UserError: there is no such run, it is on another dataset, or its valid conversations are others.
    """
    from crslab_causal.evaluator.metrics import cutoff_scores, per_sample_metric
    from crslab_causal.experiments.analysis.statistics import paired_bootstrap
    from crslab_causal.official_scores import known_samples
    from crslab_causal.saved_run import load_run, score_samples
    from crslab_causal.system.data_of_run import data_of_run

    run = load_run(config_name, settings)
    if run.dataset.name != 'ReDial':
        raise UserError(f'{config_name}: its dataset is {run.dataset.name}; name a run on ReDial')
    rows: list[LinksScore] = []
    first: tuple[list[Any], np.ndarray] | None = None
    for title, conversations in _variants(run, published()):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, 'valid_data.json')
            path.write_text(json.dumps(conversations), 'utf-8')
            samples, left_out = known_samples(run.dataset, path)
        _, scored = score_samples(run.config, run.dataset, run.system, samples, title, 'valid')
        rank = run.system.evaluation.evaluator.column('rank')
        keys = [(sample['conv_id'], sample['turn'], sample['item']) for sample in scored]
        scores = cutoff_scores(rank, run.config.run.cutoffs)
        differences = {}
        if first is None:
            first = keys, rank
        else:
            if keys != first[0]:
                raise UserError(f'{title}: not of the same samples as {OF_FILE}; restore the data of the run')
            differences = {
                name: paired_bootstrap(
                    per_sample_metric(rank, name), per_sample_metric(first[1], name), [key[0] for key in keys]
                )
                for name in scores
            }
        links = sum(
            name in run.dataset.entity2id
            for conversation in conversations
            for utterance in conversation['dialog']
            for name in utterance['entity']
        )
        rows.append(LinksScore(title, links, left_out, scores, differences))
    assert first is not None
    return LinksOutcome(run.config_file.stem, run.config.run.seed, len(first[0]), data_of_run(run.config), rows)


def _variants(run: LoadedRun, published: Path) -> Iterator[tuple[str, Conversations]]:
    """Yield the conversations of the file, with the links of each source."""
    conversations = json.loads(published.read_bytes())
    yield OF_FILE, conversations
    own = Path(run.dataset.dpath, 'valid_data.json')
    yield OF_DATA, with_links_of(conversations, json.loads(own.read_bytes()), own)
    yield OF_LINKER, with_links_found(conversations, run.dataset)


def with_links_of(conversations: Conversations, others: Conversations, source: Path) -> Conversations:
    """Return conversations with the entity links of other files of the same utterances.

    Args:
        conversations: the conversations.
        others: conversations with the same utterances, whose links are used.
        source: file of ``others``, for the message.

    Raises:
        UserError: the others lack a conversation, or it has another number of utterances.
    """
    links = {
        str(conversation['conv_id']): [utterance['entity'] for utterance in conversation['dialog']]
        for conversation in others
    }
    for conversation in conversations:
        name, found = conversation['conv_id'], links.get(str(conversation['conv_id']))
        if found is None or len(found) != len(conversation['dialog']):
            what = 'lacks' if found is None else 'has another number of utterances in'
            raise UserError(
                f'{source}: {what} conversation {name} of the valid file; train on the split of CRSLab, as '
                '`crslab-causal prepare redial` writes it'
            )
    return [
        {
            **conversation,
            'dialog': [
                {**utterance, 'entity': entities}
                for utterance, entities in zip(conversation['dialog'], links[str(conversation['conv_id'])])
            ],
        }
        for conversation in conversations
    ]


def with_links_found(conversations: Conversations, dataset: MentionDataset) -> Conversations:
    """Return conversations with the entities, but no films, that this package's linker finds in their text."""
    from crslab_causal.data.dataset.mention_order import is_item_token
    from crslab_causal.llm.entity_linking.linking import MentionLinker

    names = {entity: name for name, entity in dataset.entity2id.items()}
    items = set(dataset.side_data['item_entity_ids'])
    linker = MentionLinker(names, sorted(items))
    return [
        {
            **conversation,
            'dialog': [
                {
                    **utterance,
                    'entity': list(
                        dict.fromkeys(
                            names[mention.entity]
                            for mention in linker.link(
                                ' '.join(token for token in utterance['text'] if not is_item_token(token))
                            )
                            if mention.entity not in items
                        )
                    ),
                }
                for utterance in conversation['dialog']
            ],
        }
        for conversation in conversations
    ]
