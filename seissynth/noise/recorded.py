"""Noise cut from real records."""

from dataclasses import dataclass

import numpy as np

from seissynth.errors import InputError
from seissynth.shared.real_numbers import require_real
from seissynth.shared.warning import warn_user
from seissynth.signal.motion import rate_ratio, resample_motion

#: equal samples in a row that mark a filled gap or a dead channel
FLAT_SAMPLES = 20

#: rates closer than this (relative) are taken as equal: clocks are not exact
SAME_RATE = 1e-4

#: components that replace one another
_ALIKE = ("Z3", "N1Y", "E2X")


@dataclass(frozen=True)
class _Piece:
    """A continuous segment of real samples, times in ns since 1970."""

    station: str
    instrument: str  # network, station, location, band and instrument
    component: str
    rate_hz: float
    start_ns: int
    data: np.ndarray

    @property
    def length_s(self):
        return len(self.data) / self.rate_hz


class StreamNoise:
    """Random windows of a Stream of real noise.

    Parameters
    ----------
    stream : obspy.Stream
        Noise without earthquakes, in the quantity and unit of the records that it is added to. It is
        read once, here; gaps, masked samples, NaN and runs of equal samples cut it into pieces.

    Raises
    ------
    InputError
        No piece with more than one sample.

    Notes
    -----
    For a sensor, pieces of the same NET.STA are taken where there are any, else of any station; so are
    pieces sampled as fast as the record, where there are any. One window
    in time serves all components of one instrument, each component by its own letter (1 stands for N, 2
    for E); a component that it lacks gets another window. The mean is removed, the rate is changed
    to the record's, and a sample that is exactly zero then gets a random value within half of the
    window's smallest step. Orientation is not corrected.

    Examples
    --------
    >>> import numpy as np, obspy
    >>> from seissynth.stations.channels import select_sensors
    >>> from seissynth.noise.recorded import StreamNoise
    >>> sensor = select_sensors(obspy.read_inventory(), "2010-01-01")[0]
    >>> rng = np.random.default_rng(1)
    >>> header = {"network": "GR", "station": "FUR", "channel": "HHZ", "sampling_rate": 100.0}
    >>> real = obspy.Stream([obspy.Trace(rng.standard_normal(20000), header)])
    >>> StreamNoise(real).sample(sensor, 6000, 100.0, rng).shape
    (3, 6000)
    """

    def __init__(self, stream):
        self.pieces = [piece for trace in stream for piece in _pieces(trace)]
        if not self.pieces:
            raise InputError(
                f"noise is a Stream of {len(stream)} trace(s) without real samples (empty, masked, NaN, or constant); "
                "give records of noise."
            )

    def __repr__(self):
        return f"<StreamNoise of {len(self.pieces)} pieces>"

    def sample(self, sensor, npts, sampling_rate_hz, rng):
        """Cut one window for each channel of a sensor.

        Parameters
        ----------
        sensor : seissynth.stations.channels.Sensor
        npts : int
        sampling_rate_hz : float
        rng : numpy.random.Generator

        Returns
        -------
        ndarray, shape (n_channels, npts), float64

        Raises
        ------
        InputError
            No segment is long enough, or its rate cannot be converted to the requested one.

        Warns
        -----
        SeisSynthWarning
            The noise of the station is too short, and that of another is used; or all noise has a lower sampling rate
            than the record.
        """
        length_s = npts / sampling_rate_hz
        usable = self._choose(sensor, length_s, sampling_rate_hz)
        components = [channel.code[-1] for channel in sensor.channels]
        lead = _draw(rng, usable, length_s)
        first_ns = lead.start_ns + round(rng.uniform(0, lead.length_s - length_s) * 1e9)
        rows = []
        for component in components:
            piece, begin_ns = self._partner(usable, lead, component, first_ns, length_s), first_ns
            if piece is None:
                alike = [p for p in usable if _kind(p.component) == _kind(component)] or usable
                piece = _draw(rng, alike, length_s)
                begin_ns = piece.start_ns + round(rng.uniform(0, piece.length_s - length_s) * 1e9)
            rows.append(_window(piece, begin_ns, npts, sampling_rate_hz, rng))
        return np.stack(rows)

    def _choose(self, sensor, length_s, rate_hz):
        station = f"{sensor.network}.{sensor.station}"
        long_enough = [piece for piece in self.pieces if piece.length_s >= length_s]
        if not long_enough:
            longest = max(self.pieces, key=lambda piece: piece.length_s)
            raise InputError(
                f"noise: {sensor.id} needs {length_s:g} s without a gap, but the longest piece of the Stream lasts "
                f"{longest.length_s:g} s ({longest.instrument}{longest.component}). Give longer records of noise, or "
                "ask for a shorter duration."
            )
        mine = [piece for piece in long_enough if piece.station == station]
        if not mine and any(piece.station == station for piece in self.pieces):
            longest_s = max(piece.length_s for piece in self.pieces if piece.station == station)
            warn_user(
                f"noise: {sensor.id} needs {length_s:g} s, but the Stream's longest piece of {station} lasts "
                f"{longest_s:g} s; noise of another station is taken."
            )
        usable = mine or long_enough
        fast = [piece for piece in usable if piece.rate_hz >= rate_hz * (1 - SAME_RATE)]
        if not fast:
            fastest_hz = max(piece.rate_hz for piece in usable)
            warn_user(
                f"noise: the Stream has {fastest_hz:g} Hz at most for {sensor.id}, which records at {rate_hz:g} Hz; "
                f"its noise ends at {fastest_hz / 2:g} Hz."
            )
        return fast or usable

    @staticmethod
    def _partner(usable, lead, component, first_ns, length_s):
        """Return the piece of the lead's instrument that has this component in this window, or None."""
        last_ns = first_ns + round(length_s * 1e9)
        for piece in usable:
            end_ns = piece.start_ns + round(piece.length_s * 1e9)
            if (
                piece.instrument == lead.instrument
                and _kind(piece.component) == _kind(component)
                and piece.start_ns <= first_ns
                and last_ns <= end_ns + 1
            ):
                return piece
        return None


