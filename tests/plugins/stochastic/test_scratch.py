"""Memory that is used again: by one thread alone, by name, and not kept where it is large."""

import pickle
import threading

import numpy as np

from seissynth_plugins.stochastic.scratch import MOST_BYTES, Scratch


def test_memory_is_used_again_and_grows():
    scratch = Scratch()
    small = scratch.array("a", (2, 3))
    assert small.shape == (2, 3) and small.dtype == np.float32 and small.flags.c_contiguous
    assert np.shares_memory(scratch.array("a", (3, 2)), small)
    assert not np.shares_memory(scratch.array("b", (2, 3)), small)
    large = scratch.array("a", (10, 3))
    assert large.shape == (10, 3) and np.shares_memory(scratch.array("a", (2, 3)), large)


def test_threads_have_memory_of_their_own():
    scratch, found = Scratch(), []
    mine = scratch.array("a", (4,))
    thread = threading.Thread(target=lambda: found.append(scratch.array("a", (4,))))
    thread.start()
    thread.join()
    assert not np.shares_memory(found[0], mine)


def test_large_arrays_are_not_kept():
    scratch, size = Scratch(), MOST_BYTES // 4 + 1
    assert not np.shares_memory(scratch.array("a", (size,)), scratch.array("a", (size,)))


def test_a_copy_begins_without_memory():
    scratch = Scratch()
    mine = scratch.array("a", (4,))
    assert not np.shares_memory(pickle.loads(pickle.dumps(scratch)).array("a", (4,)), mine)
