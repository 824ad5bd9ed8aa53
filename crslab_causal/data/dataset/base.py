"""What the datasets of this package add to CRSLab's."""

from __future__ import annotations

import json
import os
import pickle
from abc import abstractmethod
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterable, Iterator, NamedTuple

from loguru import logger

from crslab_causal.base import distributed
from crslab_causal.data.dataset.mention_order import entity_name, learn_item_tokens, order_of_appearance
from crslab_causal.data.dataset.genres import TITLES_FILE, genres_from_graph, genres_from_titles
from crslab_causal.base.memory import long_lived
from crslab_causal.base.errors import UserError
from crslab_causal.base.files import replace_file
from crslab_causal.crslab_compat import CRSLAB_RESOURCES, BaseDataset, close_files, crslab

ROLES = ('Seeker', 'Recommender')
SAVED_FORMAT = 3
"""Of what ``--save_data`` saves; to be raised when samples or side data change."""


class Turn(NamedTuple):
    """Consecutive utterances of one speaker, which CRSLab merges."""

    role: str
    text: str
    mentions: list[int]
    liked: list[int]
    disliked: list[int]


class MentionDataset(BaseDataset):
    """Mixin in front of one of CRSLab's dataset classes.

    The samples have CRSLab's keys with CRSLab's values, and besides them

    - ``conv_id`` (str) and ``turn`` (int, from 1): which turn of which conversation it is;
    - ``context_mentions`` (list of int): every mention of an entity or item in the turns before, in
      order of appearance;
    - ``context_text`` (list of (role, text)): the turns before, as written;
    - ``context_liked``, ``context_disliked`` (list of int): where the data says so, else empty;
    - ``response_text`` (str): the turn itself, as written;
    - ``has_text`` (bool): whether the words are known, and not the items alone.

    ``side_data`` also has ``mentioned_entity_ids``, the entities met in any conversation; ``item_names``,
    a name for each item; ``item_genres``, the names of its genres, where they are known; ``item_of_token``, which
    item an ``@`` token stands for; ``relation_names``, by relation of ``entity_kg``, where they are known; and
    ``response_token_count``, how often the recommender's turns of the training data with known words have a token, by its
    id. Data are read from ``<data_path>/<folder>/<tokenize>``; nothing there is changed or removed.

    Options: ``data_path``; ``kg_edge_threshold``, relations with at most that many edges are dropped
    (None: CRSLab's own threshold).
    """

    name: str
    """Name in CRSLab's ``dataset_register_table``."""
    folder: str
    resource_name: str
    """Key of ``CRSLAB_RESOURCES``."""
    item_key: str
    """Key of an utterance under which its items stand."""
    files: tuple[str, ...]
    kg_file: str
    item_file: str
    remedy = 'restore the files from where they came'
    """What to do about a file that is damaged."""
    crslab_edge_threshold: int
    """CRSLab's own ``kg_edge_threshold``."""
    relation_names: dict[Any, str] = {}
    """Names of relations that the knowledge graph numbers."""

    def __init__(self, opt, tokenize: str, restore: bool = False, save: bool = False):
        resources = CRSLAB_RESOURCES[self.resource_name]
        if tokenize not in resources:
            raise UserError(f'tokenize: {tokenize!r} does not exist for dataset {self.name}; '
                            f'choose one of {", ".join(resources)}')
        resource = resources[tokenize]
        self.special_token_idx = resource['special_token_idx']
        self.unk_token_idx = self.special_token_idx['unk']
        self.opt, self.tokenize = opt, tokenize
        folder = Path(opt.get('data_path', None) or crslab.config.DATASET_PATH) / self.folder / tokenize
        with distributed.first_goes_first():
            self._provide(folder, resource)
        try:
            with long_lived():
                BaseDataset.__init__(self, opt, str(folder), resource, restore, save)
        finally:
            close_files(self)
        self.vocab['item_entity_ids'] = self.side_data['item_entity_ids']
        self.side_data['item_genres'] = self._item_genres()

    # ------------------------------------------------------------ reading

    def _provide(self, folder: Path, resource: dict) -> None:
        """Downloads the data as CRSLab would, if the folder is empty, and checks that all files are there."""
        wanted = f'put {", ".join(self.files)} there, or name the folder that holds ' \
                 f'{self.folder}/{self.tokenize} with data_path (--data_path on the command line)'
        try:
            crslab.data.dataset.base.build(str(folder), resource['file'], version=resource['version'])
        except UserError as error:
            raise UserError(f'dataset {self.name}: {error}; {wanted}') from error
        missing = [file for file in self.files if not (folder / file).is_file()]
        if missing:
            raise UserError(f'dataset {self.name}: {folder} lacks {", ".join(missing)}; {wanted}')

    @contextmanager
    def _reading(self, *files: str) -> Iterator[None]:
        """Turns what CRSLab raises on files that are not what they should be into one line."""
        try:
            yield
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            for file in files:
                self._read_json(file)  # says which, and where, if it is the syntax
            raise UserError(f'{self.dpath}: {" or ".join(files)} is not as dataset {self.name} wants it '
                            f'({type(error).__name__}: {error}); {self.remedy}') from error

    def _load_data(self):
        with self._reading(*self.files[3:]):
            return super()._load_data()

    def _read_json(self, file: str) -> Any:
        path = Path(self.dpath) / file
        if path.suffix != '.json':
            return None
        try:
            return json.loads(path.read_text('utf-8'))
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise UserError(f'{path}: not valid JSON ({error}); {self.remedy}') from error

    def _item_genres(self) -> list[tuple[str, ...]]:
        """Of each item; read at every start, so that what ``--save_data`` saved need not hold them."""
        side_data, path = self.side_data, Path(self.dpath) / TITLES_FILE
        items = side_data['item_entity_ids']
        if not path.is_file():
            names = {entity: entity_name(uri) for entity, uri in self.vocab['id2entity'].items()}
            return genres_from_graph(side_data['entity_kg']['edge'], side_data['relation_names'], names, items)
        try:
            return genres_from_titles(self._read_json(TITLES_FILE), items)
        except (TypeError, AttributeError) as error:
            raise UserError(f'{path}: not a mapping from entity id to title, year, genre ({error}); {self.remedy}, '
                            'or remove this one') from error

    def _load_raw_data(self):
        splits = tuple(self._read_json(f'{split}_data.json') for split in ('train', 'valid', 'test'))
        for split, conversations in zip(('train', 'valid', 'test'), splits):
            self._check_conversations(f'{split}_data.json', conversations)
        return splits

    def _check_conversations(self, file: str, conversations: Any) -> None:
        path = Path(self.dpath) / file
        keys = ('role', 'text', 'entity', 'word', self.item_key)
        if not isinstance(conversations, list):
            raise UserError(f'{path}: holds {type(conversations).__name__}, not a list of conversations')
        lists = (*keys[1:], 'liked', 'disliked')
        for i, conversation in enumerate(conversations):
            if not isinstance(conversation, dict) or not isinstance(conversation.get('dialog'), list):
                raise UserError(f"{path}: conversation {i} has no list 'dialog'")
            for j, utterance in enumerate(conversation['dialog']):
                where = f'{path}: conversation {conversation.get("conv_id", i)}, utterance {j}'
                if not isinstance(utterance, dict):
                    raise UserError(f'{where}: is {utterance!r}, not a mapping')
                lacking = [key for key in keys if key not in utterance]
                if lacking:
                    raise UserError(f'{where}: lacks {", ".join(lacking)}')
                if utterance['role'] not in ROLES:
                    raise UserError(f"{where}: role is {utterance['role']!r}, not one of {ROLES}")
                for key in lists:
                    values = utterance.get(key, [])
                    if not isinstance(values, list) or not {str}.issuperset(map(type, values)):
                        raise UserError(f'{where}: {key} is {str(values)[:40]!r}, not a list of strings')

    def _load_other_data(self) -> None:
        super()._load_other_data()
        ids = list(self.entity2id.values())
        if not all(type(i) is int and i >= 0 for i in ids) or len(set(ids)) < len(ids):
            raise UserError(f'{Path(self.dpath) / "entity2id.json"}: the ids are not distinct whole numbers from 0 on; '
                            f'{self.remedy}')
        self.entity_names = {i: entity_name(uri) for i, uri in self.id2entity.items()}

    # ------------------------------------------------------------ samples

    def _data_preprocess(self, train_data, valid_data, test_data):
        splits = (train_data, valid_data, test_data)
        self.item_of_token = learn_item_tokens(
            (utterance['text'], self._ids(utterance[self.item_key]))
            for conversations in splits for conversation in conversations for utterance in conversation['dialog'])
        *processed, side_data = super()._data_preprocess(*splits)
        items = side_data['item_entity_ids']
        self._check_items(items)
        side_data['mentioned_entity_ids'] = sorted({entity for split in processed for sample in split
                                                    for entity in sample['context_mentions']})
        side_data['item_names'] = [self.entity_names[item] for item in items]
        side_data['item_of_token'] = self.item_of_token
        side_data['relation_names'] = self._kept_relations
        side_data['response_token_count'] = Counter(
            token for sample in processed[0] if sample['role'] == 'Recommender' and sample['has_text']
            for token in sample['response'])
        return *processed, side_data

    def _check_items(self, items: Any) -> None:
        path = Path(self.dpath) / self.item_file
        if not isinstance(items, list) or not items or not all(type(item) is int for item in items):
            raise UserError(f'{path}: not a list of entity ids; {self.remedy}')
        outside = [item for item in items if item not in self.id2entity]
        if outside:
            raise UserError(f'{path}: item {outside[0]} is not an id of entity2id.json (which has '
                            f'{len(self.entity2id)} entities); the files are of different versions')
        if len(set(items)) < len(items):
            raise UserError(f'{path}: an item is listed twice; remove the second')

    def _raw_data_process(self, raw_data: list[dict]) -> list[dict]:
        samples = []
        for i, conversation in enumerate(raw_data):
            own = self._augment_and_add(self._crslab_turns(conversation))
            turns = list(self._turns(conversation['dialog']))
            texts = [(turn.role, turn.text) for turn in turns]
            for turn, sample in enumerate(own, start=1):
                before = turns[:turn]
                sample.update(conv_id=str(conversation.get('conv_id', i)), turn=turn,
                              context_mentions=[m for t in before for m in t.mentions],
                              context_text=texts[:turn],
                              context_liked=[m for t in before for m in t.liked],
                              context_disliked=[m for t in before for m in t.disliked],
                              response_text=turns[turn].text, has_text=conversation.get('text', True))
            samples.extend(own)
        return samples

    def _crslab_turns(self, conversation: dict) -> list[dict]:
        """CRSLab's own merging of the utterances of a conversation."""
        return self._convert_to_id(conversation)

    def _ids(self, uris: Iterable[str]) -> list[int]:
        return [self.entity2id[uri] for uri in uris if uri in self.entity2id]

    def _turns(self, dialog: list[dict]) -> Iterator[Turn]:
        turn = None
        for utterance in dialog:
            mentions = order_of_appearance(utterance['text'], self._ids(utterance['entity']),
                                           self._ids(utterance[self.item_key]), self.entity_names, self.item_of_token)
            one = Turn(utterance['role'], ' '.join(utterance['text']), mentions,
                       self._ids(utterance.get('liked', ())), self._ids(utterance.get('disliked', ())))
            if turn is not None and turn.role == one.role:
                turn = Turn(turn.role, f'{turn.text} {one.text}', *(a + b for a, b in zip(turn[2:], one[2:])))
                continue
            if turn is not None:
                yield turn
            turn = one
        if turn is not None:
            yield turn

    # ------------------------------------------------------------ knowledge graph

    @abstractmethod
    def _edges(self) -> Iterator[tuple[int, int, Any]]:
        """(head, tail, relation) of the entity graph, with self-loops, as CRSLab lists them."""

    def _side_data_process(self) -> dict:
        with self._reading(self.item_file):
            return super()._side_data_process()

    def _word_kg_process(self) -> dict:
        with self._reading(*(file for file in self.files if 'concept' in file or 'word' in file)):
            return super()._word_kg_process()

    def _entity_kg_process(self) -> dict:
        with self._reading(self.kg_file):
            edges = list(self._edges())
        path = Path(self.dpath) / self.kg_file
        for head, tail, _ in edges:
            if head not in self.id2entity or tail not in self.id2entity:
                raise UserError(f'{path}: the edge {head} - {tail} names an id out of range of entity2id.json, which '
                                f'has {len(self.entity2id)} entities; the files are of different versions')
        threshold = self.opt.get('kg_edge_threshold', None)
        threshold = self.crslab_edge_threshold if threshold is None else threshold
        count = Counter(relation for _, _, relation in edges)
        relation2id: dict[Any, int] = {}
        kept = dict.fromkeys((head, tail, relation2id.setdefault(relation, len(relation2id)))
                             for head, tail, relation in edges if count[relation] > threshold)
        if not any(head != tail for head, tail, _ in kept):
            raise UserError(f'{path}: no relation has more than {threshold} edges; lower kg_edge_threshold')
        self._kept_relations = {i: name for relation, i in relation2id.items()
                                if (name := self.relation_names.get(relation, relation)) and isinstance(name, str)}
        entities = dict.fromkeys(entity for head, tail, _ in kept for entity in (head, tail))
        return {'edge': list(kept), 'n_relation': len(relation2id), 'entity': [self.id2entity[e] for e in entities]}

    # ------------------------------------------------------------ --save_data, --restore_data

    def _cache(self) -> tuple[Path, dict]:
        """Where the processed data go (CRSLab writes into the data folder), and what they depend on."""
        path = Path(crslab.config.SAVE_PATH) / 'data' / f'{self.folder}_{self.tokenize}.pkl'
        stamps = {file: os.stat(Path(self.dpath) / file).st_mtime_ns for file in self.files}
        return path, {'format': SAVED_FORMAT, 'kg_edge_threshold': self.opt.get('kg_edge_threshold', None),
                      'folder': self.dpath, 'files': stamps}

    def _save_to_one(self, data: tuple, file_name: str = '') -> None:
        if not distributed.is_first():
            return
        path, settings = self._cache()
        replace_file(path, pickle.dumps({'settings': settings, 'data': data}))
        logger.info(f'[Save dataset to {path}]')

    def _load_from_restore(self, file_name: str = '') -> tuple:
        path, settings = self._cache()
        if not path.is_file():
            raise UserError(f'--restore_data: {path} does not exist; run once with --save_data')
        try:
            with open(path, 'rb') as file:
                saved = pickle.load(file)
            known = saved['settings'] == settings
        except (pickle.UnpicklingError, EOFError, LookupError, TypeError, AttributeError, ImportError) as error:
            raise UserError(f'--restore_data: {path} is broken, or not of this package; '
                            'remove it, and run once with --save_data') from error
        if not known:
            raise UserError(f'--restore_data: {path} was made from other data or settings, or by another '
                            'version; run once with --save_data')
        logger.info(f'[Restore dataset from {path}]')
        return saved['data']
