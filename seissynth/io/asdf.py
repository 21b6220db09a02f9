"""Synthetic records with events, stations and provenance in one ASDF file (HDF5).

A file holds the waveforms (lossless), the events with the onsets as picks (QuakeML), the stations
(StationXML) and the provenance (SEIS-PROV), from which `seissynth.reproduce` makes the records again.
ASDF is described by Krischer et al. (2016), doi:10.1093/gji/ggw319; files open in pyasdf too.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from obspy import Inventory, Stream, Trace, UTCDateTime

from seissynth.errors import FileFormatError, InputError, SeisSynthError
from seissynth.events.earthquakes import preferred, require_distinct_ids
from seissynth.io.asdf_writing import new_asdf
from seissynth.io.format_limits import require_storable
from seissynth.io.hdf5_outside import refuse_outside
from seissynth.io.onset_picks import as_catalog, with_onset_picks
from seissynth.io.provenance import make_document, provenance_id, read_documents, require_info
from seissynth.shared.real_numbers import require_real
from seissynth.shared.warning import warn_user
from seissynth.shared.wording import a_kind

_TAG = re.compile(r"[a-z][a-z0-9_]*")
_CLOCK_NS = 1000
_SHOWN = 3


@dataclass(frozen=True)
class AsdfContents:
    """Content of a file read by `read_asdf`.

    Parameters
    ----------
    streams : tuple of obspy Stream
        One per Stream that was written; each trace has its ``stats.seissynth``, and in ``stats.asdf`` the tag and the
        ids that pyasdf reads.
    catalog : obspy Catalog
        Events, with the synthetic onsets as picks.
    inventory : obspy Inventory
    environment : dict of str to str
        Versions of seissynth, Python, NumPy, ... at the time of writing.
    left_out : tuple of str
        Waveforms in the file that are not in `streams`, with the reason: without provenance, or with another start.
    missing : tuple of str
        Records that the provenance describes but that are no longer in the file.
    """

    streams: tuple
    catalog: object
    inventory: object
    environment: dict
    left_out: tuple = ()
    missing: tuple = ()

    @property
    def stream(self):
        """All traces of all realisations in one Stream."""
        return Stream([trace for stream in self.streams for trace in stream])


def as_streams(streams):
    """Return a Stream, a Trace or a sequence of Streams (an Ensemble) as a list of Streams."""
    if isinstance(streams, Trace):
        return [Stream([streams])]
    if isinstance(streams, Stream):
        return [streams]
    try:
        parts = list(streams)
    except TypeError:
        parts = [None]
    if not all(isinstance(item, Stream) for item in parts):
        raise InputError(f"streams is {a_kind(streams)}; give an obspy Stream or a sequence of Streams (an Ensemble).")
    return parts


def write_asdf(path, streams, event=None, inventory=None, *, tag="synthetic"):
    """Write synthetic records, events, stations and provenance to an ASDF file.

    The file appears when it is complete; after an error there is no new file, and an older one is unchanged.

    Parameters
    ----------
    path : str or path
    streams : obspy Stream or sequence of Stream
        Result of `seissynth.generate`; every trace has ``stats.seissynth``. Data are 2, 4 or 8 byte integers, or 4 or 8
        byte floats, stored without loss.
    event : obspy Event or Catalog, optional
        Events of the records. The onsets are added to the copy in the file as picks.
    inventory : obspy Inventory, optional
        Stations of the records. Without event or inventory the file cannot be reproduced.
    tag : str
        First part of the ASDF tags; event number (place in the catalogue) and realisation follow, as in
        ``synthetic_e0000_r0000``. Lower-case letters, digits, underscore.

    Raises
    ------
    InputError
        A trace without provenance, of another data type, with gaps, or of an event that is not in `event`; two events
        with one resource id.

    Examples
    --------
    >>> from seissynth.io.asdf import read_asdf, write_asdf
    >>> write_asdf("out.h5", stream, event, inventory)                          # doctest: +SKIP
    >>> read_asdf("out.h5").streams[0][0].stats.seissynth.p_s                   # doctest: +SKIP
    7.318
    """
    streams = as_streams(streams)
    if not _TAG.fullmatch(tag):
        raise InputError(f"{tag=} must start with a lower-case letter and hold lower-case letters, digits and _ only.")
    catalog = as_catalog(event)
    require_distinct_ids(catalog)
    if inventory is not None and not isinstance(inventory, Inventory):
        raise InputError(f"inventory is {a_kind(inventory)}; give an obspy Inventory.")
    require_storable([trace for one in streams for trace in one], "ASDF")
    members = _members_by_tag(streams, catalog, tag)
    links = {item.resource_id.id: _event_links(item) for item in catalog}

    with new_asdf(path) as file:
        if len(catalog):
            file.add_quakeml(with_onset_picks(catalog, streams))
        if inventory is not None:
            file.add_stationxml(inventory)
        for name, items in members.items():
            file.add_provenance_document(make_document(name, items), name=name)
            for _, _, trace in items:
                _add_trace(file, name, trace, links)


def read_asdf(path: str | os.PathLike[str]) -> AsdfContents:
    """Read an ASDF file that `write_asdf` wrote.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    AsdfContents

    Raises
    ------
    InputError
        There is no such file.
    FileFormatError
        Not HDF5, not ASDF, cut off, or without seissynth's provenance.

    Warns
    -----
    SeisSynthWarning
        Waveforms that are left out, or missing records.
    """
    contents = read_asdf_quietly(path)
    for what, records in (("left out", contents.left_out), ("missing", contents.missing)):
        if records:
            more = f" and {len(records) - _SHOWN} more" if len(records) > _SHOWN else ""
            warn_user(f"{path}: {len(records)} records are {what}: {'; '.join(records[:_SHOWN])}{more}.")
    return contents


def read_asdf_quietly(path):
    """Like `read_asdf` without warnings, for callers that check `left_out` and `missing` themselves."""
    path = Path(path)
    if path.is_dir():
        raise InputError(f"cannot read {path}: it is a folder; give one of the .h5 files in it.")
    if not path.is_file():
        raise InputError(f"cannot read {path}: there is no such file.")
    _require_asdf(path)

    import pyasdf

    try:
        with pyasdf.ASDFDataSet(str(path), mode="r", mpi=False) as file:
            records = read_documents(file.provenance.values())
            stored = list(_stored_traces(file))
            traces, left_out = _restored(stored, records)
            unknown = _waveform_count(file) - len(stored)
            catalog = file.events
            inventory = _stored_inventory(file)
    except SeisSynthError as error:
        raise FileFormatError(f"{path}: {error}") from error
    except Exception as error:  # a damaged file raises any error of the layers below
        raise FileFormatError(
            f"{path} is damaged or is not an ASDF file of seissynth ({type(error).__name__}: {error})."
        ) from error
    if unknown > 0:
        left_out.append(f"{unknown} data sets that are no waveforms")
    if not traces:
        raise FileFormatError(f"{path} holds no record with seissynth's provenance; read it with pyasdf instead.")
    present = {record.name for record, _ in traces}
    missing = tuple(_named(record) for name, record in records.items() if name not in present)
    return AsdfContents(_regroup(traces), catalog, inventory, traces[0][0].environment, tuple(left_out), missing)


def _members_by_tag(streams, catalog, prefix):
    """Group the traces by tag: tag -> list of (stream number, position, trace)."""
    numbers = {item.resource_id.id: number for number, item in enumerate(catalog)}
    members, homes, names = {}, {}, set()
    for number, stream in enumerate(streams):
        for position, trace in enumerate(stream):
            info = require_info(trace)
            _require_storable(trace)
            if info.event_id not in numbers:
                if len(catalog):
                    raise InputError(
                        f"trace {trace.id} belongs to event {info.event_id}, which is not in the catalogue given; "
                        "write it with the event it was made from."
                    )
                numbers[info.event_id] = len(numbers)
            tag = f"{prefix}_e{numbers[info.event_id]:04d}_r{int(info.realization):04d}"
            # two Streams may hold the same realisation (other seeds, other backends): number them
            if homes.setdefault(tag, number) != number:
                tag = f"{tag}_s{number:04d}"
            if (name := _dataset_name(tag, trace)) in names:
                raise InputError(
                    f"two traces {trace.id} of one event and realisation start and end in the same second "
                    f"({trace.stats.starttime}); ASDF cannot hold both, merge them or write two files."
                )
            names.add(name)
            members.setdefault(tag, []).append((number, position, trace))
    if not members:
        raise InputError("there is no trace to write.")
    return members


def _dataset_name(tag, trace):
    """Return the key of ASDF's name of a waveform; pyasdf drops the second of two equal names."""
    start, end = trace.stats.starttime.ns, trace.stats.endtime.ns
    seconds = (start // 10**9, end // 10**9)
    return (tag, trace.id, *(seconds if seconds[0] != seconds[1] else (start, end)))


def _require_storable(trace):
    if np.ma.isMaskedArray(trace.data):
        raise InputError(f"trace {trace.id} has gaps (a masked array); split() the Stream before writing.")
    if trace.stats.npts == 0:
        raise InputError(f"trace {trace.id} has no sample; remove it before writing.")


def _event_links(event):
    """Keywords that link a waveform to its event in ASDF."""
    return {
        "event_id": event,
        "origin_id": preferred(event, "origin"),
        "magnitude_id": preferred(event, "magnitude"),
        "focal_mechanism_id": preferred(event, "focal_mechanism"),
    }


def _add_trace(file, tag, trace, links):
    plain = trace.copy()
    plain.stats.pop("asdf", None)  # ids left by an earlier read would be written again
    event = links.get(trace.stats.seissynth.event_id, {})
    file.add_waveforms(plain, tag, provenance_id=provenance_id(tag, trace), **event)


def _require_asdf(path):
    import h5py

    try:
        with h5py.File(path, "r") as file:
            kind = file.attrs.get("file_format", b"")
            complete = "Waveforms" in file and "Provenance" in file
            refuse_outside(path, file)
    except FileFormatError:
        raise
    except (OSError, RuntimeError, LookupError, TypeError, ValueError) as error:  # also bytes that are no text
        raise FileFormatError(f"{path} is not an HDF5 file, or is cut off ({error}).") from error
    name = kind.decode(errors="replace") if isinstance(kind, bytes) else str(kind)
    if name.strip("\x00") != "ASDF" or not complete:
        raise FileFormatError(f"{path} is an HDF5 file, but not ASDF.")


def _stored_traces(file):
    for station in file.waveforms:
        for tag in station.get_waveform_tags():
            yield from station[tag]


def _waveform_count(file):
    """Number of waveform data sets."""
    stations = file._ASDFDataSet__file["Waveforms"]
    return sum(len(station) - ("StationXML" in station) for station in stations.values())


def _restored(stored, records):
    """Pairs of provenance and trace, and the waveforms left out."""
    pairs, left_out = [], []
    for trace in stored:
        require_real(trace.data, f"trace {trace.id}")
        record = records.get(trace.stats.asdf.get("provenance_id"))
        if record is None:
            left_out.append(f"{trace.id} from {trace.stats.starttime} has no provenance")
        # pyasdf goes through a float of seconds, which is good to 0.2 µs only
        elif abs(trace.stats.starttime.ns - record.start_ns) > _CLOCK_NS:
            start = UTCDateTime(ns=record.start_ns)
            left_out.append(f"{trace.id} begins at {trace.stats.starttime}, and at {start} by its provenance")
        else:
            trace.stats.starttime = UTCDateTime(ns=record.start_ns)
            trace.stats.seissynth = record.info
            trace.stats.update(record.place or {})
            pairs.append((record, trace))
    return pairs, left_out


def _named(record):
    info = record.info
    what = record.trace_id or f"trace {record.position} of event {info.event_id}"
    return f"{what} from {UTCDateTime(ns=record.start_ns)}, realisation {info.realization}"


def _regroup(pairs):
    streams = {}
    for record, trace in sorted(pairs, key=lambda pair: (pair[0].stream, pair[0].position)):
        streams.setdefault(record.stream, Stream()).append(trace)
    return tuple(streams.values())


def _stored_inventory(file):
    """Join the stations' StationXML; networks of one code are merged."""
    networks = {}
    for station in file.waveforms:
        if "StationXML" not in station:
            continue
        for network in station.StationXML:
            if network.code in networks:
                networks[network.code].stations.extend(network.stations)
            else:
                networks[network.code] = network
    return Inventory(networks=list(networks.values()), source="seissynth")
