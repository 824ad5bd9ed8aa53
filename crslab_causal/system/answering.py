"""The part of a system that uses its trained model: to recommend for single histories, and to chat."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from typing import Any, Iterator

from crslab_causal.chat.conversation import Conversation
from crslab_causal.chat.films.facts import build_film_facts
from crslab_causal.chat.live_context import LiveContexts
from crslab_causal.chat.recommenders.base import ListRecommender
from crslab_causal.chat.terminal import chat
from crslab_causal.config import Config
from crslab_causal.data.dataloader import CausalDataLoader
from crslab_causal.llm.catalogue import CatalogueInfo
from crslab_causal.llm.options import LLMOptions
from crslab_causal.llm.pipeline import LLMPipeline
from crslab_causal.system.adapters import ModelAdapter
from crslab_causal.system.catalogue_info import build_catalogue_info


class AnsweringSystem:
    """The base class of systems that can recommend and chat with a trained model."""

    config: Config
    adapter: ModelAdapter
    vocab: Any
    side_data: Any
    train_dataloader: CausalDataLoader
    test_dataloader: CausalDataLoader

    @cached_property
    def catalogue(self) -> CatalogueInfo:
        """Facts about the dataset that prompts, backends and the chat use."""
        return build_catalogue_info(self.side_data, self.train_dataloader.label_count().tolist())

    def recommender(self) -> ListRecommender:
        """Return a recommender with the current weights of the model. It recommends for one history at a time."""
        return self.adapter.recommender(
            LiveContexts(self.vocab, self.side_data), self.side_data['mentioned_entity_ids'], self.catalogue.names
        )

    @contextmanager
    def conversation(self) -> Iterator[Conversation]:
        """Open a conversation with one seeker.

        The backend of the section ``llm`` answers, by default the offline one.
        """
        recommender = self.recommender()
        recommender.warm_up()
        facts = build_film_facts(self.catalogue, recommender.entities, self.side_data['mentioned_entity_ids'])
        recommender.names = {**self.catalogue.names, **facts.names}
        catalogue = self.catalogue._replace(names=recommender.names)
        options = getattr(self.config.model, 'llm', LLMOptions()).for_chat()
        with LLMPipeline(options, catalogue, self.train_dataloader.dataset) as pipeline:
            try:
                yield Conversation(recommender, pipeline, self.test_dataloader.history, facts)
            finally:
                pipeline.close(give_up=True)  # the user has stopped the answers still in flight

    def interact(self) -> None:
        """Hold a conversation in the terminal."""
        with self.conversation() as conversation:
            chat(conversation)
