"""The generated demo corpus, in ReDial's format."""

from __future__ import annotations

from pathlib import Path

from crslab_causal.base.errors import UserError
from crslab_causal.data.dataset.redial import CausalReDialDataset
from crslab_causal.data.demo.catalogue import RELATIONS
from crslab_causal.data.demo.corpus import write_corpus
from crslab_causal.data.schema import Sample


class CausalDemoDataset(CausalReDialDataset):
    """A corpus drawn from a structural causal model, see :mod:`crslab_causal.data.demo`.

    The first run that uses the corpus writes its files. ``side_data['interventional_data']`` is a second test split, in
    which the history was set by intervention. The key ``scm`` of a sample holds the values that its conversation was
    generated from, see :func:`.converse`.

    Options: ``demo_seed``, ``confounding``, ``demo_train``, and those of :class:`.MentionDataset`.
    """

    name, crslab_edge_threshold = 'CausalDemo', 0
    relation_names = dict(enumerate(RELATIONS))
    remedy = 'remove its folder, and the corpus is written again'

    def _provide_files(self, folder: Path, resource: dict) -> None:
        if self.tokenize != 'nltk':
            raise UserError(f'tokenize: {self.tokenize!r} does not exist for dataset {self.name}; write nltk')
        seed, strength = self.opt.get('demo_seed', 2024), self.opt.get('confounding', 0.8)
        try:
            write_corpus(folder, seed=seed, strength=strength, n_train=self.opt.get('demo_train', 1200))
        except FileExistsError as error:
            raise UserError(str(error)) from error
        except OSError as error:
            raise UserError(
                f'{folder}: the demo corpus cannot be written ({error.strerror}); name a writable folder with data_path'
            ) from error

    def _raw_data_process(self, raw_data: list[dict]) -> list[Sample]:
        samples = super()._raw_data_process(raw_data)
        draws = {str(conversation['conv_id']): conversation['scm'] for conversation in raw_data}
        for sample in samples:
            sample['scm'] = draws[sample['conv_id']]
        return samples

    def _data_preprocess(self, train_data: list[dict], valid_data: list[dict], test_data: list[dict]) -> tuple:
        *processed, side_data = super()._data_preprocess(train_data, valid_data, test_data)
        side_data['interventional_data'] = self._raw_data_process(self._read_conversations('interventional'))
        mentioned = {m for sample in side_data['interventional_data'] for m in sample['context_mentions']}
        side_data['mentioned_entity_ids'] = sorted(mentioned.union(side_data['mentioned_entity_ids']))
        return *processed, side_data
