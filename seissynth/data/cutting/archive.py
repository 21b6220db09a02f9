"""Continuous records on disk: an index, and reading of one sensor's span at a time."""

import glob
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seissynth.errors import FileFormatError, InputError
from seissynth.shared.warning import warn_user


@dataclass(frozen=True)
class _Entry:
    """One continuous segment: its file, and times of its first and last sample in ns since 1970."""

    source: object  # path, or the Trace itself
    start_ns: int
    end_ns: int
    rate_hz: float


@dataclass(frozen=True)
class Segment:
    """Samples without a gap, as recorded."""

    start_ns: int
    rate_hz: float
    data: np.ndarray

    @property
    def end_ns(self):
        """Time one sample after the last."""
        return self.start_ns + round(len(self.data) / self.rate_hz * 1e9)


class Archive:
    """Files of waveforms (or a Stream), indexed by headers; samples are read on request.

    Parameters
    ----------
    waveforms : str, path, list of these, or obspy Stream
        Files, folders (including subfolders) or patterns such as ``data/*.mseed``, in any format that ObsPy reads.

    Raises
    ------
    InputError
        No such file.
    FileFormatError
        ObsPy can read none of the files.
    """

    def __init__(self, waveforms):
        self._entries = {}
        self._fast = {}  # path -> whether the format can pick channels while it reads
        if hasattr(waveforms, "traces"):
            for trace in waveforms.split():
                self._add(trace, trace)
        else:
            self._scan(_files(waveforms))
        if not self._entries:
            raise InputError(f"{_short(waveforms)} holds no samples.")

    def _scan(self, files):
        import obspy

        unread = []
        for path in files:
            try:
                stream = obspy.read(str(path), headonly=True)
            except Exception as error:  # ObsPy's readers raise any error of their parsers
                unread.append((path, error))
                continue
            for trace in stream:
                self._fast[path] = trace.stats.get("_format") == "MSEED"
                self._add(trace, path)
        if unread and not self._entries:
            raise FileFormatError(f"{unread[0][0]} is no file of waveforms that ObsPy reads: {unread[0][1]}.")
        if unread:
            warn_user(
                f"{len(unread)} of {len(files)} files are no waveforms and are left out; the first: {unread[0][0]}."
            )

    def _add(self, trace, source):
        stats = trace.stats
        if stats.npts:
            self._entries.setdefault(trace.id, []).append(
                _Entry(source, stats.starttime.ns, stats.endtime.ns, float(stats.sampling_rate))
            )

    def __contains__(self, trace_id):
        return trace_id in self._entries

    def ids(self):
        """Return the sorted ids of the channels that have samples."""
        return sorted(self._entries)

    def spans(self, gap_s=0.0):
        """Intervals in which any channel has samples, ndarray (n, 2) of ns; gaps up to `gap_s` are bridged."""
        parts = np.array(sorted((e.start_ns, e.end_ns) for entries in self._entries.values() for e in entries))
        reach = np.maximum.accumulate(parts[:, 1])
        new = np.flatnonzero(parts[1:, 0] > reach[:-1] + round(gap_s * 1e9)) + 1
        first = np.concatenate([[0], new])
        last = np.concatenate([new, [len(parts)]]) - 1
        return np.stack([parts[first, 0], reach[last]], axis=-1)

    def fingerprint(self):
        """Digest of the content: for files of paths, sizes and times of change, for a Stream of the samples."""
        digest, seen = hashlib.sha256(), {}
        for trace_id, entries in self._entries.items():
            for entry in entries:
                key = id(entry.source) if hasattr(entry.source, "stats") else str(entry.source)
                if key not in seen:
                    seen[key] = _describe(entry.source)
                facts = (trace_id, entry.start_ns, entry.end_ns, entry.rate_hz, seen[key])
                digest.update(repr(facts).encode())
        return digest.hexdigest()

    def rate_of(self, trace_id):
        """Sampling rate of a channel's first segment, Hz."""
        return self._entries[trace_id][0].rate_hz

    def read(self, trace_id, start_ns, end_ns):
        """List of the segments of a channel that overlap an interval, by start; masked and NaN samples are gaps."""
        entries = [e for e in self._entries.get(trace_id, ()) if e.start_ns <= end_ns and e.end_ns >= start_ns]
        segments = []
        for source in dict.fromkeys(e.source for e in entries if not hasattr(e.source, "stats")):
            for trace in self._read_file(source, trace_id, start_ns, end_ns):
                segments += _segments(trace)
        for entry in entries:
            if hasattr(entry.source, "stats"):
                segments += _segments(entry.source)
        return sorted(segments, key=lambda segment: segment.start_ns)

    def _read_file(self, path, trace_id, start_ns, end_ns):
        import obspy
        from obspy import UTCDateTime

        options = {"sourcename": trace_id} if self._fast.get(path) else {}
        span = {"starttime": UTCDateTime(ns=int(start_ns)), "endtime": UTCDateTime(ns=int(end_ns))}
        try:
            stream = obspy.read(str(path), **span, **options)
        except Exception as error:
            raise FileFormatError(f"{path}: {trace_id} cannot be read any more: {error}.") from error
        return [trace for trace in stream.split() if trace.id == trace_id]


def _files(waveforms):
    items = [waveforms] if isinstance(waveforms, str | Path) else list(waveforms)
    files = []
    for item in items:
        path = Path(item)
        if path.is_dir():
            paths = [one for one in path.rglob("*") if one.is_file() and not one.name.startswith(".")]
        elif path.is_file():
            paths = [path]
        else:
            paths = [Path(one) for one in glob.glob(str(item), recursive=True) if Path(one).is_file()]  # noqa: PTH207 (may be absolute)
        if not paths:
            raise InputError(f"{item}: there is no such file, or the folder is empty.")
        files += sorted(paths)
    return list(dict.fromkeys(files))


def _segments(trace):
    data = np.asarray(trace.data)
    start, rate = trace.stats.starttime.ns, float(trace.stats.sampling_rate)
    if data.dtype.kind != "f" or np.isfinite(data).all():
        return [Segment(start, rate, data)] if len(data) else []
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.isfinite(data), [0]]).astype(np.int8)))
    return [
        Segment(start + round(first / rate * 1e9), rate, data[first:last])
        for first, last in zip(edges[::2], edges[1::2], strict=True)
    ]


def _short(waveforms):
    return "the Stream" if hasattr(waveforms, "traces") else str(waveforms)[:80]


def _describe(source):
    if hasattr(source, "stats"):
        return hashlib.sha256(np.ascontiguousarray(np.ma.getdata(source.data)).tobytes()).hexdigest()
    path = Path(source)
    status = path.stat()
    return str(path.absolute()), status.st_size, status.st_mtime_ns
