"""State that a backend must not change: its input and output arrays, and global state."""

import contextlib
import os
import random
import re
import sys
import warnings
from pathlib import Path

import numpy as np


def kept_arrays(records, copied=True):
    """Return the arrays of records by name, in their present state.

    Parameters
    ----------
    records : Records
    copied : bool
        False returns the arrays themselves.
    """
    arrays = {key: getattr(records, key) for key in ("data", "start_s", "p_s", "s_s")}
    arrays.update({f"truth[{key!r}]": value for key, value in records.truth.items()})
    return {key: np.array(value) if copied else np.asarray(value) for key, value in arrays.items()}


def changed_arrays(before, after):
    """Return the names of arrays that differ."""
    return [key for key, value in before.items() if key not in after or not _same(value, after[key])]


def _same(one, other):
    return one.shape == other.shape and np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")


def changed(before, after):
    """Return the names of values that differ between two states."""
    return [name for name in before if before[name] != after.get(name)]


def random_states():
    """Return the state of every global random generator of the process: name -> state."""
    name, key, *rest = np.random.get_state()
    states = {"random": random.getstate(), "numpy.random": (name, key.tobytes(), *rest)}
    torch = sys.modules.get("torch")
    if torch is not None:
        states["torch"] = torch.get_rng_state().numpy().tobytes()
        if torch.cuda.is_available():
            states["torch.cuda"] = [state.numpy().tobytes() for state in torch.cuda.get_rng_state_all()]
    return states


@contextlib.contextmanager
def seeded_globally(seed):
    """Seed every global random generator, and restore their states at the end."""
    saved, torch = (random.getstate(), np.random.get_state()), sys.modules.get("torch")
    kept = None if torch is None else torch.get_rng_state()
    on_device = torch.cuda.get_rng_state_all() if torch is not None and torch.cuda.is_available() else None
    try:
        random.seed(seed)
        np.random.seed(seed)
        if torch is not None:
            torch.manual_seed(seed)
        yield
    finally:
        random.setstate(saved[0])
        np.random.set_state(saved[1])
        if torch is not None:
            torch.set_rng_state(kept)
            if on_device is not None:
                torch.cuda.set_rng_state_all(on_device)


@contextlib.contextmanager
def plain_settings():
    """Set the values of `process_state` to those of the kit, to detect also a setting made twice."""
    torch = sys.modules.get("torch")
    with warnings.catch_warnings(), np.errstate(all="warn", under="ignore"), np.printoptions(precision=8):
        # a pattern that no other filter has
        warnings.filters[:] = [("ignore", re.compile("(?s).*"), Warning, None, 0)]
        if torch is None:
            yield
            return
        kept = torch.get_default_dtype(), torch.are_deterministic_algorithms_enabled()
        try:
            torch.set_default_dtype(torch.float32)
            torch.use_deterministic_algorithms(False)
            with torch.enable_grad():
                yield
        finally:
            torch.set_default_dtype(kept[0])
            torch.use_deterministic_algorithms(kept[1])


def process_state():
    """Return other global state of the process: name -> value."""
    state = {
        "warnings.filters": list(warnings.filters),
        "numpy.errstate": np.geterr(),
        "numpy.printoptions": np.get_printoptions(),
        "the working folder": str(Path.cwd()),
        "os.environ": dict(os.environ),
        "sys.path": list(sys.path),
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        state["torch.default_dtype"] = torch.get_default_dtype()
        state["torch.grad_mode"] = torch.is_grad_enabled()
        state["torch.deterministic_algorithms"] = torch.are_deterministic_algorithms_enabled()
        state["torch.num_threads"] = torch.get_num_threads()
    return state
