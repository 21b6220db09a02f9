"""Make the records of an ASDF file, or of a set, again, from its content alone, and compare bit for bit."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from seissynth.errors import FileFormatError, ReproductionError, SeisSynthError
from seissynth.io.trace_comparison import compare_traces as compare_traces
from seissynth.io.trace_comparison import identity_of
from seissynth.shared.warning import warn_user
from seissynth.shared.wording import a_kind

#: versions that change numbers; the others are reported without a warning
_DECISIVE = ("seissynth", "numpy", "scipy", "numba", "python")
_SHOWN = 5


@dataclass(frozen=True, repr=False)
class ReproductionReport:
    """Result of `reproduce`; it prints in words.

    Parameters
    ----------
    path : str
        The file.
    n_records, n_equal : int
        Number of records that the file holds or should hold, and of those with equal samples, type, start, rate and
        codes. Waveforms without provenance, or with another start than it states, and records removed from the file
        count as not equal.
    worst_difference : float
        Largest difference of a sample over the largest amplitude of its trace in the file; 0 when all are
        equal, infinite when a trace is missing or of another length.
    versions_then, versions_now : dict of str to str
        Of backends, seissynth and the libraries below it.
    differences : tuple of str
        One line for each trace that is not equal.
    """

    path: str
    n_records: int
    n_equal: int
    worst_difference: float
    versions_then: dict
    versions_now: dict
    differences: tuple = ()

    @property
    def equal(self) -> bool:
        """Whether every trace is equal bit for bit."""
        return self.n_equal == self.n_records

    def changed_versions(self) -> dict[str, tuple[str, str]]:
        """Return name -> (then, now) of all versions that are not the same."""
        names = {**self.versions_then, **self.versions_now}
        pairs = {name: (self.versions_then.get(name, "-"), self.versions_now.get(name, "-")) for name in names}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

    def __str__(self):
        lines = [f"{self.path}: {self.n_equal} of {self.n_records} records equal, bit for bit"]
        if not self.equal:
            lines.append(f"worst difference: {self.worst_difference:.3g} of the peak")
            lines += [f"  {line}" for line in self.differences[:_SHOWN]]
            if len(self.differences) > _SHOWN:
                lines.append(f"  ... and {len(self.differences) - _SHOWN} more")
        lines += [f"{name}: {then} then, {now} now" for name, (then, now) in self.changed_versions().items()]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self):
        return f"<pre>{escape(str(self))}</pre>"


def reproduce(
    path: str | os.PathLike[str],
    *,
    weights: str | os.PathLike[str] | None = None,
    progress: Callable[..., Any] | None = None,
) -> ReproductionReport:
    """Make the records of an ASDF file, or of a set, again and compare them with those in it.

    Events and stations are taken from the file, and the arguments, seed and realisation from its
    provenance; nothing else is used. For a set of `make_dataset` they are taken from its folder.

    Parameters
    ----------
    path : str or path
        ASDF file written by `seissynth.write` with events and inventory; or the folder of a set of `make_dataset`, in
        any format, or one of its shards there. Of a set's table all columns but "split" are compared, too.
    weights : str or path, optional
        The weights that the records were made with. Needed if they are not the backend's own: a path stored in a file
        is not opened, because the file may come from anybody.
    progress : callable, optional
        Called as ``progress(done, total)`` before the first and after each call of ``generate()``, or each shard of a
        set.

    Returns
    -------
    ReproductionReport

    Raises
    ------
    ReproductionError
        The file holds no events or stations, an argument could not be stored (a Stream of real noise,
        a backend instance), the backend is not installed, its weights have to be given, or ``generate()`` fails. A
        set is not finished, was packed, holds real noise, or one of its shards lies elsewhere than in its folder.
    FileFormatError
        The file is not one that `seissynth.write` or `make_dataset` wrote.

    Warns
    -----
    SeisSynthWarning
        The backend or a library has another version than when the file was written.

    Examples
    --------
    >>> import seissynth
    >>> report = seissynth.reproduce("out.h5")                                  # doctest: +SKIP
    >>> print(report)                                                           # doctest: +SKIP
    out.h5: 18 of 18 records equal, bit for bit
    """
    from seissynth.io.asdf import read_asdf_quietly
    from seissynth.io.onset_picks import without_onset_picks
    from seissynth.io.provenance import environment

    of_set = _set_and_block(path)
    if of_set is not None:
        folder, block = of_set
        return _reproduce_set(path, folder, block, weights, progress)
    contents = read_asdf_quietly(path)
    calls = _calls(contents.stream, path)
    if not len(contents.catalog) or not len(contents.inventory):
        missing = "events" if not len(contents.catalog) else "stations"
        raise ReproductionError(f"{path} holds no {missing}; write it with event= and inventory= to reproduce it.")
    # picks that we wrote are results: left in, they would be taken for observations
    catalog = without_onset_picks(contents.catalog)
    then, now = dict(contents.environment), environment()
    equal, worst, lines = 0, 0.0, []
    for number, ((text, realization), traces) in enumerate(calls.items()):
        if progress is not None:
            progress(number, len(calls))
        arguments = _with_weights(path, json.loads(text), weights)
        remade = _generate(path, arguments, realization, traces, catalog, contents.inventory)
        known = {identity_of(trace): trace for trace in remade}
        for trace in traces:
            again = known.get(identity_of(trace))
            difference, line = compare_traces(trace, again)
            equal += line is None
            worst = max(worst, difference)
            lines += [line] if line else []
            name = f"backend {trace.stats.seissynth.backend}"
            then[name] = str(trace.stats.seissynth.version)
            now[name] = str(again.stats.seissynth.version) if again is not None else "unknown"
    if progress is not None:
        progress(len(calls), len(calls))
    lost = [f"left out: {one}" for one in contents.left_out] + [f"missing: {one}" for one in contents.missing]
    if lost:
        worst = np.inf
    # a waveform that lost its provenance leaves a record that misses its waveform: one record, not two
    count = len(contents.stream) + max(len(contents.left_out), len(contents.missing))
    report = ReproductionReport(str(path), count, equal, worst, then, now, tuple(lost + lines))
    _warn_of_versions(report)
    return report


def _set_and_block(path):
    """Folder of a set and number of the one block that is asked for, None for all; None for other files."""
    path = Path(path)
    if path.is_dir():
        return path, None
    from seissynth.data.factory.remake import is_shard
    from seissynth.data.factory.run import block_of

    return (path.parent, int(block_of(path.name))) if is_shard(path) else None


def _reproduce_set(path, folder, block, weights, progress):
    from seissynth import __version__
    from seissynth.data.factory.remake import read_description, remake

    description = read_description(folder)
    arguments = description["arguments"]
    for name, kind in _unstorable(arguments):
        raise ReproductionError(
            f"{path} cannot be reproduced: the argument {name} was {kind}, which no file can hold. Make the set again "
            "in another folder, with the same arguments, and compare."
        )
    arguments = _with_weights(path, arguments, weights)
    backend = arguments.get("backend")
    results = []
    if progress is not None:
        progress(0, 1)
    try:
        for done, total, some in remake(folder, description, arguments, block):
            results += some
            if progress is not None:
                progress(done, total)
    except FileFormatError:
        raise
    except (SeisSynthError, TypeError, OSError) as error:
        if isinstance(error, ReproductionError):
            raise
        raise ReproductionError(
            f"{path} cannot be reproduced with backend {backend!r} as installed here: {error}"
        ) from error
    lines = tuple(line for _, line in results if line)
    worst = max((difference for difference, _ in results), default=0.0)
    then, now = {"seissynth": str(description.get("version"))}, {"seissynth": __version__}
    report = ReproductionReport(str(path), len(results), len(results) - len(lines), worst, then, now, lines)
    _warn_of_versions(report)
    return report


def _calls(stream, path):
    """Group traces by the ``generate()`` call that makes them: (arguments text, realisation) -> traces."""
    calls = {}
    for trace in stream:
        info = trace.stats.seissynth
        try:
            arguments = json.loads(info.arguments)
            if not isinstance(arguments, dict):
                raise TypeError(f"{a_kind(arguments)} instead of a mapping")
        except (TypeError, ValueError) as error:
            raise FileFormatError(f"{path}: the arguments of {trace.id} cannot be read: {error}.") from error
        if "make_dataset" in arguments:
            raise ReproductionError(
                f"{path} is a part of a set of make_dataset, but does not lie in the set's folder, whose dataset.json, "
                "catalog.xml and inventory.xml say what it was made of. Reproduce the folder, or the file in it."
            )
        for name, kind in _unstorable(arguments):
            raise ReproductionError(
                f"{path} cannot be reproduced: the argument {name} was {kind}, which no file can hold. "
                f"Call generate() with it again, seed={info.seed} and realization={info.realization}."
            )
        calls.setdefault((info.arguments, info.realization), []).append(trace)
    return calls


def _unstorable(value, name_so_far=""):
    """Yield (name, description) of every argument that could not be stored."""
    if isinstance(value, dict):
        if "unstorable" in value:
            yield name_so_far, value["unstorable"]
        for name, item in value.items():
            yield from _unstorable(item, f"{name_so_far}.{name}".strip("."))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _unstorable(item, f"{name_so_far}[{number}]")


def _with_weights(path, arguments, weights):
    """Return the arguments with weights that may be opened: the backend's own, or those given by the user.

    Other paths are refused.
    """
    # seissynth writes these down as tables; a model may be a name
    for name, end in (("station_terms", ""), ("velocity_model", ".json")):
        value = arguments.get(name)
        if isinstance(value, str) and value.endswith(end):
            raise ReproductionError(
                f"{path}: {name} is the path {value!r}. Files may come from anybody, so files that they name are not "
                "opened."
            )
    stored = arguments.get("weights")
    if stored is None or weights is not None:
        return {**arguments, "weights": stored if stored is None else weights}
    if not _is_own(stored, arguments.get("backend")):
        raise ReproductionError(
            f"{path} was made with the weights {str(stored)!r}. Files may come from anybody, so weights that they name "
            "are not opened; name them yourself: reproduce(path, weights=...), or --weights."
        )
    return arguments


def _is_own(weights, backend):
    """Whether weights are in the folder of the backend's module."""
    import sys

    from seissynth.backends.registry import get_backend

    try:
        home = Path(sys.modules[get_backend(backend).__module__].__file__).resolve().parent
        return Path(weights).resolve().is_relative_to(home)
    except (SeisSynthError, KeyError, TypeError, AttributeError, OSError, ValueError):
        return False


def _generate(path, arguments, realization, traces, catalog, inventory):
    from seissynth.synthesis import generate

    arguments = dict(arguments)
    options = arguments.pop("options", None) or {}
    # one realisation of many, alone, has the same bits and needs a tenth of the memory
    if arguments.get("realizations") is not None or arguments.get("realization") is not None:
        arguments.update(realizations=None, realization=realization)
    wanted = {trace.stats.seissynth.event_id for trace in traces}
    events = type(catalog)([event for event in catalog if event.resource_id.id in wanted])
    try:
        return generate(inventory, events, **arguments, **options)
    except (SeisSynthError, TypeError, OSError) as error:
        backend = arguments.get("backend")
        raise ReproductionError(
            f"{path} cannot be reproduced with backend {backend!r} as installed here: {error}"
        ) from error


def _warn_of_versions(report):
    changed = {
        name: pair
        for name, pair in report.changed_versions().items()
        if name in _DECISIVE or (name.startswith("backend ") and pair[1] != "unknown")
    }
    if changed:
        words = ", ".join(f"{name} {then} then and {now} now" for name, (then, now) in changed.items())
        warn_user(f"{report.path} was made with other versions ({words}); bits may differ.")
