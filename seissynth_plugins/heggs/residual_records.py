"""Records as the residual model sees them: cells of residuals on the clock of P and S, and places with features.

The residual of a record is its log-spectrogram less that of signal and noise, in the same cells of 4 x 4 as those of
`spread.ResidualSpread`. It is compared with others on the clock of P and S, see `seissynth_plugins.residuals.clock`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from seissynth.seeding import hash_words
from seissynth_plugins.heggs.networks.config import SPECTROGRAM
from seissynth_plugins.heggs.site_noise import EDGE_FRAMES
from seissynth_plugins.heggs.spread import CELL, SHAPE, cell_means
from seissynth_plugins.residuals.clock import POINTS, unwarp_matrix
from seissynth_plugins.residuals.kernel import Places, make_places
from seissynth_plugins.residuals.observed import Residuals

#: components, rows and points of a pattern
PATTERN_SHAPE = (*SHAPE[:2], POINTS)
#: further functions of the linear term
MORE = ("share", "share squared", "magnitude x share", "distance squared", "distance x share", "large", "S - P")
#: shares of signal are those up to so long after S, s
SHARE_S = 10.0
#: names become whole numbers of so many bits, which a weights file holds
_NAME_BITS = 63
#: columns of a record's place, all of them numbers
_COLUMNS = (
    "source_latitude_deg", "source_longitude_deg", "source_depth_km", "station_latitude_deg", "station_longitude_deg",
    "source_magnitude",
)  # fmt: skip


@dataclass(frozen=True)
class RecordPlaces(Places):
    """Places of records, with functions of the record beside those of its place.

    Parameters
    ----------
    more : ndarray, shape (n, 7)
        Of `more_features`.
    """

    more: np.ndarray

    def features(self):
        """The functions of the linear term, shape (n, 12)."""
        return np.concatenate([super().features(), self.more], axis=1)


def record_places(columns, sensors, onsets, share):
    """Return the places of records.

    Parameters
    ----------
    columns : mapping of schema columns or pandas.DataFrame, n rows
        Origin, place and magnitude of the earthquake, place of the station.
    sensors : sequence of str, length n
        NET.STA; the same name is the same station.
    onsets : ndarray, shape (n, 2)
        P and S, s after origin.
    share : ndarray, shape (n,)
        Of `signal_share`.

    Returns
    -------
    RecordPlaces
    """
    numbers = np.stack([np.asarray(columns[name], dtype=float) for name in _COLUMNS], axis=1)
    hours = origin_hours(columns, len(numbers))
    return places_of_numbers(
        numbers, hours, [hashed(event_name(*row)) for row in zip(numbers, hours, strict=True)],
        [hashed(str(name)) for name in sensors], onsets, share,
    )  # fmt: skip


def places_of_numbers(numbers, hours, events, stations, onsets, share):
    """Return `RecordPlaces` of what a weights file holds: numbers by the columns of a place, and hashed names."""
    numbers = np.asarray(numbers, dtype=float)
    plain = make_places(
        event=[str(name) for name in events], station=[str(name) for name in stations],
        source_latitude_deg=numbers[:, 0], source_longitude_deg=numbers[:, 1], depth_km=numbers[:, 2],
        station_latitude_deg=numbers[:, 3], station_longitude_deg=numbers[:, 4], magnitude=numbers[:, 5], time_h=hours,
    )  # fmt: skip
    return RecordPlaces(**vars(plain), more=more_features(plain, onsets, share))


def some_columns(columns, rows):
    """Return what `record_places` reads of a table, for some rows."""
    names = (*_COLUMNS, "source_origin_time")
    return {name: np.asarray(columns[name])[rows] for name in names if name in columns}


def place_numbers(columns):
    """Return the numbers of `places_of_numbers`, shape (n, 6): place and magnitude."""
    return np.stack([np.asarray(columns[name], dtype=float) for name in _COLUMNS], axis=1)


def more_features(places, onsets, share):
    """Return further functions for the linear term of the kernel, shape (n, 7), in the order of `MORE`."""
    plain = Places.features(places)
    magnitude, distance = plain[:, 1], plain[:, 3]
    s = 2.0 * (np.asarray(share, dtype=float) - 0.5)
    onsets = np.asarray(onsets, dtype=float)
    apart = np.clip(onsets[:, 1] - onsets[:, 0], 0.0, 30.0)
    return np.stack(
        [s, s**2 - 0.3, magnitude * s, distance**2 - 0.2, distance * s, np.maximum(magnitude - 1.5, 0.0),
         (apart - 5.0) / 5.0], axis=1,
    )  # fmt: skip


def origin_hours(columns, n):
    """Hours from 1970 to the origin times of rows; 0, which is far from all others, where a time is unknown."""
    out, times = np.zeros(n), columns.get("source_origin_time")
    for row, time in enumerate(() if times is None else times):
        if isinstance(time, str) and time:
            parsed = _time_of(time)
            if parsed is None:
                continue
            out[row] = (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp() / 3600
    return out


def _time_of(text):
    """A time, with or without zone; None if it cannot be read."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:  # such as 2019/07/06 03:19:53, which tables of sets may hold
        import pandas

        time = pandas.to_datetime(text, utc=True, errors="coerce", format="ISO8601")
        return None if time is pandas.NaT else time


