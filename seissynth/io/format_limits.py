"""Limits of the waveform file formats, checked before anything is written."""

import re

import numpy as np

from seissynth.errors import InputError

#: longest network, station, location and channel code
CODE_LENGTHS = {"MSEED": (2, 5, 2, 3), "SAC": (8, 8, 8, 8), "ASDF": (16, 64, 16, 16)}
#: kinds of samples that are stored without conversion
SAMPLE_TYPES = {
    "MSEED": ("i2", "i4", "f4", "f8"),
    "SAC": ("i2", "i4", "i8", "f4", "f8"),
    "ASDF": ("i2", "i4", "i8", "f4", "f8"),
}
_NAMES = {"MSEED": "MiniSEED", "SAC": "SAC", "ASDF": "ASDF"}
_PARTS = ("network", "station", "location", "channel")
#: a dot parts the codes of an id, a slash the folders of a name; blanks fill codes up
_CODE = re.compile(r"[A-Za-z0-9_+*-]*")
_UNSET = "-12345"  # SAC's word for a header that is not set
#: times whose nanoseconds are kept in 64 bits
_YEARS = (1678, 2261)
#: a Steim-2 difference has 30 bits
STEIM_REACH = 2**29
#: relative error of a sampling rate that is kept as a 32-bit float
RATE_TOLERANCE = 1.2e-7
_SHOWN = 3


def require_storable(traces, kind):
    """Raise InputError that names the first traces that a file format cannot preserve.

    Parameters
    ----------
    traces : sequence of obspy Trace
    kind : {"MSEED", "SAC", "ASDF"}
    """
    problems = {}
    for trace in traces:
        for what, remedy in _problems(trace, kind):
            problems.setdefault(remedy, []).append(what)
    if problems:
        remedy, reasons = next(iter(problems.items()))
        reasons = list(dict.fromkeys(reasons))
        more = f" and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
        raise InputError(f"{_NAMES[kind]} cannot hold {'; '.join(reasons[:_SHOWN])}{more}. {remedy}")


def require_same(traces, read, kind, clock_s):
    """Raise InputError if traces read back differ from those that were written.

    Parameters
    ----------
    traces, read : sequence of obspy Trace
        In any order; a reader may join two contiguous traces.
    kind : {"MSEED", "SAC"}
    clock_s : float
        Time resolution of the format.
    """
    for trace, pieces in _pairs(traces, read, kind, clock_s):
        stats, read_back = trace.stats, pieces.stats
        late_s = abs(read_back.starttime.ns - stats.starttime.ns) / 1e9
        rate = abs(read_back.sampling_rate / stats.sampling_rate - 1) if stats.npts > 1 else 0.0
        for wrong, what in (
            (read_back.npts != stats.npts, f"{stats.npts} samples, of which {read_back.npts} come back"),
            (late_s > clock_s, f"the start {stats.starttime}, which comes back as {read_back.starttime}"),
            (rate > RATE_TOLERANCE, f"{stats.sampling_rate!r} Hz, which comes back as {read_back.sampling_rate!r} Hz"),
            (not same_samples(trace.data, pieces.data), "the samples without loss"),
        ):
            if wrong:
                raise InputError(f"{_NAMES[kind]} cannot hold {trace.id}: {what}. Write ASDF (.h5), which can.")


def same_samples(one, two):
    """Whether two arrays hold the same numbers, NaN included."""
    one, two = np.asarray(one), np.asarray(two)
    return one.shape == two.shape and np.array_equal(one, two, equal_nan=one.dtype.kind == "f")


def _fits_float32(data):
    with np.errstate(all="ignore"):  # what overflows is not the same
        return same_samples(data, data.astype(np.float32).astype(data.dtype))


def _problems(trace, kind):
    stats = trace.stats
    codes = [str(stats[part]) for part in _PARTS]
    way_out = "Write ASDF (.h5), which holds longer codes" if kind != "ASDF" else "Shorten them"
    for part, code, longest in zip(_PARTS, codes, CODE_LENGTHS[kind], strict=True):
        if not _CODE.fullmatch(code):
            yield (
                f"{trace.id!r} ({part} code {code!r})",
                "Codes are ASCII letters, digits, '-', '_', '+' and '*'; rename them in the inventory.",
            )
        elif len(code) > longest or (kind == "SAC" and code == _UNSET):
            yield f"{trace.id} ({part} code of {len(code)} letters, at most {longest})", f"{way_out}, or rename them."
    if kind == "ASDF" and not (codes[0] or codes[1]):
        yield f"{trace.id} (neither network nor station code)", "Give it one of them."
    if trace.data.dtype.str[1:] not in SAMPLE_TYPES[kind]:
        known = ", ".join(np.dtype(name).name for name in SAMPLE_TYPES[kind])
        yield f"{trace.id}, whose samples are of type {trace.data.dtype}", f"Convert them to one of {known} first."
    elif kind == "SAC" and not _fits_float32(trace.data):
        yield (
            f"{trace.id} without loss (32-bit floats; its samples are {trace.data.dtype})",
            'Write .mseed or .h5, which hold them, or convert them yourself: trace.data.astype("float32").',
        )
    if not _YEARS[0] <= stats.starttime.year <= stats.endtime.year <= _YEARS[1]:
        yield f"{trace.id} from {stats.starttime}", f"Times lie in the years {_YEARS[0]} to {_YEARS[1]}."


def _pairs(traces, read, kind, clock_s):
    """Pair each trace with the one read back; if a reader joined traces, with its part of the whole."""
    rest = {}
    for trace in read:
        rest.setdefault(trace.id, []).append(trace)
    for trace in traces:
        same = [other for other in rest.get(trace.id, ()) if _begins_with(other, trace, clock_s)]
        same.sort(key=lambda other: not same_samples(trace.data, other.data))  # the right one of two at one time
        if same:
            yield trace, same[0]
        elif (part := _part_of(rest.get(trace.id, ()), trace)) is not None:
            yield trace, part
        else:
            raise InputError(f"{_NAMES[kind]} cannot hold {trace.id} beside the others; write ASDF (.h5), which can.")


def _begins_with(read, trace, clock_s):
    late_s = abs(read.stats.starttime.ns - trace.stats.starttime.ns) / 1e9
    return read.stats.npts == trace.stats.npts and late_s <= max(clock_s, trace.stats.delta / 2)


def _part_of(read, trace):
    start, end, half = trace.stats.starttime, trace.stats.endtime, trace.stats.delta / 2
    for whole in read:
        if whole.stats.starttime <= start + half and end <= whole.stats.endtime + half:
            first = max(round((start - whole.stats.starttime) * whole.stats.sampling_rate), 0)
            part = whole.copy()
            part.data = whole.data[first : first + trace.stats.npts]
            part.stats.starttime = whole.stats.starttime + first * whole.stats.delta
            return part
    return None
