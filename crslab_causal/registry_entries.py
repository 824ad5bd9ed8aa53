"""The entries of the registry: what an entry says about a model or a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crslab_causal.base.options import Options
    from crslab_causal.data.dataset.base import MentionDataset
    from crslab_causal.system.adapters import ModelAdapter

SHARED_NAME = 'Causal'
"""Name of the dataloader and of the system that models share, in CRSLab's tables.

They serve every model of the package, also those without causal terms: the name means the package."""
_CAUSAL_SYSTEM = 'crslab_causal.system.causal:CausalSystem'


@dataclass(frozen=True)
class ModelEntry:
    """The entry of a model: its class, its options, and how the system trains and scores it."""

    name: str
    """Value of ``model:``."""
    summary: str
    """One line for lists of models."""
    model: str | None = None
    """Class of the model; None: the class that CRSLab's own table has under this name."""
    options: str = 'crslab_causal.base.options:Options'
    """Class of the options that the model reads."""
    adapter: str = 'crslab_causal.system.adapters:ItemRecommenderAdapter'
    """Class of the adapter that calls the model, see :mod:`crslab_causal.system.adapters`."""
    system: str = _CAUSAL_SYSTEM
    crslab_loader: str | None = None
    """Name of CRSLab's dataloader that makes the model's batches; None: the model reads the tensors of this package."""
    reads_tokens: bool = False
    """Whether the model reads the words of the conversation, as token ids."""
    reads_samples: bool = False
    """Whether the model reads the samples themselves, because it needs their original text."""
    is_expert: bool = False
    """Whether the model can be an expert of ``Pool``. Such a model has a method ``fit``, or comes from a saved run."""
    aliases: tuple[str, ...] = ()
    """Other values of ``model:`` that mean this model."""

    @property
    def gives_candidates(self) -> bool:
        """Whether a saved run of the model can give the candidates of ``CausalLLM``.

        It can if the model is a class of this package that scores items from the history or from the original text.
        """
        return self.model is not None and self.crslab_loader is None and not self.reads_tokens

    @property
    def system_name(self) -> str:
        """Name of the model's dataloader and system in CRSLab's tables."""
        return SHARED_NAME if self.system == _CAUSAL_SYSTEM else self.name

    def load_options(self) -> type[Options]:
        """Import the class of the model's options."""
        return _resolve_once(self.options)

    def load_adapter(self) -> type[ModelAdapter]:
        """Import the class of the adapter that calls the model."""
        return resolve_name(self.adapter)


@dataclass(frozen=True)
class DatasetEntry:
    """The entry of a dataset: its class and its options."""

    name: str
    """Value of ``dataset:``."""
    summary: str
    """One line for lists of datasets."""
    folder: str
    """Folder of the dataset below ``data_path``, also its name in ``crslab-causal prepare``."""
    dataset: str
    """Class of the dataset."""
    files: tuple[str, ...] = ()
    """Names of the files of the dataset; empty if only its class knows them. See :meth:`file_names`."""
    tokenizers: tuple[str, ...] = ()
    """Values of ``tokenize:`` that the dataset supports; empty if only its class knows them."""
    options: str = 'crslab_causal.base.options:Options'
    """Class of the options that the dataset reads."""
    language: str = 'en'
    """Language that CRSLab's metrics assume."""
    public: bool = False
    """Whether ``crslab-causal prepare`` can download the dataset."""
    generated: bool = False
    """Whether the package generates the data, so that the options alone determine them."""
    splits: tuple[str, ...] = ('valid', 'test')
    """Names of the splits that are scored."""
    knows_confounder: bool = False
    """Whether the data contain the true confounder (``adjustment: context``)."""

    def load_options(self) -> type[Options]:
        """Import the class of the dataset's options."""
        return _resolve_once(self.options)

    def load(self) -> type[MentionDataset]:
        """Import the class of the dataset."""
        return resolve_name(self.dataset)

    def file_names(self) -> tuple[str, ...]:
        """Return the names of the files that the dataset requires.

        The dataset's class is imported only if this entry does not list the files.
        """
        return self.files or self.load().files


@cache
def _resolve_once(name: str) -> Any:
    """Return the object of this name; suites check many configurations, and each asks for the same classes."""
    return resolve_name(name)
