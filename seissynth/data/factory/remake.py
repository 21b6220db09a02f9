"""Make the shards of a finished set again, from what its folder says, and compare them record by record."""

from __future__ import annotations

import inspect
import json
import tempfile
from pathlib import Path

import numpy as np

from seissynth.data.factory.areas import Box, Circle, Polygon
from seissynth.data.factory.drawn_earthquakes import DrawnEarthquakes
from seissynth.data.factory.folder import DESCRIPTION
from seissynth.data.factory.inputs import CATALOG, INVENTORY, MOST_EVENTS
from seissynth.data.factory.make import make_dataset, make_settings
from seissynth.data.factory.run import Job, block_of, chunk_name, make_block
from seissynth.errors import FileFormatError, ReproductionError
from seissynth.io.trace_comparison import compare_samples, compare_traces, identity_of
from seissynth.noise.models import NAMES
from seissynth.shared.warning import warn_user

#: description's key of the arguments that are not given to `make_settings` as they are
_APART = ("noise", "earthquakes", "inventory", "split", "source_quantity")
_AREAS = {kind.__name__: kind for kind in (Box, Circle, Polygon)}


def read_description(folder):
    """Return the ``dataset.json`` of a finished set of `make_dataset`.

    Raises
    ------
    ReproductionError
        There is none, the set is not finished, or its samples were rounded by `pack_dataset`.
    FileFormatError
    """
    file = Path(folder) / DESCRIPTION
    if not file.is_file():
        raise ReproductionError(
            f"{folder} holds no {DESCRIPTION}, so make_dataset did not write it: only its sets, and ASDF files of "
            "seissynth.write, say what their records were made of."
        )
    try:
        description = json.loads(file.read_text(encoding="utf-8"))
        whole = isinstance(description["arguments"], dict) and isinstance(description.get("files", {}), dict)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise FileFormatError(f"{file} cannot be read: {type(error).__name__}: {error}.") from error
    if not whole:
        raise FileFormatError(f"{file}: arguments and files must be tables.")
    if "packed" in description:
        raise ReproductionError(
            f"{folder} is a packed copy, whose samples were rounded; reproduce the set that it was made of."
        )
    if not description.get("complete"):
        raise ReproductionError(f"{folder} is not finished; repeat the call of make_dataset that began it first.")
    if not description.get("files"):
        raise FileFormatError(f"{file} names no files, so it was changed; get it again.")
    odd = [name for name in description["files"] if not block_of(name).isdigit()]
    if odd:
        raise FileFormatError(f"{file}: files holds {odd[0]!r}, which is no name of a shard.")
    return description


def is_shard(path):
    """Whether a file is listed among the shards of the set in whose folder it lies."""
    path = Path(path)
    try:
        files = json.loads((path.parent / DESCRIPTION).read_text(encoding="utf-8"))["files"]
        return path.name in files and block_of(path.name).isdigit()
    except (OSError, ValueError, TypeError, KeyError):
        return False


def remake(folder, description, arguments, only=None):
    """Make the shards of a set again and compare.

    Parameters
    ----------
    folder : path
    description : dict
        Of `read_description`.
    arguments : dict
        Its arguments, with weights that may be opened.
    only : int, optional
        Number of the one block wanted.

    Yields
    ------
    (int, int, list)
        Blocks done and to do, and for each record (ASDF: each trace) of the block its relative difference and a line
        that describes it; (0, None) for equal ones.

    Raises
    ------
    ReproductionError
        Something that the records were made of is not in the folder.
    """
    folder = Path(folder)
    settings = _settings(folder, arguments)
    held = {int(block_of(name)) for name in description["files"]}
    wanted = sorted(held if only is None else {only})
    if held and max(held) >= len(settings.blocks()):
        raise ReproductionError(f"{folder / CATALOG} or {folder / INVENTORY} lacks some of what the set was made of.")
    weights = Job(settings, folder).maker.backend.weights_hash
    if weights != description.get("weights_hash"):
        warn_user(f"{folder} was made with other weights ({description.get('weights_hash')}, now {weights}).")
    compare = _compare_asdf if settings.format == "asdf" else _compare_seisbench
    for done, number in enumerate(wanted):
        with tempfile.TemporaryDirectory() as made:
            (Path(made) / ".blocks").mkdir()
            make_block(Job(settings, made), number)
            rows = _compare_tables(folder, Path(made), number)
            yield done + 1, len(wanted), compare(folder, Path(made), number, rows)


# --- from the description to settings


