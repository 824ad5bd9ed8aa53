"""Loading without the garbage collector."""

import gc
import weakref

import pytest

import tiny
from crslab_causal import register
from crslab_causal.base import process_setup
from crslab_causal.base.memory import long_lived
from crslab_causal.config import Config


class Sample:
    pass


@pytest.fixture
def own(monkeypatch):
    """As in a process that only trains."""
    monkeypatch.setattr(process_setup, '_configured', True)


def searched(kept):
    """Whether a search for cycles looks at an object."""
    return any(kept is other for other in gc.get_objects())


def cycle():
    one = Sample()
    one.itself = one
    return one, weakref.ref(one)


def test_garbage_collector_skips_built_objects_which_are_still_freed(own):
    with long_lived():
        kept = Sample()
        assert not gc.isenabled()
    later = Sample()
    assert gc.isenabled() and searched(later) and not searched(kept)
    freed = weakref.ref(kept)
    del kept
    assert freed() is None


def test_cycles_that_are_garbage_before_are_freed_and_later_ones_are_found(own):
    one, before = cycle()
    del one
    with long_lived():
        assert before() is None
    one, after = cycle()
    del one
    gc.collect()
    assert after() is None


def test_importing_changes_no_setting_of_another_process():
    one, freed = cycle()
    with long_lived():
        kept = Sample()
        assert not gc.isenabled()
    assert gc.isenabled() and searched(kept)
    del one
    gc.collect()
    assert freed() is None


@pytest.mark.parametrize('enabled', [True, False])
def test_the_collector_is_as_before_after_a_mistake_too(enabled):
    try:
        gc.enable() if enabled else gc.disable()
        with pytest.raises(ValueError), long_lived():
            raise ValueError
        assert gc.isenabled() == enabled
    finally:
        gc.enable()


def test_corpus_and_samples_are_built_as_documented(own, redial, make_config):
    register()
    from crslab_causal.crslab_compat import get_dataloader

    dataset = tiny.load('ReDial', redial)
    config = Config(make_config(content={'dataset': 'ReDial', 'model': 'CausalKBRD'}))
    loader = get_dataloader(config, dataset.train_data, dataset.vocab)
    assert gc.isenabled()
    for samples in (dataset.train_data, loader.samples):
        assert not searched(samples) and not searched(samples[0])
