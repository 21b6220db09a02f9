"""Write synthetic records to MiniSEED, SAC or ASDF files, by file extension."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import obspy
from obspy import Stream

from seissynth.errors import InputError
from seissynth.events.earthquakes import require_distinct_ids
from seissynth.io.asdf import as_streams, write_asdf
from seissynth.io.format_limits import STEIM_REACH, require_same, require_storable
from seissynth.io.onset_picks import with_onset_picks
from seissynth.shared.atomic import replacing, require_file_name
from seissynth.shared.real_numbers import require_real

if TYPE_CHECKING:
    from obspy import Inventory
    from obspy.core.event import Catalog, Event

#: suffix -> format; the values are also what ``format=`` takes
SUFFIXES = {".mseed": "MSEED", ".miniseed": "MSEED", ".ms": "MSEED", ".sac": "SAC", ".h5": "ASDF", ".asdf": "ASDF"}

#: finest time of MiniSEED, s; half of it is lost in rounding
_MSEED_CLOCK_S = 1e-6
_MIXED = (
    "{path} would hold several realisations of {what}, which MiniSEED cannot distinguish; "
    "write .h5, or put {{realization}} into the file name."
)
_FIELD = re.compile(r"\{(network|station|location|channel|start|realization|event)\b[^}]*\}")
_SAC_NAME = "{network}.{station}.{location}.{channel}.{start}.r{realization:04d}.sac"


def write(
    path: str | os.PathLike[str],
    stream: Stream | Sequence[Stream],
    *,
    event: Event | Catalog | None = None,
    inventory: Inventory | None = None,
    format: str | None = None,
) -> list[Path]:
    """Write records to MiniSEED (``.mseed``), SAC (``.sac``) or ASDF (``.h5``, ``.asdf``).

    Each file appears when it is complete. MiniSEED and SAC cannot hold the provenance: only ASDF files can be
    reproduced by `seissynth.reproduce`.

    Parameters
    ----------
    path : str or path
        Extension as above. MiniSEED and SAC names may contain the fields ``{network}``, ``{station}``,
        ``{location}``, ``{channel}``, ``{start}``, ``{realization}`` and ``{event}`` in braces; one file is
        written per combination. A SAC path without fields is a file for one trace, else a folder with one file per
        trace.
    stream : obspy Stream or sequence of Stream
        Result of `seissynth.generate`.
    event : obspy Event or Catalog, optional
        For ASDF: QuakeML with the onsets as picks. SAC headers take the event from
        ``stats.seissynth.conditions``.
    inventory : obspy Inventory, optional
        For ASDF: StationXML. For SAC: azimuth and inclination of the components.
    format : {"MSEED", "SAC", "ASDF"}, optional
        Overrides the file extension.

    Returns
    -------
    list of pathlib.Path
        The files written.

    Raises
    ------
    InputError
        An unknown extension, a trace with gaps or without samples, two traces for one SAC file, realisations that would
        overlap in one MiniSEED file, and data that would not read back unchanged: codes that are too long for the
        format (MiniSEED: 2, 5, 2 and 3 letters; SAC: 8), samples or sampling rates that it rounds.
    WriteError
        A full disk, a read-only folder, a name that is too long.

    Notes
    -----
    Files read back with the same ids, rates and samples, which is checked before the file replaces an older one.
    Start times are kept to the microsecond by MiniSEED, to 0.1 ms by SAC, and to the nanosecond by ASDF. Sampling
    rates are 32-bit floats in MiniSEED. SAC holds 32-bit floats: whole counts beyond 2**24 are refused. Six-letter
    station codes, such as those of K-NET, fit into ASDF and SAC.

    Examples
    --------
    >>> import obspy, tempfile, pathlib
    >>> from seissynth.io.files import write
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in write(pathlib.Path(folder) / "out.mseed", obspy.read())]
    ['out.mseed']
    """
    kind = _format_of(path, format)
    if kind != "SAC":  # which may be a folder
        require_file_name(path)
    _require_plain(path, kind)
    streams = as_streams(stream)
    for trace in (trace for one in streams for trace in one):
        _require_whole(trace)
    if not any(len(one) for one in streams):
        raise InputError("there is no trace to write.")
    if kind == "ASDF":
        write_asdf(path, streams, event, inventory)
        return [Path(path)]
    require_storable([trace for one in streams for trace in one], kind)
    if kind == "SAC":
        from seissynth.io.sac import write_sac

        return write_sac(_sac_targets(path, streams), inventory)
    return _write_mseed(path, streams)


def check_target(path, realizations=1, format=None, events=()):
    """Raise InputError early for a path, or events of a Catalog, that `write` would refuse."""
    kind = _format_of(path, format)
    if kind != "SAC":
        require_file_name(path)
    _require_plain(path, kind)
    if kind == "MSEED" and realizations > 1 and "{realization" not in str(path):
        raise InputError(_MIXED.format(path=path, what="every channel"))
    if kind == "ASDF":
        require_distinct_ids(events)


def write_picks(path, stream, event):
    """Write a QuakeML file: the events, with the onsets of synthetic records as picks.

    Parameters
    ----------
    path : str or path
    stream : obspy Stream or sequence of Stream
    event : obspy Event or Catalog

    Raises
    ------
    InputError
        No event, or two with one resource id: the picks would go to one of them alone.
    """
    catalog = with_onset_picks(event, as_streams(stream))
    require_distinct_ids(catalog)
    if not len(catalog):
        raise InputError("there is no event to write; give the one the records were made from.")
    with replacing(path) as beside:
        catalog.write(str(beside), format="QUAKEML")


def _format_of(path, format):
    if format is not None:
        if str(format).upper() not in set(SUFFIXES.values()):
            raise InputError(f"{format=} is unknown; known are {', '.join(sorted(set(SUFFIXES.values())))}.")
        return str(format).upper()
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"cannot tell the format of {path} by its ending {suffix!r}; known are {', '.join(SUFFIXES)}.")
    return SUFFIXES[suffix]


def _require_whole(trace):
    if np.ma.isMaskedArray(trace.data):
        raise InputError(f"trace {trace.id} has gaps (a masked array); split() the Stream before writing.")
    if trace.stats.npts == 0:
        raise InputError(f"trace {trace.id} has no sample; remove it before writing.")
    require_real(trace.data, f"trace {trace.id}")


def _fields(trace):
    info = trace.stats.get("seissynth", {})
    return {
        "network": trace.stats.network,
        "station": trace.stats.station,
        "location": trace.stats.location,
        "channel": trace.stats.channel,
        "start": trace.stats.starttime.strftime("%Y%m%dT%H%M%S"),
        "realization": int(info.get("realization", 0)),
        # a resource id holds slashes, which no file name can
        "event": "".join(c if c.isalnum() else "_" for c in str(info.get("event_id", "")).rsplit("/", 1)[-1]),
    }


def _require_plain(path, kind):
    """Refuse fields in the name of an ASDF file, which would not be filled: it holds all records."""
    if kind == "ASDF" and (field := _FIELD.search(str(path))):
        raise InputError(
            f"{path}: one {Path(path).suffix} file holds all records, so its name has no fields such as {field[0]}; "
            "leave it out, or write .mseed or .sac."
        )


def _expand(path, trace):
    try:
        return Path(str(path).format(**_fields(trace)))
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        raise InputError(
            f"{path} has a field that cannot be filled ({error}); known are {', '.join(_fields(trace))}."
        ) from error


def _group(pairs):
    groups = {}
    for path, trace in pairs:
        groups.setdefault(path, []).append(trace)
    return groups


def _write_mseed(path, streams):
    groups = _group((_expand(path, trace), trace) for stream in streams for trace in stream)
    for target, traces in groups.items():
        _refuse_realizations(target, traces)
    # all of them are checked before the first is written
    contents = {target: _as_mseed(traces) for target, traces in groups.items()}
    for target, content in contents.items():
        with replacing(target) as beside:
            beside.write_bytes(content)
    return list(groups)


def _as_mseed(traces):
    """Return the bytes of a MiniSEED file that reads back as these traces."""
    copies = []
    for trace in traces:
        copied = trace.copy()  # ObsPy's writer leaves stats.mseed behind
        if trace.data.dtype.kind == "i" and np.abs(np.diff(trace.data.astype(np.int64))).max(initial=0) >= STEIM_REACH:
            copied.stats["mseed"] = {"encoding": "INT32"}
        copies.append(copied)
    file = io.BytesIO()
    Stream(copies).write(file, format="MSEED")
    content = file.getvalue()
    require_same(traces, obspy.read(io.BytesIO(content), format="MSEED"), "MSEED", _MSEED_CLOCK_S)
    return content


def _refuse_realizations(target, traces):
    """Refuse several realisations: MiniSEED has no field for their number, and readers would merge them."""
    seen = {}
    for trace in traces:
        number = _fields(trace)["realization"]
        if seen.setdefault(trace.id, number) != number:
            raise InputError(_MIXED.format(path=target, what=trace.id))


def _sac_targets(path, streams):
    traces = [trace for stream in streams for trace in stream]
    path = Path(path)
    if "{" in str(path):
        pairs = [(_expand(path, trace), trace) for trace in traces]
    elif len(traces) == 1 and not path.is_dir():
        pairs = [(path, traces[0])]
    else:
        pairs = [(path / _SAC_NAME.format(**_fields(trace)), trace) for trace in traces]
    for target, group in _group(pairs).items():
        if len(group) > 1:
            raise InputError(
                f"{target} would hold {len(group)} traces, but SAC holds one; put fields such as "
                "{network}.{station}.{channel}.{start} into the name."
            )
    return pairs
