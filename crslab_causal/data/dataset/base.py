"""The base class of the datasets: CRSLab's samples with the order of mentions, the text and checks of the files."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar, ContextManager, Iterable, Iterator, Mapping

from loguru import logger

from crslab_causal.base import distributed
from crslab_causal.base.errors import UserError
from crslab_causal.base.memory import long_lived
from crslab_causal.crslab_compat import CRSLAB_RESOURCES, BaseDataset, crslab, read_open_files
from crslab_causal.data.dataset.cache import cache_key, load_cache, save_cache
from crslab_causal.data.dataset.display_names import display_names, token_names
from crslab_causal.data.dataset.films import Film, films_from_graph, films_from_titles, merge_films
from crslab_causal.data.dataset.genres import TITLES_FILE, genres_from_graph, genres_from_titles
from crslab_causal.data.dataset.graph import has_links, keep_frequent_relations, name_relations
from crslab_causal.data.dataset.mention_order import entity_name, learn_item_tokens, order_mentions
from crslab_causal.data.dataset.presence import check_data_files
from crslab_causal.data.dataset.samples import Turn, extend_samples, merge_turns
from crslab_causal.data.dataset.validation import (
    check_conversations,
    check_edges,
    check_entity_ids,
    check_items,
    format_errors,
    read_json,
    unknown_names,
)
from crslab_causal.data.schema import EntityGraph, Sample, Settings, SideData, Vocab, WordGraph
from crslab_causal.data.seeker_answers import read_seeker_answers
from crslab_causal.data.training_data import LATE_SHARE, latest_conversations
from crslab_causal.registry import DATASETS, DatasetEntry


class MentionDataset(BaseDataset):
    """Mixin that goes before one of CRSLab's dataset classes.

    Samples and side data have CRSLab's keys with CRSLab's values, so that CRSLab's models see no difference, and in
    addition the keys of this package; :class:`.Sample`, :class:`.SideData` and :class:`.Vocab` list them. The knowledge
    graph is built here, because CRSLab's code fixes the threshold and returns the edges in an arbitrary order.

    The files are read from ``<data_path>/<folder>/<tokenize>``. Nothing there is changed or removed; if the folder is
    empty, CRSLab's download fills it.

    Options: ``data_path``; ``kg_edge_threshold``: relations with at most this many edges are dropped (None: CRSLab's
    own threshold); ``valid``: ``late`` uses the latest training conversations as validation split.

    A subclass sets the attributes below and implements :meth:`_edges`.
    """

    name: ClassVar[str]
    """Name of the dataset's entry in :data:`crslab_causal.registry.DATASETS`."""
    resource_name: ClassVar[str]
    """Key of ``CRSLAB_RESOURCES``."""
    item_key: ClassVar[str]
    """Key of an utterance under which its items are listed."""
    files: ClassVar[tuple[str, ...]]
    """Names of all files; the first three are those of the conversations."""
    kg_file: ClassVar[str]
    """Name of the file of the knowledge graph."""
    item_file: ClassVar[str]
    """Name of the file that lists the items."""
    remedy: ClassVar[str] = 'restore the original files'
    """Advice for a user whose file is damaged, for error messages."""
    crslab_edge_threshold: ClassVar[int]
    """CRSLab's own ``kg_edge_threshold``."""
    relation_names: ClassVar[Mapping[Any, str]] = {}
    """Names of the relations that the file of the knowledge graph identifies by number."""

    train_data: list[Sample]
    valid_data: list[Sample]
    test_data: list[Sample]
    side_data: SideData
    vocab: Vocab

    @property
    def entry(self) -> DatasetEntry:
        """Entry of the dataset in the registry."""
        return DATASETS[self.name]

    def __init__(self, opt: Settings, tokenize: str, restore: bool = False, save: bool = False):
        resources = CRSLAB_RESOURCES[self.resource_name]
        if tokenize not in resources:
            raise UserError(
                f'tokenize: {tokenize!r} does not exist for dataset {self.name}; choose one of {", ".join(resources)}'
            )
        resource = resources[tokenize]
        self.special_token_idx = resource['special_token_idx']
        self.unk_token_idx = self.special_token_idx['unk']
        self.opt, self.tokenize = opt, tokenize
        folder = Path(opt.get('data_path', None) or crslab.config.DATASET_PATH) / self.entry.folder / tokenize
        with distributed.first_goes_first():
            self._provide_files(folder, resource)
        with long_lived():
            BaseDataset.__init__(self, opt, str(folder), resource, restore, save)
        if opt.get('valid', 'given') == 'late':
            self._validate_on_latest()
        self.vocab['item_entity_ids'] = self.side_data['item_entity_ids']
        self._describe_items()
        answers = read_seeker_answers(folder, self.vocab['entity2id'])
        if answers:
            self.side_data['seeker_answers'] = answers

    def _validate_on_latest(self) -> None:
        """Use the latest conversations of the training data as validation split."""
        late = latest_conversations({turn['conv_id'] for turn in self.train_data}, LATE_SHARE)
        self.valid_data = [turn for turn in self.train_data if turn['conv_id'] in late]
        self.train_data = [turn for turn in self.train_data if turn['conv_id'] not in late]

    # Most of the methods below override methods of CRSLab, which BaseDataset.__init__ calls.

    # ------------------------------------------------------------ reading

    def _provide_files(self, folder: Path, resource: dict) -> None:
        """Check that all files exist."""
        check_data_files(self.entry, folder.parent.parent, self.tokenize, self.files)

    def _load_data(self) -> tuple:
        with self._format_errors(*self.files[3:]):
            return super()._load_data()

    def _load_raw_data(self) -> tuple[list[dict], ...]:
        return tuple(self._read_conversations(split) for split in ('train', 'valid', 'test'))

    def _load_other_data(self) -> None:
        super()._load_other_data()
        read_open_files(self)
        check_entity_ids(self._path('entity2id.json'), self.entity2id, self.remedy)
        self.entity_names = {i: entity_name(uri) for i, uri in self.id2entity.items()}

    # ------------------------------------------------------------ samples

    def _data_preprocess(self, train_data: list[dict], valid_data: list[dict], test_data: list[dict]) -> tuple:
        splits = (train_data, valid_data, test_data)
        for name, conversations in zip(('train', 'valid', 'test'), splits):
            self._check_names(name, conversations)
        self.item_of_token = learn_item_tokens(
            (utterance['text'], self._known_ids(utterance[self.item_key]))
            for conversations in splits
            for conversation in conversations
            for utterance in conversation['dialog']
        )
        *processed, side_data = super()._data_preprocess(*splits)
        items = side_data['item_entity_ids']
        check_items(self._path(self.item_file), items, self.id2entity, self.remedy)
        side_data['mentioned_entity_ids'] = sorted(
            {entity for split in processed for sample in split for entity in sample['context_mentions']}
        )
        side_data['item_names'] = [self.entity_names[item] for item in items]
        side_data['item_of_token'] = self.item_of_token
        side_data['relation_names'] = self._kept_relation_names
        side_data['response_token_count'] = Counter(
            token
            for sample in processed[0]
            if sample['role'] == 'Recommender' and sample['has_text']
            for token in sample['response']
        )
        return *processed, side_data

    def _check_names(self, split: str, conversations: list[dict]) -> None:
        """Warn about names that ``entity2id.json`` does not have. CRSLab ignores them, and some of them are labels."""
        for kind, key in (('items', self.item_key), ('entities', 'entity')):
            unknown = unknown_names(conversations, key, self.entity2id)
            if not unknown.count:
                continue
            text = (
                f'{unknown.count} of {unknown.total} mentions of {kind} in {split}_data.json are not in '
                f'entity2id.json, for example {unknown.example!r}'
            )
            if kind == 'items' and unknown.count > unknown.total / 2:
                raise UserError(f'{self.dpath}: {text}; the files are of different versions; {self.remedy}')
            logger.warning(f'[Dataset {self.name}: {text}; they are ignored]')

    def _raw_data_process(self, raw_data: list[dict]) -> list[Sample]:
        samples: list[Sample] = []
        for i, conversation in enumerate(raw_data):
            crslab_samples = self._augment_and_add(self._crslab_turns(conversation))
            turns = list(merge_turns(map(self._utterance, conversation['dialog'])))
            samples += extend_samples(
                crslab_samples, turns, str(conversation.get('conv_id', i)), conversation.get('text', True)
            )
        return samples

    def _crslab_turns(self, conversation: dict) -> list[dict]:
        """Return the turns that CRSLab makes of the utterances of a conversation."""
        return self._convert_to_id(conversation)

    def _utterance(self, utterance: dict) -> Turn:
        mentions = order_mentions(
            utterance['text'],
            self._known_ids(utterance['entity']),
            self._known_ids(utterance[self.item_key]),
            self.entity_names,
            self.item_of_token,
        )
        return Turn(
            utterance['role'],
            ' '.join(utterance['text']),
            mentions,
            self._known_ids(utterance.get('liked', ())),
            self._known_ids(utterance.get('disliked', ())),
        )

    # ------------------------------------------------------------ side data

    @abstractmethod
    def _edges(self) -> Iterator[tuple[int, int, Any]]:
        """Yield (head, tail, relation) of the entity graph, with the self-loops and in the order of CRSLab."""

    def _side_data_process(self) -> SideData:
        with self._format_errors(self.item_file):
            return super()._side_data_process()

    def _word_kg_process(self) -> WordGraph:
        with self._format_errors(*(file for file in self.files if 'concept' in file or 'word' in file)):
            return super()._word_kg_process()

    def _entity_kg_process(self) -> EntityGraph:
        with self._format_errors(self.kg_file):
            edges = list(self._edges())
        path = self._path(self.kg_file)
        check_edges(path, edges, self.id2entity)
        threshold = self.opt.get('kg_edge_threshold', None)
        threshold = self.crslab_edge_threshold if threshold is None else threshold
        graph, relations = keep_frequent_relations(edges, threshold, self.id2entity)
        if not has_links(graph):
            reason = (
                f'no relation has more than {threshold} edges; lower kg_edge_threshold'
                if threshold
                else f'no edge between two entities; {self.remedy}'
            )
            raise UserError(f'{path}: {reason}')
        self._kept_relation_names = name_relations(relations, self.relation_names)
        return graph

    def _describe_items(self) -> None:
        """Add genres, facts and names of the items. The cache does not contain them: they are read at every start."""
        items, side_data = self.side_data['item_entity_ids'], self.side_data
        names = {entity: entity_name(uri) for entity, uri in self.vocab['id2entity'].items()}
        graph = side_data['entity_kg']['edge'], side_data['relation_names'], names, items
        path = self._path(TITLES_FILE)
        from_titles: dict[int, Film] = {}
        if path.is_file():
            titles = read_json(path, self.remedy)
            try:
                side_data['item_genres'] = genres_from_titles(titles, items)
                from_titles = films_from_titles(titles, items)
            except (TypeError, AttributeError, ValueError) as error:
                raise UserError(
                    f'{path}: not a mapping from entity id to title, year, genre ({error}); {self.remedy}, '
                    'or remove this one'
                ) from error
        else:
            side_data['item_genres'] = genres_from_graph(*graph)
        films = merge_films(items, side_data['item_genres'], from_titles, films_from_graph(*graph))
        side_data['films'] = films
        side_data['display_names'] = display_names(self.vocab['id2entity'], items, films)
        side_data['name_of_token'] = token_names(side_data['item_of_token'], films, side_data['display_names'])

    # ------------------------------------------------------------ --save-data, --restore-data

    def _save_to_one(self, data: tuple, file_name: str = '') -> None:
        if distributed.is_first():
            save_cache(self._cache_path(), self._cache_key(), data)
            logger.info(f'[Save dataset to {self._cache_path()}]')

    def _load_from_restore(self, file_name: str = '') -> tuple:
        data = load_cache(self._cache_path(), self._cache_key())
        logger.info(f'[Restore dataset from {self._cache_path()}]')
        return data

    # ------------------------------------------------------------ helpers

    def _path(self, file: str) -> Path:
        return Path(self.dpath) / file

    def _format_errors(self, *files: str) -> ContextManager[None]:
        return format_errors(Path(self.dpath), files, self.name, self.remedy)

    def read_other_test(self, path: Path) -> list[Sample]:
        """Return the samples of another test file, for a model that was trained on this dataset.

        Entity ids are those of this dataset. The dataset does not change.

        Raises:
            UserError: the file cannot be read, or its names belong to another version of the data.
        """
        if not path.is_file():
            raise UserError(f'{path}: does not exist; name a test_data.json')
        conversations = read_json(path, 'name a test_data.json of this dataset')
        check_conversations(path, conversations, self.item_key)
        self._check_names('test', conversations)
        return self._raw_data_process(conversations)

    def _read_conversations(self, split: str) -> list[dict]:
        path = self._path(f'{split}_data.json')
        conversations = read_json(path, self.remedy)
        check_conversations(path, conversations, self.item_key)
        return conversations

    def _known_ids(self, uris: Iterable[str]) -> list[int]:
        """Return the ids of the entities that ``entity2id.json`` has."""
        return [self.entity2id[uri] for uri in uris if uri in self.entity2id]

    def _cache_path(self) -> Path:
        """Return the path of the cache. It is outside the data folder, into which CRSLab would write it."""
        return Path(crslab.config.SAVE_PATH) / 'data' / f'{self.entry.folder}_{self.tokenize}.pkl'

    def _cache_key(self) -> dict[str, Any]:
        return cache_key(self.dpath, self.files, self.opt.get('kg_edge_threshold', None))