def _settings(folder, stored):
    """Return the settings that a set was made with."""
    noise = stored.get("noise")
    if isinstance(noise, str) and noise not in NAMES:
        raise FileFormatError(f"{folder / DESCRIPTION}: noise={noise!r} is not one of {', '.join(NAMES)}.")
    if isinstance(noise, dict):
        what = " ".join(f"{kind} {text}" for kind, text in noise.items() if isinstance(text, str))
        raise ReproductionError(
            f"{folder} cannot be reproduced: its noise was real or an object of yours ({what or 'a Stream'}), which "
            "the set does not hold. Make it again in another folder, with the same arguments and noise, and compare."
        )
    inventory, earthquakes = _inventory(folder), _earthquakes(folder, stored.get("earthquakes"))
    parameters = inspect.signature(make_dataset).parameters.values()
    known = {one.name: one.default for one in parameters if one.kind is inspect.Parameter.KEYWORD_ONLY}
    given = {name: value for name, value in stored.items() if name not in _APART}
    options = {name: value for name, value in given.items() if name not in known}
    arguments = {**known, **given, "noise": noise, "split": stored.get("split") or None}
    settings = make_settings(arguments, options, inventory, earthquakes)
    now = json.loads(json.dumps(settings.as_plain_data()))
    for name, file in (("earthquakes", CATALOG), ("inventory", INVENTORY)):
        if now[name] != stored.get(name):
            warn_user(f"{folder / file} is not, to the last digit, what the set was made of; records may differ.")
    return settings


def _inventory(folder):
    from obspy import read_inventory

    return _read(read_inventory, folder / INVENTORY, "It was written with the set.")


def _earthquakes(folder, stored):
    from obspy import read_events

    drawn = stored.get("drawn") if isinstance(stored, dict) else None
    if drawn is None:
        more = f"A set of more than {MOST_EVENTS:,} earthquakes has none; copy your catalogue there, as QuakeML."
        return _read(read_events, folder / CATALOG, more)
    try:
        area = dict(drawn["area"])
        kind = _AREAS[area.pop("kind")]
        return DrawnEarthquakes(**{**drawn, "area": kind(**area)})
    except (TypeError, KeyError, ValueError) as error:
        raise FileFormatError(f"{folder / DESCRIPTION}: the earthquakes drawn cannot be read: {error}.") from error


def _read(reader, file, more):
    if not file.is_file():
        raise ReproductionError(f"{file} is missing, without which the set cannot be reproduced. {more}")
    try:
        return reader(str(file))
    except Exception as error:  # ObsPy's readers raise any error of their parsers
        raise FileFormatError(f"{file} cannot be read: {error}.") from error


# --- comparison


def _compare_tables(folder, made, number):
    """Return for each row of the table made, as it is in the folder: its name, and the columns that differ, or None."""
    import pandas

    file = f"metadata{chunk_name(number)}.csv"
    if not (folder / file).is_file():
        raise FileFormatError(f"{folder / file} is missing; repeat the call of make_dataset, which mends the set.")
    try:
        then, now = (pandas.read_csv(place / file, dtype=str, keep_default_na=False) for place in (folder, made))
    except ValueError as error:  # pandas' own errors, and bytes that are no text
        raise FileFormatError(f"{folder / file} is not a table of comma-separated values: {error}") from error
    columns = [column for column in now if column != "split"]  # which a user may have written
    lacking = [column for column in columns if column not in then]
    rows = []
    for i in range(max(len(then), len(now))):
        if i >= min(len(then), len(now)):
            rows.append((f"{file} row {i}", "was not made again" if i >= len(now) else "missing"))
            continue
        one, two = then.iloc[i], now.iloc[i]
        other = lacking + [
            column for column in columns if column not in lacking and not _same(one[column], two[column])
        ]
        station = f"{two['station_network_code']}.{two['station_code']}"
        where = f"{file} row {i} ({station} {two['trace_start_time']})"
        rows.append((where, f"differs in {', '.join(other[:3])}" if other else None))
    return rows


def _same(one, two):
    """Whether two cells say the same; a table that was edited may write a number otherwise."""
    if one == two:
        return True
    try:
        return float(one) == float(two)
    except ValueError:
        return False


def _compare_seisbench(folder, made, number, rows):
    from seissynth.io.seisbench.dataset import Dataset

    chunk = chunk_name(number)
    then, now = (Dataset(place, chunks=[chunk]) for place in (folder, made))
    results = []
    for i, (name, line) in enumerate(rows):
        if i >= min(len(then), len(now)):
            results.append((np.inf, f"{name}: {line}"))
            continue
        one, two = (one.waveform(i, "ZNE", None) for one in (then, now))
        if one.shape != two.shape or one.dtype != two.dtype:
            results.append((np.inf, f"{name}: {two.shape} {two.dtype} instead of {one.shape} {one.dtype}"))
            continue
        difference, words = compare_samples(name, one, two)
        results.append((difference, words or (line and f"{name}: {line}")))
    return results


def _compare_asdf(folder, made, number, rows):
    from seissynth.data.factory.asdf import NOISE, RECORDS
    from seissynth.io.asdf import read_asdf_quietly

    results = [(0.0, f"{name}: {line}") for name, line in rows if line]
    for kind in (RECORDS, NOISE):
        name = kind.format(chunk_name(number)[1:])
        if not (made / name).is_file():
            continue
        if not (folder / name).is_file():
            raise FileFormatError(f"{folder / name} is missing; repeat the call of make_dataset, which mends the set.")
        then, now = (read_asdf_quietly(place / name) for place in (folder, made))
        known = {identity_of(trace): trace for trace in now.stream}
        results += [compare_traces(trace, known.pop(identity_of(trace), None)) for trace in then.stream]
        results += [(np.inf, f"missing: {trace.id} of {trace.stats.seissynth.event_key}") for trace in known.values()]
    return results