def _pieces(trace):
    """Cut a trace at gaps and invalid samples."""
    stats = trace.stats
    data = trace.data
    bad = np.array(np.ma.getmaskarray(data))
    values = np.ma.getdata(require_real(data, f"noise: trace {trace.id}")).astype(np.float64)
    bad |= ~np.isfinite(values)
    if len(values) >= FLAT_SAMPLES:
        # runs of equal samples: from one change to the next
        edges = np.concatenate([[0], np.flatnonzero(np.diff(values) != 0) + 1, [len(values)]])
        lengths = np.diff(edges)
        bad |= np.repeat(lengths >= FLAT_SAMPLES, lengths)
    good = np.concatenate([[False], ~bad, [False]])
    turns = np.flatnonzero(np.diff(good.astype(np.int8)))
    code = stats.channel or ""
    instrument = f"{stats.network}.{stats.station}.{stats.location}.{code[:-1]}"
    rate = float(stats.sampling_rate)
    for first, last in zip(turns[::2], turns[1::2], strict=True):
        if last - first > 1 and values[first:last].any() and np.ptp(values[first:last]) > 0:
            start_ns = stats.starttime.ns + round(first / rate * 1e9)
            yield _Piece(f"{stats.network}.{stats.station}", instrument, code[-1:], rate, start_ns, values[first:last])


def _kind(component):
    return next((letters for letters in _ALIKE if component and component.upper() in letters), component)


def _draw(rng, pieces, length_s):
    """Draw a segment by its number of windows, with all parts of the noise equally likely."""
    room = np.array([piece.length_s - length_s + 1 / piece.rate_hz for piece in pieces])
    return pieces[rng.choice(len(pieces), p=room / room.sum())]


def _window(piece, begin_ns, npts, rate_hz, rng):
    rate = rate_hz if abs(piece.rate_hz / rate_hz - 1) <= SAME_RATE else piece.rate_hz
    try:
        rate_ratio(rate, rate_hz)
    except InputError as error:
        raise InputError(f"noise: a piece of {piece.instrument}{piece.component} cannot be used. {error}") from error
    wanted = int(np.ceil((npts - 1) * rate / rate_hz)) + 1
    first = round((begin_ns - piece.start_ns) * 1e-9 * piece.rate_hz)
    first = max(min(first, len(piece.data) - wanted), 0)
    cut = piece.data[first : first + wanted]
    cut = cut - cut.mean()
    row = np.array(resample_motion(cut, rate, rate_hz)[:npts])
    if len(row) < npts:  # clocks that differ by less than SAME_RATE
        row = np.append(row, np.full(npts - len(row), row[-1]))
    dead = row == 0
    if dead.any():
        sizes = np.unique(np.abs(row[~dead]))
        step = sizes[0] if len(sizes) else 0.0
        row[dead] = (rng.random(dead.sum()) - 0.5) * step
    return row
