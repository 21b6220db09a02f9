"""Three-component records of an ASDF file, one at a time."""

import fnmatch
import json
from collections import Counter
from pathlib import Path

import numpy as np
from obspy import UTCDateTime
from obspy.signal.rotate import rotate2zne

from seissynth.errors import FileFormatError, InputError
from seissynth.io import asdf_rows as rows_of
from seissynth.io.asdf_shards import key_of, rows_beside
from seissynth.io.hdf5_outside import refuse_outside
from seissynth.io.provenance import read_documents
from seissynth.io.seisbench.table import read_table
from seissynth.shared.real_numbers import require_real

#: relative difference of two sampling rates that count as one
_RATE_TOLERANCE = 1e-6
#: table's entries that the traces themselves say better
_OWN = ("trace_name", "trace_chunk")


class FileRecords:
    """The records of one ASDF file; iterate inside its context.

    Parameters
    ----------
    path : str or path
    tag : str or None
        Pattern of tags.
    flat : pandas.DataFrame or None
        Result of `read_flatfile`.
    table : (str, str) or None
        Path of a metadata table in the auxiliary data.
    """

    def __init__(self, path, *, tag=None, flat=None, table=None):
        self.path = Path(path)
        self.refused = Counter()
        self._tag = tag
        self._flat = {} if flat is None else _flat_rows(flat)
        self._place = table

    def __enter__(self):
        import pyasdf

        if not self.path.is_file():
            raise InputError(f"cannot read {self.path}: there is no such file.")
        try:
            self._file = pyasdf.ASDFDataSet(str(self.path), mode="r", mpi=False)
            refuse_outside(self.path, self._file._ASDFDataSet__file)
            self._events = {event.resource_id.id: event for event in self._file.events}
        except FileFormatError:
            raise
        except Exception as error:  # pyasdf raises any error of the layers below
            reason = " ".join(str(error).split())
            raise FileFormatError(f"{self.path} is not ASDF, or is cut off ({reason}).") from error
        self._rows = self._stored_rows() if self._place else None
        self._info, self._beside = {}, {}
        if self._rows is None and "Provenance" in self._file._ASDFDataSet__file:
            # of files that seissynth wrote: onsets of each realisation
            self._info = read_documents(self._file.provenance.values())
            # of sets in ASDF: the whole table
            self._beside = rows_beside(self.path) if self._place else {}
        return self

    def __exit__(self, kind, error, traceback):
        self._file._close()

    @staticmethod
    def stored_format(path, names):
        """Return the data_format stored with the metadata table, or an empty dict."""
        import h5py

        try:
            with h5py.File(path, "r") as file:
                table = file.get("/".join(("AuxiliaryData", *names)))
                return {} if table is None else json.loads(table.attrs.get("data_format", "{}"))
        except (OSError, ValueError) as error:
            raise FileFormatError(f"{path} is not ASDF, or is cut off ({error}).") from error

    def quantity(self):
        """Unit and quantity that the provenance states, if they are those of all records; else ("", "")."""
        stated = {(str(one.info.get("unit", "")), str(one.info.get("quantity", ""))) for one in self._info.values()}
        return stated.pop() if len(stated) == 1 else ("", "")

    def _stored_rows(self):
        kind, name = self._place
        if kind not in self._file.auxiliary_data.list():
            return None
        text = np.asarray(self._file.auxiliary_data[kind][name].data).tobytes()
        return read_table(self.path, text.decode("utf-8")).to_dict("records")

    def __iter__(self):
        items = self._in_rows() if self._rows is not None else self._in_stations()
        while True:
            try:
                item = next(items, None)
            except (FileFormatError, InputError):
                raise
            except Exception as error:  # a damaged file raises any error of the layers below
                raise FileFormatError(f"{self.path} is damaged ({type(error).__name__}: {error}).") from error
            if item is None:
                return
            yield item

    # --- files with a table: the order and the columns of the set they came from

    def _in_rows(self):
        stations = {}
        for station in self._file.waveforms:
            for tag in station.get_waveform_tags():
                if tag.startswith("row_"):
                    stations[tag] = station
        for number, row in enumerate(self._rows):
            tag = f"row_{number:07d}"
            if tag not in stations:
                raise FileFormatError(f"{self.path}: the table has row {number}, but there is no waveform {tag}.")
            traces = {trace.stats.channel[-1]: trace for trace in stations[tag][tag]}
            order = row["trace_component_order"]
            data = require_real(np.stack([traces[letter].data for letter in order]), f"{self.path}: row {number}")
            yield {key: value for key, value in row.items() if key not in _OWN}, data

    # --- other files

    def _in_stations(self):
        for station in self._file.waveforms:
            network, code = station._station_name.split(".")[:2]
            stationxml = station.StationXML if "StationXML" in station else None
            station_columns = rows_of.station_columns(stationxml, network, code)
            for tag in station.get_waveform_tags():
                if self._tag and not fnmatch.fnmatchcase(tag, self._tag):
                    continue
                for traces in _sensors(station[tag]):
                    data = self._motion(traces, stationxml)
                    if data is not None:
                        yield self._row(traces, tag, station_columns, data), data

    def _motion(self, traces, stationxml):
        """Convert the traces of one sensor to an array Z, N, E; None (and a reason) if that is impossible."""
        for trace in traces:
            require_real(trace.data, f"{self.path}: trace {trace.id}")
        letters = sorted({trace.stats.channel[-1:] for trace in traces})
        if len(traces) != 3 or len(letters) != 3:
            self.refused["with gaps or repeated" if len(letters) < len(traces) else "without three components"] += 1
            return None
        first = traces[0].stats
        if any(abs(trace.stats.sampling_rate / first.sampling_rate - 1) > _RATE_TOLERANCE for trace in traces):
            self.refused["with components of different rates"] += 1
            return None
        start = max(trace.stats.starttime for trace in traces)
        shift = [round((start - trace.stats.starttime) * first.sampling_rate) for trace in traces]
        npts = min(trace.stats.npts - skip for trace, skip in zip(traces, shift, strict=True))
        if npts < 1:
            self.refused["with components of different times"] += 1
            return None
        traces.sort(key=lambda trace: "ZNE321".find(trace.stats.channel[-1]))
        cut = {}
        for trace in traces:
            skip = round((start - trace.stats.starttime) * first.sampling_rate)
            cut[trace.stats.channel[-1]] = trace.data[skip : skip + npts]
        # every trace of the record starts here now
        traces[0].stats.starttime = start
        if letters == ["E", "N", "Z"]:
            return np.stack([cut[letter] for letter in "ZNE"])
        angles = [_direction(stationxml, trace) for trace in traces]
        if None in angles:
            self.refused["of unknown azimuth"] += 1
            return None
        samples = [cut[trace.stats.channel[-1]].astype(float) for trace in traces]
        parts = [item for pair in zip(samples, angles, strict=True) for item in (pair[0], *pair[1])]
        return np.stack(rotate2zne(*parts)).astype(np.float32)

    def _row(self, traces, tag, station_columns, data):
        stats = traces[0].stats
        start, rate, npts = stats.starttime, float(stats.sampling_rate), data.shape[1]
        event_ids = [item.id for item in stats.asdf.get("event_ids", ())]
        event = self._events.get(event_ids[0]) if event_ids else None
        if event is None and len(self._events) == 1:
            event = next(iter(self._events.values()))
        row = {**station_columns, "station_location_code": stats.location, "trace_channel": stats.channel[:2]}
        info = self._info.get(stats.asdf.get("provenance_id"))
        if info is not None:
            start = UTCDateTime(ns=info.start_ns)  # exact, where pyasdf goes through a float of seconds
        row |= {"trace_start_time": str(start), "trace_sampling_rate_hz": rate, "trace_npts": npts}
        row |= {"trace_component_order": "ZNE", "trace_category": "", "trace_asdf_tag": tag}
        if event is not None:
            row |= rows_of.event_columns(event)
            row["trace_category"] = "earthquake_local"
            sensor = self._sensor(station_columns, stats)
            row |= rows_of.pick_columns(event, *sensor, start, rate, npts, stations=self._file.waveforms.list())
        if info is not None:
            row |= _onsets(info.info, start, rate, npts)
        row |= self._from_flat(row)
        for name, value in rows_of.path_columns(row).items():
            row.setdefault(name, value)
        return row | self._beside.get(key_of(row), {})

    @staticmethod
    def _sensor(station_columns, stats):
        return station_columns["station_network_code"], station_columns["station_code"], stats.location

    def _from_flat(self, row):
        columns = self._flat.get((_short(row.get("source_id", "")), row["station_code"]))
        return {} if columns is None else {key: value for key, value in columns.items() if key != "source_id"}


