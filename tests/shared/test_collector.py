"""The collector of cyclic garbage is paused and left as it was."""

import gc

import pytest

import seissynth
from seissynth.shared.collector import collector_paused
from seissynth.testing.check import Ricker


def test_it_is_paused_within_and_on_after_an_error():
    seen = []

    @collector_paused()
    def fail():
        seen.append(gc.isenabled())
        raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert seen == [False]
    assert gc.isenabled()


def test_who_switched_it_off_keeps_it_off():
    gc.disable()
    try:
        with collector_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_backends_run_with_it_and_generate_leaves_it_on():
    class Looks(Ricker):
        def simulate(self, conditions, **arguments):
            self.seen = gc.isenabled()
            return super().simulate(conditions, **arguments)

    backend = Looks()
    seissynth.generate(*seissynth.read_example(), backend=backend)
    assert backend.seen
    assert gc.isenabled()
