"""Trainers of learned backends: functions registered by installed distributions, found by the backend's name.

A trainer is registered in the entry-point group ``seissynth.trainers`` under its backend's name. It is a function
``train(data, output, *, config, fold, stations_out, init, seed, max_minutes, progress, resume, **options)`` that
returns an object whose text describes the result; repeating a call that was stopped resumes it. That of the default
backend fits a region's preset to observed ground motion.
"""

from seissynth.backends.entrypoints import find_entries
from seissynth.errors import BackendError, BackendNotFoundError, MissingDependencyError, SeisSynthError
from seissynth.shared.suggestions import did_you_mean

#: the group in which trainers register
GROUP = "seissynth.trainers"


def list_trainers():
    """Return the names of trainable backends; nothing is imported.

    Returns
    -------
    list of str
    """
    return sorted({entry.name for entry in find_entries(GROUP)})


def get_trainer(name):
    """Return the function that trains a backend; only its module is imported.

    Parameters
    ----------
    name : str
        Of `list_trainers`.

    Raises
    ------
    BackendNotFoundError
        No trainer of that name.
    BackendError
        It is registered and cannot be imported.
    MissingDependencyError
        It needs an optional package.

    Examples
    --------
    >>> from seissynth.backends.trainers import get_trainer
    >>> get_trainer("ricker")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    seissynth.errors.BackendNotFoundError: nothing named 'ricker' can be trained; ...
    """
    entries = {entry.name: entry for entry in reversed(find_entries(GROUP))}
    if name not in entries:
        hint = did_you_mean(name, entries)
        known = ", ".join(entries) or "none is installed"
        raise BackendNotFoundError(f"nothing named {name!r} can be trained;{hint} trainers: {known}.")
    entry = entries[name]
    try:
        return entry.load()
    except SeisSynthError:
        raise
    except ImportError as error:
        if error.name and error.name.partition(".")[0] in ("torch", "lightning", "safetensors"):
            raise MissingDependencyError(
                f"training {name!r} needs {error.name}: python -m pip install 'seissynth[train]'"
            ) from error
        raise BackendError(f"the trainer {name!r} ({entry.target}) cannot be imported: {error}.") from error
    except Exception as error:
        raise BackendError(
            f"the trainer {name!r} ({entry.target}) of distribution {entry.distribution} cannot be loaded: "
            f"{type(error).__name__}: {error}."
        ) from error