def _sensors(stream):
    """Group traces into records: by location, band and instrument, event, and time."""
    groups = {}
    for trace in stream:
        ids = tuple(item.id for item in trace.stats.asdf.get("event_ids", ()))
        key = (trace.stats.location, trace.stats.channel[:2], ids)
        # several records of one sensor, without events: those that overlap belong together
        for other in groups.setdefault(key, []):
            if other[0].stats.starttime < trace.stats.endtime and trace.stats.starttime < other[0].stats.endtime:
                other.append(trace)
                break
        else:
            groups[key].append([trace])
    return [traces for members in groups.values() for traces in members]


def _direction(stationxml, trace):
    """Return azimuth and dip of a channel at its time, or None."""
    if trace.stats.channel[-1] == "Z" and stationxml is None:
        return 0.0, -90.0
    try:
        orientation = stationxml.get_orientation(trace.id, trace.stats.starttime)
    except Exception:  # ObsPy raises a bare Exception for a channel it does not know
        return None
    if orientation.get("azimuth") is None or orientation.get("dip") is None:
        return None
    return orientation["azimuth"], orientation["dip"]


def _onsets(info, start, rate, npts):
    columns = {}
    for phase in ("p", "s"):
        after = info.get(f"{phase}_s")
        if after is not None and after == after:
            sample = (info.origin_time + after - start) * rate
            if 0 <= sample < npts:
                columns[f"trace_{phase}_arrival_sample"] = sample
                columns[f"trace_{phase}_status"] = "automatic"
    return columns


def _short(identifier):
    """Return the code at the end of a resource id, by which ITACA's table names an event."""
    return identifier.rsplit("/", 1)[-1].rsplit("=", 1)[-1]


def _flat_rows(flat):
    """Return the first line of each event and station: lines of one record differ in the component only."""
    from seissynth.io.flatfile import FIELDS

    names = {*FIELDS.values(), "source_magnitude", "source_magnitude_type"} - {"trace_component", "trace_npts"}
    names -= {"trace_dt_s", "trace_name_original"}
    rows = {}
    for row in flat.to_dict("records"):
        plain = {key: value for key, value in row.items() if key in names and value == value and value != ""}
        rows.setdefault((_short(str(row["source_id"])), str(row["station_code"])), plain)
    return rows