def event_name(numbers, hours):
    """Name of an earthquake: its time and place."""
    return f"{hours:.6f} {numbers[0]:.4f} {numbers[1]:.4f} {numbers[2]:.2f}"


def hashed(name):
    """A name as a whole number."""
    return hash_words("residual model", name) % 2**_NAME_BITS


def signal_share(signals, levels, early, onsets, band, sd, times_s):
    """Return the mean share of signal in the power from P to 10 s after S, in the band, shape (n,).

    Later, noise is stronger in nearly all real records: shares of whole records would be alike for all of them, and
    those of predictions with the noise of quiet times far from all.

    Parameters
    ----------
    signals : ndarray, shape (n, 3, bins, frames)
        ln A.
    levels : ndarray, shape (n, 3, bins)
        Noise, standardised ln A.
    early : ndarray of bool, shape (n, frames)
        Before P.
    onsets : ndarray, shape (n, 2)
    band : ndarray of bool, shape (bins,)
    sd : ndarray, shape (bins,)
    times_s : ndarray, shape (frames,)

    Returns
    -------
    ndarray, shape (n,)
        0 to 1.
    """
    scale = np.asarray(sd, np.float32)[band][:, None]
    floor = 2 * np.asarray(levels, np.float32)[:, :, band][..., None] * scale
    power = 2 * signals[:, :, band]
    share = np.exp(power - np.logaddexp(power, floor)).mean(axis=(1, 2))
    behind = ~early & (np.asarray(times_s)[None] < np.asarray(onsets, dtype=float)[:, 1:] + SHARE_S)
    return (share * behind).sum(axis=1) / np.maximum(behind.sum(axis=1), 1)


def record_residuals(differences, counts, onsets, times_s):
    """Return the residuals of records in cells.

    Parameters
    ----------
    differences : ndarray, shape (n, 3, bins, frames)
        Record less prediction, standardised ln A; anything where it does not count.
    counts : ndarray, broadcast over `differences`
        0 to 1: the band, and frames behind P and under the mask. The last frames never count.
    onsets : ndarray, shape (n, 2)
    times_s : ndarray, shape (frames,)

    Returns
    -------
    list of Residuals, length n
        Values of shape (3, 16, 94).
    """
    counts = np.broadcast_to(counts, differences.shape).astype(np.float32).copy()
    counts[..., -EDGE_FRAMES:] = 0
    means, known = cell_means(differences, counts)
    columns = np.asarray(times_s, dtype=float).reshape(-1, CELL[1]).mean(axis=1)
    return [
        Residuals(value, some, columns, float(p), float(s))
        for value, some, (p, s) in zip(means, known, onsets, strict=True)
    ]


def field_at(field, onsets, times_s):
    """Return a field of residuals on the clock at the bins and frames of one record, shape (3, 64, 376).

    Parameters
    ----------
    field : ndarray, shape (3, 16, POINTS)
        Of `seissynth_plugins.residuals.patterns.Patterns.field`.
    onsets : (float, float)
        P and S, s after origin; the field is that of P in front of it.
    times_s : ndarray, shape (376,)

    Notes
    -----
    Linear between the middles of rows, constant beyond; the clock is read at each frame.
    """
    rows = (np.arange(SPECTROGRAM[1]) + 0.5) / CELL[0] - 0.5
    low = np.clip(np.floor(rows).astype(int), 0, SHAPE[1] - 2)
    share = np.clip(rows - low, 0.0, 1.0)[:, None]
    by_bin = field[:, low] * (1 - share) + field[:, low + 1] * share
    return (by_bin @ unwarp_matrix(times_s, *onsets).T.astype(by_bin.dtype)).astype(np.float32)
