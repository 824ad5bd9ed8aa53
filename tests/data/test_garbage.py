"""Loading without the garbage collector."""

import gc
import weakref

import pytest
import tiny

from crslab_causal.data.garbage import long_lived


class Sample:
    pass


def searched(kept):
    """Whether a search for cycles looks at an object."""
    return any(kept is other for other in gc.get_objects())


def test_what_is_built_is_not_searched_and_still_freed():
    with long_lived():
        kept = Sample()
        assert not gc.isenabled()
    later = Sample()
    assert gc.isenabled() and searched(later) and not searched(kept)
    freed = weakref.ref(kept)
    del kept
    assert freed() is None


def test_cycles_from_before_are_freed_and_later_ones_are_found():
    def cycle():
        one = Sample()
        one.itself = one
        return weakref.ref(one)

    before = cycle()
    with long_lived():
        assert before() is None
    after = cycle()
    gc.collect()
    assert after() is None


@pytest.mark.parametrize('enabled', [True, False])
def test_the_collector_is_as_before_after_a_mistake_too(enabled):
    try:
        gc.enable() if enabled else gc.disable()
        with pytest.raises(ValueError), long_lived():
            raise ValueError
        assert gc.isenabled() == enabled
    finally:
        gc.enable()


def test_a_corpus_is_built_so(redial):
    dataset = tiny.load('ReDial', redial)
    assert gc.isenabled() and not searched(dataset.train_data) and not searched(dataset.train_data[0])
