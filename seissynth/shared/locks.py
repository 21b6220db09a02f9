"""Locks that are open in a forked process, even if a thread of its parent held them."""

import os
import threading
import weakref

#: every lock that was made here and is still in use
KNOWN: weakref.WeakSet = weakref.WeakSet()


def new_lock():
    """Return a `threading.Lock` that is open in a forked process."""
    return _known_lock(threading.Lock())


def new_rlock():
    """Return a `threading.RLock` that is open in a forked process."""
    return _known_lock(threading.RLock())


def _known_lock(lock):
    KNOWN.add(lock)
    return lock


def _open_all():
    # the threads that held them are not there; what they were about is short and is begun again by whoever needs it
    for lock in list(KNOWN):
        lock._at_fork_reinit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_open_all)
